"""A history's charts: each metric over its runs, with the levels between its changes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from slabench.history.series import Series
from slabench.messages import metric_name
from slabench.report.charts.chart import Axis, Chart, Kind, Mark, Point, Role
from slabench.report.charts.chart import Series as Line
from slabench.verdict.change_points import LEAST_RUNS
from slabench.verdict.statistics import geometric_mean


def history_charts(series: Sequence[Series]) -> list[Chart]:
    """One chart a series of at least two runs."""
    drawn = [each for each in series if len(each.values) > 1]
    return [_chart(number, each) for number, each in enumerate(drawn, 1)]


def _chart(number: int, series: Series) -> Chart:
    name = metric_name(series.metric)
    points = [
        Point(place, value, note=f"{run.utc[:10]}, {run.version}, {run.run_id}")
        for place, (run, value) in enumerate(zip(series.runs, series.values, strict=True))
    ]
    starts = {change.index for change in series.changes}
    versions = [
        place
        for place in range(1, len(series.runs))
        if series.runs[place].version != series.runs[place - 1].version
    ]
    marks = [Mark("x", place, series.runs[place].version) for place in versions if place not in starts]
    marks += [
        Mark("x", change.index, f"{series.runs[change.index].version}: {(change.ratio - 1) * 100:+.1f} %")
        for change in series.changes
    ]
    return Chart(
        id=f"history-{number}-{re.sub('[^a-z0-9]+', '-', series.metric.lower())}",
        title=f"{series.test}: {name}",
        x=Axis("run", categories=tuple(f"{run.utc[5:10]} {run.version}" for run in series.runs)),
        y=(Axis(name, series.unit, from_zero=False),),
        series=(
            Line("runs", Kind.POINTS, Role.NEW, points),
            *([Line("level", Kind.STEP, Role.OLD, _levels(series))] if len(points) >= LEAST_RUNS else []),
        ),
        marks=tuple(marks),
        caption=f"{series.deployment}: {len(points)} runs, {_changes(series)}",
    )


def _levels(series: Series) -> list[Point]:
    """The geometric mean of the runs between two changes, from its first run on."""
    ends = [0, *(change.index for change in series.changes), len(series.values)]
    levels = [
        Point(begin, geometric_mean(series.values[begin:end])) for begin, end in itertools.pairwise(ends)
    ]
    return [*levels, Point(len(series.values) - 1, levels[-1].y)]


def _changes(series: Series) -> str:
    if len(series.values) < LEAST_RUNS:
        return f"changes of its level are looked for from {LEAST_RUNS} runs on"
    n = len(series.changes)
    return "no change of its level" if not n else f"{n} change{'' if n == 1 else 's'} of its level"
