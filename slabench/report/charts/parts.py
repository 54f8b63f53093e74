"""What charts of several topics have in common: their texts, a test as a point, objectives as lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slabench.messages import Message
from slabench.report.charts.chart import Axis, Mark, Point, Series
from slabench.run_document.entry import ComparedMetric, Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import CheckStatus


def text(id: str, **arguments: str | float | int) -> str:
    """A sentence or a name of the catalogue."""
    return str(Message(id, **arguments))


def axis(
    id: str, unit: str = "", *, log: bool = False, from_zero: bool = True, seconds: bool = False
) -> Axis:
    """An axis of numbers; id: of its label."""
    return Axis(text(id), unit, log=log, from_zero=from_zero, seconds=seconds)


def own_id(document: RunDocument, entry: Entry, name: str) -> str:
    """A test's chart: `test-3-NAME` of the third."""
    return f"test-{document.tests.index(entry) + 1}-{name}"


def drawn(*series: Series) -> tuple[Series, ...]:
    """Those that have points."""
    return tuple(each for each in series if each.points)


def point_of(entry: Entry, x: float, y: float, note: str = "") -> Point:
    """A value of a test; hollow with its first INVALID check where what was measured cannot be trusted."""
    if entry.valid:
        return Point(x, y, note=note)
    invalid = [check for check in entry.checks if check.state is CheckStatus.INVALID]
    why = f"{invalid[0].name}: {invalid[0].text}" if invalid else entry.headline
    return Point(x, y, invalid=True, note=f"{note}; {why}" if note else why)


def compared(entry: Entry, *keys: str) -> ComparedMetric | None:
    """The first of these metrics that the test's comparison has."""
    metrics = () if entry.comparison is None else entry.comparison.metrics
    return next((metric for key in keys for metric in metrics if metric.metric == key), None)


def baseline_name(entries: Iterable[Entry]) -> str:
    """The file's name, or the address, of what the tests were compared with."""
    names = [entry.comparison.baseline for entry in entries if entry.comparison and entry.comparison.baseline]
    if not names:
        return text("chart.series.baseline")
    return text("chart.series.baseline_of", name=names[0].rstrip("/").rpartition("/")[2])


def limits(entries: Iterable[Entry], key: str) -> list[float]:
    """The limits of the objectives on a metric, each once, ascending."""
    rules = (rule for entry in entries for rule in entry.objectives)
    return sorted({rule.limit for rule in rules if rule.kind == "slo" and rule.metric == key})


def slo_marks(entries: Sequence[Entry], key: str, *, on: str = "y", unit: str = "ms") -> tuple[Mark, ...]:
    """A line for each limit of a metric's objectives."""
    return tuple(limit_mark(on, key, limit, unit) for limit in limits(entries, key))


def limit_mark(on: str, key: str, limit: float, unit: str) -> Mark:
    """An objective's limit on an axis."""
    return Mark(on, limit, text("chart.mark.limit", key=key, limit=limit, unit=unit), slo=True)
