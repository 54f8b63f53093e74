"""Checks of the requests themselves: succeeded, ended as requested, counted as they were sent. They
invalidate every method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from slabench.loadgen.backends import backend_of
from slabench.messages import Message
from slabench.metrics.bounded import ends
from slabench.metrics.declaration import OF_GAPS
from slabench.metrics.per_request import tpot
from slabench.records import ErrorKind, RequestRecord
from slabench.verdict.outcome import Check, CheckStatus, check, invalid, not_checked, ok
from slabench.verdict.validity.contents import outputs
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import SERVER_LOG, Registration, Stage

# the role, the finish reason and the usage may come in events of their own, which bring no token
REPEATS_LIMIT = 4
# Speculative decoding begins with a few tokens, a stream interval of 40 with 40; of shorter answers than that
# a TPOT says little.
BEHIND_FIRST_LIMIT, FEW_SHARE_LIMIT = 0.25, 0.02
RESENT_SHARE_LIMIT = 0.01  # of the requests: beyond it connection set-up is part of the means
SPARE_FILES = 64  # of the client beside its connections
NO_ENDPOINT = (404, 405, 501)  # 501: a gateway has the path, and does not serve it for its kind of workers


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid=(
        "a planned request could not be made or sent, or failed: refused, cut, reset, timed out, an HTTP "
        "status other than 200, an error in any event (also beside a count, under `event: error`, or as the "
        "finish reason; one between the text and the `meta_info` of an event like its neighbours is [not "
        "detected](architecture.md#load-processes)), an event that is not JSON, a page in the middle of the "
        "stream, an impossible number (a count of 400 digits). `no_files` and `no_ports` are limits of the "
        "client's own machine, and the remedy names the limit"
    ),
    why="metrics of the successful requests alone flatter the server",
    probe=True,
)
def completed(context: CheckContext) -> Check:
    requests = context.run.requests
    if len(requests) < context.planned:
        return invalid("completed.too_few_prompts", requests=len(requests), planned=context.planned)
    failed = [record for record in requests if not record.ok]
    if not failed:
        return ok("completed.all", requests=len(requests))
    errors = Counter(map(_error, failed)).most_common()
    example = next((record.error_text for record in failed if record.error_text), None)
    return invalid(
        "completed.failed",
        failed=len(failed),
        requests=len(requests),
        errors=errors[0][0]
        if len(errors) == 1
        else tuple(Message("error.count", count=count, error=error) for error, count in errors),
        example=example and Message("error.example", text=example),
        remedy=_remedy(context, failed),
    )


def _error(record: RequestRecord) -> Message:
    if record.error is ErrorKind.HTTP_STATUS:
        return Message("error.http_status", status=record.status)
    return Message(f"error.{record.error or 'no_end'}")


def _remedy(context: CheckContext, failed: Collection[RequestRecord]) -> Message:
    """For the client's own machine where that refused a connection, else for the server."""
    plan, requests = context.run.plan, len(context.run.requests)
    kinds = {record.error for record in failed}
    in_flight = min(int(plan.get("max_concurrency") or requests), requests)
    files = in_flight + SPARE_FILES
    remedies = (
        (all(record.status in NO_ENDPOINT for record in failed), Message("remedy.other_endpoint")),
        (
            ErrorKind.NO_FILES in kinds,
            Message("remedy.more_files", files=files, in_flight=in_flight, spare=SPARE_FILES),
        ),
        (ErrorKind.NO_PORTS in kinds, Message("remedy.more_ports", in_flight=in_flight)),
        (
            ErrorKind.NO_TOKENS in kinds and backend_of(plan).optional_counts,
            Message("remedy.report_usage"),
        ),
    )
    return next((remedy for applies, remedy in remedies if applies), SERVER_LOG)


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid=(
        "never; a finding when more than 1 % of the requests were [sent a second "
        "time](#a-request-that-is-sent-twice); fewer are a note in every output"
    ),
    why=(
        "their times include the set-up of a connection; `--connections=per-request` gives every request its "
        "own"
    ),
)
def resent(context: CheckContext) -> Check:
    again = sum(record.resent for record in context.run.requests)
    sent = sum(record.sent_ns is not None for record in context.run.requests)
    if not again:
        return ok("resent.none")
    status = CheckStatus.FINDING if again > RESENT_SHARE_LIMIT * sent else CheckStatus.OK
    return check(status, "resent.some", resent=again, sent=sent, limit=RESENT_SHARE_LIMIT)


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid="an answer ended for another reason than its length",
    why="an abort or a stop token is other work",
    unreported=True,
    probe=True,
)
def finish_reason(context: CheckContext) -> Check:
    others = [str(record.finish_reason) for record in context.answers if record.finish_reason != "length"]
    if not others:
        return ok("finish_reason.length", answers=len(context.answers))
    reasons = tuple(
        Message("finish_reason.count", count=count, reason=reason)
        for reason, count in Counter(others).most_common(3)
    )
    return invalid("finish_reason.other", other=len(others), answers=len(context.answers), reasons=reasons)


@Registration(
    Stage.ANSWERS,
    evidence="records",
    invalid="an answer has another number of tokens than requested, by the server's count",
    why="TPOT, E2EL and throughput depend on the length",
    probe=True,
)
def output_length(context: CheckContext) -> Check:
    others = [record for record in context.answers if record.completion_tokens != record.output_len]
    if not others:
        return ok("output_length.requested", answers=len(context.answers))
    first = others[0]
    tokens = first.completion_tokens
    return invalid(
        "output_length.other",
        other=len(others),
        answers=len(context.answers),
        index=first.index,
        tokens=Message("completed.no_count") if tokens is None else tokens,
        requested=first.output_len,
    )


