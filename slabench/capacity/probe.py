"""What a load gave, with its interval, and whether its objectives hold: by one probe, and by all together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from slabench.metrics.compute import UNKNOWN, goodput
from slabench.metrics.steady_state import steady_load, whole_waves
from slabench.records import GpuCounts, RunRecord
from slabench.units import NS_PER_S
from slabench.verdict.estimate import Estimate, estimate, floor_of, hold, pooled, stress
from slabench.verdict.sla import Slo

THROUGHPUT = "total_throughput"
_RATES = (THROUGHPUT, "output_throughput", "qpm")
_GROWS = ("throughput", "qpm")  # a higher load makes these larger: floors under them do not bound the load
# How far per-request metrics of a first wave that is not in step may be from the later ones', and its
# throughput: on the H200 first waves of 162 in flight, where requests waited, gave 1.6 and 3.2 % less than
# second ones.
FIRST_WAVE_ERROR, FIRST_WAVE_RATE_ERROR = 0.10, 0.03
TIE = 0.005  # loads this close in tokens/s give as much: the smallest of them is the answer
FLAT = 0.02  # loads whose requests queue, this close in tokens/s: what lies between them gives as much
UNSURE_REPEATS = 5  # probes of a load after which its mean decides if the interval contains the limit


class Standing(StrEnum):
    """Whether a load is inside its limits."""

    HOLDS = "holds"
    FAILS = "fails"
    UNSURE = "unsure"  # an interval contains its limit, or a metric is not defined
    RULED_OUT = "ruled out"  # ended early: it cannot give as many tokens/s as another load


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What a probe sends, and what it is measured for. lengths: prompt and output tokens of each request."""

    load: float
    wave: int  # requests
    waves: int
    rules: Sequence[Slo] = ()
    lengths: tuple[int, int] = (0, 0)
    closed: bool = True  # a closed loop of `wave` slots; else load is a rate
    rule_out: float | None = None  # total tokens/s: only whether this load can exceed them is of interest
    gpus: GpuCounts = UNKNOWN
    goodput: Mapping[str, float] = field(default_factory=dict)  # limits, ms a request


@dataclass(frozen=True, slots=True)
class Early:
    """How a probe was ended inside its first wave."""

    standing: Standing
    ceiling: float  # total tokens/s that the load cannot exceed
    stress: float | None = None  # the mean TPOT as a share of its limit, at least


@dataclass(frozen=True, slots=True)
class Probe:
    """One load, measured once."""

    load: float
    estimates: Mapping[str, Estimate]  # none where it ended early
    seconds: float
    waves: int  # whole ones
    ramp: bool  # the first wave is all that counts
    stopped: bool = False  # before its plan's end
    together: bool = True  # no request waited for another's end; of a rate: no queue grew
    metrics: Mapping[str, float] = field(default_factory=dict)
    early: Early | None = None

    @property
    def exact(self) -> bool:
        """Its throughput is known better than that of a first wave which is not in step."""
        throughput = self.estimates[THROUGHPUT]
        return throughput.half < FIRST_WAVE_RATE_ERROR * throughput.value


def bounding(rules: Sequence[Slo]) -> tuple[Slo, ...]:
    """The rules that a higher load breaks: no floor under throughput, which the last run is judged by."""
    return tuple(rule for rule in rules if rule.op == "<=" or not any(word in rule.metric for word in _GROWS))


def standing(estimates: Mapping[str, Estimate], rules: Sequence[Slo], *, by_mean: bool = False) -> Standing:
    held = hold(estimates, rules, by_mean=by_mean)
    return Standing.UNSURE if held is None else Standing.HOLDS if held else Standing.FAILS


