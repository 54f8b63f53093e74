"""目标、下限，以及结论的第一行。"""

_COUNT_EVENTS = (
    "用 --backend=sglang 测量（/generate 对每个事件计数），或使用会透传 stream_options.continuous_usage_stats 的服务或网关："
    "sglang 0.5.5 及以上支持，SGLang 自己的网关只在流结束时汇总"
)
MESSAGES = {
    "objective.result": "{metric:metric} {observed} {sign} {limit:g}{unit}（{details:，}）",
    "objective.value": "{value:number}{unit}",
    "objective.exact_value": "{value}{unit}",
    "objective.range": "{low:number} ~ {high:number}{unit}",
    "objective.distance": "{distance_pct:+.0f}%",
    "objective.no_distance": "与 0 没有相对距离",
    "objective.n": "n={n}",
    "objective.remedy_slo": "请降低负载（请求速率、并发、batch size），或在服务端日志中查找原因。",
    "objective.remedy_alone": (
        "单个请求就不满足，降低负载也无济于事：请检查服务端的设置和日志，或检查该限度。"
    ),
    "objective.remedy_throughput": ("请在服务端日志和设置中查找瓶颈；若负载本身太小，则需要更多并发的请求。"),
    "objective.remedy_floor": (
        "请对照该下限所属的服务，比较版本、启动参数和日志；若变化是预期的，请修改基线文件中的下限。"
    ),
    "objective.remedy_answers": (
        "请比较两个服务端的权重、量化、kernel 和启动参数：docs/answers.md 列出了无害改动和有害改动的表现。"
    ),
    "objective.remedy_degenerate": (
        "请查看服务端的响应：返回 NaN 的 kernel、未加载的权重或损坏的缓存会这样响应，而且很快。"
    ),
    "objective.remedy_baseline": (
        "请比较新旧服务的版本、启动参数和日志；若变化是预期的，请调大 --tolerance 或保存新的基线。"
    ),
    "objective.remedy_server": "请比较新旧服务的版本、启动参数和日志；若变化是预期的，请调大 --tolerance。",
    "objective.remedy_history": (
        "请与已接受的运行比较版本、启动参数和日志；若变化是预期的，请调大 --tolerance 或接受新版本。"
    ),
    # 一行与其处理办法之间
    "headline.stop": "。",
    "headline.complete": "{line}{stop}{remedy}",
    "objective.tpot_bounded": "TPOT_BOUNDED",
    "objective.bounds": "{level_pct:g}% 界 {ends:、}",
    "objective.no_bound": "无",
    "objective.inconclusive": (
        "INCONCLUSIVE：{metric:metric} {observed} 可能高于 {limit:g}{unit}（{interval}，n={n}）：高于它的有 {over} 个，允许 "
        "{share_pct:g}%；{remedy}"
    ),
    "objective.share_inconclusive": (
        "INCONCLUSIVE：{metric:metric} {observed} 可能低于 {limit:g}（{interval}，n={n}）：{n} 个请求中有 {good} 个在限度之内；{remedy}"
    ),
    "objective.no_number_share": "比例如此时，再多请求也无法得出结论",
    "objective.requests_decide": "大约 {requests:,} 个请求可以得出结论",
    "objective.no_number": "高于它的有这么多时，再多请求也无法得出结论",
    "objective.undecided": (
        "TPOT_BOUNDED：{metric:metric} 在 {low:number} ~ {high:number} {unit} 之间，而上限 {limit:g} {unit} 正落在其中，因此无法对 "
        "{objective} 下结论（n={n}）。{remedy}。"
    ),
    "bounded.count_events": _COUNT_EVENTS,
    "bounded.label": (
        "TPOT_BOUNDED：服务端只在每个流结束时才给出 token 数，首个事件中的 token 数只知道上下界，TPOT 也是如此。{remedy}。"
    ),
    # 结论的第一行
    "verdict.objectives": "{objectives:；}",
    "verdict.more_hold": "{objective}（另有 {more} 项也满足）",
    "verdict.invalid": "{check}：{text}",
    "verdict.invalid_more": "{check}：{text}（另有 {more} 项：{others}）",
    "verdict.undefined": "本次运行没有 {metric} 的值{why}，因此无法对 {objective} 下结论",
    "verdict.undefined_check": "{undefined}：{text}{remedy}",
    "verdict.too_few": "（{statistic} 至少需要 {least} 个{unit}，只有 {n} 个）",
    "verdict.no_text": "（它取每个响应首段文本的时刻，而 {answers} 个响应中有 {without} 个没有文本）",
    "verdict.no_baseline": (
        "该测试没有基线，而 --require-baseline 要求必须有；请用 --save-baseline=FILE 保存一份"
    ),
    "verdict.nothing_judged": (
        "NOTHING_JUDGED：没有任何目标、下限或比较适用于该测试{baseline}{gate}。{measured}请给出目标（--slo='METRIC<=LIMIT'），"
        "或提供包含该测试的基线。"
    ),
    "verdict.not_in_baseline": "，基线 {baseline} 中也没有它的条目",
    "verdict.gate": "；而 {gate} 要求给出结论",
    "verdict.measured": "实测：{metrics}。",
    "verdict.metric": "{metric:metric} {value:number} {unit}",
    "verdict.requests": "请求",
    "verdict.tokens": "首 token 之后的 token",
}
