"""Each chart of a run, from small documents by hand: which points it has, and what stands behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from slabench.report.charts.chart import Chart, Kind, Role, Series
from slabench.report.charts.every import RUN_CHARTS, TEST_CHARTS
from slabench.run_document.entry import Entry
from slabench.run_document.read import run_document
from slabench.run_document.run import RunDocument
from tests.unit.report.samples import document, entry

STORED = sorted((Path(__file__).parents[1] / "run_document" / "stored").glob("run-1-*.json"))
QWEN = {"server": {"fingerprint": {"model": {"name": "org/Qwen3-30B-A3B"}}}}


def charts_of(run: RunDocument) -> dict[str, Chart]:
    made = [chart for make in RUN_CHARTS for chart in make(run)]
    made += [chart for test in run.tests for make in TEST_CHARTS for chart in make(run, test)]
    ids = [chart.id for chart in made]
    assert len(set(ids)) == len(ids)
    return {chart.id: chart for chart in made}


def points(series: Series) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in series.points]


def by_role(chart: Chart) -> dict[Role, list[tuple[float, float]]]:
    return {series.role: points(series) for series in chart.series}


def decode(size: int, metrics: Mapping[str, float], word: str = "PASSED", **more: Any) -> Entry:
    id = f"tests/ali/test_decode.py::test_decode_tpot[bs{size}]"
    return entry(id, word, method="ali-decode", point={"batch_size": size}, metrics=metrics, **more)


def compared(metric: str, new: float, old: float, **more: Any) -> dict[str, Any]:
    return {
        "metric": metric, "unit": "ms", "better": "lower", "new": new, "old": old, "new_samples": [new],
        "old_samples": [old], "paired": False, "ratio": new / old, "allowed": 0.02, "outcome": "holds",
        "text": "a line", "remedy": "", **more,
    }  # fmt: skip


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_earlier_forms_have_the_charts_that_their_statistics_allow(path: Path) -> None:
    run = run_document(json.loads(path.read_text(encoding="utf-8")))
    made = charts_of(run)
    assert made and all(
        chart.series and all(series.points for series in chart.series) for chart in made.values()
    )


def test_an_empty_run_has_none() -> None:
    assert charts_of(document()) == {}


# -- decode


def test_tpot_by_batch_size_in_three_views_with_the_objective() -> None:
    objective = {"metric": "tpot.mean", "limit": 50.0}
    run = document(
        decode(8, {"classic.tpot.mean": 20.0, "full_batch.tpot": 19.0, "log.tpot": 19.5}),
        decode(1, {"classic.tpot.mean": 8.0, "tpot.mean": 8.1}, objectives=[objective]),
        **QWEN,
    )
    chart = charts_of(run)["decode-tpot"]
    roles = by_role(chart)
    assert roles[Role.NEW] == [(1, 8.0), (8, 20.0)]
    assert (roles[Role.SECOND], roles[Role.LOG]) == ([(8, 19.0)], [(8, 19.5)])
    assert roles[Role.PUBLISHED] == [(1, 7.06), (2, 9.37), (4, 13.57), (8, 18.81)]
    (mark,) = chart.marks
    assert (mark.axis, mark.value, mark.slo) == ("y", 50.0, True)


OTHER = {"server": {"fingerprint": {"model": {"name": "org/Qwen3-30B"}}}}


@pytest.mark.parametrize(("model", "at_first"), [(QWEN, True), (OTHER, False), ({}, False)])
def test_a_published_table_of_another_model_waits_in_the_legend(
    model: dict[str, Any], at_first: bool
) -> None:
    chart = charts_of(document(decode(1, {"classic.tpot.mean": 8.0}), **model))["decode-tpot"]
    (series,) = (series for series in chart.series if series.role is Role.PUBLISHED)
    assert series.at_first is at_first


def test_a_point_that_was_not_held_is_hollow_with_its_reason() -> None:
    check = {"name": "batch_size", "state": "invalid", "text": "17 of 20 at once"}
    invalid = decode(20, {"classic.tpot.mean": 30.0}, "INVALID", checks=[check])
    undecided = decode(1, {"classic.tpot.mean": 8.0}, "INVALID", reasons=["INCONCLUSIVE"])
    series = charts_of(document(undecided, invalid))["decode-tpot"].series[0]
    assert [(point.invalid, point.note) for point in series.points] == [
        (False, ""),
        (True, "batch_size: 17 of 20 at once"),
    ]


def test_the_baseline_stands_behind_under_its_name() -> None:
    old = {"baseline": "/runs/old.json", "figures": [compared("classic.tpot.mean", 20.0, 25.0)]}
    chart = charts_of(document(decode(8, {"classic.tpot.mean": 20.0}, comparison=old)))["decode-tpot"]
    (series,) = (series for series in chart.series if series.role is Role.OLD)
    assert (series.name, points(series)) == ("baseline old.json", [(8, 25.0)])


CURVE = {
    "running": 8, "samples": 124, "median": 400.0, "per_gpu": 200.0, "per_user": 50.0, "clean_samples": 90,
    "clean_median": 420.0, "clean_q1": 410.0, "clean_q3": 430.0, "baseline": 380.0,
}  # fmt: skip


def curve(*rows: dict[str, Any], word: str = "PASSED") -> Entry:
    id = "tests/ali/test_decode_curve.py::test_decode_curve"
    return entry(id, word, method="ali-decode-curve", curve=list(rows), plan={})


def test_the_curve_is_per_gpu_where_their_number_is_known() -> None:
    """A line is two GPUs': 400 tok/s are 200 per GPU, so 420 are 210."""
    chart = charts_of(document(curve(CURVE), **QWEN))["decode-curve"]
    roles = {(series.role, series.kind): series for series in chart.series}
    assert points(roles[Role.LOG, Kind.LINE]) == [(8, 200.0)]
    assert points(roles[Role.SECOND, Kind.LINE]) == [(8, pytest.approx(210.0))]
    assert points(roles[Role.OLD, Kind.LINE]) == [(8, pytest.approx(190.0))]
    assert points(roles[Role.PUBLISHED, Kind.LINE]) == [(8, 432.87)]
    (band,) = roles[Role.SECOND, Kind.BAND].points
    assert (band.low, band.high) == pytest.approx((205.0, 215.0))
    assert chart.y[0].label == "output per GPU"


