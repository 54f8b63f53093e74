"""Checks about the requests themselves: came back whole, ended as asked, counted as they were sent. They invalidate everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from slabench.metrics.bounded import ends
from slabench.metrics.per_request import tpot
from slabench.records import ErrorKind, RequestRecord
from slabench.verdict.bounded import COUNT_EVENTS
from slabench.verdict.validity.contents import outputs
from slabench.verdict.validity.subject import ONE_SERVER, Subject, ok, untold
from slabench.verdict.words import Check, State

REPEATS_LIMIT = 4  # the role, the finish reason and the usage may come in events of their own, which bring no token
# Speculative decoding begins with a few tokens, a stream interval of 40 with 40; of shorter answers than that a TPOT says little.
BEHIND_FIRST_LIMIT, FEW_SHARE_LIMIT = 0.25, 0.02
OTHER_TOKENIZER_SHARE = 0.25  # where nobody counted the texts here: more than any text is known to drift by
RESENT_SHARE_LIMIT = 0.01  # of the requests: beyond it the set-up of connections is in the means
SPARE_FILES = 64  # of the client beside its connections
CONTINUOUS = (
    "Measure with --backend=sglang (/generate counts every event), or a server or gateway that passes on "
    "stream_options.continuous_usage_stats: sglang 0.5.5 and newer do, SGLang's own gateway sums up at the end of a stream."
)
NO_USAGE = (
    "The answers report no usage: use a server or gateway that honours stream_options.include_usage, or --backend=sglang, whose "
    "/generate counts every event."
)
DRIFT_SHARE_LIMIT = 0.01  # of the prompt tokens meant: text that is decoded and encoded again changes its length


def _example(records: list[RequestRecord]) -> str:
    texts = [record.error_text for record in records if record.error_text]
    return f" The first says: {texts[0]}" if texts else ""


def completed(subject: Subject) -> Check:
    """Every planned request was sent and its answer came back whole: a figure over the survivors flatters the server."""
    run = subject.run
    if len(run.requests) < subject.planned:
        text = f"{len(run.requests)} of {subject.planned} requests could be made: the data set gives no more prompts."
        return Check("completed", State.INVALID, text, "Use a larger data set, or ask for fewer prompts.")
    bad = [record for record in run.requests if not record.ok]
    if not bad:
        return ok("completed", f"All {len(run.requests)} requests came back whole.")
    kinds = Counter(record.error.value if record.error else "no end" for record in bad)
    named = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
    text = f"{len(bad)} of {len(run.requests)} requests failed ({named}); none may.{_example(bad)}"
    remedy = _NO_ENDPOINT if all(one.status in NO_ENDPOINT for one in bad) else _remedy(subject, {one.error for one in bad})
    return Check("completed", State.INVALID, text, remedy)


NO_ENDPOINT = (404, 405, 501)  # 501: a gateway has the path, and does not serve it for its kind of workers
_NO_ENDPOINT = (
    "What answers at --base-url does not serve this endpoint: choose another with --backend. A gateway whose workers speak gRPC "
    "(smg) may have no /generate: use --backend=sglang-oai."
)


def _remedy(subject: Subject, kinds: Collection[ErrorKind | None]) -> str:
    """For the client's own machine where that refused a connection, else for the server."""
    run = subject.run
    cap = run.plan.get("max_concurrency")
    at_once = min(int(cap), len(run.requests)) if cap else len(run.requests)
    if ErrorKind.NO_FILES in kinds:
        return (
            f"Raise `ulimit -n` of the shell that starts slabench to {at_once + SPARE_FILES} ({at_once} requests in flight and "
            f"{SPARE_FILES} more); if it is that high, fs.file-max of the machine. The server is not to blame."
        )
    if ErrorKind.NO_PORTS in kinds:
        return (
            "Use --connections=keep-alive (a closed connection keeps its port for a minute), or widen net.ipv4.ip_local_port_range "
            f"to more than the {at_once} requests in flight. The server is not to blame."
        )
    if ErrorKind.NO_TOKENS in kinds and run.plan.get("backend", "sglang") != "sglang":
        return NO_USAGE
    return "Look at the server's log; a deployment that fails requests cannot be judged."


