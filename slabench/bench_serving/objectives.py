"""Objectives on a run that another client drove: its classic.* metrics are used instead of ours."""

from __future__ import annotations

from collections.abc import Iterable

from slabench.metrics.definitions import metric_of
from slabench.records import ReportedRun
from slabench.verdict.sla import Slo


def as_classic(key: str) -> str:
    """The classic metric for one of ours: tpot.p50 -> classic.tpot.median; else the key itself."""
    metric, _, statistic = key.rpartition(".")
    classic = f"classic.{metric}.{statistic.replace('p50', 'median')}" if metric else f"classic.{key}"
    return classic if metric_of(classic) is not None else key


def classic_rules(rules: Iterable[Slo]) -> tuple[Slo, ...]:
    """Objectives on its metrics. One without a classic metric stays: undefined, it makes the run INVALID."""
    return tuple(Slo(as_classic(rule.metric), rule.op, rule.limit) for rule in rules)


def label(run: ReportedRun, rules: Iterable[Slo]) -> str:
    """The label of such a run in every output."""
    pairs = [(rule.metric, as_classic(rule.metric)) for rule in rules]
    renamed = ", ".join(f"{ours} by {classic}" for ours, classic in pairs if classic != ours)
    judged = f"; objectives are judged by its own metrics: {renamed}" if renamed else ""
    return f"BENCH_SERVING: {run.client} drove the load{judged}"
