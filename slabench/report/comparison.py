"""Old against new in a table, the same rows on the console, in summary.md and in the pages."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.messages import metric_name, number
from slabench.run_document.entry import ComparedMetric, Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.interval import levels, printed

HEAD = tuple("test,metric,old,new,unit,change,interval (one-sided levels),runs,allowed,result".split(","))
TEXT_COLUMNS = (0, 1, 4, len(HEAD) - 1)
RESULTS = {"holds": "holds", "worse": "WORSE", "inconclusive": "INCONCLUSIVE"}


def metric_row(name: str, metric: ComparedMetric) -> tuple[str, ...]:
    """One metric of run.json's comparison; name: what stands for its test."""
    limit = 1 - metric.allowed if metric.better == "higher" else 1 + metric.allowed
    new, old = len(metric.new_samples), len(metric.old_samples)
    if metric.low is None or metric.high is None:
        ratio = metric.new / metric.old
        ends = printed(ratio, ratio, limit)
        change, interval = ends.low, "no spread" if new > 1 or old > 1 else "one run a side"
    else:
        ends = printed(metric.low, metric.high, limit)
        change, interval = percent(metric.ratio), f"{ends.low} to {ends.high}"
        # an older run.json has both ends at 97.5 %
        if metric.low_level is not None and metric.high_level is not None:
            interval += f" ({levels(metric.low_level, metric.high_level)})"
    runs = f"{new} pairs" if metric.paired else f"{new} and {old}"
    cells = (number(metric.old), number(metric.new), metric.unit, change, interval, runs, ends.limit)
    return (name, metric_name(metric.metric), *cells, RESULTS.get(metric.outcome, metric.outcome))


def percent(ratio: float) -> str:
    """1.051 -> +5.1 %"""
    return f"{(ratio - 1) * 100:+.1f} %"


def comparison_rows(tests: Sequence[Entry]) -> list[tuple[str, ...]]:
    """A row for each metric that was compared, in the order of the tests."""
    return [
        metric_row(entry.name, metric)
        for entry in tests
        if entry.comparison is not None
        for metric in entry.comparison.metrics
    ]


def sides(document: RunDocument) -> list[str]:
    """Sentences on what the run was compared with."""
    baseline = None if document.server is None else document.server.baseline
    compared = [entry.comparison for entry in document.tests if entry.comparison is not None]
    if baseline is not None:
        return [
            f"Baseline server: sglang {baseline.version or 'of unknown version'} at {baseline.url}, "
            f"{baseline.model_path}; both servers were measured in turns, on the same prompts."
        ]
    if any(comparison.interleaved is False for comparison in compared):
        return [
            "NOT_INTERLEAVED: the baseline server was measured first and the new one after it; drift between "
            "the two is part of the ratios."
        ]
    files = dict.fromkeys(str(comparison.baseline) for comparison in compared if comparison.metrics)
    return [f"Compared with {', '.join(files)}."] if files else []
