"""Checks of a stream's events: token_counts by ids and text, first_token, stream_end."""

_NO_GATEWAY = "Measure the server directly, without a gateway that rewrites its stream."
_APART = (
    "the counts do not arrive with the output that they count, so their times are not those of the tokens"
)
_END = "Find what delays the end of the stream: a gateway, or the server's handling of finished requests."

MESSAGES = {
    "token_counts.apart": (
        "{apart} of {answers} answers have output in events without a token count, beside events that count "
        f"(request {{index}}: {{uncounted}} of {{events}} events); none may: {_APART}."
    ),
    "token_counts.apart.remedy": _NO_GATEWAY,
    "token_counts.ids_mixed": (
        "{without} of {answers} answers have no output_ids, the others do; all or none must."
    ),
    "token_counts.ids_lost": (
        "{lost} of {answers} answers begin with output_ids (first: request {index}), and their last event "
        "has none."
    ),
    "token_counts.ids_lost.remedy": _NO_GATEWAY,
    "token_counts.other_ids": (
        "{other} of {answers} answers have another number of output_ids than they count ({example}); none "
        "may."
    ),
    "token_counts.other_ids.remedy": _NO_GATEWAY,
    "token_counts.ids_two_forms": (
        "The last event of {whole} answers has all of their ids, that of {pieces} answers only its own; all "
        "must be alike."
    ),
    "token_counts.ids_not_cumulative": (
        "server_info reports cumulative output_ids, but the last event of {pieces} of {answers} answers has "
        "fewer than are counted ({example})."
    ),
    "token_counts.ids_not_cumulative.remedy": _NO_GATEWAY,
    "token_counts.last_event": "request {index}: {tokens} tokens counted, {ids} ids in its last event",
    "token_counts.behind": (
        "{behind} of {answers} answers have an event in their middle that counts more than it brings "
        f"(request {{index}}: {{counted}} of {{tokens}} tokens counted, {{output}}): {_APART}."
    ),
    "token_counts.behind.remedy": _NO_GATEWAY,
    "token_counts.ids": "{ids} ids",
    "token_counts.characters": "{characters} of the answer's {of} characters",
    "token_counts.few_characters": (
        "The texts of {answers} answers have {characters} characters where {counted} tokens are counted: "
        "tokens without text, as random weights produce, or a wrong count."
    ),
    "token_counts.few_characters.remedy": (
        "Check that completion_tokens is what the model generated; answers with output_ids (sglang 0.5.3 and "
        "newer) show it."
    ),
    "token_counts.other_text": (
        "The texts of {answers} answers are {tokens} tokens by our tokenizer where {counted} are counted "
        "({share:.0%}; {low:.0%} to {high:.0%} is expected): tokens without text, as random weights produce, "
        "or a wrong count."
    ),
    "token_counts.other_text.remedy": (
        "Check that completion_tokens is what the model generated; answers with output_ids (sglang 0.5.3 and "
        "newer) show it."
    ),
    "first_token.ok": (
        "The first counted event of {answers} answers has a token, or decoding continues from there without "
        "a gap."
    ),
    "first_token.unknown": "No answer has a counted event that could be read.",
    "first_token.unknown.remedy": _NO_GATEWAY,
    "first_token.no_ids": (
        "The first counted event of {without} of {answers} answers has no output_ids (request {index}: "
        "{tokens} tokens counted); none may: TTFT is then not the time of a token."
    ),
    "first_token.no_ids.remedy": _NO_GATEWAY,
    "first_token.late_text": (
        "The first counted event of {late} of {answers} answers is empty, and their first text follows after "
        "a gap of {gap_ms:.0f} ms on average, far longer than the later gaps: TTFT may be the time of an "
        "event without a token."
    ),
    "first_token.late_text.remedy": f"Compare ttft with classic.ttft. {_NO_GATEWAY}",
    "stream_end.trail": (
        "The stream ended {mean_ms:.1f} ms after its last token on average (limit {mean_limit_ms:g} ms), at "
        "most {longest_ms:.0f} ms (request {index}, limit {longest_limit_ms:g} ms, n={answers})."
    ),
    "stream_end.trail.remedy": f"TPOT, TTFT and e2el do not include this time, classic.e2el does. {_END}",
    "stream_end.left_open": (
        "The body of {open} of {answers} answers did not end within 1 s of [DONE] (first: request {index}): "
        "a client that waits for the end of the body waits longer than is measured here."
    ),
    "stream_end.left_open.remedy": _END,
    "stream_end.unknown": "No answer is counted along its stream.",
    "stream_end.unknown.remedy": "Use a server that counts tokens along the stream.",
}
