"""Part of the check `client`: times of arrival that are wrong, because the client stalled or a segment came
out of order, and what they do to the metrics of the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from slabench.messages import Message
from slabench.metrics import stall_error
from slabench.metrics.declaration import ClientError
from slabench.metrics.definitions import declared
from slabench.metrics.stall_error import Cause, error_bound
from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus, check, invalid
from slabench.verdict.validity.context import CheckContext

LAG_SHARE_LIMIT = 0.02
# Of the events: a read with such a segment's time has a wrong gap before it and behind it. With 1 % of the
# gaps unknown their p99 may be any of these.
OUT_OF_ORDER_SHARE = 0.005
EXTREMES = ("min", "max", "std", "gap_max")  # one gap, or one answer, can decide them
PERCENTILES = ("p50", "p90", "p95", "p99", "median")
GOODPUT_RATE = "goodput.request_throughput"


def stalls(context: CheckContext) -> Check | None:
    """A stall while tokens arrived that a metric of the verdict depends on: more than 2 % of it is INVALID.

    On average the client may have been on time all the same: one stall over all first tokens shortens every
    TPOT of the run. In a run of one-token answers the metric is the mean TTFT, whatever the verdict depends
    on.
    """
    run = context.run
    if not run.client.stalls_ms:
        return None
    error, metric = _largest(_bounds(context, stall_error.stalled))
    if error <= LAG_SHARE_LIMIT:
        return None
    begin_ms, longest_ms = max(run.client.stalls_ms, key=lambda stall: stall[1])
    return invalid(
        "client.stalled",
        stalls=len(run.client.stalls_ms),
        longest_ms=longest_ms,
        after_s=begin_ms / 1000,
        metric=metric,
        error=error,
        limit=LAG_SHARE_LIMIT,
    )


def _bounds(context: CheckContext, cause: Cause) -> dict[str, float | None]:
    """Of each metric of the verdict, by its key; in a run of one-token answers of the mean TTFT as well."""
    keys = [*context.judged, *(["ttft.mean"] if one_token(context.run.requests) else [])]
    return {key: error_bound(context.run, key, cause) for key in keys}


def _largest(bounds: dict[str, float | None]) -> tuple[float, str]:
    return max(((bound, key) for key, bound in bounds.items() if bound is not None), default=(0.0, ""))


def out_of_order(context: CheckContext) -> Check | None:
    """Tokens that waited for a lost segment have times before they could be read.

    More than 2 % of a metric of the verdict is INVALID. A metric whose error has no bound is INVALID above a
    share of such segments, or of answers that have them, and a finding below it.
    """
    answers = [record for record in context.run.requests if record.ok]
    segments = sum(record.out_of_order or 0 for record in answers)
    if not segments:
        return None
    events = sum(len(record.stamps_ns) for record in answers)
    affected = sum(bool(record.out_of_order) for record in answers)
    lost = Message("client.lost_segments", segments=segments, answers=affected, events=events)
    bounds = _bounds(context, stall_error.out_of_order)
    error, metric = _largest(bounds)
    if error > LAG_SHARE_LIMIT:
        return invalid("client.out_of_order", lost=lost, metric=metric, error=error, limit=LAG_SHARE_LIMIT)
    unknown = [
        _without_bound(context, key, lost, (segments / max(events, 1), affected / len(context.run.requests)))
        for key, bound in bounds.items()
        if bound is None and declared(key).client_error is not ClientError.NONE
    ]
    return min(unknown, key=lambda each: each.state is not CheckStatus.INVALID, default=None)


def _without_bound(context: CheckContext, key: str, lost: Message, shares: tuple[float, float]) -> Check:
    """shares: such segments of the events, and answers that have them of the requests."""
    of_events, of_requests = shares
    statistic = key.rpartition(".")[2]
    if statistic in EXTREMES:
        return invalid("client.out_of_order_extreme", lost=lost, metric=key)
    if declared(key).per != "request" and not key.startswith("goodput."):
        state = CheckStatus.INVALID if of_events > OUT_OF_ORDER_SHARE else CheckStatus.FINDING
        return check(
            state,
            "client.out_of_order_gaps",
            lost=lost,
            metric=key,
            share=of_events,
            limit=OUT_OF_ORDER_SHARE,
        )
    limit = OUT_OF_ORDER_SHARE if statistic in PERCENTILES else LAG_SHARE_LIMIT
    if key == GOODPUT_RATE:
        of_requests += error_bound(context.run, "duration", stall_error.out_of_order) or 0.0
    state = CheckStatus.INVALID if of_requests > limit else CheckStatus.FINDING
    return check(state, "client.out_of_order_answers", lost=lost, metric=key, share=of_requests, limit=limit)


def order_unknown(context: CheckContext) -> Message | None:
    """That it is not known of some answers whether their segments came in order."""
    answers = context.answers
    unknown = sum(record.out_of_order is None for record in answers)
    return Message("client.order_unknown", unknown=unknown, answers=len(answers)) if unknown else None


def one_token(requests: Sequence[RequestRecord]) -> bool:
    """Whether no answer has a token after its first: then TTFT is the only time that a request has."""
    counts = [record.output_tokens for record in requests if record.ok and record.output_tokens is not None]
    return bool(counts) and max(counts) <= 1