def test_the_curve_without_a_number_of_gpus() -> None:
    chart = charts_of(document(curve(CURVE | {"per_gpu": None})))["decode-curve"]
    assert points(chart.series[-2]) == [(8, 380.0)] and "not known" in chart.y[0].label


# -- frontier


def test_the_frontier_of_a_curve_tests_and_both_baselines() -> None:
    """TPOT 20 ms: 50 tok/s per user. The old test: 25 ms, half the output: 40 per user, 50 per GPU."""
    old = {
        "baseline": "old.json",
        "figures": [compared("tpot.mean", 20.0, 25.0), compared("output_throughput", 400.0, 200.0)],
    }
    metrics = {"tpot.mean": 20.0, "output_throughput": 400.0, "output_throughput_per_gpu": 100.0}
    objective = {"metric": "tpot.mean", "limit": 40.0}
    test = decode(8, metrics, comparison=old, objectives=[objective])
    chart = charts_of(document(test, curve(CURVE)))["frontier"]
    roles = by_role(chart)
    assert (roles[Role.LOG], roles[Role.NEW]) == ([(50.0, 200.0)], [(50.0, 100.0)])
    assert roles[Role.OLD] == [(40.0, 50.0), (47.5, pytest.approx(190.0))]
    assert roles[Role.PUBLISHED][0] == (pytest.approx(714 / 48), 714.0)
    marks = [(mark.value, mark.slo) for mark in chart.marks]
    assert marks == [(25.0, True), *((pytest.approx(1000 / tpot), False) for tpot in (70, 50, 30))]


def test_a_tier_that_is_an_objective_is_drawn_once() -> None:
    metrics = {"tpot.mean": 20.0, "output_throughput": 400.0}
    test = decode(8, metrics, objectives=[{"metric": "tpot.mean", "limit": 50.0}])
    chart = charts_of(document(test))["frontier"]
    assert [round(1000 / mark.value) for mark in chart.marks] == [50, 70, 30]
    assert points(chart.series[0]) == [(50.0, 400.0)] and "not known" in chart.y[0].label


