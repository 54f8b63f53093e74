"""Checks of the load generator itself: a client that is late measures itself."""

from __future__ import annotations

import math

from slabench.messages import Message
from slabench.metrics.declaration import ClientError
from slabench.metrics.definitions import METRICS, counterpart, declared
from slabench.records import Calibration, ClientRecord
from slabench.units import NS_PER_MS, NS_PER_S
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, not_checked, ok
from slabench.verdict.validity.arrival_times import (
    LAG_SHARE_LIMIT,
    one_token,
    order_unknown,
    out_of_order,
    stalls,
)
from slabench.verdict.validity.context import CheckContext, Margin
from slabench.verdict.validity.registry import RECORDED, Applies, Registration, Stage

CALIBRATED = Applies(
    "loads whose client was calibrated: the embedded server's are not unless --calibrate=fresh asks",
    lambda context: context.run.client.calibration is not None,
)
CPU_SHARE_LIMIT = 0.95  # of one core per load process: beyond it the client limits the run
CLOCK_STEP_MS = 0.1  # two readings of the offset between two clocks differ by less
SEND_LAG_MS = 100.0  # below it the arrivals are as planned
SEND_SHARE_LIMIT, SEND_SHARE_FINDING = 0.1, 0.01  # of the run's duration
BETWEEN_TOKENS = (ClientError.TPOT, ClientError.ITL, ClientError.BETWEEN_TOKENS)
OF_A_TOKEN = (ClientError.TTFT, ClientError.E2EL)
LAG_SHARE_LIMIT_P99 = 0.1  # both of the time TPOT is taken over
PERCENTILES = (".p90", ".p95", ".p99", ".max")
MARGIN_SHARE_LIMIT = 0.1  # of the distance between a metric and its limit


@Registration(
    Stage.CLIENT,
    evidence="load processes",
    invalid=(
        "one of them died; the system clock was set by more than 0.1 ms while they ran (the kernel's "
        "arrival times are taken from it); they used more than 95 % of a core each; read late by more than "
        "2 % on average of the time TPOT is taken over, or by 10 % at the event loop's p99 where the "
        "verdict depends on more than means (a finding where it does not, and from 2 % on); where it "
        "depends on no time between tokens, the same of the mean TTFT or E2EL, and nothing for rates; "
        "stalled while tokens arrived, so that a metric of the verdict may be off by more than 2 %; the "
        "same for tokens that waited for a lost segment, and where the error by these is not known: more "
        "such segments than 0.5 % of the events (percentiles of gaps), more answers that have them than 2 % "
        "of the requests (goodput, TPOT within bounds; its percentiles 0.5 %), one (the longest gap, a "
        "std); fewer are a finding; in a run of one-token answers read late by more than 2 % of the mean "
        "TTFT on average; sent a request late by more than 100 ms and 10 % of the run, 1 % is a finding"
    ),
    why="beyond it the client measures itself",
    unreported=True,
    probe=True,
)
def client(context: CheckContext) -> Check:
    """Lateness is evaluated twice: on average, over all timestamps, and at those that the verdict's metrics
    use.

    Metrics that the verdict does not depend on are not evaluated; where none is known, TPOT is.
    """
    reading = _reading(context)
    if reading.state is CheckStatus.NOT_CHECKED:
        return reading
    results = (reading, stalls(context), out_of_order(context), _sending(context))
    severity = (CheckStatus.INVALID, CheckStatus.FINDING, CheckStatus.OK)
    return min((each for each in results if each is not None), key=lambda each: severity.index(each.state))


def _sending(context: CheckContext) -> Check | None:
    """Requests that did not wait for a slot are sent when they are due: 10 % of the run late is another load
    than planned.
    """
    client = context.run.client
    late_ms, wall_s = client.send_lag_max_ms, client.wall_s
    if late_ms is None or wall_s <= 0 or late_ms <= SEND_LAG_MS:
        return None
    share = late_ms / 1000 / wall_s
    if share <= SEND_SHARE_FINDING:
        return None
    status = CheckStatus.INVALID if share > SEND_SHARE_LIMIT else CheckStatus.FINDING
    return check(
        status, "client.sent_late", late_ms=late_ms, share=share, wall_s=wall_s, limit=SEND_SHARE_LIMIT
    )