def resent(subject: Subject) -> Check:
    """Hardly a request was sent a second time: its time counts from the first, and has a connection's set-up in it."""
    again, sent = (
        sum(picked) for picked in zip(*((one.resent, one.sent_ns is not None) for one in subject.run.requests), strict=True)
    )
    if not again:
        return ok("resent", "No request was sent twice.")
    text = (
        f"{again} of {sent} requests were sent a second time, on a new connection, since the server had closed the idle one before "
        "they reached it; their times count from the first sending"
    )
    if again > RESENT_SHARE_LIMIT * sent:
        remedy = "Use --connections=per-request, or a server that keeps idle connections open for longer."
        return Check("resent", State.FINDING, f"{text}. More than {RESENT_SHARE_LIMIT:.0%}.", remedy)
    return ok("resent", f"{text}.")


def finish_reason(subject: Subject) -> Check:
    """Every answer ended because its length was reached: an abort or a stop token makes the work another one."""
    odd = [record for record in subject.run.requests if record.ok and record.finish_reason != "length"]
    if not odd:
        return ok("finish_reason", "Every answer ended with finish_reason length.")
    kinds = Counter(str(record.finish_reason) for record in odd)
    named = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common(3))
    text = f"{len(odd)} answers did not end with finish_reason length ({named})."
    return Check("finish_reason", State.INVALID, text, "See that the server honours ignore_eos and aborts nothing.")


def output_length(subject: Subject) -> Check:
    """The server counted exactly the tokens that were asked for."""
    odd = [record for record in subject.run.requests if record.ok and record.completion_tokens != record.output_len]
    if not odd:
        return ok("output_length", "Every answer has the length asked for.")
    one = odd[0]
    text = (
        f"{len(odd)} answers have another length than asked for (request {one.index}: {one.completion_tokens} of {one.output_len})."
    )
    return Check("output_length", State.INVALID, text, "See that the server honours max_new_tokens and ignore_eos.")


def token_counts(subject: Subject) -> Check:
    """The counts along a stream are finite, grow, begin above 0 and end at completion_tokens; stamps never go back.

    All streams have them or none has: figures over those that were counted alone would be of other answers than the run's.
    """
    done = [record for record in subject.run.requests if record.ok]
    uncounted = [record for record in done if not record.arrival_tokens and record.last_text_ns is not None]
    for record in done:
        counts, stamps = list(record.arrival_tokens), list(record.arrival_ns)
        if not counts and record.last_text_ns is not None:
            continue
        if not counts:
            seen = "no token was ever counted"
        elif min(counts) < 1:
            seen = "a count is not a positive number"
        elif counts != sorted(counts):
            seen = "the count falls along the stream"
        elif (repeats := len(counts) - len(set(counts))) > REPEATS_LIMIT:
            seen = f"{repeats} of {len(counts)} events repeat the count before them, at most {REPEATS_LIMIT} may"
        elif stamps != sorted(stamps) or (record.sent_ns is not None and stamps[0] < record.sent_ns):
            seen = "a token arrived before the request was sent, or before its predecessor"
        elif record.end_ns is not None and stamps[-1] > record.end_ns:
            seen = "a token arrived after the stream said [DONE]"
        elif record.completion_tokens is not None and counts[-1] != record.completion_tokens:
            seen = f"the stream counts {counts[-1]} tokens, its last event says {record.completion_tokens}"
        else:
            continue
        text = f"The token counts of request {record.index} cannot be trusted: {seen}."
        return Check("token_counts", State.INVALID, text, "A proxy may reorder or buffer the stream; measure the server itself.")
    if uncounted and len(uncounted) == len(done):
        text = "The server counts no tokens along the stream, only at its end: TPOT is known within bounds, ITL is not known."
        return Check("token_counts", State.NOT_CHECKED, text, CONTINUOUS)
    if uncounted:
        some = f"{len(uncounted)} of {len(done)} answers count no tokens along the stream"
        text = f"{some} (request {uncounted[0].index}), the others do."
        return Check("token_counts", State.INVALID, text, f"Measure one server, not a mixture of them. {CONTINUOUS}")
    odd = outputs(subject)
    if odd is not None:
        return odd
    return ok("token_counts", "Token counts are finite and grow to completion_tokens in every stream.")


