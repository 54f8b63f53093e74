"""Checks of when tokens arrived: streamed, one_read."""

_DIRECT = "Measure the server directly, without a gateway that buffers its stream."

MESSAGES = {
    "streamed.one_token": "No answer has more than one token, so none can be held back.",
    "streamed.not_probed": (
        "The idle server was not probed{failure}, so it is not known whether answers are held back until "
        "they are complete."
    ),
    "streamed.not_probed.remedy": "Check that the idle server answers one request of 64 tokens.",
    "streamed.probe_failure": " ({failure})",
    "streamed.first_tokens": (
        "On the idle server the first token came after {short_ms:.1f} ms with 1 token out, and after "
        "{long_ms:.1f} ms with {tokens}"
    ),
    "streamed.idle": "{times}.",
    "streamed.held_back": (
        "{times} (limit {factor:g} times and {limit_ms:g} ms later, in all of {probes} probes): answers are "
        "held back until they are complete, so the times of their tokens are not the server's."
    ),
    "streamed.held_back.remedy": _DIRECT,
    "streamed.empty_first": (
        "On the idle server the first counted event came without a text after {first_ms:.1f} ms, and the "
        "first text {gap_ms:.0f} ms later, with {later_ms:.1f} ms between later events (limit {factor:g} "
        "times that and {limit_ms:g} ms, in all of {probes} probes): TTFT is not the time of a token."
    ),
    "streamed.empty_first.remedy": _DIRECT,
    "streamed.early_first": (
        "On the idle server the first counted event came after {first_ms:.1f} ms, and the next one "
        "{gap_ms:.0f} ms later, with {later_ms:.1f} ms between later events (limit {factor:g} times that and "
        "{limit_ms:g} ms, in all of {probes} probes): TTFT may not be the time of a token."
    ),
    "streamed.early_first.remedy": _DIRECT,
    "streamed.faster_than_idle": (
        "The events of {fast} of {answers} answers came every {client_ms:.2f} ms, more than {factor:g} times "
        "faster than the idle server's for one request alone ({server_ms:.2f} ms); at most {share:.0%} may. "
        "They may be held back."
    ),
    "streamed.faster_than_idle.remedy": _DIRECT,
    "streamed.faster_than_made": (
        "{fast} of {answers} answers came at {client_ms:.2f} ms a token, more than {factor:g} times faster "
        "than the server made them ({server_ms:.2f} ms by meta_info's decode_throughput, medians); at most "
        "{share:.0%} may. They were held back."
    ),
    "streamed.faster_than_made.remedy": _DIRECT,
    "streamed.faster_than_log": (
        "The answers came at {client_ms:.2f} ms a token (median of {answers}), more than {factor:g} times "
        "faster than nine in ten of the deploy log's Decode lines ({step_ms:.2f} ms): they were held back."
    ),
    "streamed.faster_than_log.remedy": f"{_DIRECT} Check that --deploy-log is this server's.",
    "one_read.bursts": (
        "{at_once} of {answers} answers arrived in one read, {gathered} more in a few reads at their end; at "
        "most {limit:.0%} of the answers may arrive in such a burst."
    ),
    "one_read.bursts.remedy": (
        "Their tokens have no times of their own: run the client on a machine with free cores, and without a "
        "proxy that gathers the stream."
    ),
}
