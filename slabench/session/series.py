"""What a test's charts are drawn from, taken from its records and logs as soon as it is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slabench.metrics.course import bin_width, binned, in_flight, output_rate, waiting
from slabench.metrics.definitions import METRICS
from slabench.metrics.distribution import Counts, counts, counts_of, token_gaps
from slabench.metrics.pauses import pauses
from slabench.metrics.thinning import thinned
from slabench.metrics.ttft_groups import groups
from slabench.records import RunRecord
from slabench.run_document.series import Distribution, Timeline, TimelineEvent, TimelineSeries, TtftGroup
from slabench.session.gpu_course import gpu_events, gpu_series
from slabench.session.log_course import Happening, LogCourse, log_course
from slabench.session.measurement import BASELINE, NEW, Evaluated
from slabench.units import NS_PER_S
from slabench.verdict.outcome import CheckStatus, Objective

OF_A_REQUEST = ("ttft", "tpot", "e2el")
PERCENTILES = (".p50", ".median", ".p90", ".p95", ".p99")
MOST_EVENTS = 60  # of a kind
LEAST_STALL_MS = 50.0  # a shorter one is within the time of a decode step
LEAST_BIN_S = 1.0  # of the log's lines: most stamps are whole seconds
REQUESTS, RATE = "requests", "tok/s"


def chart_series(
    loads: Sequence[Evaluated], metrics: Mapping[str, float], objectives: Sequence[Objective]
) -> dict[str, Any]:
    """The fields `distributions`, `timeline` and `ttft_groups` of the entry of these loads.

    metrics: the test's; distributions are counted at its percentiles and at the objectives' limits too.
    """
    at = [(key, value) for key, value in metrics.items() if key.endswith(PERCENTILES)]
    at += [(objective.metric, objective.limit) for objective in objectives]
    shown = shown_load(loads)
    return {
        "distributions": tuple(
            each
            for side in (NEW, BASELINE)
            for each in distributions([load for load in loads if load.side == side], side, at)
        ),
        "timeline": timeline(shown),
        "ttft_groups": tuple(
            TtftGroup(
                first=group.first, n=group.n, queue=group.queue, prefill=group.prefill, outside=group.outside
            )
            for group in groups(shown.measured.run.requests)
        ),
    }


def shown_load(loads: Sequence[Evaluated]) -> Evaluated:
    """The new server's first load in which a check is INVALID, else its first."""
    new = [load for load in loads if load.side == NEW]
    invalid = (load for load in new if any(check.state is CheckStatus.INVALID for check in load.checks))
    return next(invalid, new[0])


def distributions(
    loads: Sequence[Evaluated], side: str, at: Sequence[tuple[str, float]]
) -> Iterable[Distribution]:
    """Of all loads of a side together. at: keys such as tpot.p99 with a value to count at."""
    further: dict[str, list[float]] = {}
    for key, value in at:
        further.setdefault(key.rpartition(".")[0], []).append(value)
    runs = [load.measured.run for load in loads]
    records = [record for run in runs for record in run.requests if record.ok]
    samples: dict[str, Counts | None] = {
        name: counts(METRICS[name].sample(records), further.get(name, ())) for name in OF_A_REQUEST
    }
    samples["itl"] = counts_of(lambda: token_gaps(records), further.get("itl", ()))
    good = [
        request
        for run in runs
        if run.reported is not None
        for request in run.reported.requests
        if not request.error and request.has_text and request.ttft_s > 0
    ]
    for name, values in (
        ("classic.ttft", [1000 * request.ttft_s for request in good]),
        ("classic.itl", [1000 * gap for request in good for gap in request.itl_s]),
    ):
        samples[name] = counts(values, further.get(name, ()))
    for name, known in samples.items():
        if known is not None:
            yield Distribution(
                metric=name,
                side=side,
                unit=METRICS[name].unit,
                n=known.n,
                loads=len(runs),
                values=known.values,
                at_most=known.at_most,
            )


