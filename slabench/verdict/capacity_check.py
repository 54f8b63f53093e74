"""Whether the run that is judged was made on the server that was searched: as a validity check of that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slabench.verdict.capacity import Kind, Outcome
from slabench.verdict.capacity_probe import Point
from slabench.verdict.sla import Slo, number
from slabench.verdict.words import Check, State

NAME = "capacity_agrees"
# Beyond the probes' own intervals: a whole run has the first wave and the drain in its mean, a probe has not. Smaller differences
# between an ali batch size's mean over everything and over its full batch are seen in docs/examples/h200-qwen3-30b-a3b.
APART = 0.15
_REMEDY = "Warm the server up (--warmup-requests=batch), see that nothing else uses it, and search again."


def agrees(
    outcome: Outcome, loads: Sequence[float], points: Mapping[int, Point], rules: Sequence[Slo], figures: Mapping[str, float]
) -> Check:
    """The judged run's time between tokens is what the probes of its load, or of the loads around it, had.

    Where no load held in the search, a judged run in which everything holds was not made on the same server.
    """
    if outcome.kind is Kind.NONE_HOLDS and all(_holds(rule, figures) for rule in rules):
        text = f"No load held in the search, and at {outcome.load:g} this run holds everything: both cannot be the same server."
        return Check(NAME, State.INVALID, text, _REMEDY)
    near = _around(outcome, loads, points)
    for rule in rules:
        known = [one.estimates[rule.metric] for one in near if rule.metric in one.estimates]
        if not rule.metric.startswith(("tpot.", "itl.")) or rule.metric not in figures or not known:
            continue
        low, high = min(one.low for one in known) * (1 - APART), max(one.high for one in known) * (1 + APART)
        if not low <= figures[rule.metric] <= high:
            said = f"{number(low)} to {number(high)}"
            text = f"{rule.metric} is {number(figures[rule.metric])} in this run; by the probes of this load it can be {said}."
            return Check(NAME, State.INVALID, text, _REMEDY)
    return Check(NAME, State.OK, "The judged run is what the probes of its load were.")


def _holds(rule: Slo, figures: Mapping[str, float]) -> bool:
    seen = figures.get(rule.metric)
    return seen is not None and (seen <= rule.limit if rule.op == "<=" else seen >= rule.limit)


def _around(outcome: Outcome, loads: Sequence[float], points: Mapping[int, Point]) -> list[Point]:
    assert outcome.load is not None
    place = list(loads).index(outcome.load)
    if place in points:
        return [points[place]]
    below = max((one for one in points if one < place), default=None)
    above = min((one for one in points if one > place), default=None)
    return [points[one] for one in (below, above) if one is not None]
