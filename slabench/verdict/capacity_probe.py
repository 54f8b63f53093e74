"""What one probe says: its figures with their intervals, whether its rules hold, and whether that is certain enough to stop it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from slabench.metrics.compute import UNKNOWN, goodput, rates
from slabench.metrics.offered import Served, served
from slabench.metrics.saturated import saturated_flow
from slabench.metrics.steady import Steady, steady, steady_figures, whole_waves
from slabench.records import GpuCounts, RunRecord
from slabench.verdict.capacity_interval import RAMP_RATE, RAMP_SHARE, Estimate, estimate
from slabench.verdict.sla import Slo

THROUGHPUT = "total_throughput"
SHOWN = (THROUGHPUT, "output_throughput", "qpm", "tpot.mean", "ttft.mean")
_RATES = (THROUGHPUT, "output_throughput", "qpm")
_GROWS = ("throughput", "qpm")  # figures that a higher load makes larger: floors under them do not bound it


class Standing(StrEnum):
    """Whether a load is inside its limits."""

    HOLDS = "holds"
    FAILS = "fails"
    UNSURE = "unsure"  # an interval contains its limit, or a figure is not defined


@dataclass(frozen=True, slots=True)
class Probe:
    """One load, measured. waves: whole ones; ramp: the first is all that counts; stopped: before its plan's end."""

    load: float
    estimates: Mapping[str, Estimate]
    seconds: float
    waves: int
    ramp: bool
    stopped: bool = False
    # Every counted request ran while all others of its wave did: none waited for another's end. Of a rate: no queue grew.
    together: bool = True
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """What all probes of one load say together."""

    estimates: Mapping[str, Estimate]
    rules: tuple[Slo, ...]
    probes: int = 1
    together: bool = True  # see Probe
    ramp: bool = False  # only first waves

    @property
    def standing(self) -> Standing:
        return standing(self.estimates, self.rules)

    @property
    def throughput(self) -> Estimate:
        return self.estimates[THROUGHPUT]

    @property
    def stress(self) -> float:
        """The tightest rule's figure as a share of its limit: 1 at the limit, more beyond it."""
        shares = [0.01]
        for rule in self.rules:
            seen = self.estimates.get(rule.metric)
            if seen is not None and seen.value > 0 and rule.limit > 0:
                shares.append(seen.value / rule.limit if rule.op == "<=" else rule.limit / seen.value)
        return max(shares)


def bounding(rules: Sequence[Slo]) -> tuple[Slo, ...]:
    """The rules that a higher load breaks. A floor under throughput does not bound the load: the last run judges it."""
    return tuple(one for one in rules if one.op == "<=" or not any(word in one.metric for word in _GROWS))


def standing(estimates: Mapping[str, Estimate], rules: Sequence[Slo]) -> Standing:
    """All rules by their intervals; one that certainly fails is enough."""
    found = [_one(estimates.get(rule.metric), rule) for rule in rules]
    if Standing.FAILS in found:
        return Standing.FAILS
    return Standing.UNSURE if Standing.UNSURE in found else Standing.HOLDS


def _one(seen: Estimate | None, rule: Slo) -> Standing:
    if seen is None:
        return Standing.UNSURE
    low, high = (seen.low, seen.high) if rule.op == "<=" else (-seen.high, -seen.low)
    limit = rule.limit if rule.op == "<=" else -rule.limit
    return Standing.HOLDS if high <= limit else Standing.FAILS if low > limit else Standing.UNSURE


def measure(
    run: RunRecord,
    load: float,
    wave: int,
    rules: Sequence[Slo],
    *,
    planned_waves: int,
    closed: bool = True,
    seconds: float,
    gpus: GpuCounts = UNKNOWN,
    stopped: bool = False,
    limits: Mapping[str, float] | None = None,
) -> Probe | None:
    """A probe from its records; None before its first wave is whole.

    closed: a closed loop of `wave` slots; else load is a rate, and throughput what it offers, or what of it was served. Where more
    waves than one were planned the first alone counts with RAMP_SHARE more doubt, and with RAMP_RATE for its throughput: it is not
    yet the steady load. limits: --goodput's, in ms a request.
    """
    part = steady(run, wave)
    if part is None:
        return None
    # A first wave that waited for itself began with answers that waited less than any later one: its slots say nothing.
    slots = wave if closed and (part.together or not part.ramp) else None
    rate, doubt = _queued_rate(run) if closed and not part.together else (None, 0.0)
    figures = steady_figures(run, part, gpus, slots=slots, output_rate=rate) | _goodput(run, part, limits or {})
    together = part.together
    if not closed:
        kept = served(part.counted, load) or Served(load, RAMP_SHARE, True)
        prompt, output = round(figures["input_tokens"]), round(figures["output_tokens"])
        figures |= rates(len(part.counted) / kept.rate, len(part.counted), prompt, output, gpus)
        together, doubt = kept.kept_up, kept.share
    first = part.ramp and planned_waves > 1
    doubt = math.hypot(doubt, RAMP_RATE if first else 0.0)
    estimates = {}
    for key in dict.fromkeys([*SHOWN, *(rule.metric for rule in rules)]):
        if key in _RATES and key in figures:
            estimates[key] = estimate(key, figures[key], part.counted, wave, doubt=doubt)
        elif key in figures:
            estimates[key] = estimate(key, figures[key], part.counted, wave).widened(RAMP_SHARE if first else 0.0)
    return Probe(load, estimates, seconds, whole_waves(run.requests, wave), part.ramp, stopped, together, figures)


def _queued_rate(run: RunRecord) -> tuple[float | None, float]:
    """(output tokens/s of a load that waits for itself, its doubt as a share), or (None, RAMP_SHARE): count it another way.

    Two standard deviations with where the stretch begins: so much it is wrong by where it is not quite a whole number of lumps.
    Slots and windows are wrong by up to 6 % there (benchmarks/bench_saturated.py), and worse for fewer waves.
    """
    flow = saturated_flow(run.requests)
    if flow is None or 2 * flow.spread > RAMP_SHARE:
        return None, RAMP_SHARE
    return flow.rate, 2 * flow.spread


def _goodput(run: RunRecord, part: Steady, limits: Mapping[str, float]) -> dict[str, float]:
    return goodput(replace(run, requests=part.counted), limits, part.seconds)


def certain(probe: Probe | None, rules: Sequence[Slo], *, closed: bool = True, settled: bool = False) -> bool:
    """Whether more waves would change nothing. Where requests wait for each other throughput needs all of them.

    settled: the probe is made for its throughput, which a first wave does not tell.
    """
    if probe is None or (settled and probe.ramp):
        return False
    found = standing(probe.estimates, rules)
    return found is Standing.FAILS or (found is Standing.HOLDS and closed and probe.together)
