"""A run's charts: as values with ids that are unique on the page, and their data as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from slabench.messages import number
from slabench.report.charts.chart import Chart, Point
from slabench.report.charts.every import RUN_CHARTS, TEST_CHARTS
from slabench.report.page.table import NONE, Cell, Column, Table, label
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument

MOST_ROWS = 60  # of the table beside a chart; the page's script makes longer ones when they are asked for


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart on the page. table: None where it is too long to stand in the page."""

    chart: Chart
    table: Table | None
    whole: bool  # as wide as the page


def run_charts(document: RunDocument) -> list[Chart]:
    return [chart for make in RUN_CHARTS for chart in make(document) if _has_points(chart)]


def entry_charts(document: RunDocument, entry: Entry) -> list[Chart]:
    return [chart for make in TEST_CHARTS for chart in make(document, entry) if _has_points(chart)]


def _has_points(chart: Chart) -> bool:
    return any(series.points for series in chart.series)


def figures(drawn: Iterable[Chart], prefix: str) -> Iterator[Figure]:
    """prefix: makes the ids of several runs and tests different."""
    for chart in drawn:
        named = replace(chart, id=f"{prefix}{chart.id}")
        points = sum(len(series.points) for series in chart.series)
        yield Figure(
            named,
            chart_table(chart) if points <= MOST_ROWS else None,
            chart.zoom or bool(chart.y[0].categories),
        )


def chart_table(chart: Chart) -> Table:
    """A row a point; low and high only where a point has them."""
    ends = any(point.low is not None for series in chart.series for point in series.points)
    names = [label("script.series"), *(_named(axis.label, axis.unit) for axis in (chart.x, chart.y[0]))]
    names += [label("script.low"), label("script.high")] if ends else []
    head = [Column(name, "" if place else "text") for place, name in enumerate([*names, label("note")])]
    rows = []
    for series in chart.series:
        for point in series.points:
            values = [_place(chart.x.categories, point.x), _place(chart.y[0].categories, point.y)]
            values += [_number(point.low), _number(point.high)] if ends else []
            rows.append([Cell(series.name), *values, Cell(_note(point))])
    return Table(chart.title, head, rows)


def _named(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _place(categories: tuple[str, ...], value: float) -> Cell:
    return Cell(categories[int(value)], value) if categories else _number(value)


def _number(value: float | None) -> Cell:
    if value is None:
        return Cell(NONE)
    return Cell(f"{value:g}" if value == int(value) and abs(value) < 1e4 else number(value), value)


def _note(point: Point) -> str:
    return "; ".join(filter(None, ("INVALID" if point.invalid else "", point.note)))
