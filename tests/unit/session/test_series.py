"""What an entry keeps for its charts, of records by hand."""

from __future__ import annotations

import calendar
import json
from array import array
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from slabench.messages import Message
from slabench.records import ErrorKind, LogSpan, RequestRecord, RunRecord
from slabench.reported_records import ReportedRequest, ReportedRun
from slabench.run_document.series import TimelineEvent
from slabench.run_document.write import stored
from slabench.session import series
from slabench.session.log_course import Happening
from slabench.session.measurement import BASELINE, NEW, Evaluated, Trial
from slabench.verdict.outcome import Check, CheckStatus, Objective
from tests.unit.factories import MS, answer, decode_line, prefill_line, run_of, write_text


def load(run: RunRecord, side: str = NEW, repeat: int = 1, *checks: Check) -> Evaluated:
    measured = SimpleNamespace(run=run, trial=Trial(side, repeat, 2))
    return cast(Evaluated, SimpleNamespace(measured=measured, side=side, checks=checks))


def made(*loads: Evaluated, metrics: dict[str, float] | None = None, **more: Any) -> dict[str, Any]:
    return series.chart_series(loads, metrics or {}, more.get("objectives", ()))


def test_distributions_of_a_side_are_of_all_its_loads() -> None:
    """TTFT 100 ms in the first load, 50 ms in the second; the baseline's stand apart."""
    fast = answer(arrivals=[(60, 1), (70, 2)])
    parts = made(load(run_of(answer())), load(run_of(fast), NEW, 2), load(run_of(answer()), BASELINE))
    known = {(each.metric, each.side): each for each in parts["distributions"]}
    ttft = known["ttft", "new"]
    assert (ttft.n, ttft.loads, ttft.values, ttft.at_most) == (2, 2, (50.0, 100.0), (1, 2))
    assert known["ttft", "baseline"].n == 1
    itl = known["itl", "new"]  # 10, 10, 10 ms and 10 ms
    assert (itl.n, itl.values, itl.at_most) == (4, (10.0,), (4,))
    assert {each.unit for each in parts["distributions"]} == {"ms"}


def test_counted_at_percentiles_and_limits() -> None:
    records = [answer(k, arrivals=[(10 + 10 * (k + 1), 1)]) for k in range(4)]  # TTFT 10, 20, 30, 40 ms
    limit = Objective("slo", "ttft.mean", "<=", 25.0, 25.0, "ms", True, 4, Message("text", text=""))
    parts = made(load(run_of(*records)), metrics={"ttft.p50": 21.0}, objectives=[limit])
    (ttft,) = (each for each in parts["distributions"] if each.metric == "ttft")
    assert dict(zip(ttft.values, ttft.at_most, strict=True)) == {10: 1, 20: 2, 21: 2, 25: 2, 30: 3, 40: 4}


def test_of_another_client_what_its_file_has() -> None:
    good = ReportedRequest(0, 10, 3, 10, 3, 0.05, (0.01, 0.02), True)
    reported = ReportedRun("bench_serving", 2, [good, replace(good, error="x")])
    parts = made(load(replace(run_of(), reported=reported)))
    known = {each.metric: (each.n, each.values) for each in parts["distributions"]}
    assert known == {"classic.ttft": (1, (50.0,)), "classic.itl": (2, (10.0, 20.0))}
    assert parts["timeline"] is None


def test_another_client_s_load_begins_with_the_log_s_first_line(tmp_path: Path) -> None:
    """bench_serving's process takes seconds to start up, and its load a second: by the process's begin all
    lines would come after the load.
    """
    path = write_text(tmp_path / "a.log", prefill_line(40), decode_line(second=41))
    stamp = float(calendar.timegm((2026, 11, 1, 10, 0, 35)))
    span = LogSpan(path, 0, Path(path).stat().st_size, stamp, stamp + 10)
    run = replace(run_of(), began_unix=stamp, reported=ReportedRun("bench_serving", 2, []))
    timeline = made(load(replace(run, server=replace(run.server, log_spans=(span,)))))["timeline"]
    assert timeline.from_first_line
    assert {each.name: each.seconds for each in timeline.series}["running"] == (0.0, 1.0)


