"""对 decode 曲线的检查。"""

from slabench.messages.chinese.validity_log import NO_LINES

MORE_SAMPLES = "请以更小的 --decode-log-interval 启动服务，或增大 --decode-output-len。"

MESSAGES = {
    "curve_lines.none": "部署日志中没有本次会话 decode 测试的 Decode 行；至少应有一条。",
    "curve_lines.none.remedy": NO_LINES,
    "curve_lines.counts": (
        "本次会话的 decode 测试有 {lines} 条 Decode 行{copies}，{rejected} 条被拒绝，{outside} 条不在时间范围内。"
    ),
    "curve_lines.copies": "，其他 rank 的 {copies} 条重复行只计一次",
    "curve_lines.ok": "{counts}",
    "curve_lines.several": "{counts}有 {engines} 个服务同时写入该部署日志。",
    "curve_lines.several.remedy": "{one_log}",
    "curve_lines.mixed": "{counts}从各行的 token 数看，可能有多个服务同时写入该部署日志。",
    "curve_lines.mixed.remedy": "{one_log}",
    "curve_lines.one_log": (
        "请只传入 --base-url 处服务的日志；若 router 后有多个服务，请确认它们的负载相同。"
    ),
    "curve_lines.rejected": "{counts}{reasons}",
    "curve_lines.rejected.remedy": "请确认只有一个服务写入该日志，且没有东西延迟或拆分日志行。",
    "curve_lines.reasons": "拒绝原因：{reasons}。",
    "curve_samples.missing": "从未达到 batch size {sizes}：日志中没有相应运行请求数的 Decode 行。",
    "curve_samples.missing.remedy": MORE_SAMPLES,
    "curve_samples.missing_of_several": (
        "从未达到 batch size {sizes}：日志中没有相应运行请求数的 Decode 行。router 不一定把一个 batch 平均分给 {servers} 个服务。"
    ),
    "curve_samples.missing_of_several.remedy": "请只测一个 decode 服务的曲线，或使用 round-robin 路由。",
    "curve_samples.weak": (
        "日志行太少，且没有一条无干扰（{sizes}）：每条都包含该 batch size 纯 decode 以外的内容，而少于 {least} 条时，"
        "中位数没有 95% 置信区间。"
    ),
    "curve_samples.weak_size": "batch size {size}：{lines} 条",
    "curve_samples.weak.remedy": f"{MORE_SAMPLES}--prompts-per-batch 可增加波数。",
    "curve_samples.counts": "该方法要求每个 batch size 有 {wanted} 个样本；实际 {counts:；}。",
    "curve_samples.of_size": "batch size {size}：{samples} 个，其中无干扰 {clean} 个",
    "curve_samples.few": "{counts}",
    "curve_samples.few.remedy": f"{MORE_SAMPLES}--prompts-per-batch 可增加波数。",
    "curve_samples.ok": "{counts}",
    "curve_points.invalid": "{texts:sentences}",
    "curve_points.refused": "batch size {sizes} 的 decode 测试在施压前被拒绝，曲线中没有它们。",
    "curve_points.measured": "batch size {sizes} 的 decode 测试为 INVALID，而它们的日志行包含在曲线中。",
    "curve_points.invalid.remedy": "使用这些数字之前，请先查看这些测试的原因。",
    "curve_points.ok": "曲线之前没有 decode 测试为 INVALID。",
    "curve_agrees.more_tokens": (
        "batch size {size} 的无干扰 Decode 行对应 {tokens:.0f} 个 token，但客户端收到 {received:.0f} 个。"
    ),
    "curve_agrees.differs": (
        "batch size {size} 时日志给出每 token {log_ms:number} ms（{off:+.1%}，上限 {limit:.0%}，n={samples} 条{lines}），但客户端对同一 "
        "batch 测得 {client_ms:number} ms。"
    ),
    "curve_agrees.clean_lines": "无干扰行",
    "curve_agrees.disturbed_lines": "行，均受干扰",
    "curve_agrees.not_seen": (
        "没有 decode 测试的满批同时出现在日志和客户端中，因此没有信息表明该日志属于这个服务。"
    ),
    "curve_agrees.not_seen.remedy": "请增大 --decode-output-len，或减小 --decode-log-interval。",
    "curve_agrees.median_differs": (
        "无干扰行的中位数与客户端满批 TPOT 的差异超过上限（{sizes}），但均值一致。"
    ),
    "curve_agrees.median_differs.remedy": "机器速度有波动：请延长测量，或去掉机器上的其他负载。",
    "curve_agrees.median": "batch size {size}：{off:+.1%}",
    "curve_agrees.ok": "在 {tests} 个 decode 测试中，日志与客户端对满批的测量一致。",
    "curve_clean.differs": "全部行的中位数与无干扰行的中位数相差超过 {limit:.0%}：{sizes}。{left_out}",
    "curve_clean.differs.remedy": "请使用无干扰行的中位数；输出越长，无干扰行越多。",
    "curve_clean.of_size": "运行 {running} 个时 {share:+.0%}",
    "curve_clean.none": "没有任何被测 batch size 有无干扰行可供比较。{left_out}",
    "curve_clean.none.remedy": "请以更小的 --decode-log-interval 启动服务。",
    "curve_clean.ok": "全部行与无干扰行相差在 {limit:.0%} 之内。{left_out}",
    "curve_clean.left_out": "未计入无干扰曲线：{causes}。",
    "curve_gpus.contradiction": "关于部署规模的信息互相矛盾：{contradictions:；}。",
    "curve_gpus.contradiction.remedy": "请改正 --decode-gpu-num，并用 --deploy-log 传入每个节点的日志。",
    "curve_gpus.option": "--decode-gpu-num 为 {option} 个 GPU，但 server_info 上报 {reported} 个（{source}）",
    "curve_gpus.rank": "日志中有 rank {tag}{rank} 的行，但 server_info 上报 {size_name} 为 {size}",
    "curve_gpus.missing_ranks": (
        "{ranks} 个 DP rank 中有 {missing} 个在日志中没有 Decode 行（第一个 DP{first}；日志文件 {files} 个）"
    ),
    "curve_gpus.no_rank": "server_info 上报 dp 为 {ranks}，但日志中没有任何行标明 DP rank",
    "curve_gpus.files": "有 {servers} 个服务在 decode，但 --deploy-log 给出的文件更少（{files} 个）",
    "curve_gpus.divide": (
        "{gpus} 个 GPU 无法均分到日志中{stages}的 {ranks} 个 DP rank，因此曲线没有每 GPU 的指标"
    ),
    "curve_gpus.stages": "多个 pipeline stage ",
    "curve_gpus.unknown": "GPU 数未知，因此曲线没有每 GPU 的指标。",
    "curve_gpus.unknown.remedy": "请传入 --decode-gpu-num。",
    "curve_gpus.ok": "每条 Decode 行对应 {gpus:g} 个 GPU；调度器 {ranks} 个。",
}
