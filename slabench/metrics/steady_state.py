"""A load's steady part: its metrics without the first wave, in which all requests are prefilled at once, and
without the drain.

A wave is as many requests as the load keeps in flight. Per-request metrics are taken over whole waves after
the first, by plan order, so that a load that is stopped early does not count its quickest answers alone.
Throughput is counted between the moment the second wave's first request was sent and the moment the load
could no longer be kept up.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slabench.metrics.compute import UNKNOWN, compute, rates
from slabench.metrics.offered_rate import Served, served
from slabench.metrics.saturated import saturated_flow
from slabench.records import GpuCounts, RequestRecord, RunRecord
from slabench.units import NS_PER_S

# Ends of most of a wave within this share of its time: the next wave begins from the same state. Most: on the
# H200 one to six of 128 requests were prefilled first and ended a second before the others.
IN_STEP, IN_STEP_MOST = 0.03, 0.90
WORST_ERROR = 0.10  # share of its throughput that a load may be wrong by where nothing better is known


@dataclass(frozen=True, slots=True)
class Steady:
    """counted: the whole waves that metrics are taken over; ramp: there is only the first one.

    together: the first counted wave's last first token came before its first end, so no request in it waited
    for another's end.
    """

    counted: Sequence[RequestRecord]
    begin_ns: int
    end_ns: int
    ramp: bool
    together: bool

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.begin_ns) / NS_PER_S

    @property
    def in_step(self) -> bool:
        """The wave ran together and most of it ended together: the next one begins as it did, with an idle
        server.
        """
        ends = sorted(record.end_ns for record in self.counted if record.end_ns is not None)
        most = ends[len(ends) - math.ceil(IN_STEP_MOST * len(ends)) :]
        return self.together and most[-1] - most[0] <= IN_STEP * (most[-1] - self.begin_ns)


@dataclass(frozen=True, slots=True)
class SteadyLoad:
    """rate_error: share of its throughput that the way of counting it leaves uncertain. together: no request
    waited for another's end; of a rate, no queue grew.
    """

    part: Steady
    metrics: dict[str, float]
    rate_error: float
    together: bool


def whole_waves(records: Sequence[RequestRecord], wave: int) -> int:
    """How many waves, from the first on, have all their requests answered whole."""
    done = next((place for place, record in enumerate(records) if not record.ok), len(records))
    return done // wave


def steady(run: RunRecord, wave: int) -> Steady | None:
    """The part that counts; None before the first wave is whole."""
    waves = whole_waves(run.requests, wave)
    if not waves:
        return None
    counted = run.requests[(wave if waves > 1 else 0) : waves * wave]
    ended = [record.end_ns for record in counted if record.end_ns is not None]  # all: they came back whole
    together = max(record.span_ns[0] for record in counted[:wave] if record.span_ns) <= min(ended[:wave])
    if not together and waves > 2 and len(run.requests) == waves * wave:
        # The last wave has none behind it: the longer the queue was, the more it gains by that.
        counted = counted[:-wave]
    sent = [record.sent_ns for record in run.requests if record.sent_ns is not None]
    sent_counted = [record.sent_ns for record in counted if record.sent_ns is not None]
    begin = run.began_ns if waves == 1 else min(sent_counted)
    # After the last request is sent, the next end leaves a slot free: from there on the load is a smaller
    # one.
    ends = [end for record in run.requests if (end := record.end_ns) is not None and end > max(sent)]
    return Steady(counted, begin, min([max(ended[: len(counted)]), *ends]), waves == 1, together)


def steady_load(
    run: RunRecord, wave: int, gpus: GpuCounts = UNKNOWN, *, offered: float | None = None
) -> SteadyLoad | None:
    """Of a closed loop of `wave` slots, or of requests that were offered at a rate (requests/s). None before
    the first wave is whole.

    Where requests of a closed loop wait for each other, throughput is that of the stretch that comes back
    (saturated.py): slots and windows are wrong by up to 6 % there (benchmarks/bench_saturated.py), and worse
    for fewer waves. Its error is two standard deviations with where the stretch begins.
    """
    part = steady(run, wave)
    if part is None:
        return None
    if offered is not None:
        metrics, count = steady_metrics(run, part, gpus), len(part.counted)
        kept = served(part.counted, offered) or Served(offered, WORST_ERROR, True)
        prompt, output = round(metrics["input_tokens"]), round(metrics["output_tokens"])
        metrics |= rates(count / kept.rate, count, prompt, output, gpus)
        return SteadyLoad(part, metrics, kept.share, kept.kept_up)
    rate, error = None, 0.0
    if not part.together:
        flow, error = saturated_flow(run.requests), WORST_ERROR
        if flow is not None and 2 * flow.spread <= WORST_ERROR:
            rate, error = flow.rate, 2 * flow.spread
    # A first wave that waited for itself began with answers that waited less than any later one: its slots
    # cannot be used.
    slots = wave if part.together or not part.ramp else None
    metrics = steady_metrics(run, part, gpus, slots=slots, output_rate=rate)
    return SteadyLoad(part, metrics, error, part.together)


def steady_metrics(
    run: RunRecord,
    part: Steady,
    gpus: GpuCounts = UNKNOWN,
    *,
    slots: int | None = None,
    output_rate: float | None = None,
) -> dict[str, float]:
    """The metrics of compute() over the counted requests, with the steady throughputs in place of the run's.

    output_rate: output tokens/s, where they are known better than by either way below (saturated.py). slots:
    of a closed loop, in which a slot is never empty: so each slot's time is that of its requests one after
    another, and the counted requests' time is the sum of (end - due) / slots. Requests that go in lumps have
    no edge there that a window would cut in the wrong place. None: the tokens that came inside the window.
    """
    metrics = compute(replace(run, requests=part.counted, began_ns=part.begin_ns), gpus)
    prompt, output = round(metrics["input_tokens"]), round(metrics["output_tokens"])
    seconds, completed = 0.0, float(len(part.counted))
    if output_rate is not None and output_rate > 0:
        seconds = output / output_rate
    elif slots is not None:
        busy_ns = sum(record.end_ns - record.due_ns for record in part.counted if record.end_ns is not None)
        seconds = busy_ns / NS_PER_S / slots
    elif part.seconds > 0 and output > 0:
        # Not the ends in the window: those of a wave that goes in step fall on its edge.
        mean = metrics["output_tokens"] / len(part.counted)
        prompt, output = _inside(run, part)
        seconds, completed = part.seconds, output / mean
    return metrics | (rates(seconds, completed, prompt, output, gpus) if seconds > 0 else {})


def _inside(run: RunRecord, part: Steady) -> tuple[int, int]:
    """Prompt and output tokens between begin and end, by arrivals."""
    prompt = output = 0
    for record in run.requests:
        stamps, counts = record.arrival_ns, record.arrival_tokens
        before, upto = bisect_right(stamps, part.begin_ns), bisect_right(stamps, part.end_ns)
        if upto > before:
            output += counts[upto - 1] - (counts[before - 1] if before else 0)
            prompt += record.input_len if before == 0 else 0
    return prompt, output
