"""控制台、summary.md 和页面上，结论行周围的内容。"""

MESSAGES = {
    "console.reasons": "原因：{reasons}",
    "console.not_judged": "未参与判定：{reasons}",
    "console.codes": "{codes}",
    "console.accept_length": "accept length：每步每请求 {tokens:.2f} 个 token（投机解码）",
    "console.rule_holds": "满足：{text}",
    "console.rule_violated": "不满足：{text}",
    "console.check_invalid": "INVALID {check}：{text}",
    "console.check_finding": "提示 {check}：{text}",
    "console.check_not_checked": "未检查 {check}：{text}",
    "console.with_remedy": "{text}{remedy}",
    "console.note": "说明：{text}",
    "console.differs": "与基线不同：{difference}",
    "console.inconclusive_beside": "INCONCLUSIVE：{text}",
    "console.inconclusive": "INCONCLUSIVE：{text}；{remedy}",
    "console.client_error": (
        "客户端误差：TPOT {tpot_pct:+.3f}%，TTFT {ttft_ms:+.2f} ms，ITL p99 {p99_ms:+.2f} ms（null server，{streams} 路流，每路每 "
        "{itl_ms:g} ms 一个 token；{made}）"
    ),
    "console.client_error_kept": "沿用 {utc} 的校准",
    "console.client_error_measured": "测于 {utc}",
    "console.findings": "PASSED 但有提示，详见上文：{tests:；}。",
    "console.test_findings": "{test}（{checks}）",
    "console.two_definitions": "上方各块采用 bench_serving 的定义，本表采用 slabench 自己的定义（docs/metrics.md）。",
    "console.not_run": "计划但未运行：{tests}。",
    "console.verdict": "本次运行的结论：{verdict}",
    "console.run_folder": "结果目录：{path}",
    "console.report": "报告：{path}",
    "console.all_deselected": "所有压测用例都被排除（-k、-m；共 {deselected} 个）：没有结论。",
    "console.folder_again": "结果目录在运行期间被删除，已重新创建；其中的请求记录已丢失。",
    "console.no_step_summary": "--github：环境变量中没有 GITHUB_STEP_SUMMARY，因此作业页面没有摘要。",
    "console.crashed": "slabench 在 {test} 中崩溃",
    "console.test_error": "{test} 中测试自身的错误",
}
