"""无法读取的目标和限值。"""

MESSAGES = {
    "slo.no_batch_test": (
        "--slo={slo} 针对某个 batch size 的测点，只有 tests/ali/test_decode.py 测量它，而本次运行没有这"
        "样的测试。"
    ),
    "slo.few_requests": (
        "--slo={slo} 需要 {least} 个请求{each}{bound}，而 {test} 会发送 {count} 个{more}。请改用均值、"
        "发送更多 prompt，或用 -k 略去这样的测试。"
    ),
    "slo.few_for_a_share": (
        "--slo={slo} 需要 {least} 个请求{each}{bound}，而 {test} 会发送 {count} 个{more}。请发送更多 prompt、"
        "要求较小的比例，或用 -k 略去这样的测试。"
    ),
    "slo.share_of_one": (
        "目标 {objective}：再多请求也无法说明今后的请求都在限度之内。请要求较小的比例，例如 0.99，或要求最大值，"
        "例如 ttft.max<=2000。"
    ),
    "slo.retokenize": "--slo={slo} 要重新数响应的 token，需要 --retokenize。",
    "slo.goodput_empty": "--goodput={text!r} 没有给出限值：请写 {form}。",
    "slo.goodput_part": "--goodput={text!r}：{part!r} 不是 METRIC:MS 的形式；请写 {form}。",
    "slo.goodput_twice": "--goodput 两次给出 {name}；每个请求只有一个限值。",
    "slo.goodput_kind": (
        '{source} 是 {limits!r}；它应按指标给出以 ms 为单位的限值，例如 {{"ttft": 2000, "tpot": 50}}。'
    ),
    "slo.goodput_unknown": "{source} 中的 {name!r} 不可用；单个请求的指标有 {known}。{hint}",
    "slo.goodput_limit": "{source} 把 {name} 的限值设为 {limit!r}；它必须是大于 0 的毫秒数。",
    "slo.goodput_needed": (
        "{where}目标 {objective} 统计满足单请求限值的请求，而没有设限值：请加 {form}，其中的限值针对每"
        "个请求，或用 --slo='ttft.mean<=2000' 取全部请求的均值。"
    ),
    "slo.arguments": "{call} 没有目标所需的四个参数：请写 {rewritten}。",
    "slo.call_operator": "{call} 用 {op!r} 比较，而目标只用 <= 或 >=：请写 {slo_form}。",
    "slo.call_limit": "{call} 的限值不是数字：请写 {slo_form}。",
    "slo.no_limit": (
        "--slo={text!r} 没有限值；如果 shell 把 < 当成了重定向，请给选项加引号：'--slo=tpot.mean<=50'。"
    ),
    "slo.no_objective": (
        "--slo={text!r} 不是目标：请写 METRIC.STATISTIC<=NUMBER，例如 tpot.mean<=50，或 METRIC>=NUMBER"
        "，例如 total_throughput>=1800；时间以 ms 计，不写单位（2000，而不是 2s）。"
    ),
    "slo.operator": "--slo={text!r} 用 {op} 比较，而目标只用 <= 或 >=；请写 {signs}。",
    "slo.unknown": "目标 {objective} {why}",
    "slo.below_zero": "目标 {objective} 的限值小于 0，{name} 永远达不到。",
    "slo.above_one": "目标 {objective}：{name} 是一个比例，在 0 与 1 之间。{meant}",
    "slo.did_you_mean_share": "您是想写 {share:g} 吗？",
    "slo.upside_down": "目标 {objective} 的方向反了：{name} {better}更好，因此请写 {wanted}。",
    "slo.on_curve": (
        '目标 {objective} 针对 decode 曲线，而曲线没有目标：请把限值写在基线文件的 "floors" 下（'
        "docs/baselines.md）。"
    ),
    "slo.goodput_form": (
        "--slo={text!r} 不是目标：METRIC:MS 是 --goodput 的形式，用于 {known}；请写 <= 或 >=。"
    ),
    "slo.two_meanings": (
        "--slo={text!r} 可能指均值，也可能指每个请求：均值请写 --slo='{name}.mean<={limit}'；每个请求的"
        "限值请写 --goodput={metric}:{limit}，并用 --slo='goodput.share>=0.95' 要求满足它的请求比例。"
    ),
}
