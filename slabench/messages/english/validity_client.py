"""What the checks of the load generator itself say."""

FREE_CORES = "Run slabench on a machine with free cores."
LOST_PACKETS = "Look for lost packets between the load host and the server."

MESSAGES = {
    "client.failed": "{failure}",
    "client.failed.remedy": "Its output on the console shows the cause; also look for a memory limit.",
    "client.clock_set": (
        "The system clock was set by {step_ms:+.3f} ms during the load, and arrival times are taken from it "
        "(limit {limit_ms:g} ms)."
    ),
    "client.clock_set.remedy": "Run the test again once the machine's clock is stable.",
    "client.no_cpu_time": "The client does not report how busy it was.",
    "client.busy": ("The load generator used {share:.0%} of a core per process; the limit is {limit:.0%}."),
    "client.busy.remedy": FREE_CORES,
    "client.cpu": "The load generator used {cpu_s:.2f} s of CPU in {wall_s:.2f} s.{order}",
    "client.late_between_tokens": (
        "{lateness}; the limits are {mean_limit:.0%} on average and {p99_limit:.0%} at p99."
    ),
    "client.late_between_tokens.remedy": FREE_CORES,
    "client.late_at_p99": "{lateness}; above {limit:.0%} at p99, percentiles are less precise.",
    "client.late_at_p99.remedy": "Give the client a free core, or use the mean instead of percentiles.",
    "client.between_tokens": (
        "The load generator read arrivals {mean_ms:.2f} ms late on average and {p99_ms:.1f} ms late at p99, "
        "so TPOT is off by at most {mean:.1%} on average and {p99:.1%} at p99"
    ),
    "client.late_on_average": "{lateness}; the limit is {limit:.0%} of that mean.",
    "client.late_on_average.remedy": FREE_CORES,
    "client.late_for_percentile": (
        "{lateness}, and {p99_ms:.2f} ms at p99; the verdict depends on a percentile, so the limit is "
        "{limit:.0%} of that mean."
    ),
    "client.late_for_percentile.remedy": FREE_CORES,
    "client.of_requests": (
        "The load generator read arrivals {mean_ms:.2f} ms late on average, where the mean {metric} is "
        "{value:.1f} ms"
    ),
    "client.on_time": "{lateness}.{sending}{order}",
    "client.order_unknown": (
        " Of {unknown} of {answers} answers it is not known whether segments came out of order (lost "
        "packets): the kernel does not report it."
    ),
    "client.sending": (
        " Requests were sent {mean_ms:.2f} ms late on average, {p99_ms:.2f} ms at p99, {most_ms:.2f} ms at "
        "most."
    ),
    "client.stalled": (
        "The load generator stalled {stalls} times (longest {longest_ms:.0f} ms, after {after_s:.1f} s) "
        "while tokens arrived; {metric} may be off by {error:.1%} (limit {limit:.0%})."
    ),
    "client.stalled.remedy": "Run slabench on a machine with free cores that nothing suspends.",
    "client.lost_segments": (
        "{segments} segments of {answers} answers ({events:,} events) came while one sent before was "
        "missing, with a time of arrival before the data could be read"
    ),
    "client.out_of_order": "{lost}; {metric} may be off by {error:.1%} (limit {limit:.0%}).",
    "client.out_of_order.remedy": LOST_PACKETS,
    "client.out_of_order_gaps": (
        "{lost}; the error of {metric} is not known, and these are {share:.2%} of the events (limit "
        "{limit:.1%})."
    ),
    "client.out_of_order_gaps.remedy": LOST_PACKETS,
    "client.out_of_order_answers": (
        "{lost}; the error of {metric} is not known, and {share:.2%} of the requests may be affected (limit "
        "{limit:.1%})."
    ),
    "client.out_of_order_answers.remedy": LOST_PACKETS,
    "client.out_of_order_extreme": "{lost}; one of them can decide {metric}, whose error is not known.",
    "client.out_of_order_extreme.remedy": LOST_PACKETS,
    "client.sent_late": (
        "A request was sent {late_ms:.0f} ms after it was due, {share:.0%} of the run's {wall_s:.1f} s; the "
        "limit is {limit:.0%}."
    ),
    "client.sent_late.remedy": FREE_CORES,
    "client_error.unknown": "The client's own error is not known: {why}.",
    "client_error.unknown.remedy": (
        "Run slabench on a machine with two free cores (the null server takes one), with --calibrate=fresh."
    ),
    "client_error.off": "The client's own error is not known: {why}.",
    "client_error.off.remedy": "Leave out --calibrate=off.",
    "client_error.faster": (
        "The run received {rate:,.0f} tokens/s, more than the {calibrated:,.0f} at which the client was "
        "calibrated, so its own error is not known."
    ),
    "client_error.faster.remedy": "Take into account that the metrics have an unknown error.",
    "client_error.ok": "The client's own error: {calibration}{share}.",
    "client_error.share": (
        "; at most {share:.1%} of an objective's distance from its limit (limit {limit:.0%})"
    ),
    "client_error.too_large": (
        "The client's own error on {metric} is {error_ms:.3g} ms, more than {limit:.0%} of the "
        "{distance_ms:.3g} ms between {observed:.6g} ms and the limit of {objective:g} ms ({calibration})."
    ),
    "client_error.too_large.remedy": (
        "Run slabench on a machine with free cores; --calibrate=fresh measures its error again."
    ),
    "client_error.calibration": (
        "TPOT {tpot_pct:+.3f} %, TTFT {ttft_ms:+.2f} ms, p99 of the gaps {p99_ms:+.2f} ms, measured at the "
        "null server with {streams} streams, a token each every {itl_ms:g} ms"
    ),
}
