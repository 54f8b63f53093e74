"""A probe while it runs: when more of it would change nothing, the client ends it."""

from __future__ import annotations

from slabench.capacity.probe import Early, Probe, ProbePlan, Standing, measure, standing
from slabench.metrics.steady_state import whole_waves
from slabench.records import ClientRecord, ErrorKind, RequestRecord, RunRecord

STOPPED = (ErrorKind.INTERRUPTED, ErrorKind.NOT_SENT)  # what becomes of requests when the client ends a probe
WINDOW_S = 2.0  # over which the speed inside the first wave is taken
SURELY = 1.03  # times its limit: TPOT inside the first wave for which a probe is ended
EVEN = 1.02  # times, and a step: by more the second half of such a time is not faster, or prefills end in it
# From this share of the output on, the speed of this share of what came is long enough a sample.
LATEST_FROM, LATEST = 0.4, 0.4
LEAST_TOKENS = 40  # a request, before the speed inside the first wave is used


class Watch:
    """Keeps a probe's records and its progress."""

    def __init__(self, plan: ProbePlan, window_s: float = WINDOW_S) -> None:
        self.plan, self.window_s = plan, window_s
        self.records: dict[int, RequestRecord] = {}
        self.broken = self.stopped = False  # a request failed; ended before its plan's end
        self.early: Early | None = None
        self.elapsed_s = 0.0
        self._waves_checked = 0
        self._samples: list[tuple[float, int]] = []  # progress, from when all requests decode
        self._fastest = 0.0  # output tokens/s, the most over any window so far

    def keep(self, record: RequestRecord) -> None:
        self.records[record.index] = record
        self.broken = self.broken or (record.error is not None and record.error not in STOPPED)

    def progress(self, elapsed_s: float, tokens: int) -> None:
        """Output tokens of all requests, running ones too, that had come elapsed_s after the probe began.

        Inside the first wave of a closed loop a step is never quicker than the ones before it, since contexts
        only grow: the fastest speed so far bounds what is to come, and with that the time of the wave, mean
        TPOT and throughput. Once the latest part is long enough, its speed does.
        """
        plan, self.elapsed_s = self.plan, elapsed_s
        if not plan.closed or self.records or tokens <= 2 * plan.wave:
            return
        self._samples.append((elapsed_s, tokens))
        earlier = [at for at, sample in enumerate(self._samples) if elapsed_s - sample[0] >= self.window_s]
        if not earlier:
            return
        window = self._samples[earlier[-1] :]
        (began_s, before), (half_s, half) = window[0], window[len(window) // 2]
        even = EVEN * (half - before) * (elapsed_s - half_s) / (half_s - began_s) + plan.wave
        if len(window) < 3 or tokens - half > even:  # of two samples the halves are not known
            self._samples = window[1:]
            return
        self._fastest = max(self._fastest, (tokens - before) / (elapsed_s - began_s))
        if tokens < LEAST_TOKENS * plan.wave:
            return
        output, (decoding_s, first) = plan.lengths[1], self._samples[0]
        left = plan.wave * output - tokens
        left_s = left / self._fastest
        if tokens - first >= LATEST_FROM * plan.wave * output:
            aim = tokens - LATEST * (tokens - first)
            began_s, before = min(self._samples, key=lambda sample: abs(sample[1] - aim))
            left_s = left * (elapsed_s - began_s) / (tokens - before)
        ceiling = plan.wave * sum(plan.lengths) / (elapsed_s + left_s)
        least_tpot = (elapsed_s - decoding_s + left_s) * 1000 / output
        limits = [rule.limit for rule in plan.rules if rule.metric == "tpot.mean" and rule.op == "<="]
        stress = least_tpot / min(limits) if limits else None
        if stress is not None and stress > SURELY:
            self.early = Early(Standing.FAILS, ceiling, stress)
        elif plan.rule_out is not None and ceiling < plan.rule_out:
            self.early = Early(Standing.RULED_OUT, ceiling, stress)

    def enough(self) -> bool:
        """A request failed, the load cannot be the answer, or the waves so far settle it.

        Where requests wait for each other throughput needs all waves; of a first wave that is not in step it
        is known to some per cent only.
        """
        plan, checked = self.plan, self._waves_checked
        if self.broken or self.early is not None:
            self.stopped = True
        elif len(self.records) >= (checked + 1) * plan.wave:
            answered = [self.records[k] for k in range(len(self.records)) if k in self.records]
            self._waves_checked = whole_waves(answered, plan.wave)
            probe = self.measured() if checked < self._waves_checked < plan.waves else None
            if probe is not None:
                state = standing(probe.estimates, plan.rules)
                holds = state is Standing.HOLDS and plan.closed and probe.together and probe.exact
                self.stopped = state is Standing.FAILS or holds
        return self.stopped

    def measured(self, run: RunRecord | None = None) -> Probe | None:
        """By the whole run, or by what has come so far. None: too little for a metric."""
        if self.early is not None:
            return Probe(self.plan.load, {}, self.elapsed_s, 0, True, True, early=self.early)
        if run is None:
            records = [self.records[k] for k in sorted(self.records)]
            began_ns = min(record.due_ns for record in records)
            run = RunRecord(records, began_ns, 0.0, {}, {}, ClientRecord(0.0, None, None, None, None))
        return measure(run, self.plan, stopped=self.stopped)
