"""A chart as the JSON that the page's script draws: columns of numbers, which is half the size of objects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from slabench.report.charts.chart import Axis, Chart, Mark, Point, Series

DIGITS = 7  # significant ones: more than any axis or tooltip shows


def chart_json(chart: Chart) -> dict[str, Any]:
    """What is at its default is left out, but for x and y."""
    data = {
        "id": chart.id,
        "x": _axis(chart.x),
        "y": [_axis(axis) for axis in chart.y],
        "series": [_series(series) for series in chart.series],
        "marks": [_mark(mark) for mark in chart.marks],
        "zoom": chart.zoom,
    }
    return {key: value for key, value in data.items() if value}


def _axis(axis: Axis) -> dict[str, Any]:
    flags = {"log": axis.log, "zero": axis.from_zero, "seconds": axis.seconds}
    parts = {"label": axis.label, "unit": axis.unit, "categories": list(axis.categories), **flags}
    return {key: value for key, value in parts.items() if value}


def _series(series: Series) -> dict[str, Any]:
    points = series.points
    data: dict[str, Any] = {
        "name": series.name,
        "kind": series.kind.value,
        "role": series.role.value,
        "x": _column(point.x for point in points),
        "y": _column(point.y for point in points),
    }
    if any(point.low is not None or point.high is not None for point in points):
        data["low"] = _column(point.low for point in points)
        data["high"] = _column(point.high for point in points)
    data["invalid"] = [place for place, point in enumerate(points) if point.invalid]
    data["notes"] = _notes(points)
    data |= {"axis": series.axis, "hidden": not series.at_first, "stacked": series.stacked}
    return {key: value for key, value in data.items() if value or key in ("x", "y")}


def _notes(points: Sequence[Point]) -> dict[str, str]:
    return {str(place): point.note for place, point in enumerate(points) if point.note}


def _mark(mark: Mark) -> dict[str, Any]:
    parts: dict[str, Any] = {"axis": mark.axis, "label": mark.label, "slo": mark.slo}
    parts = {key: value for key, value in parts.items() if value} | {"value": mark.value}
    return parts if mark.until is None else parts | {"until": mark.until}


def _column(values: Iterable[float | None]) -> list[float | None]:
    """Rounded to DIGITS; a whole number has no point. JSON has no infinity: it is a gap."""
    return [None if value is None or not math.isfinite(value) else _short(value) for value in values]


def _short(value: float) -> float:
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded
