"""Objectives on a run that another client drove: its classic.* metrics are used instead of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from slabench.messages import Message, Sentence
from slabench.metrics.definitions import metric_of
from slabench.reported_records import ReportedRun
from slabench.verdict.sla import Slo


def as_classic(key: str) -> str:
    """The classic metric for one of ours: tpot.p50 -> classic.tpot.median; else the key itself."""
    metric, _, statistic = key.rpartition(".")
    classic = f"classic.{metric}.{statistic.replace('p50', 'median')}" if metric else f"classic.{key}"
    return classic if metric_of(classic) is not None else key


def classic_rules(rules: Iterable[Slo]) -> tuple[Slo, ...]:
    """Objectives on its metrics. One without a classic metric stays: undefined, it makes the run INVALID."""
    return tuple(replace(rule, metric=as_classic(rule.metric)) for rule in rules)


def label(run: ReportedRun, rules: Iterable[Slo]) -> str:
    """The label of such a run in every output."""
    pairs = [(rule.metric, as_classic(rule.metric)) for rule in rules]
    renamed = [
        Message("label.renamed", ours=ours, classic=classic) for ours, classic in pairs if classic != ours
    ]
    judged = Message("label.classic_rules", renamed=renamed) if renamed else None
    return Sentence.of("label.bench_serving", client=run.client, judged=judged)