def _reading(context: CheckContext) -> Check:
    """How late the client read what arrived."""
    client, late_ms = context.run.client, _mean_lateness(context.run.client)
    if client.failure:
        return invalid("client.failed", failure=client.failure)
    # None: another client, whose times are its own
    if abs(client.clock_step_ms or 0.0) > CLOCK_STEP_MS:
        return invalid("client.clock_set", step_ms=client.clock_step_ms, limit_ms=CLOCK_STEP_MS)
    if client.cpu_s is None:
        return not_checked("client.no_cpu_time", remedy=RECORDED)
    used = client.cpu_s / client.wall_s / client.workers if client.wall_s > 0.5 else 0.0
    if used > CPU_SHARE_LIMIT:
        return invalid("client.busy", share=used, limit=CPU_SHARE_LIMIT)
    done = [record for record in context.run.requests if record.ok and record.stamps_ns]
    spans = [span[1] - span[0] for record in done if (span := record.span_ns) is not None]
    spans = sorted(span for span in spans if span > 0)
    between = not context.judged or any(m.client_error in BETWEEN_TOKENS for m in context.judged_metrics)
    if client.loop_lag_p99_ms is None or late_ms is None or not spans or not between:
        return _of_requests(context) or ok(
            "client.cpu", cpu_s=client.cpu_s, wall_s=client.wall_s, order=order_unknown(context)
        )
    span_ms = spans[len(spans) // 2] / NS_PER_MS
    # Both ends of a stream's span are read late: by the mean lateness on average, which bounds the error of a
    # mean, by the p99 in the worst of a hundred, which bounds the error of a percentile. The kernel's own
    # arrival time is not late, but everything that waited for one read has one time.
    mean, p99 = 2 * late_ms / span_ms, 2 * client.loop_lag_p99_ms / span_ms
    lateness = Message(
        "client.between_tokens", mean_ms=late_ms, p99_ms=client.loop_lag_p99_ms, mean=mean, p99=p99
    )
    if mean > LAG_SHARE_LIMIT or (p99 > LAG_SHARE_LIMIT_P99 and not _means_alone(context)):
        return invalid(
            "client.late_between_tokens",
            lateness=lateness,
            mean_limit=LAG_SHARE_LIMIT,
            p99_limit=LAG_SHARE_LIMIT_P99,
        )
    if p99 > LAG_SHARE_LIMIT:
        return finding("client.late_at_p99", lateness=lateness, limit=LAG_SHARE_LIMIT)
    return _in_time(lateness, context)


def _means_alone(context: CheckContext) -> bool:
    """Of the times between tokens the verdict depends on means, and on no single request's or token's."""
    between = [key for key in context.judged if declared(key).client_error in BETWEEN_TOKENS]
    return bool(between) and all(key.endswith(".mean") or key.startswith("full_batch.") for key in between)


def _mean_lateness(client: ClientRecord) -> float | None:
    return client.loop_lag_p99_ms if client.loop_lateness_ms is None else client.loop_lateness_ms


def _in_time(lateness: Message, context: CheckContext) -> Check:
    """With how late requests were sent, of those that had a slot."""
    client = context.run.client
    mean_ms, p99_ms, most_ms = client.send_lag_mean_ms, client.send_lag_p99_ms, client.send_lag_max_ms
    sending = Message("client.sending", mean_ms=mean_ms, p99_ms=p99_ms, most_ms=most_ms)
    known = mean_ms is not None and p99_ms is not None and most_ms is not None
    order = order_unknown(context)
    return ok("client.on_time", lateness=lateness, sending=sending if known else None, order=order)


def _of_requests(context: CheckContext) -> Check | None:
    """Where the verdict depends on no time between tokens: the average lateness is at most 2 % of the mean of
    each time of a request that it depends on.

    With one-token answers TTFT is always evaluated. A percentile is held against the p99 of the event loop,
    10 %.
    """
    client, late_ms = context.run.client, _mean_lateness(context.run.client)
    metrics = [counterpart(metric) for metric in context.judged_metrics if metric.client_error in OF_A_TOKEN]
    metrics += [METRICS["ttft"]] if one_token(context.run.requests) else []
    done = [record for record in context.run.requests if record.ok]
    samples = [(metric.sample(done), metric.label) for metric in metrics]
    means = [(sum(values) / len(values), label) for values, label in samples if values]
    if late_ms is None or not means:
        return None
    mean, label = min(means)
    lateness = Message("client.of_requests", mean_ms=late_ms, metric=label, value=mean)
    if late_ms > LAG_SHARE_LIMIT * mean:
        return invalid("client.late_on_average", lateness=lateness, limit=LAG_SHARE_LIMIT)
    p99_ms = client.loop_lag_p99_ms or 0.0
    tails = [declared(key) for key in context.judged if key.endswith(PERCENTILES)]
    if p99_ms > LAG_SHARE_LIMIT_P99 * mean and any(metric.client_error in OF_A_TOKEN for metric in tails):
        limit = LAG_SHARE_LIMIT_P99
        return invalid("client.late_for_percentile", lateness=lateness, p99_ms=p99_ms, limit=limit)
    return _in_time(lateness, context)


@Registration(
    Stage.CLIENT,
    evidence="calibration",
    invalid=(
        "the client's own error, measured at the null server under the same load, is more than a tenth of "
        "the distance between an objective's metric and its limit; not known: not checked"
    ),
    why="a verdict must not depend on the instrument; ten of its errors away it does not",
    applies=CALIBRATED,
)
def client_error(context: CheckContext) -> Check:
    """A percentile's error is taken to be the mean's."""
    calibration = context.run.client.calibration
    assert calibration is not None, "the check is for calibrated clients"
    if calibration.state != "measured":
        off = calibration.state == "off"
        return not_checked("client_error.off" if off else "client_error.unknown", why=calibration.why)
    rate = _tokens_per_s(context)
    if rate is not None and rate > calibration.chunks_per_s:
        return not_checked("client_error.faster", rate=rate, calibrated=calibration.chunks_per_s)
    shares = [
        (_share(error, abs(margin.observed - margin.limit)), margin, error)
        for margin in context.margins
        if (error := _error_ms(calibration, margin, context)) is not None
    ]
    # its errors with their signs, and the load that they hold for
    measured = Message(
        "client_error.calibration",
        tpot_pct=calibration.tpot_error_pct,
        ttft_ms=calibration.ttft_error_ms,
        p99_ms=calibration.p99_itl_error_ms,
        streams=calibration.streams,
        itl_ms=calibration.itl_ms,
    )
    share, margin, error = max(shares, key=lambda each: each[0], default=(0.0, None, 0.0))
    if margin is None or share <= MARGIN_SHARE_LIMIT:
        beside = Message("client_error.share", share=share, limit=MARGIN_SHARE_LIMIT) if margin else None
        return ok("client_error.ok", calibration=measured, share=beside)
    return invalid(
        "client_error.too_large",
        metric=margin.metric,
        error_ms=error,
        limit=MARGIN_SHARE_LIMIT,
        distance_ms=abs(margin.observed - margin.limit),
        observed=margin.observed,
        objective=margin.limit,
        calibration=measured,
    )


def _share(error: float, distance: float) -> float:
    return error / distance if distance else (math.inf if error else 0.0)


def _error_ms(calibration: Calibration, margin: Margin, context: CheckContext) -> float | None:
    """Of an objective's metric; None for one that is neither a time between tokens nor to the first."""
    error = declared(margin.metric).client_error
    if error is ClientError.TPOT and calibration.tpot_error_pct is not None:
        # Part of it is at an answer's two ends, so it weighs more in answers that are shorter than the
        # calibration's.
        done = [record for record in context.run.requests if record.ok]
        lengths = sorted(tokens for record in done if (tokens := record.output_tokens or 0) > 1)
        shorter = max(1.0, (calibration.tokens - 1) / (lengths[len(lengths) // 2] - 1)) if lengths else 1.0
        return abs(calibration.tpot_error_pct) / 100 * margin.observed * shorter
    errors = {ClientError.TTFT: calibration.ttft_error_ms, ClientError.ITL: calibration.p99_itl_error_ms}
    error_ms = errors.get(error)
    return None if error_ms is None else abs(error_ms)


def _tokens_per_s(context: CheckContext) -> float | None:
    """Of the whole run, from its first token to its last."""
    done = [record for record in context.run.requests if record.ok and record.span_ns is not None]
    spans = [span for record in done if (span := record.span_ns) is not None]
    lasted = max((last for _, last in spans), default=0) - min((first for first, _ in spans), default=0)
    return sum(record.output_tokens or 0 for record in done) * NS_PER_S / lasted if lasted > 0 else None
