"""Whether the run that is judged was made on the server that was searched: as a validity check of that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slabench.capacity.probe import Point
from slabench.capacity.search import Kind, SearchResult
from slabench.messages import number
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.sla import Slo

NAME = "capacity_agrees"
# Beyond the probes' own intervals: a whole run has the first wave and the drain in its mean, a probe has not.
# Smaller differences between an ali batch size's mean over everything and over its full batch are seen in
# docs/examples/h200-qwen3-30b-a3b.
APART = 0.15
_REMEDY = "Warm the server up (--warmup-requests=batch), see that nothing else uses it, and search again."


def agrees(
    outcome: SearchResult, points: Mapping[float, Point], rules: Sequence[Slo], figures: Mapping[str, float]
) -> Check:
    """The judged run's time between tokens is what the probes of its load had.

    Where no load held in the search, a judged run in which everything holds was not made on the same server.
    """
    if outcome.kind is Kind.NONE_HOLDS and all(
        rule.metric in figures and rule.holds(figures[rule.metric]) for rule in rules
    ):
        text = f"No load held in the search, and at {outcome.load:g} this run holds everything: both cannot be the same server."
        return Check(NAME, CheckStatus.INVALID, text, _REMEDY)
    at = points.get(outcome.load or 0.0)
    for rule in rules:
        measured = None if at is None else at.estimates.get(rule.metric)
        if not rule.metric.startswith(("tpot.", "itl.")) or rule.metric not in figures or measured is None:
            continue
        low, high = measured.low * (1 - APART), measured.high * (1 + APART)
        if not low <= figures[rule.metric] <= high:
            limits = f"{number(low)} to {number(high)}"
            text = f"{rule.metric} is {number(figures[rule.metric])} in this run; by the probes of this load it can be {limits}."
            return Check(NAME, CheckStatus.INVALID, text, _REMEDY)
    return Check(NAME, CheckStatus.OK, "The judged run is what the probes of its load were.")
