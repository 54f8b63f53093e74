"""Judging a run that another client drove: its own figures stand for ours, and what it cannot tell is NOT
CHECKED.
"""

from __future__ import annotations

from collections.abc import Iterable

from slabench.metrics.definitions import metric_of
from slabench.records import ReportedRun
from slabench.verdict.sla import Slo


def as_classic(key: str) -> str:
    """The classic figure that stands for one of ours: tpot.p50 -> classic.tpot.median.

    The same key if there is none.
    """
    figure, _, statistic = key.rpartition(".")
    found = (
        f"classic.{figure}.{'median' if statistic == 'p50' else statistic}" if figure else f"classic.{key}"
    )
    return found if metric_of(found) is not None else key


def classic_rules(rules: Iterable[Slo]) -> tuple[Slo, ...]:
    """Objectives on its figures.

    One without a counterpart stays, is not defined for the run, and so makes it INVALID.
    """
    return tuple(Slo(as_classic(rule.metric), rule.op, rule.limit) for rule in rules)


def label(told: ReportedRun, rules: Iterable[Slo]) -> str:
    """What every output says of such a run."""
    renamed = [
        f"{one.metric} by {as_classic(one.metric)}" for one in rules if as_classic(one.metric) != one.metric
    ]
    judged = f"; objectives are judged by its own figures: {', '.join(renamed)}" if renamed else ""
    return f"BENCH_SERVING: {told.client} drove the load{judged}"