def measure(run: RunRecord, plan: ProbePlan, *, stopped: bool = False) -> Probe | None:
    """A probe from its records; None before its first wave is whole."""
    load = steady_load(run, plan.wave, plan.gpus, offered=None if plan.closed else plan.load)
    if load is None:
        return None
    part, counted = load.part, load.part.counted
    metrics = load.metrics | goodput(replace(run, requests=counted), plan.goodput, part.seconds)
    first_alone = part.ramp and plan.waves > 1 and not (plan.closed and part.in_step)
    error, rate_error = (FIRST_WAVE_ERROR, FIRST_WAVE_RATE_ERROR) if first_alone else (0.0, 0.0)
    estimates = {}
    for key in dict.fromkeys([*_RATES, "tpot.mean", "ttft.mean", *(rule.metric for rule in plan.rules)]):
        if key in metrics:
            doubt, wider = (math.hypot(load.rate_error, rate_error), 0.0) if key in _RATES else (0.0, error)
            estimates[key] = estimate(key, metrics[key], counted, plan.wave, doubt=doubt).widened(wider)
    seconds = (max(record.end_ns or 0 for record in run.requests) - run.began_ns) / NS_PER_S
    waves = whole_waves(run.requests, plan.wave)
    return Probe(plan.load, estimates, seconds, waves, part.ramp, stopped, load.together, metrics)


@dataclass(frozen=True, slots=True)
class Point:
    """One load by all of its probes."""

    standing: Standing
    estimates: Mapping[str, Estimate]
    probes: int  # that count
    together: bool
    stress: float | None  # the tightest rule's metric as a share of its limit, where it is known
    most: float  # total tokens/s that the load may give


def point(probes: Sequence[Probe], rules: Sequence[Slo]) -> Point:
    """Probes of one load: whole ones count before first waves alone, these before one ended inside it."""
    early = probes[-1].early
    whole = [probe for probe in probes if probe.estimates]
    if early is not None and not whole:
        return Point(early.standing, {}, len(probes), True, early.stress, early.ceiling)
    whole = [probe for probe in whole if not probe.ramp] or whole
    keys = [key for key in whole[0].estimates if all(key in probe.estimates for probe in whole)]
    estimates = {key: pooled([probe.estimates[key] for probe in whole], floor_of(key)) for key in keys}
    state = standing(estimates, rules)
    count = len(whole) if len(probes) < 2 * UNSURE_REPEATS else len(probes)
    if state is Standing.UNSURE and count >= UNSURE_REPEATS:
        state = standing(estimates, rules, by_mean=True)
    together = all(probe.together for probe in whole)
    return Point(state, estimates, count, together, stress(estimates, rules), estimates[THROUGHPUT].high)


class Points(dict[float, Point]):
    """What is known of each measured load, rising."""

    def __init__(self, probes: Sequence[Probe], rules: Sequence[Slo]) -> None:
        for load in sorted({probe.load for probe in probes}):
            self[load] = point([probe for probe in probes if probe.load == load], rules)

    @property
    def holding(self) -> dict[float, Estimate]:
        """Throughput of the loads that hold."""
        return {load: at.estimates[THROUGHPUT] for load, at in self.items() if at.standing is Standing.HOLDS}

    @property
    def highest(self) -> float:
        """The highest load that holds; 0 where none does."""
        return max(self.holding, default=0.0)

    def fails_above(self, load: float) -> float | None:
        """The lowest load above this one that does not hold."""
        fails = [other for other, at in self.items() if at.standing is Standing.FAILS and other > load]
        return min(fails, default=None)

    def flat(self, load: float) -> bool:
        """A load whose requests wait gives the same as the next measured one, so all between them does."""
        pair = [at.estimates for other, at in self.items() if other >= load][:2]
        values = [estimates[THROUGHPUT].value for estimates in pair if estimates]
        return len(values) == 2 and max(values) < (1 + FLAT) * min(values)

    def levelled(self) -> dict[float, float]:
        """Total tokens/s of the loads that hold. Loads whose requests queue and whose intervals overlap share
        one value: more of them only wait longer.
        """
        values = {load: known.value for load, known in self.holding.items()}
        queued = {load: known for load, known in self.holding.items() if not self[load].together}
        if len(queued) > 1:
            low = max(queued.values(), key=lambda known: known.value).low
            alike = {load: known for load, known in queued.items() if known.high >= low}
            weights = [1 / max(known.half, 1e-9 * known.value) ** 2 for known in alike.values()]
            weighted = [known.value * weight for known, weight in zip(alike.values(), weights, strict=True)]
            values |= dict.fromkeys(alike, sum(weighted) / sum(weights))
        return values

    def best(self) -> float | None:
        """The answer by what was measured so far."""
        values = self.levelled()
        most = max(values.values(), default=0.0)
        return min((load for load, value in values.items() if value >= (1 - TIE) * most), default=None)
