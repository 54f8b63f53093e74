"""Was the judged run made on the server that the capacity search measured?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message
from slabench.metrics.definitions import declared
from slabench.verdict.estimate import Estimate
from slabench.verdict.outcome import Check, invalid, ok
from slabench.verdict.sla import Slo
from slabench.verdict.validity.registry import Registration, Stage

# Beyond the probes' own intervals: a whole run has the first wave and the drain in its mean, a probe has not.
# Smaller differences between an ali batch size's mean over everything and over its full batch are seen in
# docs/examples/h200-qwen3-30b-a3b.
APART = 0.15
_REMEDY = Message("capacity.remedy.changed")


@dataclass(frozen=True, slots=True)
class SearchEvidence:
    """A judged run's load, objectives and metrics, and what the probes of that load had."""

    load: float
    none_held: bool  # no load held in the search
    rules: Sequence[Slo]
    probes: Mapping[str, Estimate]
    metrics: Mapping[str, float]


@Registration(
    Stage.TEST,
    evidence="the search's probes",
    invalid=(
        "the judged run's time between tokens is more than 15 % outside of the range of the probes of its "
        "load, or all objectives hold although no load held in the search"
    ),
    why="the server was not the same during the search (cold, disturbed)",
)
def capacity_agrees(evidence: SearchEvidence) -> Check:
    metrics = evidence.metrics
    rules = [rule for rule in evidence.rules if rule.metric in metrics]
    everything_holds = all(rule.holds(metrics[rule.metric]) for rule in rules)
    if evidence.none_held and everything_holds and len(rules) == len(evidence.rules):
        return invalid("capacity_agrees.none_held", load=evidence.load, remedy=_REMEDY)
    for rule in rules:
        key, probes = rule.metric, evidence.probes.get(rule.metric)
        if not key.startswith(("tpot.", "itl.")) or probes is None:
            continue
        low, high = probes.low * (1 - APART), probes.high * (1 + APART)
        if not low <= metrics[key] <= high:
            return invalid(
                "capacity_agrees.differs",
                key=key,
                value=metrics[key],
                unit=declared(key).unit,
                low=low,
                high=high,
                remedy=_REMEDY,
            )
    return ok("capacity_agrees.ok")
