"""Old against new as a forest plot: each metric's change with its interval and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from slabench.messages import metric_name
from slabench.report.charts.chart import Axis, Chart, Kind, Mark, Point, Role, Series
from slabench.report.charts.parts import axis, drawn, text
from slabench.report.charts.registry import run_charts
from slabench.run_document.entry import ComparedMetric
from slabench.run_document.run import RunDocument

# outcome, name of the series, role
RESULTS = (
    ("holds", "chart.series.holds", Role.NEW),
    ("worse", "chart.series.worse", Role.THIRD),
    ("inconclusive", "chart.series.inconclusive", Role.FOURTH),
)


@run_charts
def comparisons(document: RunDocument) -> Iterable[Chart]:
    """A row for each metric that was compared, in the order of the tests; x: per cent of change."""
    rows = [
        (entry.name, metric)
        for entry in document.tests
        if entry.comparison is not None
        for metric in entry.comparison.metrics
    ]
    if not rows:
        return
    series = [
        Series(
            text(name),
            Kind.INTERVAL,
            role,
            [_row(place, metric) for place, (_, metric) in enumerate(rows) if metric.outcome == outcome],
        )
        for outcome, name, role in RESULTS
    ]
    allowed = [Point(_allowed(metric), place) for place, (_, metric) in enumerate(rows)]
    yield Chart(
        "comparisons",
        text("chart.comparisons.title"),
        axis("chart.axis.change", "%", from_zero=False),
        (Axis(text("chart.axis.metric"), categories=tuple(_name(*row) for row in rows)),),
        drawn(*series, Series(text("chart.series.allowed"), Kind.POINTS, Role.PUBLISHED, allowed)),
        (Mark("x", 0.0, text("chart.mark.no_change")),),
        text("chart.comparisons.caption"),
    )


def _name(test: str, metric: ComparedMetric) -> str:
    name = metric_name(metric.metric)
    if metric.better == "higher":
        return text("chart.row.higher", test=test, metric=name)
    return text("chart.row.lower", test=test, metric=name)


def percent(ratio: float) -> float:
    return (ratio - 1) * 100


def _row(place: int, metric: ComparedMetric) -> Point:
    low, high = (None if end is None else percent(end) for end in (metric.low, metric.high))
    return Point(percent(metric.ratio), place, low, high, note=metric.text)


def _allowed(metric: ComparedMetric) -> float:
    """Beyond it the new side is worse: above 0 where lower is better."""
    return 100 * (-metric.allowed if metric.better == "higher" else metric.allowed)