@Registration(
    Stage.ANSWERS,
    evidence="arrivals",
    invalid=(
        "counts that fall, repeat (more than 4 events), are not positive, or do not end at "
        "`completion_tokens`; time stamps that go back, or continue after `[DONE]`; some answers counted "
        "along the stream and others not; output in events without a count beside events with counts, or "
        "(`/v1`) text more than 20 ms after the count that covers it; `output_ids` of the last event that "
        "are neither all counted tokens (0.5.3 and newer) nor those of that event (0.5.2, "
        "`--stream-output`), or are missing though earlier events have them; an event in the second half of "
        "an answer with fewer than three quarters of the ids that it counts, or, without ids, in most "
        "answers less than a quarter of the expected text. Findings, without ids: texts of fewer than 60 % "
        "or more than 250 % of the counted tokens by our tokenizer (of `/v1` the first 32 events), and "
        "answers without text"
    ),
    why=(
        "times and lengths rest on these counts. A server that counts only at the end of each stream is not "
        "checked: ITL is then undefined, and TPOT is known [within bounds](metrics.md#tpot-within-bounds)"
    ),
    unreported=True,
    probe=True,
)
def token_counts(context: CheckContext) -> Check:
    answers = context.answers
    uncounted = [record for record in answers if _counted_at_end(record)]
    for record in answers:
        reason = None if _counted_at_end(record) else _unusable(record)
        if reason is not None:
            return invalid("token_counts.unusable", index=record.index, reason=reason)
    if uncounted and len(uncounted) == len(answers):
        return not_checked("token_counts.at_end", remedy=Message("remedy.count_events"))
    if uncounted:
        return invalid(
            "token_counts.mixed",
            uncounted=len(uncounted),
            answers=len(answers),
            index=uncounted[0].index,
            count_events=Message("remedy.count_events"),
        )
    return outputs(context) or ok("token_counts.grow", answers=len(answers))


def _counted_at_end(record: RequestRecord) -> bool:
    """No event along the stream has a count, and at least one has output."""
    return not record.arrival_tokens and record.last_text_ns is not None


def _unusable(record: RequestRecord) -> Message | None:
    """Why an answer's counts along its stream are not usable; None where they are."""
    counts, stamps = list(record.arrival_tokens), list(record.arrival_ns)
    if not counts:
        return Message("token_counts.none")
    repeats, first, last, total = (
        len(counts) - len(set(counts)),
        stamps[0],
        stamps[-1],
        record.completion_tokens,
    )
    reasons = (
        (min(counts) < 1, Message("token_counts.not_positive")),
        (counts != sorted(counts), Message("token_counts.falls")),
        (
            repeats > REPEATS_LIMIT,
            Message("token_counts.repeats", repeats=repeats, events=len(counts), limit=REPEATS_LIMIT),
        ),
        (
            stamps != sorted(stamps) or (record.sent_ns is not None and first < record.sent_ns),
            Message("token_counts.too_early"),
        ),
        (record.end_ns is not None and last > record.end_ns, Message("token_counts.after_done")),
        (
            total is not None and counts[-1] != total,
            Message("token_counts.other_total", counted=counts[-1], reported=total),
        ),
    )
    return next((reason for wrong, reason in reasons if wrong), None)


@Registration(
    Stage.ANSWERS,
    evidence="arrivals",
    invalid=(
        "TPOT, ITL or the longest gap is judged or compared (else a finding), and an answer of more than one "
        "token has no TPOT because all of its tokens came in its first event, or more than 2 % of the "
        "answers have less than a quarter of their tokens after their first event"
    ),
    why=(
        "the mean would leave those answers out, however slow, or use the TPOT of their last tokens alone. "
        "Speculative decoding (2 to 4 tokens first) and stream intervals (8, 16, 40) leave more after the "
        "first event"
    ),
    probe=True,
)
def tpot_defined(context: CheckContext) -> Check:
    answers = [record for record in context.answers if (record.output_tokens or 0) > 1]
    undefined = [record for record in answers if tpot(record) is None and ends(record) is None]
    few = [record for record in answers if _behind_first(record) < BEHIND_FIRST_LIMIT]
    # what one event holds has no time between its tokens: neither TPOT nor gaps
    judged = any(metric.client_error in OF_GAPS for metric in context.judged_metrics)
    status = CheckStatus.INVALID if judged else CheckStatus.FINDING
    if not undefined and len(few) > FEW_SHARE_LIMIT * len(answers):
        return check(
            status,
            "tpot_defined.few_behind_first",
            few=len(few),
            answers=len(answers),
            share=BEHIND_FIRST_LIMIT,
            limit=FEW_SHARE_LIMIT,
            index=few[0].index,
            first=few[0].arrival_tokens[0],
            tokens=few[0].arrival_tokens[-1],
        )
    at_end = [record for record in undefined if not record.arrival_tokens and record.text_ns]
    if at_end:
        return check(
            status,
            "tpot_defined.counted_at_end",
            undefined=len(at_end),
            answers=len(answers),
            index=at_end[0].index,
            tokens=at_end[0].completion_tokens,
            remedy=Message("remedy.count_events"),
        )
    if not undefined:
        return ok("tpot_defined.all", answers=len(answers))
    return check(
        status,
        "tpot_defined.undefined",
        undefined=len(undefined),
        answers=len(answers),
        index=undefined[0].index,
        others=len(answers) - len(undefined),
    )


def _behind_first(record: RequestRecord) -> float:
    """The share of the answer's tokens after the first one that came after its first event; 1 where they are
    not counted.
    """
    counts = record.arrival_tokens
    return (counts[-1] - counts[0]) / (counts[-1] - 1) if counts and counts[-1] > 1 else 1.0
