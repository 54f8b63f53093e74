"""对压测端自身的检查。"""

FREE_CORES = "请在有空闲 CPU 核的机器上运行 slabench。"
LOST_PACKETS = "请检查压测主机与服务器之间的丢包。"

MESSAGES = {
    "client.failed": "{failure}",
    "client.failed.remedy": "控制台上有它的输出，可看到原因；也请检查是否有内存限制。",
    "client.clock_set": "施压期间系统时钟被调整了 {step_ms:+.3f} ms，而到达时刻取自该时钟（上限 {limit_ms:g} ms）。",
    "client.clock_set.remedy": "请等机器时钟稳定后重新测试。",
    "client.no_cpu_time": "客户端没有上报自身的繁忙程度。",
    "client.busy": "压测端每个进程占用了 {share:.0%} 个核；上限为 {limit:.0%}。",
    "client.busy.remedy": FREE_CORES,
    "client.cpu": "压测端在 {wall_s:.2f} s 内使用了 {cpu_s:.2f} s CPU。{order}",
    "client.late_between_tokens": "{lateness}；上限为均值 {mean_limit:.0%}、p99 {p99_limit:.0%}。",
    "client.late_between_tokens.remedy": FREE_CORES,
    "client.late_at_p99": "{lateness}；p99 超过 {limit:.0%} 时，百分位数精度下降。",
    "client.late_at_p99.remedy": "请给客户端留一个空闲核，或用均值代替百分位数。",
    "client.between_tokens": (
        "压测端读取数据平均晚 {mean_ms:.2f} ms，p99 晚 {p99_ms:.1f} ms，TPOT 的误差因此平均不超过 {mean:.1%}，p99 不超过 {p99:.1%}"
    ),
    "client.late_on_average": "{lateness}；上限为该均值的 {limit:.0%}。",
    "client.late_on_average.remedy": FREE_CORES,
    "client.late_for_percentile": (
        "{lateness}，p99 晚 {p99_ms:.2f} ms；结论取决于百分位数，因此上限为该均值的 {limit:.0%}。"
    ),
    "client.late_for_percentile.remedy": FREE_CORES,
    "client.of_requests": "压测端读取数据平均晚 {mean_ms:.2f} ms，而 {metric} 均值为 {value:.1f} ms",
    "client.on_time": "{lateness}。{sending}{order}",
    "client.order_unknown": (
        "{answers} 个回答中有 {unknown} 个无法得知报文段是否乱序到达（丢包）：内核没有上报。"
    ),
    "client.sending": "请求发送平均晚 {mean_ms:.2f} ms，p99 晚 {p99_ms:.2f} ms，最多晚 {most_ms:.2f} ms。",
    "client.stalled": (
        "压测端在 token 到达期间停顿了 {stalls} 次（最长 {longest_ms:.0f} ms，发生在 {after_s:.1f} s 处）；{metric} 的误差可能达 "
        "{error:.1%}（上限 {limit:.0%}）。"
    ),
    "client.stalled.remedy": "请在有空闲 CPU 核、且不会被挂起的机器上运行 slabench。",
    "client.lost_segments": (
        "{answers} 个回答（共 {events:,} 个事件）中有 {segments} 个 TCP 报文段在其之前的报文段缺失时到达，其到达时间早于数据可被读取的时间"
    ),
    "client.out_of_order": "{lost}；{metric} 的误差可能达 {error:.1%}（上限 {limit:.0%}）。",
    "client.out_of_order.remedy": LOST_PACKETS,
    "client.out_of_order_gaps": "{lost}；{metric} 的误差未知，这些报文段占事件数的 {share:.2%}（上限 {limit:.1%}）。",
    "client.out_of_order_gaps.remedy": LOST_PACKETS,
    "client.out_of_order_answers": "{lost}；{metric} 的误差未知，可能受影响的请求占 {share:.2%}（上限 {limit:.1%}）。",
    "client.out_of_order_answers.remedy": LOST_PACKETS,
    "client.out_of_order_extreme": "{lost}；其中任何一个都可能决定 {metric}，其误差未知。",
    "client.out_of_order_extreme.remedy": LOST_PACKETS,
    "client.sent_late": (
        "有请求比计划晚发送 {late_ms:.0f} ms，占全程 {wall_s:.1f} s 的 {share:.0%}；上限为 {limit:.0%}。"
    ),
    "client.sent_late.remedy": FREE_CORES,
    "client_error.unknown": "客户端自身误差未知：{why}。",
    "client_error.unknown.remedy": (
        "请在有两个空闲核的机器上运行 slabench（null server 占用一个），并加 --calibrate=fresh。"
    ),
    "client_error.off": "客户端自身误差未知：{why}。",
    "client_error.off.remedy": "请去掉 --calibrate=off。",
    "client_error.faster": (
        "本次运行收到 {rate:,.0f} token/s，超过客户端校准时的 {calibrated:,.0f}，因此其自身误差未知。"
    ),
    "client_error.faster.remedy": "请注意这些指标含有未知误差。",
    "client_error.ok": "客户端自身误差：{calibration}{share}。",
    "client_error.share": "；最多为某个目标与其上限之间距离的 {share:.1%}（上限 {limit:.0%}）",
    "client_error.too_large": (
        "客户端在 {metric} 上的自身误差为 {error_ms:.3g} ms，超过实测 {observed:.6g} ms 与上限 {objective:g} ms 之间距离 "
        "{distance_ms:.3g} ms 的 {limit:.0%}（{calibration}）。"
    ),
    "client_error.too_large.remedy": "请在有空闲 CPU 核的机器上运行 slabench；--calibrate=fresh 会重新测量误差。",
    "client_error.calibration": (
        "TPOT {tpot_pct:+.3f}%，TTFT {ttft_ms:+.2f} ms，间隔 p99 {p99_ms:+.2f} ms；在 null server 上以 {streams} 路流、每路每 "
        "{itl_ms:g} ms 一个 token 测得"
    ),
}
