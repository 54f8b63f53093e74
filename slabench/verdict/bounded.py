"""Objectives on a TPOT that is known within bounds only: evaluated where both bounds give the same result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import Message
from slabench.metrics.bounded import HIGH, bounds
from slabench.metrics.definitions import declared, too_few
from slabench.verdict.outcome import Objective
from slabench.verdict.sla import Slo, compared

TPOT_BOUNDED = "TPOT_BOUNDED"
COUNT_EVENTS = Message("bounded.count_events")
LABEL = str(Message("bounded.label", remedy=COUNT_EVENTS))


@dataclass(frozen=True, slots=True)
class Undecided:
    """The limit is between the two bounds."""

    message: Message


def evaluate_bounded(
    rule: Slo, metrics: Mapping[str, float], sizes: Mapping[str, int], *, kind: str = "slo"
) -> Objective | Undecided | None:
    """None where the metric is known exactly, undefined, or a percentile of too few."""
    ends, unit = bounds(rule.metric, metrics), declared(rule.metric).unit
    n = sizes.get(HIGH)
    if ends is None or too_few(rule.metric, {**sizes, "tpot": n or 0}) is not None:
        return None
    (low, high), (low_holds, high_holds) = ends, map(rule.holds, ends)
    if low_holds != high_holds:
        return Undecided(
            Message(
                "objective.undecided",
                metric=rule.metric,
                low=low,
                high=high,
                unit=unit,
                limit=rule.limit,
                objective=str(rule),
                n=n,
                remedy=COUNT_EVENTS,
            )
        )
    # The bound that is nearer to the limit: an objective that holds does so there too, and one that does not
    # hold fails even there.
    observed = high if low_holds == (rule.op == "<=") else low
    shown = Message("objective.range", low=low, high=high, unit=f" {unit}")
    return compared(rule, kind, observed, n, shown, f" {unit}", Message("objective.tpot_bounded"))
