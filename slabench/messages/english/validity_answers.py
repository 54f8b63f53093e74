"""Checks of the answers: completed, resent, finish_reason, output_length, token_counts, tpot_defined."""

_PLAIN_STREAM = "Measure the server directly: a proxy may reorder or buffer the stream."

MESSAGES = {
    "completed.all": "All {requests} requests succeeded.",
    "completed.too_few_prompts": (
        "Only {requests} of {planned} requests could be made: the data set has no more prompts."
    ),
    "completed.too_few_prompts.remedy": "Use a larger data set, or request fewer prompts.",
    "completed.failed": "{failed} of {requests} requests failed with {errors}; all must succeed.{example}",
    "error.count": "{error} ({count})",
    "error.example": " First error: {text}",
    "error.no_files": "no free file descriptor on the client's machine",
    "error.no_ports": "no free local port on the client's machine",
    "error.connect": "no connection",
    "error.reset": "a broken connection",
    "error.http_status": "HTTP {status}",
    "error.not_a_stream": "an answer that is not an event stream",
    "error.in_stream": "an error inside the stream",
    "error.malformed": "a malformed answer",
    "error.truncated": "a truncated answer",
    "error.no_tokens": "an answer without a counted token",
    "error.first_byte_timeout": "a time-out before the first byte",
    "error.idle_timeout": "a time-out within the answer",
    "error.total_timeout": "a time-out of the whole answer",
    "error.not_sent": "the run's end before they were sent",
    "error.interrupted": "the run's end before the answer's",
    "error.no_end": "no end of the answer",
    "remedy.other_endpoint": (
        "The server at --base-url does not serve this endpoint: choose another with --backend. A gateway "
        "whose workers use gRPC (smg) may have no /generate: use --backend=sglang-oai."
    ),
    "remedy.more_files": (
        "Raise ulimit -n of the shell that starts slabench to {files} ({in_flight} requests in flight and "
        "{spare} more); if it is that high, raise fs.file-max of the machine. The server is not the cause."
    ),
    "remedy.more_ports": (
        "Use --connections=keep-alive (a closed connection keeps its port for a minute), or widen "
        "net.ipv4.ip_local_port_range to more than the {in_flight} requests in flight. The server is not the "
        "cause."
    ),
    "remedy.report_usage": (
        "The answers report no usage: use a server or gateway that honours stream_options.include_usage, or "
        "--backend=sglang, whose /generate counts every event."
    ),
    "remedy.count_events": (
        "Measure with --backend=sglang (/generate counts every event), or a server or gateway that passes on "
        "stream_options.continuous_usage_stats: sglang 0.5.5 and newer do, SGLang's own gateway sums up at "
        "the end of a stream."
    ),
    "resent.none": "No request was sent twice.",
    "resent.some": (
        "{resent} of {sent} requests were sent a second time (limit {limit:.0%}), on a new connection, "
        "because the server had closed the idle one; their times count from the first send."
    ),
    "resent.some.remedy": (
        "Use --connections=per-request, or configure the server to keep idle connections open for longer."
    ),
    "finish_reason.length": "All {answers} answers ended with finish_reason length.",
    "finish_reason.other": (
        "{other} of {answers} answers did not end with finish_reason length ({reasons}); all must."
    ),
    "finish_reason.other.remedy": "Check that the server honours ignore_eos and aborts no request.",
    "finish_reason.count": "{count} x {reason}",
    "output_length.requested": "All {answers} answers have the requested length.",
    "output_length.other": (
        "{other} of {answers} answers do not have the requested length (request {index}: {tokens} of "
        "{requested} tokens); all must."
    ),
    "output_length.other.remedy": "Check that the server honours max_new_tokens and ignore_eos.",
    "token_counts.grow": "Token counts are finite and grow to completion_tokens in all {answers} streams.",
    "token_counts.unusable": "The token counts of request {index} are not usable: {reason}.",
    "token_counts.unusable.remedy": _PLAIN_STREAM,
    "token_counts.none": "no event counts a token",
    "token_counts.not_positive": "a count is not a positive number",
    "token_counts.falls": "the count falls along the stream",
    "token_counts.repeats": "{repeats} of {events} events repeat the count before them (limit {limit})",
    "token_counts.too_early": (
        "a token arrived before the request was sent, or before the token that precedes it"
    ),
    "token_counts.after_done": "a token arrived after [DONE]",
    "token_counts.other_total": "the stream counts {counted} tokens, its last event reports {reported}",
    "token_counts.at_end": (
        "The server counts tokens only at the end of each stream: TPOT is known within bounds, ITL is not "
        "known."
    ),
    "token_counts.mixed": (
        "{uncounted} of {answers} answers count no tokens along the stream (first: request {index}), the "
        "others do; all or none must."
    ),
    "token_counts.mixed.remedy": "Measure one server, not a mixture of servers. {count_events}",
    "tpot_defined.all": "All {answers} answers of more than one token have a TPOT.",
    "tpot_defined.few_behind_first": (
        "{few} of {answers} answers (limit {limit:.0%}) have less than {share:.0%} of their tokens after "
        "their first event (request {index}: {first} of {tokens} in it): their TPOT is not that of the "
        "answer."
    ),
    "tpot_defined.counted_at_end": (
        "The server counts tokens only at the end of each stream, and the first event of {undefined} of "
        "{answers} answers may hold all of them (request {index}: {tokens}), so TPOT has no upper bound."
    ),
    "tpot_defined.undefined": (
        "{undefined} of {answers} answers of more than one token have no TPOT (first: request {index}): no "
        "token followed their first event, and the mean covers only the other {others}."
    ),
    "tpot_defined.few_behind_first.remedy": (
        "Start the server with a smaller --stream-interval, and measure it without a proxy."
    ),
    "tpot_defined.undefined.remedy": (
        "Start the server with a smaller --stream-interval, and measure it without a proxy."
    ),
}
