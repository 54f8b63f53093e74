"""A capacity search: what its probes gave at each load, with their intervals and the limits around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slabench.report.charts.chart import Chart, Kind, Mark, Point, Role, Series
from slabench.report.charts.parts import axis, drawn, limit_mark, own_id, point_of, text
from slabench.report.charts.registry import test_charts
from slabench.run_document.capacity import Capacity, CapacityProbe
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument

TOTAL, TPOT = "total_throughput", "tpot.mean"


@test_charts
def capacity(document: RunDocument, entry: Entry) -> Iterable[Chart]:
    """Total throughput, and TPOT, against the load."""
    search = entry.capacity
    if search is None:
        return
    label = "chart.axis.concurrency" if search.load_kind == "concurrency" else "chart.axis.rate"
    loads = tuple(_load_marks(search))
    rules = tuple(
        limit_mark("y", TPOT, float(rule.removeprefix(f"{TPOT}<=")), "ms")
        for rule in search.rules
        if rule.startswith(f"{TPOT}<=")
    )
    ended = [
        Point(probe.load, probe.at_most, note=text("chart.note.ended_early", number=probe.number))
        for probe in search.probes
        if probe.at_most is not None
    ]
    early = Series(text("chart.series.ended_early"), Kind.POINTS, Role.FOURTH, ended)
    x, caption = axis(label), text("chart.capacity.caption")
    throughput = drawn(_probes(search, TOTAL), early, _judged(entry, search, TOTAL))
    if throughput:
        y, title = axis("chart.axis.total", "tok/s"), text("chart.capacity.throughput")
        id = own_id(document, entry, "capacity-throughput")
        yield Chart(id, title, x, (y,), throughput, loads, caption)
    tpot = drawn(_probes(search, TPOT), _judged(entry, search, TPOT))
    if tpot:
        y, title = axis("chart.axis.tpot", "ms"), text("chart.capacity.tpot")
        id = own_id(document, entry, "capacity-tpot")
        yield Chart(id, title, x, (y,), tpot, (*rules, *loads), caption)


def _probes(search: Capacity, key: str) -> Series:
    points = [point for probe in search.probes if (point := _probe(probe, key)) is not None]
    points.sort(key=lambda point: point.x)
    return Series(text("chart.series.probes"), Kind.INTERVAL, Role.NEW, points)


def _probe(probe: CapacityProbe, key: str) -> Point | None:
    note = text("chart.note.probe", number=probe.number, load=probe.load, standing=probe.standing)
    if (known := probe.intervals.get(key)) is not None:
        return Point(probe.load, known.value, known.low, known.high, note=note)
    value = probe.metrics.get(key)
    return None if value is None else Point(probe.load, value, note=note)


def _judged(entry: Entry, search: Capacity, key: str) -> Series:
    points = []
    if search.load is not None and key in entry.metrics:
        points = [point_of(entry, search.load, entry.metrics[key])]
    return Series(text("chart.series.judged"), Kind.POINTS, Role.SECOND, points)


def _load_marks(search: Capacity) -> Iterator[Mark]:
    for mark in search.marks:
        yield Mark("x", mark.load, mark.text)
    if search.load is not None:
        yield Mark("x", search.load, text("chart.mark.answer", load=search.load))