SEARCH = {
    "load": 16,
    "rules": ["tpot.mean<=50"],
    "marks": [{"load": 20, "text": "the KV pool"}],
    "probes": [
        {
            "number": 1, "load": 32, "standing": "fails",
            "intervals": {"tpot.mean": {"value": 55.0, "low": 54.0, "high": 56.0, "n": 9}},
            "metrics": {"tpot.mean": 55.0, "total_throughput": 900.0, "output_throughput": 300.0},
        },
        {"number": 2, "load": 16, "standing": "holds",
         "metrics": {"tpot.mean": 40.0, "total_throughput": 800.0, "output_throughput": 250.0}},
        {"number": 3, "load": 8, "standing": "ruled out", "at_most": 500.0},
    ],
}  # fmt: skip


def test_a_capacity_search_by_load_and_on_the_frontier() -> None:
    metrics = {"tpot.mean": 41.0, "total_throughput": 810.0, "output_throughput": 240.0}
    id = "tests/tencent/test_capacity.py::test_capacity"
    search = entry(id, method="tencent-capacity", capacity=SEARCH, metrics=metrics)
    made = charts_of(document(search))
    throughput, tpot = made["test-1-capacity-throughput"], made["test-1-capacity-tpot"]
    assert by_role(throughput) == {
        Role.NEW: [(16, 800.0), (32, 900.0)],
        Role.FOURTH: [(8, 500.0)],
        Role.SECOND: [(16, 810.0)],
    }
    assert by_role(tpot) == {Role.NEW: [(16, 40.0), (32, 55.0)], Role.SECOND: [(16, 41.0)]}
    probe = tpot.series[0].points[1]
    assert (probe.low, probe.high, probe.note) == (54.0, 56.0, "probe 1, 32: fails")
    assert [(mark.axis, mark.value, mark.slo) for mark in tpot.marks] == [
        ("y", 50.0, True),
        ("x", 20, False),
        ("x", 16, False),
    ]
    assert by_role(made["frontier"])[Role.SECOND] == [(pytest.approx(1000 / 55), 300.0), (25.0, 250.0)]


# -- prefill


def prefill(length: int, rate: float, form: str, **more: Any) -> Entry:
    id = f"tests/ali/test_prefill.py::test_prefill_throughput[in{length}]"
    metrics = {"input_throughput": 2 * rate, "input_throughput_per_gpu": rate}
    point, workload = {"input_len": length}, {"prompt_form": form}
    return entry(id, method="ali-prefill", point=point, metrics=metrics, workload=workload, **more)


def test_prefill_by_length_with_text_and_ids_apart() -> None:
    old = {"baseline": "old.json", "figures": [compared("input_throughput", 60.0, 120.0)]}
    run = document(prefill(2048, 40.0, "text"), prefill(1024, 30.0, "ids", comparison=old), **QWEN)
    chart = charts_of(run)["prefill"]
    assert chart.x.categories == ("1,024", "2,048")
    assert by_role(chart) == {
        Role.NEW: [(0, 30.0)],
        Role.SECOND: [(1, 40.0)],
        Role.OLD: [(0, 60.0)],
        Role.PUBLISHED: [(0, 25574.94), (1, 24486.29)],
    }
    assert {series.kind for series in chart.series} == {Kind.BAR}


# -- comparisons


def test_comparisons_as_a_forest_plot() -> None:
    """A row a metric from 0: +10 % (+5 to +15) of 2 % allowed; 3 % less of a rate, without an interval."""
    slower = compared("tpot.mean", 11.0, 10.0, low=1.05, high=1.15, outcome="worse")
    rate = compared("qpm", 97.0, 100.0, better="higher", allowed=0.05)
    run = document(decode(8, {}, comparison={"figures": [slower, rate]}))
    chart = charts_of(run)["comparisons"]
    worse, holds, allowed = (
        next(series for series in chart.series if series.role is role)
        for role in (Role.THIRD, Role.NEW, Role.PUBLISHED)
    )
    (point,) = worse.points
    assert (point.x, point.y, point.low, point.high) == pytest.approx((10.0, 0, 5.0, 15.0))
    (point,) = holds.points
    assert (point.x, point.y, point.low) == (pytest.approx(-3.0), 1, None)
    assert points(allowed) == [(2.0, 0), (-5.0, 1)]
    assert [name.rpartition(" (")[2] for name in chart.y[0].categories] == [
        "lower is better)",
        "higher is better)",
    ]
    assert [(mark.axis, mark.value) for mark in chart.marks] == [("x", 0.0)]
