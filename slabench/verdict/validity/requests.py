"""Checks about the requests themselves: came back whole, ended as asked, counted as they were sent.

They invalidate everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from slabench.metrics.bounded import ends
from slabench.metrics.per_request import tpot
from slabench.records import ErrorKind, RequestRecord
from slabench.verdict.bounded import COUNT_EVENTS
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.contents import outputs
from slabench.verdict.validity.context import CheckContext, ok
from slabench.verdict.validity.registry import Registration, Stage

# the role, the finish reason and the usage may come in events of their own, which bring no token
REPEATS_LIMIT = 4
# Speculative decoding begins with a few tokens, a stream interval of 40 with 40; of shorter answers than that
# a TPOT says little.
BEHIND_FIRST_LIMIT, FEW_SHARE_LIMIT = 0.25, 0.02
CONTINUOUS = (
    "Measure with --backend=sglang (/generate counts every event), or a server or gateway that passes on "
    "stream_options.continuous_usage_stats: sglang 0.5.5 and newer do, SGLang's own gateway sums up at the end of a stream."
)
RESENT_SHARE_LIMIT = 0.01  # of the requests: beyond it the set-up of connections is in the means
SPARE_FILES = 64  # of the client beside its connections
NO_USAGE = (
    "The answers report no usage: use a server or gateway that honours stream_options.include_usage, or --backend=sglang, whose "
    "/generate counts every event."
)


def _example(records: list[RequestRecord]) -> str:
    texts = [record.error_text for record in records if record.error_text]
    return f" The first says: {texts[0]}" if texts else ""


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid=(
        "a planned request was not made, not sent, or did not come back whole: refused, cut, reset, silent, an error in "
        "any of its events, however it is spelled (beside a count too, under `event: error`, or as a reason to end; "
        "between the text and the `meta_info` of an event that is like its neighbours it is [not "
        "seen](architecture.md#load-processes)), an event that is no JSON, a page in the middle of the stream, a number "
        "that nothing can have (a count of 400 digits); `no_files` and `no_ports` are the client's own machine, whose "
        "limit the remedy names, and what no process can have open is not sent at all"
    ),
    why="a figure over the survivors flatters the server",
    probe=True,
)
def completed(subject: CheckContext) -> Check:
    run = subject.run
    if len(run.requests) < subject.planned:
        text = f"{len(run.requests)} of {subject.planned} requests could be made: the data set gives no more prompts."
        return Check(
            "completed", CheckStatus.INVALID, text, "Use a larger data set, or ask for fewer prompts."
        )
    bad = [record for record in run.requests if not record.ok]
    if not bad:
        return ok("completed", f"All {len(run.requests)} requests came back whole.")
    kinds = Counter(record.error.value if record.error else "no end" for record in bad)
    named = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
    text = f"{len(bad)} of {len(run.requests)} requests failed ({named}); none may.{_example(bad)}"
    remedy = (
        _NO_ENDPOINT
        if all(one.status in NO_ENDPOINT for one in bad)
        else _remedy(subject, {one.error for one in bad})
    )
    return Check("completed", CheckStatus.INVALID, text, remedy)


NO_ENDPOINT = (404, 405, 501)  # 501: a gateway has the path, and does not serve it for its kind of workers
_NO_ENDPOINT = (
    "What answers at --base-url does not serve this endpoint: choose another with --backend. A gateway whose workers speak gRPC "
    "(smg) may have no /generate: use --backend=sglang-oai."
)


def _remedy(subject: CheckContext, kinds: Collection[ErrorKind | None]) -> str:
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


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid=(
        "never: a finding when more than 1 % of the requests were sent a second time (see above); fewer are a note in every output"
    ),
    why="their times have the set-up of a connection in them; `--connections=per-request` gives every request its own",
)
def resent(subject: CheckContext) -> Check:
    again, sent = (
        sum(picked)
        for picked in zip(
            *((one.resent, one.sent_ns is not None) for one in subject.run.requests), strict=True
        )
    )
    if not again:
        return ok("resent", "No request was sent twice.")
    text = (
        f"{again} of {sent} requests were sent a second time, on a new connection, since the server had closed the idle one before "
        "they reached it; their times count from the first sending"
    )
    if again > RESENT_SHARE_LIMIT * sent:
        remedy = "Use --connections=per-request, or a server that keeps idle connections open for longer."
        return Check("resent", CheckStatus.FINDING, f"{text}. More than {RESENT_SHARE_LIMIT:.0%}.", remedy)
    return ok("resent", f"{text}.")


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid="an answer ended otherwise than by its length",
    why="an abort or a stop token is other work",
    unreported=True,
    probe=True,
)
def finish_reason(subject: CheckContext) -> Check:
    odd = [record for record in subject.run.requests if record.ok and record.finish_reason != "length"]
    if not odd:
        return ok("finish_reason", "Every answer ended with finish_reason length.")
    kinds = Counter(str(record.finish_reason) for record in odd)
    named = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common(3))
    text = f"{len(odd)} answers did not end with finish_reason length ({named})."
    return Check(
        "finish_reason",
        CheckStatus.INVALID,
        text,
        "See that the server honours ignore_eos and aborts nothing.",
    )


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid="the server counted other than the tokens that were asked for",
    probe=True,
)
def output_length(subject: CheckContext) -> Check:
    odd = [
        record
        for record in subject.run.requests
        if record.ok and record.completion_tokens != record.output_len
    ]
    if not odd:
        return ok("output_length", "Every answer has the length asked for.")
    one = odd[0]
    text = f"{len(odd)} answers have another length than asked for (request {one.index}: {one.completion_tokens} of {one.output_len})."
    return Check(
        "output_length",
        CheckStatus.INVALID,
        text,
        "See that the server honours max_new_tokens and ignore_eos.",
    )


@Registration(
    Stage.ANSWERS,
    evidence="arrivals",
    invalid=(
        "counts fall, repeat (more than 4 events), are no positive numbers, or do not end at `completion_tokens`; stamps "
        "go back, or go on after `[DONE]`; some answers are counted along the stream and others are not; an event has "
        "output and no count beside events that count, or (`/v1`) a text more than 20 ms behind the count it repeats; the "
        "last event's `output_ids` are neither as many as are counted (0.5.3 and newer) nor as many as it counts itself "
        "(0.5.2, `--stream-output`), or it has none though others before it do; an event in the middle of an answer (one "
        "that is in its second half) has fewer than three quarters of the ids that it counts, or, where there are no ids, "
        "in most answers less than a quarter of the text that it should have. Where there are no ids, texts (of `/v1` "
        "those of the first 64 events) that are fewer than 60 % or more than 250 % of the tokens counted, by our "
        "tokenizer, are a finding, and so are answers without any text"
    ),
    why=(
        "figures of those that were counted are not the run's. A server that counts nobody's along the stream: not "
        "checked, ITL is not defined, and TPOT within bounds ([metrics.md](metrics.md#tpot-within-bounds))"
    ),
    unreported=True,
    probe=True,
)
def token_counts(subject: CheckContext) -> Check:
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
            seen = (
                f"{repeats} of {len(counts)} events repeat the count before them, at most {REPEATS_LIMIT} may"
            )
        elif stamps != sorted(stamps) or (record.sent_ns is not None and stamps[0] < record.sent_ns):
            seen = "a token arrived before the request was sent, or before its predecessor"
        elif record.end_ns is not None and stamps[-1] > record.end_ns:
            seen = "a token arrived after the stream said [DONE]"
        elif record.completion_tokens is not None and counts[-1] != record.completion_tokens:
            seen = f"the stream counts {counts[-1]} tokens, its last event says {record.completion_tokens}"
        else:
            continue
        text = f"The token counts of request {record.index} cannot be trusted: {seen}."
        return Check(
            "token_counts",
            CheckStatus.INVALID,
            text,
            "A proxy may reorder or buffer the stream; measure the server itself.",
        )
    if uncounted and len(uncounted) == len(done):
        text = "The server counts no tokens along the stream, only at its end: TPOT is known within bounds, ITL is not known."
        return Check("token_counts", CheckStatus.NOT_CHECKED, text, CONTINUOUS)
    if uncounted:
        some = f"{len(uncounted)} of {len(done)} answers count no tokens along the stream"
        text = f"{some} (request {uncounted[0].index}), the others do."
        return Check(
            "token_counts",
            CheckStatus.INVALID,
            text,
            f"Measure one server, not a mixture of them. {CONTINUOUS}",
        )
    odd = outputs(subject)
    if odd is not None:
        return odd
    return ok("token_counts", "Token counts are finite and grow to completion_tokens in every stream.")


@Registration(
    Stage.ANSWERS,
    evidence="arrivals",
    invalid=(
        "an answer of more than one token has no TPOT, since all of its tokens came in its first event; or more than 2 % "
        "of the answers have less than a quarter of their tokens behind their first event; and TPOT is judged or compared "
        "(else a finding)"
    ),
    why=(
        "a mean over the answers that have one leaves the others out, however slow, and a TPOT of the last token alone is "
        "not the answer's. Speculative decoding (2 to 4 tokens first) and stream intervals (8, 16, 40) leave more behind"
    ),
    probe=True,
)
def tpot_defined(subject: CheckContext) -> Check:
    many = [record for record in subject.run.requests if record.ok and (record.output_tokens or 0) > 1]
    odd = [record for record in many if tpot(record) is None and ends(record) is None]
    counted = [record for record in many if record.arrival_tokens and record not in odd]
    few = [record for record in counted if _behind_first(record) < BEHIND_FIRST_LIMIT]
    state = (
        CheckStatus.INVALID
        if any(metric.ours == "tpot" for metric in subject.judged_metrics)
        else CheckStatus.FINDING
    )
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
