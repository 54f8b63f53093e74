"""One probe: what a load gave with its interval, whether its objectives hold, and when the client may end it
early.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from slabench.metrics.compute import UNKNOWN, goodput, rates
from slabench.metrics.offered_rate import Served, served
from slabench.metrics.saturated import saturated_flow
from slabench.metrics.steady_state import Steady, steady, steady_figures, whole_waves
from slabench.records import ClientRecord, ErrorKind, GpuCounts, RequestRecord, RunRecord
from slabench.verdict.estimate import Estimate, estimate, floor_of, pooled
from slabench.verdict.sla import Slo

THROUGHPUT = "total_throughput"
SHOWN = (THROUGHPUT, "output_throughput", "qpm", "tpot.mean", "ttft.mean")
STOPPED = (ErrorKind.INTERRUPTED, ErrorKind.NOT_SENT)  # what becomes of requests when the client ends a probe
_RATES = (THROUGHPUT, "output_throughput", "qpm")
_GROWS = ("throughput", "qpm")  # a higher load makes these larger: floors under them do not bound the load
# Ends of most of a wave within this share of its time: the next wave begins from the same state. Most: on the
# H200 one to six of 128 requests were prefilled first and ended a second before the others.
IN_STEP, IN_STEP_MOST = 0.03, 0.90
# how far per-request figures of a first wave that is not in step may be from the later ones'
RAMP_SHARE = 0.10
# ... and its throughput: on the H200 first waves of 162 in flight, where requests waited, gave 1.6 and 3.2 %
# less than second ones.
RAMP_RATE = 0.03
WINDOW_S = 2.0  # over which the speed inside the first wave is taken
# how far beyond a limit a figure inside the first wave has to be before the probe is ended for it
SURELY = 1.03
# probes of a load after which its mean decides, where the interval still contains the limit
UNSURE_REPEATS = 3
# From this share of the output on, the speed of this share of what came is long enough a sample.
LATEST_FROM, LATEST = 0.4, 0.4
LEAST_TOKENS = 40  # a request, before the speed inside the first wave says anything


class Standing(StrEnum):
    """Whether a load is inside its limits."""

    HOLDS = "holds"
    FAILS = "fails"
    UNSURE = "unsure"  # an interval contains its limit, or a figure is not defined
    RULED_OUT = "ruled out"  # ended early: it cannot give as many tokens/s as another load


@dataclass(frozen=True, slots=True)
class Probe:
    """One load, measured. waves: whole ones; ramp: the first is all that counts; stopped: ended before its
    plan's end.

    ceiling: total tokens/s that it cannot exceed, of a probe that was ended inside its first wave; estimates
    are empty then. early: what ended it there; least_stress: the tightest rule's figure as a share of its
    limit, at least.
    """

    load: float
    estimates: Mapping[str, Estimate]
    seconds: float
    waves: int
    ramp: bool
    stopped: bool = False
    # Every counted request ran while all others of its wave did: none waited for another's end. Of a rate: no
    # queue grew.
    together: bool = True
    figures: Mapping[str, float] = field(default_factory=dict)
    ceiling: float | None = None
    early: Standing | None = None
    least_stress: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What all probes of one load say together."""

    standing: Standing
    estimates: Mapping[str, Estimate]
    probes: int
    together: bool
    ceiling: float | None = None
    least_stress: float | None = None

    @property
    def throughput(self) -> Estimate | None:
        return self.estimates.get(THROUGHPUT)

    @property
    def most(self) -> float:
        """Total tokens/s that the load may give at most."""
        return self.estimates[THROUGHPUT].high if THROUGHPUT in self.estimates else self.ceiling or math.inf

    def stress(self, rules: Sequence[Slo]) -> float | None:
        """The tightest rule's figure as a share of its limit: 1 at the limit, more beyond it. None: no rule's
        figure is known.
        """
        shares = []
        for rule in rules:
            measured = self.estimates.get(rule.metric)
            if measured is not None and measured.value > 0 and rule.limit > 0:
                shares.append(measured.value / rule.limit if rule.op == "<=" else rule.limit / measured.value)
        return max(shares, default=self.least_stress)


def point(probes: Sequence[Probe], rules: Sequence[Slo]) -> Point:
    """Probes of one load: a whole one counts before a first wave alone, and that before one that was ended
    inside it.
    """
    whole = [probe for probe in probes if probe.estimates]
    if not whole:
        early = probes[-1]
        return Point(early.early or Standing.UNSURE, {}, len(probes), True, early.ceiling, early.least_stress)
    whole = [probe for probe in whole if not probe.ramp] or whole
    keys = [key for key in whole[0].estimates if all(key in probe.estimates for probe in whole)]
    estimates = {key: pooled([probe.estimates[key] for probe in whole], floor_of(key)) for key in keys}
    state = standing(estimates, rules)
    if state is Standing.UNSURE and len(whole) >= UNSURE_REPEATS:
        state = standing(
            {key: replace(known, low=known.value, high=known.value) for key, known in estimates.items()},
            rules,
        )
    return Point(state, estimates, len(probes), all(probe.together for probe in whole))