def timeline(load: Evaluated) -> Timeline | None:
    """None where neither the client nor a log has anything of it."""
    run = load.measured.run
    spans = run.server.log_spans
    if run.reported is not None:
        # its process began then, and loaded its tokenizer for seconds before it sent anything
        spans = tuple(replace(span, began=None) for span in spans)
    log = log_course(spans, run.began_unix)
    duration = run.client.wall_s
    series = [] if log is None else [*_of_log(log, duration)]
    series += _of_client(run, duration, alone=log is None)
    series += [short_series(name, "gpu", unit, points) for name, unit, points in gpu_series(run)]
    if not series:
        return None
    events = [*([] if log is None else log.events), *_client_events(run), *gpu_events(run)]
    return Timeline(
        repeat=load.measured.trial.repeat,
        duration_s=duration,
        from_first_line=log is not None and log.from_first_line,
        series=tuple(series),
        events=tuple(combined(events, duration)),
    )


def short_series(name: str, source: str, unit: str, points: tuple[Any, Any]) -> TimelineSeries:
    """As run.json has it, from (seconds, values)."""
    import numpy as np

    seconds, values = np.asarray(points[0], dtype=float), np.asarray(points[1], dtype=float)
    known = np.isfinite(values)  # a log line may have a speed of nan, which no JSON file may
    seconds, values = seconds[known], values[known]
    kept = thinned(seconds, values)
    return TimelineSeries(
        name=name,
        source=source,
        unit=unit,
        points=len(seconds),
        # the log's stamps are cut to whole seconds: what happened in the first one is stamped before the load
        seconds=tuple(round(max(second, 0.0), 3) for second in seconds[kept].tolist()),
        values=tuple(round(value, 2) for value in values[kept].tolist()),
    )


def _of_log(log: LogCourse, duration: float) -> Iterable[TimelineSeries]:
    for name, points in log.series.items():
        if points[0]:
            yield short_series(name, "log", RATE if name == "decode" else REQUESTS, points)
    if log.prefill:
        width = max(bin_width(duration), LEAST_BIN_S)
        seconds, tokens = zip(*log.prefill, strict=True)
        yield short_series("prefill", "log", RATE, binned(seconds, tokens, duration, width))


def _of_client(run: RunRecord, duration: float, *, alone: bool) -> Iterable[TimelineSeries]:
    """alone: there is no log."""
    if not any(record.sent_ns is not None for record in run.requests):
        return
    yield short_series("in_flight", "client", REQUESTS, in_flight(run.requests, run.began_ns))
    if alone:
        yield short_series("waiting", "client", REQUESTS, waiting(run.requests, run.began_ns))
    rate = output_rate(run.requests, run.began_ns, duration)
    if rate is not None:
        yield short_series("output", "client", RATE, rate)


def _client_events(run: RunRecord) -> Iterable[Happening]:
    def second(stamp_ns: int) -> float:
        return (stamp_ns - run.began_ns) / NS_PER_S

    for pause in pauses(run.requests)[0]:
        yield Happening("gap", second(pause.begin_ns), second(pause.end_ns))
    for begin_ms, length_ms in run.client.stalls_ms:
        if length_ms >= LEAST_STALL_MS:
            yield Happening("stall", begin_ms / 1000, (begin_ms + length_ms) / 1000)
    for record in run.requests:
        if record.error is not None and record.sent_ns is not None:
            at = second(record.end_ns or record.sent_ns)
            yield Happening("failed", at, at)


def combined(events: Iterable[Happening], duration: float) -> list[TimelineEvent]:
    """In their order; those of a kind that begin within a MOST_EVENTS-th of the load stand as one."""
    within, last, made = duration / MOST_EVENTS, dict[str, int](), list[TimelineEvent]()
    for event in sorted(events, key=lambda event: event.begin):
        place = last.get(event.kind)
        begin, end = round(event.begin, 3), round(event.end, 3)
        if place is not None and event.begin - made[place].seconds <= within:
            before = made[place]
            made[place] = replace(before, until=max(before.until, end), count=before.count + 1)
        else:
            last[event.kind] = len(made)
            made.append(TimelineEvent(kind=event.kind, seconds=begin, until=end, count=1))
    return made
