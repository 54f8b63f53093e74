"""对已知答案的问题的回答（--accuracy-file）。"""

MESSAGES = {
    "accuracy.asking": "提出 {questions} 个问题，最多同时 {concurrency} 个。",
    "accuracy.interrupted": "中断：提出 {questions} 个问题期间收到 {signal}；不保留任何答案",
    "accuracy.floor_holds": "正确率 {share:.1%} >= {floor:.1%}（95 % 界限 {low:.1%} 与 {high:.1%}，n={n}）",
    "accuracy.below_floor": "正确率 {share:.1%} < {floor:.1%}（95 % 界限 {low:.1%} 与 {high:.1%}，n={n}）",
    "accuracy.floor_inconclusive": (
        "INCONCLUSIVE：正确率 {share:.1%} 可能低于 {floor:.1%}（95 % 界限 {low:.1%} 与 {high:.1%}，n={n}）；{remedy}"
    ),
    "accuracy.questions_decide": "大约 {questions:,} 个问题很可能得出结论",
    "accuracy.no_number": "离界限太近，多少问题都得不出结论",
    "accuracy.within": (
        "正确率 {share:.1%} 与基线的 {baseline:.1%} 相差在 {points:g} 个百分点以内（变化 {change:+.1f} 个百分点，"
        "单侧水平 {level_pct:g} % 的区间为 {low:+.1f} 至 {high:+.1f}；{lost} 个问题变错，{gained} 个变对，n={n}）"
    ),
    "accuracy.worse": (
        "正确率 {share:.1%} 比基线的 {baseline:.1%} 低了不止 {points:g} 个百分点（变化 {change:+.1f} 个百分点，"
        "单侧水平 {level_pct:g} % 的区间为 {low:+.1f} 至 {high:+.1f}；{lost} 个问题变错，{gained} 个变对，n={n}）"
    ),
    "accuracy.inconclusive": (
        "INCONCLUSIVE：正确率 {share:.1%} 可能比基线的 {baseline:.1%} 低了不止 {points:g} 个百分点（变化 {change:+.1f} "
        "个百分点，单侧水平 {level_pct:g} % 的区间为 {low:+.1f} 至 {high:+.1f}；{lost} 个问题变错，{gained} 个变对，n={n}）；"
        "{remedy}"
    ),
    "accuracy.other_questions": "{baseline} 中的答案属于其他问题：它的 --accuracy-file 是另一个文件",
    "accuracy.no_pairs": "没有问题在这里和 {baseline} 中都得到回答",
    "accuracy.give_floor": (
        "正确率没有与任何要求相比：--accuracy-floor=SHARE 给出下限，--baseline-url=URL 或 --baseline=FILE 比较新旧答案。"
    ),
    "accuracy.cut": "{questions} 个答案中有 {cut} 个在 max_tokens 处被截断；文件各行的键 max_tokens 允许更长的答案。",
    "accuracy.headline": "正确率 {share:.1%}，共 {n} 题",
    "accuracy.line": (
        "{file}：{n} 个答案中 {right} 个正确（{share:.1%}；95 % 界限 {low:.1%} 与 {high:.1%}），最多同时 {concurrency} 个"
    ),
    "accuracy.old_line": "{file}：基线服务的 {n} 个答案中 {right} 个正确（{share:.1%}）",
    "accuracy.wrong": "错误：第 {line} 行要求 {wanted!r}，答案开头是 {answer!r}",
    "accuracy.remedy_floor": "查看错误的答案：模型、量化或 kernel 有变化，或者 --accuracy-file 评判过严。",
    "answered.ok": "{questions} 个问题都有答案。",
    "answered.failed": (
        "{questions} 个问题中有 {errors} 个没有答案，第一个是 {side} 服务的第 {line} 行：{error}"
    ),
    "answered.failed.remedy": "在服务日志中查找原因；--allow=answered 只评有答案的问题。",
}
