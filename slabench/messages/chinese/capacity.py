"""容量搜索测了什么、为什么测、如何结束。"""

MESSAGES = {
    "capacity.sentences": "{sentences:sentences}",
    "capacity.load.concurrency": "并发 {load:,.0f}",
    "capacity.load.rate": "{load:.4g} 请求/s",
    "capacity.point": "{load}（其探测：{metrics:；}）",
    "capacity.point_early": "{load}（该探测提前结束）",
    "capacity.metric": "{key:metric} {value:number} {unit}，95% 区间 {low:number} ~ {high:number}",
    "capacity.objective": "{key:metric} {value:number} {unit}，95% 区间 {low:number} ~ {high:number}，上限 {limit:g}",
    # 如何结束
    "capacity.best": "满足全部目标的最佳负载：{point}。",
    "capacity.server_limit": "已测到 {highest}，总 token/s 不再增加：瓶颈是服务本身，而不是某个目标。",
    "capacity.fails": "再往上测的负载已违反目标：{point}。",
    "capacity.range_end": "已到 --capacity-range 的上端，实际容量可能更高。",
    "capacity.none_holds": "没有任何负载能满足全部目标，最低负载也不行：{point}。",
    "capacity.unresolved": "搜索没有得出答案：{detail}。",
    "capacity.best_so_far": "目前最佳负载：{point}。",
    "capacity.budget.seconds": (
        "--capacity-budget 的 {budget_s:g} s 不够下一次探测（负载 {load:g}，约需 {cost_s:.1f} s）；已用 {spent_s:.1f} s，已探测 "
        "{probes} 次"
    ),
    "capacity.budget.probes": "探测 {probes} 次（施压 {spent_s:.0f} s）仍无法判定",
    "capacity.changed": "负载 {load:g} 的一次探测远低于上限，另一次却远超上限",
    "capacity.undefined": "并非每次探测都有 {key} 的值；可能是某次探测的请求太少",
    "capacity.too_near": "没有负载的整个区间都落在上限之内",
    "capacity.probe_invalid": "第 {number} 次探测（{load}）为 INVALID，搜索就此停止。{check}：{problem}",
    "capacity.still_running": (
        "第 {number} 次探测没有发送：要求服务端刷新缓存 30 s 后，仍有 {running} 个请求在运行或等待。它们来自上一次被截断的探测，"
        "或其他客户端：请查看服务端日志，并测量没有其他用户的服务。"
    ),
    "capacity.few_prompts": "数据集中的 prompt 不够一次探测的一波请求。",
    "capacity.interrupted": "已中断：容量搜索探测 {probes} 次后收到 {signal}；已测结果均已保留",
    # 怎么办
    "capacity.remedy.range_end": "调高 --capacity-range 的 HI，以找到极限。",
    "capacity.remedy.none_holds": "若 --capacity-range 的 LO 大于 1，请调低；否则该部署达不到这些目标。",
    "capacity.remedy.budget": (
        "增大 --capacity-budget 或 --capacity-step，或只搜索 --capacity-range={low:g},{high:g}。"
    ),
    "capacity.remedy.changed": "先预热服务（--warmup-requests=batch），确认没有其他负载，再重新搜索。",
    "capacity.remedy.intervals": "增大 --capacity-waves 或 --random-output-len，使区间变窄。",
    # 服务端上报的信息
    "capacity.mark.pool": "服务端 KV 池共 {tokens:,} token，可同时容纳 {fits} 个长度为 {length:,} token 的请求。",
    "capacity.mark.running_cap": "服务端最多同时运行 {cap} 个请求（--max-running-requests）。",
    "capacity.mark.graph": "服务端最大的 CUDA graph 对应 batch size {size}（--cuda-graph-max-bs）。",
    # 为什么测这个负载
    "capacity.why.grid": "由 --capacity-grid 指定",
    "capacity.why.first": "搜索的第一个负载",
    "capacity.why.reported": "服务端上报的限制之内的最大负载",
    "capacity.why.jump": "重测：与更低一档的结果相差太大",
    "capacity.why.near": "重测：离上限太近",
    "capacity.why.rival": "重测：另一负载的吞吐与它相近",
    "capacity.why.none_holds": "在此之前没有负载满足目标",
    "capacity.why.below": "低于已测的最低负载",
    "capacity.why.cliff": "超出最大 CUDA graph 的第一个负载",
    "capacity.why.above_queue": "高于开始排队的负载",
    "capacity.why.queue": "请求开始排队处",
    "capacity.why.all_hold": "此前的负载全部满足目标",
    "capacity.why.between": "位于两个已测负载之间，吞吐可能更高",
    "capacity.why.limit": "预计的极限处",
    # 被判定的运行与其探测的对照
    "capacity_agrees.none_held": "搜索中没有负载满足全部目标，但负载 {load:g} 的这次运行却满足：服务在此期间发生了变化。",
    "capacity_agrees.differs": (
        "本次运行的 {key:metric} 为 {value:number} {unit}；同一负载的探测允许的范围是 {low:number} ~ {high:number}。"
    ),
    "capacity_agrees.ok": "本次运行与同一负载的探测一致。",
}