def tpot_defined(subject: Subject) -> Check:
    """Every answer of more than one token has a TPOT: a mean over those that have one leaves the others out, fast or slow.

    An answer whose tokens all came in its first event has none. One with less than a quarter of its tokens behind its first event
    has a TPOT of these alone. A finding where nothing is judged or compared by TPOT.
    """
    many = [record for record in subject.run.requests if record.ok and (record.output_tokens or 0) > 1]
    odd = [record for record in many if tpot(record) is None and ends(record) is None]
    counted = [record for record in many if record.arrival_tokens and record not in odd]
    few = [record for record in counted if _behind_first(record) < BEHIND_FIRST_LIMIT]
    state = State.INVALID if any(metric.ours == "tpot" for metric in subject.judged_metrics) else State.FINDING
    remedy = "Start the server with a smaller --stream-interval, and measure it without a proxy."
    if not odd and len(few) > FEW_SHARE_LIMIT * len(many):
        counts = few[0].arrival_tokens
        text = (
            f"{len(few)} of {len(many)} answers have less than {BEHIND_FIRST_LIMIT:.0%} of their tokens behind their first event "
            f"(request {few[0].index}: {counts[0]} of {counts[-1]} in it), at most {FEW_SHARE_LIMIT:.0%} may: their TPOT is not "
            "that of the answer"
        )
        return Check("tpot_defined", state, f"{text}.", remedy)
    summed = [record for record in odd if not record.arrival_tokens and record.text_ns]
    if summed:
        text = (
            f"The server counts tokens only at the end of each stream, and the first event of {len(summed)} of {len(many)} answers "
            f"may hold all of them (request {summed[0].index}: {summed[0].completion_tokens}), so that TPOT has no upper bound"
        )
        return Check("tpot_defined", state, f"{text}.", f"{COUNT_EVENTS}.")
    if not odd:
        return ok("tpot_defined", f"All {len(many)} answers of more than one token define a TPOT.")
    text = (
        f"{len(odd)} of {len(many)} answers of more than one token define no TPOT (request {odd[0].index}): no token followed "
        f"their first event, and the mean is of the other {len(many) - len(odd)}"
    )
    return Check("tpot_defined", state, f"{text}.", remedy)


def _behind_first(record: RequestRecord) -> float:
    """The share of the answer's tokens after the first one that came behind its first event."""
    counts = record.arrival_tokens
    return (counts[-1] - counts[0]) / (counts[-1] - 1) if counts and counts[-1] > 1 else 1.0


def request_ids(subject: Subject) -> Check:
    """Every answer has an id of its own: one that comes again is an earlier answer out of a cache, which nobody computed."""
    ids = [record.request_id for record in subject.run.requests if record.ok and record.request_id is not None]
    silent, answers = untold(subject, lambda record: record.request_id)
    if not ids:
        return Check("request_ids", State.NOT_CHECKED, "The answers have no ids.", "Use a server that reports meta_info.")
    if silent:
        text = f"{silent} of {answers} answers have no id, the others do: nobody can say who answered."
        return Check("request_ids", State.INVALID, text, ONE_SERVER)
    again = len(ids) - len(set(ids))
    if again:
        ((one, _),) = Counter(ids).most_common(1)
        text = f"{again} of {answers} answers have the id of another one ({one}): they were not computed."
        return Check("request_ids", State.INVALID, text, "Measure the server itself, without a gateway that caches answers.")
    return ok("request_ids", f"Each of {answers} answers has an id of its own.")


