"""每份输出对整个运行的说明。"""

MESSAGES = {
    "run.nothing_judged_in": "{word}（{of} 个测试中有 {tests} 个 NOTHING_JUDGED）",
    "run.without_tests": "{word}（基线文件中有 {tests} 个测试没有运行）",
    "run.no_word": "没有可判定的内容",
    "run.labels": "本次运行的标签：{labels}。",
    "run.interrupted": (
        "运行被 {signal} 中断。已结束并保留的测试：{planned} 个中的 {kept} 个；其余测试从第一次施压起重新测量，"
        "包括它的所有轮次和配对。继续测量其余测试：{command}"
    ),
    "run.either_signal": "Ctrl-C 或 SIGTERM",
    "run.resumed": "于 {utc} 续跑{server}：保留了 {kept} 个已完成的测试。",
    "run.resumed_server": "，{server}",
    "run.allowed": "被 --allow 降为提示的检查：{checks}。",
    "run.unreachable": "没有运行任何测试：{why}",
    "run.doctor": "不施压地检查该服务：{command}",
    "run.failed_besides": "除上述结论外在 pytest 中 FAILED：{tests}。它是另一个测试，或某个测试的一部分或其 teardown。",
    "run.deselected": "有 {tests} 个压测用例被排除（-k、-m、--lf）：结论只涉及其余的测试。",
    "run.baseline_not_run": "基线文件中没有被选中的测试：{tests}。",
    "run.not_saved": "NOT_SAVED：{output}；结论以控制台为准。",
    "run.unjudged": "NOTHING_JUDGED：没有任何目标、下限或比较适用于 {tests}：只测量，未判定。",
    "run.prompts_from": "prompt：{name}，取自 {dataset}，以 {form} 形式发送。",
    "run.prompts": "prompt：{name}，以 {form} 形式发送，没有使用数据集。",
    "run.servers": (
        "测试分布在 {servers} 个服务上，它们上报的版本、参数、硬件和模型相同（未比较它们的速度）：{names}。"
    ),
    "run.servers_alike": "它们可能是同一个进程：{why}，没有信息表明它们是多个进程。",
    "run.server": "服务：sglang {version}，{model}，{gpus}。",
    "run.unknown_version": "（版本未知）",
    "run.unknown_gpus": "GPU 数未知，因此没有每 GPU 的指标",
    "run.not_reference": "这不是基准环境 sglang 0.5.7；公开的数据表都来自 0.5.7。",
    "run.baseline_server": (
        "基线服务：sglang {version}，地址 {url}，{model}；两个服务用相同的 prompt 交替测量。"
    ),
    "run.not_interleaved": "NOT_INTERLEAVED：先测基线服务，再测新服务；两者之间的漂移也包含在比值中。",
    "run.compared_with": "比较对象：{baselines}。",
    "run.line": "运行 {run_id}，slabench {version}，退出码 {status}",
    "run.title": "slabench：{verdict}",
    # --save-baseline
    "saved.nothing": "没有写入基线 {target}：本次运行没有有效的测试。",
    "saved.one": "已把 {tests} 个测试的基线写入 {target}{more}。",
    "saved.several": "已把 {tests} 个测试的基线写入 {target}{more}。",
    "saved.kept": "，其中原有的 {kept} 个予以保留",
    "saved.allowed": "{test} 是在 --allow={checks:,} 下测得的；与它比较时请使用相同的 --allow。",
    "saved.lacking": "{test} 的某一轮缺少 {metrics}，因此无法与它比较。",
    "saved.removed": "已从 {target} 中删除以下测试，因为它们属于另外的硬件、模型或服务：{tests}。",
    # slabench compare
    "compare.old": "旧：{side}",
    "compare.new": "新：{side}",
    "compare.version": "{side}，sglang {version}",
    "compare.unchecked": "{side}；其他客户端的结果行：行中没有的内容未检查",
    "compare.labels": "{side}；{labels}",
    "compare.tolerance": "容差 {pct:g}%：指标最多可以比旧结果差多少；“允许”一列是折算到每个指标的值",
    "compare.single": "没有能显示离散程度的重复（SINGLE_RUN、NO_SPREAD）时，至少允许 {pct:g}%：每侧只有一轮，看不出两次相同的运行相差多少",
    "compare.not_in_old": "{side} 中没有该测试。",
    "compare.not_in_new": "{side} 中没有该测试。",
    "compare.of_side": "{side}：{line}",
    "compare.two_searches": "两次容量搜索停在不同的负载（{loads:；}）：仅展示，不作门禁",
    "compare.several": "{tests} 个测试",
    "compare.test": "{word} {test}{side}：{line}",
    "compare.left_out": "因 --common 略去、只存在于 {side}：{tests}。",
    "compare.no_test": "INVALID：没有两侧都有的测试，因此什么都没有比较。",
    "compare.finding": "提示 {check}（{side}）：{text}",
    "compare.not_checked": "未检查：{checks}；结果行中没有这些信息（--strict-validity 下为 INVALID）",
    "compare.verdict": "结论：{word}",
    "compare.title": "slabench compare：{word}",
}
