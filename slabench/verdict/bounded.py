"""Whether a run's metrics hold an objective. A TPOT that is known within bounds only is evaluated where both
bounds give the same result, and a percentile over requests where its order-statistic bounds do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import Message, Sentence, number
from slabench.metrics.bounded import HIGH, bounds
from slabench.metrics.definitions import declared, too_few
from slabench.verdict.outcome import Objective
from slabench.verdict.percentiles import Certified
from slabench.verdict.shares import CertifiedShare
from slabench.verdict.sla import Slo

TPOT_BOUNDED = "TPOT_BOUNDED"
COUNT_EVENTS = Message("bounded.count_events")
LABEL = Sentence.of("bounded.label", remedy=COUNT_EVENTS)


@dataclass(frozen=True, slots=True)
class Undecided:
    """The limit is between the two bounds. inconclusive: more requests may bring them together."""

    message: Message
    inconclusive: bool = False


def evaluate(
    rule: Slo,
    metrics: Mapping[str, float],
    sizes: Mapping[str, int],
    *,
    kind: str = "slo",
    least: Mapping[str, int] | None = None,
    certified: Certified | CertifiedShare | None = None,
) -> Objective | Undecided | None:
    """None: the metric is not defined for this run, or is a percentile of too few.

    least: sizes of the smallest repeat, where sizes are of all of them. certified: of a percentile over
    requests or a share of them, without which its value is taken as it is.
    """
    observed, unit = metrics.get(rule.metric), declared(rule.metric).unit
    ends = bounds(rule.metric, metrics)
    if isinstance(certified, CertifiedShare):
        return _share(rule, certified, kind)
    if certified is not None and (ends is not None or observed is not None):
        return _certified(rule, certified, kind)
    if ends is not None and too_few(rule.metric, {**sizes, "tpot": sizes.get(HIGH, 0)}) is None:
        return _bounded(rule, ends, sizes.get(HIGH), kind)
    if observed is None or too_few(rule.metric, sizes if least is None else least) is not None:
        return None
    # goodput.share contains its unit
    shown_unit = "" if rule.metric.endswith(f".{unit}") else f" {unit}"
    shown = _shown(observed, rule.limit, shown_unit)
    return _compared(rule, kind, observed, sizes.get(declared(rule.metric).ours), shown, shown_unit)


def _shown(observed: float, limit: float, unit: str) -> Message:
    if number(observed) == number(limit) and observed != limit:
        # rounded, it would print "50.00 ms > 50 ms"
        return Message("objective.exact_value", value=observed, unit=unit)
    return Message("objective.value", value=observed, unit=unit)


def _certified(rule: Slo, found: Certified, kind: str) -> Objective | Undecided:
    """Of a percentile over requests, of which smaller is better."""
    unit, low, high = f" {declared(rule.metric).unit}", found.low, found.high
    shown = _shown(found.value, rule.limit, unit)
    ends = (
        Message("objective.no_bound") if end is None else Message("objective.value", value=end, unit=unit)
        for end in (low, high)
    )
    interval = Message("objective.bounds", level_pct=found.level * 100, ends=tuple(ends))
    # of 10 requests for p90, 20 for p95 and so on, the value itself is between its bounds
    if (high is not None and rule.holds(high)) or (low is not None and not rule.holds(low)):
        return _compared(rule, kind, found.value, found.n, shown, unit, interval)
    remedy = Message("objective.no_number")
    if (requests := found.requests) is not None:
        remedy = Message("objective.requests_decide", requests=max(requests, found.n + 1))
    message = Message(
        "objective.inconclusive",
        metric=rule.metric,
        observed=shown,
        limit=rule.limit,
        unit=unit,
        interval=interval,
        n=found.n,
        over=found.over,
        share_pct=(1 - found.share) * 100,
        remedy=remedy,
    )
    return Undecided(message, inconclusive=True)


def _share(rule: Slo, share: CertifiedShare, kind: str) -> Objective | Undecided:
    """Of the share of good requests, of which larger is better."""
    low, high = share.bounds
    shown = _shown(share.value, rule.limit, "")
    ends = tuple(Message("objective.value", value=end, unit="") for end in (low, high))
    interval = Message("objective.bounds", level_pct=share.level * 100, ends=ends)
    if rule.holds(low) or not rule.holds(high):
        return _compared(rule, kind, share.value, share.n, shown, "", interval)
    requests = share.requests(rule.limit)
    message = Message(
        "objective.share_inconclusive",
        metric=rule.metric,
        observed=shown,
        limit=rule.limit,
        interval=interval,
        good=share.good,
        n=share.n,
        remedy=Message("objective.no_number_share")
        if requests is None
        else Message("objective.requests_decide", requests=max(requests, share.n + 1)),
    )
    return Undecided(message, inconclusive=True)


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
