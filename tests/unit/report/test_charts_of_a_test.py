"""Each chart of a single test, from small documents by hand."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.report.charts.chart import Chart, Kind, Role
from tests.unit.report.samples import document, entry
from tests.unit.report.test_charts_of_a_run import by_role, charts_of, points


def charts(**more: Any) -> dict[str, Chart]:
    return charts_of(document(entry(**more)))


TPOT = {
    "metric": "tpot", "side": "new", "unit": "ms", "n": 200, "loads": 2,
    "values": [10.0, 20.0, 30.0, 40.0], "at_most": [50, 100, 198, 200],
}  # fmt: skip


def test_a_distribution_with_percentiles_and_objectives() -> None:
    objectives = [{"metric": "tpot.mean", "limit": 35.0}, {"metric": "ttft.mean"}]
    made = charts(
        distributions=[TPOT],
        metrics={"tpot.p50": 20.0, "tpot.p99": 30.0, "ttft.p50": 1.0},
        objectives=objectives,
    )
    (chart,) = made.values()
    assert chart.id == "test-1-tpot" and not chart.x.log and not chart.x.from_zero
    values, percentiles = chart.series
    assert points(values) == [(10, 0), (10, 25), (20, 50), (30, 99), (40, 100)]
    assert points(percentiles) == [(20, 50), (30, 99)]
    assert percentiles.points[1].note == "p99 30.00 ms: 2 of 200 are above it"
    assert [(mark.axis, mark.value, mark.slo) for mark in chart.marks] == [("x", 35.0, True)]
    assert (values.name, "loads: 2" in chart.caption) == ("this run (n=200)", True)


def test_the_baselines_distribution_stands_behind() -> None:
    old = TPOT | {"side": "baseline", "n": 4, "values": [5.0, 50.0], "at_most": [1, 4]}
    roles = by_role(charts(distributions=[TPOT, old])["test-1-tpot"])
    assert roles[Role.OLD] == [(5, 0), (5, 25), (50, 100)]


def test_a_long_tail_is_logarithmic_and_without_zero() -> None:
    """The median is 2, the greatest 50: beyond 20 times."""
    itl = TPOT | {"metric": "itl", "values": [0.0, 2.0, 40.0, 50.0]}
    chart = charts(distributions=[itl])["test-1-itl"]
    assert chart.x.log and points(chart.series[0])[0] == (2.0, 50.0)


def test_a_single_value_is_no_distribution_and_e2el_is_not_drawn() -> None:
    single = TPOT | {"n": 1, "values": [10.0], "at_most": [1]}
    assert charts(distributions=[single, TPOT | {"metric": "e2el"}]) == {}


def test_another_clients_distribution_has_its_own_percentiles() -> None:
    made = charts(distributions=[TPOT | {"metric": "classic.itl"}], metrics={"classic.itl.median": 20.0})
    assert points(made["test-1-classic-itl"].series[1]) == [(20.0, 50.0)]


def series(name: str, source: str, unit: str, *points: tuple[float, float]) -> dict[str, Any]:
    seconds, values = zip(*points, strict=True)
    return {"name": name, "source": source, "unit": unit, "points": 9, "seconds": seconds, "values": values}


TIMELINE = {
    "repeat": 2,
    "duration_s": 12.0,
    "series": [
        series("running", "log", "requests", (0.0, 0.0), (1.0, 8.0)),
        series("decode", "log", "tok/s", (1.0, 800.0)),
        series("prefill", "log", "tok/s", (0.0, 30000.0)),
        series("in_flight", "client", "requests", (0.0, 8.0)),
    ],
    "events": [
        {"kind": "retraction", "seconds": 3.0, "until": 3.0, "count": 2},
        {"kind": "gap", "seconds": 5.0, "until": 7.0, "count": 1},
        {"kind": "of a later version", "seconds": 6.0, "until": 6.0, "count": 1},
    ],
}


def test_the_gpus_have_two_charts_over_the_same_seconds() -> None:
    gpus = [
        series("gpu_power", "gpu", "W", (0.0, 400.0), (1.0, 650.0)),
        series("gpu_clock", "gpu", "MHz", (0.0, 1980.0), (1.0, 1500.0)),
        series("gpu_temperature", "gpu", "°C", (0.0, 60.0), (1.0, 85.0)),
    ]
    slowed = {"kind": "throttled", "seconds": 1.0, "until": 2.0, "count": 1}
    more = {"series": [*TIMELINE["series"], *gpus], "events": [slowed]}
    made = charts(timeline=TIMELINE | more)
    assert list(made) == ["test-1-requests", "test-1-speed", "test-1-gpu", "test-1-gpu-heat"]
    power = made["test-1-gpu"]
    assert {line.role: (line.axis, points(line)) for line in power.series} == {
        Role.NEW: (0, [(0, 400), (1, 650)]),
        Role.SECOND: (1, [(0, 1980), (1, 1500)]),
    }
    assert [axis.unit for axis in power.y] == ["W", "MHz"]
    assert by_role(made["test-1-gpu-heat"]) == {Role.THIRD: [(0, 60), (1, 85)]}
    assert [(mark.value, mark.until, mark.label) for mark in power.marks] == [(1.0, 2.0, "a GPU was slowed")]
    assert "by --gpu-telemetry; load 2 of the test" in power.caption.lower()


def test_a_timeline_in_two_charts_over_the_same_seconds() -> None:
    made = charts(timeline=TIMELINE)
    requests, speed = made["test-1-requests"], made["test-1-speed"]
    assert by_role(requests) == {Role.NEW: [(0, 0), (1, 8)], Role.THIRD: [(0, 8)]}
    assert {role: (s.axis, points(s)) for s in speed.series for role in [s.role]} == {
        Role.NEW: (0, [(1, 800)]),
        Role.SECOND: (1, [(0, 30000)]),  # ten times as much as decoding: an axis of its own
    }
    assert [len(requests.y), len(speed.y)] == [1, 2] and requests.x.seconds and requests.zoom
    events = [(mark.value, mark.until, mark.label) for mark in requests.marks]
    assert events == [(3.0, None, "retractions: 2"), (5.0, 7.0, "nothing arrived")]
    assert speed.marks == requests.marks and "load 2 of the test, 12.0 s" in requests.caption


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "middle of their second"),
        ({"from_first_line": True}, "counted from its first line"),
        ({"series": [series("in_flight", "client", "requests", (0.0, 8.0))]}, "--deploy-log"),
    ],
)
def test_a_timeline_says_where_its_seconds_are_from(change: dict[str, Any], words: str) -> None:
    assert words in charts(timeline=TIMELINE | change)["test-1-requests"].caption


def test_ttft_in_stacked_bars_by_the_order_of_sending() -> None:
    groups = [
        {"first": 1, "n": 4, "queue": 1.0, "prefill": 20.0, "outside": 0.5},
        {"first": 5, "n": 1, "queue": 9.0, "prefill": 21.0, "outside": 0.6},
    ]
    chart = charts(ttft_groups=groups)["test-1-ttft-parts"]
    assert chart.x.categories == ("1–4", "5")
    assert [points(each) for each in chart.series] == [
        [(0, 1.0), (1, 9.0)],
        [(0, 20.0), (1, 21.0)],
        [(0, 0.5), (1, 0.6)],
    ]
    assert all(each.stacked and each.kind is Kind.BAR for each in chart.series)
