"""命令或运行进行中的告知，以及二分查找提前结束的原因。"""

MESSAGES = {
    "bisect.continuing": "继续 {state}，其中已有 {probes} 次探测。",
    "bisect.starting": "正在启动最旧的版本 {version}，它将一直运行。",
    "bisect.measuring": "正在测量最旧的版本 {version}，共 {repeats} 轮。",
    "bisect.oldest_unmeasured": "最旧的版本 {version} 无法测量（{line}）；它的运行是 {run}。",
    "bisect.oldest_ended": (
        "在与最旧的版本 {oldest} 比较测量 {version} 时，{oldest} 退出了，因此该次探测不计；用同一条命令"
        "可继续。\n{log_end}"
    ),
    "bisect.nothing_to_find": "没有可查找的：最新的版本 {version} 并不比 {against} 慢（{line}）。",
    "bisect.oldest_slower": "最旧的版本 {version} 已经比 {against} 慢（{line}）：请从更旧的版本开始。",
    "bisect.cannot_begin": (
        "{which} {version} 相对 {against} 的结果是 {standing}（{line}），因此无法开始查找；{remedy}。"
    ),
    "launches.starting": "第 {number} 次启动，共 {of} 次；它的输出写入 {console}。",
    "launches.no_test": "第 {number} 次启动没有测量任何测试；全部输出在 {console}。",
    "launches.no_further": "第 {number} 次启动有测试没有有效结果：不再需要更多启动。",
    "launches.last": "第 {launches} 次启动，共 {launches} 次，即本次运行。",
    "plan.invalid": "INVALID：{why}",
    "console.baseline_first": "先测量基线服务；它的输出写入 {output}。",
    "console.baseline_unmeasured": "没有测量基线服务；全部输出在 {console}。",
    "bisect.probe": "第 {number} 次探测：{version} 的结果是 {standing}（每侧 {repeats} 轮）：{line}",
    "append.not_finished": "没有向 {target} 追加任何内容：运行没有自行结束；可用 --resume 继续。",
    "append.none_valid": "没有向 {target} 追加任何内容：本次运行中没有任何测试有效。",
    "append.done": "版本 {version} 的 {tests} 个测试已追加到 {target}{more}。",
    "append.left_out": "；{tests} 个 INVALID 的测试未追加",
    "launch.no_port": (
        "{option} 中没有 {{port}}：将在 sglang 默认的端口 {port} 上等待它的服务，最长 {limit_s:g} s（--launch-timeout）。"
    ),
    "timeout.mark": "标记 timeout({seconds:g})",
    "timeout.ini": "ini 文件的 {setting}",
    "timeout.stopped": "被 {by} 停止：测试还没有结束；请放宽该限制，或去掉它",
    "timeout.stopped_kept": "被 {by} 停止：测试还没有结束；请放宽该限制，或去掉它（{kept}）",
}
