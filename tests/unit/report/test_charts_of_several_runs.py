"""Runs side by side: their decode curves in one chart."""

from __future__ import annotations

from typing import Any

from slabench.report.charts.chart import Role
from slabench.report.charts.several_runs import several_runs
from slabench.report.page.render import report_page
from slabench.run_document.run import RunDocument
from tests.unit.report.samples import document, entry

CURVE = "tests/ali/test_decode_curve.py::test_decode_curve"


def decode(size: int, tpot: float, word: str = "PASSED") -> Any:
    id = f"tests/ali/test_decode.py::test_decode_tpot[bs{size}]"
    return entry(id, word, method="ali-decode", point={"batch_size": size}, metrics={"tpot.mean": tpot})


def curve(*rows: tuple[int, float, float | None]) -> Any:
    """running, median, per GPU"""
    made = [{"running": n, "median": median, "per_gpu": per_gpu} for n, median, per_gpu in rows]
    return entry(CURVE, method="ali-decode-curve", curve=made)


def run(name: str, version: str, *tests: Any) -> RunDocument:
    return document(*tests, run_id=name, server={"version": version})


def test_each_run_is_a_series_of_both_charts() -> None:
    old = run("run-a", "0.5.7", decode(8, 20.0), decode(1, 8.0), curve((8, 800.0, 400.0), (1, 120.0, 60.0)))
    new = run("run-b", "0.5.8", decode(1, 7.5), decode(8, 19.0, "INVALID"), curve((8, 840.0, 420.0)))
    tpot, throughput = several_runs([old, new])
    assert [(series.name, series.role) for series in tpot.series] == [
        ("run-a (sglang 0.5.7)", Role.OLD),
        ("run-b (sglang 0.5.8)", Role.NEW),
    ]
    assert [[(point.x, point.y) for point in series.points] for series in tpot.series] == [
        [(1, 8.0), (8, 20.0)],
        [(1, 7.5), (8, 19.0)],
    ]
    assert [point.invalid for point in tpot.series[1].points] == [False, True]
    assert [[(point.x, point.y) for point in series.points] for series in throughput.series] == [
        [(1, 60.0), (8, 400.0)],
        [(8, 420.0)],
    ]
    assert throughput.y[0].label == "output per GPU"
    page = report_page([old, new])
    assert page.index('id="chart-all-decode-curve"') < page.index('id="r1-run"')


def test_one_axis_has_one_unit() -> None:
    """A run of an unknown number of GPUs beside one of two: both are of the whole server."""
    known, unknown = curve((8, 800.0, 400.0)), curve((8, 840.0, None))
    (chart,) = several_runs([run("a", "0.5.7", known), run("b", "0.5.8", unknown)])
    assert [series.points[0].y for series in chart.series] == [800.0, 840.0]


def test_what_one_run_alone_has_is_no_comparison() -> None:
    both = [run("a", "0.5.7", decode(1, 8.0)), run("b", "0.5.8", entry())]
    assert list(several_runs(both)) == []
    assert 'id="chart-all-' not in report_page(both)