def prompt_length(subject: Subject) -> Check:
    """prompt_tokens equals the ids sent, or our own tokenizer's count of the text sent; otherwise the server read something else.

    A text may have another length than was meant, since decoding ids and encoding the text is no identity: more than 1 % of that
    drift is a finding. What a chat template adds to every message (_of_the_template) is not counted here.
    """
    known = [(record, record.prompt_tokens) for record in subject.run.requests if record.ok and record.prompt_tokens is not None]
    if not known:
        text = "The server reports no prompt_tokens."
        return Check("prompt_length", State.NOT_CHECKED, text, "Use a server that reports meta_info.")
    silent, answers = untold(subject, lambda record: record.prompt_tokens)
    if silent:
        text = f"{silent} of {answers} answers report no prompt_tokens, the others do: nobody can say what the server read."
        return Check("prompt_length", State.INVALID, text, ONE_SERVER)
    template = _of_the_template(subject, known)
    if isinstance(template, Check):
        return template
    if subject.exact_prompt:
        odd = [(record, record.input_len, seen) for record, seen in known if seen != record.input_len]
        sent, remedy = "ids", "The server may cut prompts (--allow-auto-truncate); turn that off."
    else:
        counts = subject.counted
        odd = [(record, counts[record.index], seen) for record, seen in known if counts and seen - template != counts[record.index]]
        sent, remedy = (
            "tokens of text",
            "Give the server's own tokenizer with --tokenizer=DIR; the server must not cut or wrap prompts.",
        )
    if odd:
        record, wanted, seen = odd[0]
        first = f"request {record.index}: {wanted} {sent}, {seen} there"
        text = f"{len(odd)} of {len(known)} prompts have another length at the server ({first}); none may."
        return Check("prompt_length", State.INVALID, text, remedy)
    if subject.exact_prompt:
        return ok("prompt_length", f"prompt_tokens equals the ids sent for all {len(known)} answers.")
    meant, seen_sum = sum(record.input_len for record, _ in known), sum(seen - template for _, seen in known)
    drift = (seen_sum - meant) / meant if meant else 0.0
    own = f", as our tokenizer does for each of the {len(known)} texts" if subject.counted else ""
    beside = f", and {template} more of its chat template in each," if template else ""
    text = f"The server counts {seen_sum} prompt tokens{own}{beside} where {meant} were meant ({drift:+.1%})"
    if abs(drift) > OTHER_TOKENIZER_SHARE and not subject.counted:
        remedy = "Give the tokenizer of the model that the server runs (--tokenizer=DIR), or send exact ids with --prompt-form=ids."
        return Check("prompt_length", State.INVALID, f"{text}, more than {OTHER_TOKENIZER_SHARE:.0%}.", remedy)
    if abs(drift) > DRIFT_SHARE_LIMIT:
        remedy = "Text that is decoded and encoded again changes its length; --prompt-form=ids sends exact ids."
        return Check("prompt_length", State.FINDING, f"{text}; more than {DRIFT_SHARE_LIMIT:.0%} is said.", remedy)
    return ok("prompt_length", f"{text}.")


def _of_the_template(subject: Subject, known: Sequence[tuple[RequestRecord, int]]) -> int | Check:
    """Tokens that the server's chat template adds to each message: the same number to all, since it is the same text around them.

    0 for other endpoints, and where a prompt has fewer tokens at the server than were sent, which no template brings about.
    """
    if subject.run.plan.get("backend") != "sglang-oai-chat" or not subject.counted:
        return 0
    more = {seen - subject.counted[record.index] for record, seen in known}
    if min(more) < 0:
        return 0
    if len(more) > 1:
        text = (
            f"The server counts {min(more)} to {max(more)} tokens more a prompt than the message has: its chat template adds some, "
            "and how many is not known."
        )
        return Check("prompt_length", State.NOT_CHECKED, text, "--backend=sglang and sglang-oai send prompts as they are.")
    return more.pop()
