"""How long a server takes for a load: by the embedded server's model in virtual time, or by a baseline
file.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slabench.loadgen.plan import Plan
from slabench.sim.cost import Forwards
from slabench.sim.forward import Limits
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import run
from slabench.units import NS_PER_S
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.workloads.model import Workload

Lengths = Sequence[tuple[int, int]]  # prompt and answer of each request, in tokens
SAME = ("num_prompts", "input_len", "output_len")  # of a stored workload and a planned one
SAME_PLAN = ("request_rate", "max_concurrency")
# Of one load, beside the load and its warm-up: flush, server_info before and after, evidence, verdict. On
# the H200 (docs/examples, 20 loads) what is between two loads less the warm-up is 0.1 to 1.4 s.
BESIDE_S = 0.6


@dataclass(frozen=True, slots=True)
class Took:
    """seconds: of a whole load; tpot_ms: its mean, None where answers have one token."""

    seconds: float
    tpot_ms: float | None


class ServerModel(Protocol):
    """None: the model does not know it. beside_s: seconds between two loads, without warm-up."""

    @property
    def beside_s(self) -> float: ...

    def load(self, test_id: str, workload: Workload, plan: Plan) -> Took | None: ...

    def at_once(self, lengths: Lengths) -> float | None:
        """Seconds of a warm-up or a stream probe."""
        ...


class VirtualServer:
    """The scheduler of the embedded server with some cost of a forward; the same load is run once."""

    def __init__(self, cost: Forwards, limits: Limits, beside_s: float = BESIDE_S) -> None:
        self.cost, self.limits, self.beside_s = cost, limits, beside_s
        self._known: dict[tuple[Lengths, tuple[int, ...], int | None], Took] = {}

    def load(self, test_id: str, workload: Workload, plan: Plan) -> Took | None:
        return self._run(lengths_of(workload), plan.offsets_ns, plan.cap)

    def at_once(self, lengths: Lengths) -> float | None:
        took = self._run(tuple(lengths), (0,) * len(lengths), None)
        return None if took is None else took.seconds

    def _run(self, lengths: Lengths, offsets_ns: tuple[int, ...], cap: int | None) -> Took | None:
        if max(map(sum, lengths)) >= self.limits.pool_tokens:
            return None  # it would wait for ever
        key = (lengths, offsets_ns, cap)
        if key not in self._known:
            due = [offset / NS_PER_S for offset in offsets_ns]
            timings = run(Scheduler(self.limits, self.cost), lengths, due, cap)
            tpots = [timing.tpot * 1000 for timing in timings if len(timing.tokens) > 1]
            end = max(timing.tokens[-1] for timing in timings)
            self._known[key] = Took(end, statistics.fmean(tpots) if tpots else None)
        return self._known[key]


class StoredServer:
    """A baseline's own durations, of tests with the same load."""

    beside_s = BESIDE_S

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        tests = [(test, _metrics(test)) for test in baseline.tests.values()]
        rates = [rate for test, metrics in tests for rate in _prefill_rates(test, metrics)]
        steps = [metrics["tpot.mean"] for _, metrics in tests if "tpot.mean" in metrics]
        self.prefill_tokens_per_s = max(rates, default=None)
        self.step_ms = statistics.median(steps) if steps else 0.0

    def load(self, test_id: str, workload: Workload, plan: Plan) -> Took | None:
        test = self.baseline.tests.get(test_id)
        if test is None or not _alike(test.workload, workload, plan):
            return None
        metrics = _metrics(test)
        seconds = metrics.get("duration")
        if seconds is None:
            tokens = {
                "total_throughput": sum(map(sum, lengths_of(workload))),
                "output_throughput": sum(prompt.output_len for prompt in workload.prompts),
                "input_throughput": sum(prompt.input_len for prompt in workload.prompts),
            }
            times = [count / metrics[key] for key, count in tokens.items() if metrics.get(key)]
            seconds = times[0] if times else None
        return None if seconds is None else Took(seconds, metrics.get("tpot.mean"))

    def at_once(self, lengths: Lengths) -> float | None:
        """At the best prefill rate that any of its tests shows, and the median step: a little too short."""
        rate = self.prefill_tokens_per_s
        if rate is None:
            return None
        steps = max(output for _, output in lengths)
        return sum(prompt for prompt, _ in lengths) / rate + steps * self.step_ms / 1000


def lengths_of(workload: Workload) -> tuple[tuple[int, int], ...]:
    return tuple((prompt.input_len, prompt.output_len) for prompt in workload.prompts)


def _metrics(test: BaselineTest) -> dict[str, float]:
    return {**test.information, **test.means}


def _prefill_rates(test: BaselineTest, metrics: Mapping[str, float]) -> list[float]:
    """Input tokens a second that the server cannot have been slower than."""
    rates = [metrics[key] for key in ("input_throughput",) if key in metrics]
    count, length = (test.workload.get(key) for key in ("num_prompts", "input_len"))
    cap = test.workload.get("max_concurrency")
    if count and length and "ttft.p99" in metrics and (cap is None or cap >= count):
        rates.append(count * length / (metrics["ttft.p99"] / 1000))
    return rates


def _alike(stored: Mapping[str, object], workload: Workload, plan: Plan) -> bool:
    """What the file does not record of its load counts as alike."""
    planned = {**workload.describe(), **plan.describe()}
    return all(key not in stored or stored[key] == planned.get(key) for key in (*SAME, *SAME_PLAN))