def test_a_timeline_of_the_client_alone() -> None:
    """Sent at 10 ms, first token at 110, last at 140, end at 150; the load took a second: bins of 0.1 s."""
    timeline = made(load(run_of(answer())))["timeline"]
    known = {each.name: (each.source, each.seconds, each.values) for each in timeline.series}
    assert known["in_flight"] == ("client", (0.01, 0.15), (1.0, 0.0))
    assert known["waiting"] == ("client", (0.01, 0.11), (1.0, 0.0))
    source, seconds, rates = known["output"]
    assert (source, seconds[:2], rates[:2], sum(rates)) == ("client", (0.0, 0.1), (0.0, 40.0), 40.0)
    assert (timeline.duration_s, timeline.repeat, timeline.events) == (1.0, 1, ())


def test_failures_and_stalls_are_events() -> None:
    failed = answer(1, arrivals=[], end=60, error=ErrorKind.RESET)
    run = run_of(answer(), failed)
    stalls = ((500.0, 80.0), (700.0, 3.0))  # the second is shorter than is worth a line
    timeline = made(load(replace(run, client=replace(run.client, stalls_ms=stalls))))["timeline"]
    assert timeline.events == (
        TimelineEvent(kind="failed", seconds=0.06, until=0.06, count=1),
        TimelineEvent(kind="stall", seconds=0.5, until=0.58, count=1),
    )


def test_a_speed_that_is_no_number_is_left_out() -> None:
    made = series.short_series("decode", "log", "tok/s", ([1, 2, 3], [5.0, float("nan"), float("inf")]))
    assert (made.points, made.seconds, made.values) == (1, (1,), (5.0,))


def test_events_of_a_kind_that_are_near_each_other_are_one() -> None:
    """Within a 60th of 60 s of the first of them."""
    times = [("jit", 5.0, 5.0), ("flushed", 5.5, 5.5), ("jit", 5.9, 7.0), ("jit", 6.1, 6.1)]
    events = series.combined([Happening(*each) for each in times], 60.0)
    assert [(each.kind, each.seconds, each.until, each.count) for each in events] == [
        ("jit", 5.0, 7.0, 2),
        ("flushed", 5.5, 5.5, 1),
        ("jit", 6.1, 6.1, 1),
    ]


def test_the_timeline_is_of_the_first_invalid_load() -> None:
    invalid = Check("completed", CheckStatus.INVALID, Message("text", text=""))
    loads = [load(run_of(answer())), load(run_of(answer()), BASELINE, 1, invalid)]
    assert made(*loads)["timeline"].repeat == 1
    assert made(*loads, load(run_of(answer()), NEW, 2, invalid))["timeline"].repeat == 2


def large_run(requests: int, tokens: int) -> RunRecord:
    """Requests that are sent 1 ms apart, and stream a token each 20 ms."""

    def record(index: int) -> RequestRecord:
        stamps = array("q", range(index * MS + 50 * MS, index * MS + 50 * MS + tokens * 20 * MS, 20 * MS))
        made = answer(index, sent=index, arrivals=[], end=index + 60 + tokens * 20)
        return replace(made, arrival_ns=stamps, arrival_tokens=array("q", range(1, tokens + 1)))

    run = run_of(*map(record, range(requests)))
    return replace(run, client=replace(run.client, wall_s=(requests + 20 * tokens) / 1000))


def test_a_large_run_keeps_little() -> None:
    """benchmarks/bench_series.py measures how long it takes."""
    parts = made(load(large_run(2000, 30)))
    assert len(json.dumps(stored(parts), separators=(",", ":"))) < 30_000
    assert [len(each.values) <= 240 for each in parts["timeline"].series] == [True] * 3
    peak = next(each for each in parts["timeline"].series if each.name == "in_flight")
    assert (peak.points, max(peak.values)) == (2660, 660.0)  # each is in flight for 660 ms, one more each ms
