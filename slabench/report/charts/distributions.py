"""A test's TTFT, TPOT and ITL: the share of its values up to each value, with percentiles and objectives."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from slabench.report.charts.chart import Axis, Chart, Kind, Mark, Point, Role, Series
from slabench.report.charts.parts import axis, drawn, limit_mark, own_id, text
from slabench.report.charts.registry import test_charts
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.run_document.series import Distribution

# metric, title, axis; of another client bench_serving's metrics are known alone
SHOWN = (
    ("ttft", "chart.distribution.ttft", "chart.axis.ttft"),
    ("tpot", "chart.distribution.tpot", "chart.axis.tpot"),
    ("itl", "chart.distribution.itl", "chart.axis.itl"),
    ("classic.ttft", "chart.distribution.ttft", "chart.axis.ttft"),
    ("classic.itl", "chart.distribution.itl", "chart.axis.itl"),
)
PERCENTILES = (50, 90, 95, 99)
LONG_TAIL = 20.0  # the greatest value over the median: from here on the axis is logarithmic
LEAST = 2  # values


@test_charts
def distributions(document: RunDocument, entry: Entry) -> Iterable[Chart]:
    for metric, title, label in SHOWN:
        sides = {each.side: each for each in entry.distributions if each.metric == metric}
        new = sides.get("new")
        if new is None or new.n < LEAST:
            continue
        old, x = sides.get("baseline"), _value_axis(label, new)
        yield Chart(
            own_id(document, entry, metric.replace(".", "-")),
            text(title),
            x,
            (axis("chart.axis.share", "%"),),
            drawn(
                Series(text("chart.series.old_values", n=old.n if old else 0), Kind.LINE, Role.OLD,
                       ecdf(old, log=x.log)),
                Series(text("chart.series.values", n=new.n), Kind.LINE, Role.NEW, ecdf(new, log=x.log)),
                Series(text("chart.series.percentiles"), Kind.POINTS, Role.NEW, percentiles(entry, new)),
            ),
            _marks(entry, metric),
            text("chart.distribution.caption", loads=new.loads),
        )  # fmt: skip


def _value_axis(label: str, new: Distribution) -> Axis:
    middle = next(value for value, many in zip(new.values, new.at_most, strict=True) if 2 * many >= new.n)
    return axis(label, "ms", log=0 < LONG_TAIL * middle < new.values[-1], from_zero=False)


def ecdf(of: Distribution | None, *, log: bool = False) -> list[Point]:
    """Per cent of the values that are at most x, from 0 at the least of them; log: without an x of 0."""
    if of is None:
        return []
    counted = zip(of.values, of.at_most, strict=True)
    points = [Point(of.values[0], 0.0), *(Point(value, 100 * many / of.n) for value, many in counted)]
    return [point for point in points if point.x > 0 or not log]


def percentiles(entry: Entry, of: Distribution) -> list[Point]:
    """Those that the test's metrics have, which are the ones that are judged: the mean over its repeats."""
    points = []
    for percent in PERCENTILES:
        key = f"{of.metric}.p{percent}"
        if percent == 50 and of.metric.startswith("classic."):
            key = f"{of.metric}.median"
        if (value := entry.metrics.get(key)) is not None:
            above = of.n - at_most(of, value)
            note = text("chart.note.percentile", percent=percent, value=value, above=above, n=of.n)
            points.append(Point(value, float(percent), note=note))
    return points


def at_most(of: Distribution, value: float) -> int:
    """How many of the values are at most this one: exact for a percentile, which is counted at."""
    place = bisect_right(of.values, value)
    return of.at_most[place - 1] if place else 0


def _marks(entry: Entry, metric: str) -> tuple[Mark, ...]:
    """Objectives on any statistic of the metric."""
    return tuple(
        limit_mark("x", rule.metric, rule.limit, rule.unit)
        for rule in entry.objectives
        if rule.kind == "slo" and rule.metric.rpartition(".")[0] == metric
    )
