"""Whether a run's metrics hold an objective. A TPOT that is known within bounds only is evaluated where both
bounds give the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import Message, Sentence, number
from slabench.metrics.bounded import HIGH, bounds
from slabench.metrics.definitions import declared, too_few
from slabench.verdict.outcome import Objective
from slabench.verdict.sla import Slo

TPOT_BOUNDED = "TPOT_BOUNDED"
COUNT_EVENTS = Message("bounded.count_events")
LABEL = Sentence.of("bounded.label", remedy=COUNT_EVENTS)


@dataclass(frozen=True, slots=True)
class Undecided:
    """The limit is between the two bounds."""

    message: Message


def evaluate(
    rule: Slo,
    metrics: Mapping[str, float],
    sizes: Mapping[str, int],
    *,
    kind: str = "slo",
    least: Mapping[str, int] | None = None,
) -> Objective | Undecided | None:
    """None: the metric is not defined for this run, or is a percentile of too few.

    least: sizes of the smallest repeat, where sizes are of all of them.
    """
    observed, unit = metrics.get(rule.metric), declared(rule.metric).unit
    ends = bounds(rule.metric, metrics)
    if ends is not None and too_few(rule.metric, {**sizes, "tpot": sizes.get(HIGH, 0)}) is None:
        return _bounded(rule, ends, sizes.get(HIGH), kind)
    if observed is None or too_few(rule.metric, sizes if least is None else least) is not None:
        return None
    # goodput.share contains its unit
    shown_unit = "" if rule.metric.endswith(f".{unit}") else f" {unit}"
    shown = Message("objective.value", value=observed, unit=shown_unit)
    if number(observed) == number(rule.limit) and observed != rule.limit:
        # rounded, it would print "50.00 ms > 50 ms"
        shown = Message("objective.exact_value", value=observed, unit=shown_unit)
    return _compared(rule, kind, observed, sizes.get(declared(rule.metric).ours), shown, shown_unit)


def _bounded(rule: Slo, ends: tuple[float, float], n: int | None, kind: str) -> Objective | Undecided:
    (low, high), (low_holds, high_holds) = ends, map(rule.holds, ends)
    unit = declared(rule.metric).unit
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
    return _compared(rule, kind, observed, n, shown, f" {unit}", Message("objective.tpot_bounded"))


def _compared(
    rule: Slo, kind: str, observed: float, n: int | None, shown: Message, unit: str, *beside: Message
) -> Objective:
    """The comparison with its message; shown: the observed value, beside: further details."""
    holds = rule.holds(observed)
    distance = Message("objective.no_distance")
    if rule.limit:
        distance = Message("objective.distance", distance_pct=(observed - rule.limit) / rule.limit * 100)
    message = Message(
        "objective.result",
        metric=rule.metric,
        observed=shown,
        sign=rule.op if holds else {"<=": ">", ">=": "<"}[rule.op],
        limit=rule.limit,
        unit=unit,
        details=(distance, *([] if n is None else [Message("objective.n", n=n)]), *beside),
    )
    unit = declared(rule.metric).unit
    return Objective(kind, rule.metric, rule.op, rule.limit, observed, unit, holds, n, message)
