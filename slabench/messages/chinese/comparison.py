"""与基线的比较，以及为何无法比较。"""

MESSAGES = {
    # 单个指标
    "comparison.holds": (
        "{metric:metric} {observed:number} {unit}，相对基线 {baseline:number} {unit} 的变化在允许的 {allowed} 之内（{change}）"
    ),
    "comparison.better": "{metric:metric} {observed:number} {unit} 优于基线 {baseline:number} {unit}（{change}；允许变差至多 {allowed}）",
    "comparison.not_worse": (
        "{metric:metric} {observed:number} {unit}，没有比基线 {baseline:number} {unit} 差到超出允许的 {allowed}（{change}）"
    ),
    "comparison.worse": (
        "{metric:metric} {observed:number} {unit}，比基线 {baseline:number} {unit} 差，超出允许的 {allowed}（{change}）"
    ),
    "comparison.inconclusive": (
        "{metric:metric} {observed:number} {unit}，相对基线 {baseline:number} {unit} 的劣化可能超出允许的 {allowed}（{change}）"
    ),
    "comparison.floor": "{floor:number} {unit}（{share}）",
    "comparison.change_single": "{change}{n}",
    "comparison.n": "，n={n}",
    "comparison.change_no_spread": "{change}，各轮之间没有差异",
    "comparison.change_interval": "{change_pct:+.1f}%，区间 {low} ~ {high}，{samples}",
    "comparison.pairs": "{pairs} 对{most}",
    "comparison.pairs_of_launches": "{launches} 次启动共 {pairs} 对",
    "comparison.launches": "{launches} 次启动",
    "comparison.runs": "新 {new} 轮{most}、旧 {old} 轮",
    "comparison.at_most": "（最多 {most}）",
    "comparison.repeats_decide": "--repeats={repeats} 大概率可以得出结论",
    "comparison.baseline_repeats": "基线的重复次数太少（{old}）：仅增加本次运行的重复得不出结论；请用 --repeats={repeats} 重新保存基线，并以同样多的重复比较",
    "comparison.repeats_too_many": "需要超过 {most} 轮重复：在这样的噪声下，差异与允许的限度太接近",
    "comparison.launches_differ": "：同一版本的各次启动相差 {sd_pct:.2g} %（标准差）",
    "comparison.launches_decide": "--launches={launches} 大概率可以得出结论{spread}",
    "comparison.launches_in_turns": (
        "交替测量新旧两个服务并各启动 {launches} 次（--launch、--baseline-launch、--launches={launches}）大概率可以得出结论{spread}"
    ),
    "comparison.launches_too_many": "需要超过 {most} 次启动，差异与允许的限度太接近{spread}",
    "comparison.runs_decide": (
        "相对于允许的偏差，已接受的各次运行之间差异太大：需要更多运行，或交替测量两个服务（--baseline-url）才能得出结论"
    ),
    # 单个测试
    "comparison.time_budget": "--time-budget 在它的第 {pairs} 对之后用完：请给更多时间",
    "comparison.undecided": "INCONCLUSIVE：{metric}；{remedy}",
    "comparison.same_prompts": (
        "；各次重复使用各自的 prompt，其差异也在其中：两侧都加 --same-prompts 可排除"
    ),
    "comparison.undecided_metrics": "{metrics:；}{same_prompts}",
    "comparison.not_comparable": "NOT_COMPARABLE：{why}",
    "comparison.difference": "{key}：当前 {current}，基线 {baseline}",
    "comparison.differences": "{differences:；}{hint}（加 --allow-diff={allow:,} 可强制比较）",
    "comparison.unknown_here": "本次运行未知",
    "comparison.none": "无",
    "comparison.none_here": "本次运行没有",
    "comparison.prompts_as_text": "；以文本发送的 prompt 由服务端分词：用 --prompt-form=text 发送文本",
    "comparison.measured_with_allow": "{check}：{text}",
    "comparison.allowed_checks": (
        "{baseline} 是在 --allow={checks:；} 下测得的（加 --allow={names:,} 可强制比较）"
    ),
    "comparison.strict_unrecorded": (
        "{baseline} 没有记录 {keys}，因此无法比较 {keys}（--strict-validity；加 --allow-diff={keys:,} 可强制比较）"
    ),
    "comparison.missing": "{sides:，且}，因此无法与 {baseline} 比较",
    "comparison.missing_here": "本次运行没有 {metrics}",
    "comparison.missing_in_baseline": "基线中没有 {metrics}",
    "comparison.lacking": "{metric}（{repeats}）",
    "comparison.too_few": "可用于比较的 {metric}（{n} 个样本，至少需要 {least} 个）",
    "comparison.no_metric": "基线的该条目中没有任何有优劣方向的指标，因此无法与 {baseline} 比较",
    "comparison.no_ratio": "{metric} 有不大于 0 的值，或两侧样本数不同：{new}，{old}",
    "comparison.baseline_server_unmeasured": "基线服务：没有测到这个测试",
    "comparison.baseline_server_invalid": "基线服务：{why}",
    "comparison.history_too_few": (
        "{file} 中，已接受的版本 {version} 只有该测试的 {runs} 次运行，而运行间的离散程度至少需要 {least} 次；请用 --history={file} "
        "追加更多，并再次接受 {version}"
    ),
    "comparison.note_history": (
        "与 {version} 最近 {runs} 次已接受的运行比较（{first} 至 {last}，{processes}）；每次运行为一个样本，区间是对下一次运行的预测区间，自由度 "
        "{freedom}"
    ),
    "comparison.processes": "来自 {processes} 个服务进程",
    "comparison.processes_unknown": "服务进程数未知",
    "comparison.note_queued": (
        "已超过该硬件的拐点{load}：{steady} 条无干扰 Decode 行中有 {queued} 条显示排队，最多 {most} 个；此时 TTFT 和吞吐取决于队列，速度的微小变化会被放大"
    ),
    "comparison.note_beyond": (
        "已超过该硬件的拐点{load}：在途请求最多 {peak} 个，而{limit}最多 {holds} 个；此时 TTFT 和吞吐取决于队列，速度的微小变化会被放大"
    ),
    "comparison.holds_pool": "按完整长度 KV 池可容纳的请求（{capacity} token，每个 {tokens}）",
    "comparison.holds_running": "服务端同时运行的请求",
    "comparison.at_baseline": "（基线服务）",
    # 结论旁的说明
    "comparison.note_allowed": "基线是在 --allow={check} 下测得的：{text}",
    "comparison.note_unrecorded": "基线没有记录 {keys}，因此未比较 {keys}",
    "comparison.note_versions": "不同版本可能自行选择或改名这些参数，因此未作比较：{differences:；}",
    "comparison.note_smaller_pool": (
        "KV 池可容纳 {tokens} 个 token，基线为 {were} 个（{change_pct:+.1f} %）：能同时运行的请求更少，未填满 KV 池的负载看不出这一点"
    ),
    "comparison.note_accept_length": (
        "accept length：基线 {baseline}，本次 {current}{change}；投机解码的 TPOT 和吞吐取决于它"
    ),
    "comparison.accept_length": "{tokens:.2f}",
    "comparison.accept_length_change": "（{change_pct:+.1f}%）",
}