def bounding(rules: Sequence[Slo]) -> tuple[Slo, ...]:
    """The rules that a higher load breaks. A floor under throughput does not bound the load: the last run
    judges it.
    """
    return tuple(rule for rule in rules if rule.op == "<=" or not any(word in rule.metric for word in _GROWS))


def standing(estimates: Mapping[str, Estimate], rules: Sequence[Slo]) -> Standing:
    """All rules by their intervals; a rule that certainly fails is enough."""
    states = [_rule_standing(estimates.get(rule.metric), rule) for rule in rules]
    if Standing.FAILS in states:
        return Standing.FAILS
    return Standing.UNSURE if Standing.UNSURE in states else Standing.HOLDS


def _rule_standing(measured: Estimate | None, rule: Slo) -> Standing:
    if measured is None:
        return Standing.UNSURE
    low, high = (measured.low, measured.high) if rule.op == "<=" else (-measured.high, -measured.low)
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

    closed: a closed loop of `wave` slots; else load is a rate. limits: --goodput's, in ms a request.
    """
    part = steady(run, wave)
    if part is None:
        return None
    first = part.ramp and planned_waves > 1 and not (closed and _in_step(part))
    # A first wave that waited for itself began with answers that waited less than any later one: its slots
    # say nothing.
    slots = wave if closed and (part.together or not part.ramp) else None
    rate, doubt = _queued_rate(run) if closed and not part.together else (None, 0.0)
    figures = steady_figures(run, part, gpus, slots=slots, output_rate=rate)
    figures |= goodput(replace(run, requests=part.counted), limits or {}, part.seconds)
    together = part.together
    if not closed:
        kept = served(part.counted, load) or Served(load, RAMP_SHARE, True)
        prompt, output = round(figures["input_tokens"]), round(figures["output_tokens"])
        figures |= rates(len(part.counted) / kept.rate, len(part.counted), prompt, output, gpus)
        together, doubt = kept.kept_up, kept.share
    doubt = math.hypot(doubt, RAMP_RATE if first else 0.0)
    estimates = {}
    for key in dict.fromkeys([*SHOWN, *(rule.metric for rule in rules)]):
        if key in _RATES and key in figures:
            estimates[key] = estimate(key, figures[key], part.counted, wave, doubt=doubt)
        elif key in figures:
            estimates[key] = estimate(key, figures[key], part.counted, wave).widened(
                RAMP_SHARE if first else 0.0
            )
    return Probe(
        load, estimates, seconds, whole_waves(run.requests, wave), part.ramp, stopped, together, figures
    )


def _in_step(part: Steady) -> bool:
    """The wave ran together and most of it ended together, so the next one begins as it did, with an idle
    server."""
    ends = sorted(record.end_ns for record in part.counted if record.end_ns is not None)
    most = ends[len(ends) - math.ceil(IN_STEP_MOST * len(ends)) :]
    return part.together and most[-1] - most[0] <= IN_STEP * (most[-1] - part.begin_ns)


def _queued_rate(run: RunRecord) -> tuple[float | None, float]:
    """(output tokens/s of a load that waits for itself, its doubt as a share), or (None, RAMP_SHARE): count
    it another way.

    Two standard deviations with where the stretch begins: so much it is wrong by where it is not quite a
    whole number of lumps. Slots and windows are wrong by up to 6 % there (benchmarks/bench_saturated.py), and
    worse for fewer waves.
    """
    flow = saturated_flow(run.requests)
    if flow is None or 2 * flow.spread > RAMP_SHARE:
        return None, RAMP_SHARE
    return flow.rate, 2 * flow.spread


class Watch:
    """A probe while it runs: keeps its records and its progress, and says when more of it would change
    nothing.

    lengths: prompt and output tokens of each request. rule_out: total tokens/s; the search needs to know only
    whether this load can exceed them.
    """

    def __init__(
        self,
        load: float,
        wave: int,
        waves: int,
        rules: Sequence[Slo],
        lengths: tuple[int, int],
        *,
        closed: bool = True,
        rule_out: float | None = None,
        gpus: GpuCounts = UNKNOWN,
        limits: Mapping[str, float] | None = None,
        window_s: float = WINDOW_S,
    ) -> None:
        self.load, self.wave, self.waves, self.rules = load, wave, waves, tuple(rules)
        self.lengths, self.closed, self.rule_out, self.window_s = lengths, closed, rule_out, window_s
        self.gpus, self.limits = gpus, limits
        self.records: dict[int, RequestRecord] = {}
        self.broken = self.stopped = False
        self.early: Standing | None = None
        self.ceiling: float | None = None
        self.least_stress: float | None = None
        self.elapsed_s = 0.0
        self._waves_checked = 0
        self._decoding_since: float | None = None
        self._samples: list[tuple[float, int]] = []
        self._fastest = 0.0  # output tokens/s, the most over any window so far

    def keep(self, record: RequestRecord) -> None:
        self.records[record.index] = record
        self.broken = self.broken or (record.error is not None and record.error not in STOPPED)

    def progress(self, elapsed_s: float, tokens: int) -> None:
        """Output tokens of all requests, running ones too, that had come elapsed_s after the probe began.

        Inside the first wave of a closed loop a step is never quicker than the ones before it, since contexts
        only grow: the fastest speed so far bounds what is to come, and with that the time of the wave, mean
        TPOT and throughput.
        """
        self.elapsed_s = elapsed_s
        output = self.lengths[1]
        if not self.closed or self.records or tokens <= 2 * self.wave:
            return
        if self._decoding_since is None:
            self._decoding_since = elapsed_s
        self._samples.append((elapsed_s, tokens))
        begun = [sample for sample in self._samples if elapsed_s - sample[0] >= self.window_s]
        if not begun:
            return
        since, before = begun[-1]
        self._fastest = max(self._fastest, (tokens - before) / (elapsed_s - since))
        if tokens < LEAST_TOKENS * self.wave:
            return
        left_s = self._left_s(self.wave * output - tokens)
        self.ceiling = self.wave * sum(self.lengths) / (elapsed_s + left_s)
        least_tpot = (elapsed_s - self._decoding_since + left_s) * 1000 / output
        limits = [rule.limit for rule in self.rules if rule.metric == "tpot.mean" and rule.op == "<="]
        self.least_stress = least_tpot / min(limits) if limits else None
        if self.least_stress is not None and self.least_stress > SURELY:
            self.early = Standing.FAILS
        elif self.rule_out is not None and self.ceiling < self.rule_out:
            self.early = Standing.RULED_OUT

    def _left_s(self, left: int) -> float:
        """Seconds that the rest of the first wave takes at least: at the speed of the latest part, since
        steps only grow.
        """
        (_, first), (now, tokens) = self._samples[0], self._samples[-1]
        if tokens - first < LATEST_FROM * self.wave * self.lengths[1]:
            return left / self._fastest
        at, before = min(
            self._samples, key=lambda sample: abs(sample[1] - (tokens - LATEST * (tokens - first)))
        )
        return left * (now - at) / (tokens - before)

    def enough(self) -> bool:
        """A request failed, the load cannot be the answer, or the waves so far settle it."""
        if self.broken or self.early is not None:
            self.stopped = True
            return True
        if len(self.records) < (self._waves_checked + 1) * self.wave:
            return False
        whole = whole_waves(
            [self.records[k] for k in range(len(self.records)) if k in self.records], self.wave
        )
        if whole <= self._waves_checked or whole >= self.waves:
            return False
        self._waves_checked = whole
        probe = self.measured()
        self.stopped = probe is not None and self._settled(probe)
        return self.stopped

    def _settled(self, probe: Probe) -> bool:
        """Where requests wait for each other throughput needs all waves; of a ramp it is known to some per
        cent only.
        """
        state = standing(probe.estimates, self.rules)
        throughput = probe.estimates[THROUGHPUT]
        exact = throughput.half < RAMP_RATE * throughput.value
        return state is Standing.FAILS or (
            state is Standing.HOLDS and self.closed and probe.together and exact
        )

    def measured(self, run: RunRecord | None = None) -> Probe | None:
        """By the whole run, or by what has come so far. None: too little for a figure."""
        if self.early is not None:
            return Probe(
                self.load,
                {},
                self.elapsed_s,
                0,
                True,
                True,
                ceiling=self.ceiling,
                early=self.early,
                least_stress=self.least_stress,
            )
        if run is None:
            records = [self.records[k] for k in sorted(self.records)]
            began = min(record.due_ns for record in records)
            run = RunRecord(records, began, 0.0, {}, {}, ClientRecord(0.0, None, None, None, None))
        ends = [record.end_ns for record in run.requests if record.end_ns is not None]
        seconds = (max(ends) - run.began_ns) / 1e9 if ends else 0.0
        return measure(
            run, self.load, self.wave, self.rules, planned_waves=self.waves, closed=self.closed, seconds=seconds, gpus=self.gpus,
            stopped=self.stopped, limits=self.limits,
        )  # fmt: skip
