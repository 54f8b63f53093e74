"""对服务身份的检查。"""

ONE_PROCESS = "请测量一个持续运行的服务进程，前面不要有分发到多个服务的负载均衡。"
REACHABLE = "请在能访问 router 的 GET /workers 所列地址的机器上运行 slabench。"

MESSAGES = {
    "request_ids.none": "响应没有 id。",
    "request_ids.none.remedy": "请使用会上报 meta_info 的服务。",
    "request_ids.partly": "{answers} 个响应中有 {without} 个没有 id，来源不明；必须全有或全无。",
    "request_ids.repeated": (
        "{answers} 个响应中有 {repeated} 个的 id 与另一个相同（{id}），说明不是真正计算出来的；每个 id 必须唯一。"
    ),
    "request_ids.repeated.remedy": "请直接测量服务，不要经过会缓存响应的网关。",
    "request_ids.replayed": (
        "第一次负载之前，同一个请求发送了两次，两次响应的 id 相同（{id}）：第二个响应来自缓存，没有真正计算，负载的响应可能也是如此。"
    ),
    "request_ids.replayed.remedy": "请直接测量服务，不要经过会缓存响应的网关。",
    "request_ids.unique": "{answers} 个响应各有自己的 id。",
    "same_server.stopped": "服务在开始时上报了身份，之后不再上报，可能已是另一个进程。",
    "same_server.stopped.remedy": "请确认每次运行前后 server_info 都有响应。",
    "same_server.differs": (
        "运行后应答的服务进程与运行前不同（{differences:；}）：发生了重启，或该 URL 后面不止一个服务。"
    ),
    "same_server.differs.remedy": ONE_PROCESS,
    "same_server.difference": "{name} 先为 {before}，后为 {after}",
    "same_server.unknown": "服务在运行前后没有上报身份。",
    "same_server.unknown.remedy": "请确认 server_info 有响应。",
    "same_server.other_servers": "运行前后是同一个服务应答；该 PD 分离部署的其他服务没有上报。",
    "same_server.other_servers.remedy": REACHABLE,
    "same_server.unreachable": (
        "router 后面的 {workers} 个服务中有 {unasked} 个没有亲自应答，因此不能排除其中某个发生过重启。"
    ),
    "same_server.unreachable.remedy": REACHABLE,
    "same_server.no_seed": (
        "server_info 中没有 random_seed。运行前后其余值相同，但以相同参数重启后也会如此。"
    ),
    "same_server.no_seed.remedy": "请使用 server_info 带有 random_seed 的服务。",
    "same_server.twin": "被测服务与基线服务可能是同一个进程：{twin}，没有信息表明它们是两个。",
    "same_server.twin.remedy": ("启动两者时都不要加 --random-seed，使其各自抽取。并使用各服务自己的地址。"),
    "same_server.workers": "运行前后应答的是相同的 {workers} 个服务进程。",
    "same_server.ok": "运行前后应答的是同一个服务进程。",
    "same_server.two_states": (
        "该地址在同一时刻把 last_gen_throughput 上报为 {first} 和 {second}：应答的服务不止一个。"
    ),
    "same_server.two_states.remedy": ONE_PROCESS,
    "same_server.two_paces": (
        "同一时间内，{fast} 个响应的事件间隔为 {fast_ms:.1f} ms，{slow} 个为 {slow_ms:.1f} ms；一个服务会以同一节奏生成所有响应：{cause}。"
    ),
    "same_server.uneven": "各服务或各 rank 不一致",
    "same_server.uneven_remedy": "请检查请求如何分布到各服务或各 rank，以及其中是否有的还在做别的工作。",
    "same_server.more_than_one_pace": "应答的服务不止一个，或部分响应被扣留",
    "same_server.one_process": ONE_PROCESS,
    "same_server.mixed": "{answers} 个响应的 {name} 不相同（{values}）：{cause}。",
    "same_server.mixed.remedy": ONE_PROCESS,
    "same_server.mixed_ids": "{answers} 个响应的 id 不是同一种形式（{values}）：应答的服务不止一个。",
    "same_server.mixed_ids.remedy": ONE_PROCESS,
    "same_server.value_count": "{value} 有 {count} 个",
    "same_server.more_than_one": "应答的服务不止一个",
    "same_server.several_ways": "它们经由不同的途径返回",
}
