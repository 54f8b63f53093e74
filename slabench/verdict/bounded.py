"""Objectives on a TPOT that is known within bounds only: judged where both ends say the same, and else by
nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import metric_name, number
from slabench.metrics.bounded import HIGH, bounds
from slabench.metrics.definitions import declared, too_few
from slabench.verdict.outcome import Objective
from slabench.verdict.sla import Slo, judged

TPOT_BOUNDED = "TPOT_BOUNDED"
COUNT_EVENTS = (
    "Measure with --backend=sglang (/generate counts every event), or a server or gateway that passes on "
    "stream_options.continuous_usage_stats: sglang 0.5.5 and newer do, SGLang's own gateway sums up at the end of a stream"
)
LABEL = (
    f"{TPOT_BOUNDED}: the server counts tokens only at the end of each stream, so how many came in the first event is known within "
    f"bounds, and TPOT with it. {COUNT_EVENTS}."
)


@dataclass(frozen=True, slots=True)
class Undecided:
    """The limit lies between the two ends."""

    text: str


def evaluate_bounded(
    rule: Slo, figures: Mapping[str, float], sizes: Mapping[str, int], *, kind: str = "slo"
) -> Objective | Undecided | None:
    """None where the figure is not bounded but known or undefined, or is a percentile of too few."""
    found, metric = bounds(rule.metric, figures), declared(rule.metric)
    if found is None:
        return None
    counted = {**sizes, "tpot": sizes.get(HIGH, 0)}
    if too_few(rule.metric, counted) is not None:
        return None
    low, high = found
    within = [rule.holds(value) for value in found]
    n, between = sizes.get(HIGH), f"{number(low)} to {number(high)} {metric.unit}"
    if within[0] != within[1]:
        return Undecided(
            f"{TPOT_BOUNDED}: {metric_name(rule.metric)} {between}, and the limit of {rule.limit:g} {metric.unit} lies between the "
            f"two, so {rule} cannot be judged (n={n}). {COUNT_EVENTS}."
        )
    # The end that is nearer to the limit: what holds holds at it, and what does not does not even there.
    observed = high if within[0] == (rule.op == "<=") else low
    return judged(rule, kind, observed, n, between, f" {metric.unit}", TPOT_BOUNDED)
