"""Old against new in a table, the same rows on the console, in summary.md and in the pages."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.messages import Message, metric_name, number
from slabench.messages import percent as share_text
from slabench.run_document.entry import ComparedMetric, ComparisonEntry, Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.interval import levels, printed
from slabench.verdict.outcome import Outcome

HEAD = (
    Message("label.test"),
    Message("label.metric"),
    Message("label.old"),
    Message("label.new"),
    Message("label.unit"),
    Message("label.change"),
    Message("label.interval"),
    Message("label.runs"),
    Message("label.allowed"),
    Message("label.result"),
)
TEXT_COLUMNS = (0, 1, 4, len(HEAD) - 1)
RESULTS = {
    "holds": Message("compared.holds"),
    "worse": Message("compared.worse"),
    "inconclusive": Message("compared.inconclusive"),
}


def metric_row(name: str, metric: ComparedMetric) -> tuple[str, ...]:
    """One metric of run.json's comparison; name: what stands for its test."""
    limit = 1 - metric.allowed if metric.better == "higher" else 1 + metric.allowed
    new, old = len(metric.new_samples), len(metric.old_samples)
    if metric.low is None or metric.high is None:
        ratio = metric.new / metric.old
        ends = printed(ratio, ratio, limit)
        change = ends.low
        interval = Message("compared.no_spread" if new > 1 or old > 1 else "compared.one_run")
    else:
        ends = printed(metric.low, metric.high, limit)
        change, interval = percent(metric.ratio), Message("label.range", low=ends.low, high=ends.high)
        # an older run.json has both ends at 97.5 %
        if metric.low_level is not None and metric.high_level is not None:
            both = levels(metric.low_level, metric.high_level)
            interval = Message("compared.interval_levels", interval=interval, levels=both)
    runs = (
        Message("compared.pairs", pairs=new) if metric.paired else Message("compared.runs", new=new, old=old)
    )
    if metric.per_launch:
        runs = Message("comparison.launches", launches=new)
    shown = (Message("label.alone", value=change), interval, runs, Message("label.alone", value=ends.limit))
    cells = (number(metric.old), number(metric.new), metric.unit, *map(str, shown))
    return (name, metric_name(metric.metric), *cells, str(RESULTS.get(metric.outcome, metric.outcome)))


def percent(ratio: float) -> str:
    """1.051 -> +5.1 %"""
    return share_text(ratio - 1, "+.1%")


def comparison_rows(tests: Sequence[Entry]) -> list[tuple[str, ...]]:
    """A row for each metric that was compared, in the order of the tests."""
    return [
        metric_row(entry.name, metric)
        for entry in tests
        if entry.comparison is not None
        for metric in entry.comparison.metrics
    ]


def undecided(entry: Entry) -> list[Message]:
    """A line for each metric that is INCONCLUSIVE; more repeats do not change a test that is FAILED."""
    metrics = () if entry.comparison is None else entry.comparison.metrics
    failed = entry.word is Outcome.FAILED
    return [
        Message("console.inconclusive_beside", text=metric.text)
        if failed
        else Message("console.inconclusive", text=metric.text, remedy=metric.remedy)
        for metric in metrics
        if metric.outcome == "inconclusive"
    ]


def least_room(tests: Sequence[Entry]) -> str:
    """The compared metric that is furthest beyond its limit or next to it; empty without a comparison."""
    compared = [
        (entry, metric)
        for entry in tests
        for metric in (() if entry.comparison is None else entry.comparison.metrics)
    ]
    if not compared:
        return ""
    entry, metric = max(compared, key=lambda pair: _beyond(pair[1]))
    _, name, *_, change, interval, runs, allowed, _ = metric_row(entry.name, metric)
    return str(
        Message(
            "compared.least_room",
            metrics=len(compared),
            tests=len({id(entry) for entry, _ in compared}),
            test=entry.name,
            metric=name,
            change=change,
            interval=interval,
            runs=runs if metric.paired else Message("compared.runs_a_side", runs=runs),
            allowed=allowed,
        )
    )


def _beyond(metric: ComparedMetric) -> float:
    """How far its change, or the worse end of its interval, is beyond what is allowed; negative: within."""
    lower = metric.better != "higher"
    end = metric.high if lower else metric.low
    change = (metric.new / metric.old if end is None else end) - 1
    return (change if lower else -change) - metric.allowed


def sides(document: RunDocument) -> list[str]:
    """Sentences on what the run was compared with."""
    baseline = None if document.server is None else document.server.baseline
    compared = [entry.comparison for entry in document.tests if entry.comparison is not None]
    known = known_of_launches(compared)
    if baseline is not None:
        version = baseline.version or Message("run.unknown_version")
        server = {"version": version, "url": baseline.url, "model": baseline.model_path}
        return [str(Message("run.baseline_server", **server)), *known]
    if any(comparison.interleaved is False for comparison in compared):
        return [str(Message("run.not_interleaved")), *known]
    files = dict.fromkeys(str(comparison.baseline) for comparison in compared if comparison.metrics)
    return [str(Message("run.compared_with", baselines=tuple(files))), *known] if files else known


def known_of_launches(comparisons: Sequence[ComparisonEntry]) -> list[str]:
    """Sentences on how launches of one version differ, each once."""
    texts = [comparison.launches.text for comparison in comparisons if comparison.launches is not None]
    return [text for text in dict.fromkeys(texts) if text]
