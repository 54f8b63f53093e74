"""A load's steady part: its figures without the first wave, in which everybody is prefilled at once, and
without the drain.

A wave is as many requests as the load keeps in flight. Per-request figures are taken over whole waves after
the first, by plan order, so that a load that is stopped early does not count its quickest answers alone.
Throughput is counted between the moment the second wave's first request was sent and the moment the load
could no longer be kept up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slabench.metrics.compute import UNKNOWN, compute, rates
from slabench.records import GpuCounts, RequestRecord, RunRecord
from slabench.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Steady:
    """counted: the whole waves that figures are taken over; ramp: there is only the first one, and it had to
    do.

    together: the first counted wave's last first token came before its first end, so nobody in it waited for
    another's end.
    """

    counted: Sequence[RequestRecord]
    begin_ns: int
    end_ns: int
    ramp: bool
    together: bool

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.begin_ns) / NS_PER_S


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
    ended = [one.end_ns for one in counted if one.end_ns is not None]  # all: they came back whole
    together = max(one.span_ns[0] for one in counted[:wave] if one.span_ns) <= min(ended[:wave])
    if not together and waves > 2 and len(run.requests) == waves * wave:
        # the last wave has nobody behind it: the longer the queue was, the more it gains by that
        counted = counted[:-wave]
    sent = [record.sent_ns for record in run.requests if record.sent_ns is not None]
    begin = (
        run.began_ns
        if waves == 1
        else min(record.sent_ns for record in counted if record.sent_ns is not None)
    )
    last_end = max(ended[: len(counted)])
    # After the last request is sent, the next end leaves a slot free: from there on the load is a smaller
    # one.
    ends = [
        record.end_ns for record in run.requests if record.end_ns is not None and record.end_ns > max(sent)
    ]
    return Steady(counted, begin, min([last_end, *ends]), waves == 1, together)


def steady_figures(
    run: RunRecord,
    part: Steady,
    gpus: GpuCounts = UNKNOWN,
    *,
    slots: int | None = None,
    output_rate: float | None = None,
) -> dict[str, float]:
    """The figures of compute() over the counted requests, with the steady throughputs in place of the run's.

    output_rate: output tokens/s, where they are known better than by either way below (saturated.py). slots:
    of a closed loop, in which a slot is never empty: so each slot's time is that of its requests one after
    another, and the counted requests' time is the sum of (end - due) / slots. Requests that go in lumps have
    no edge there that a window would cut in the wrong place. None: the tokens that came inside the window.
    """
    found = compute(replace(run, requests=part.counted, began_ns=part.begin_ns), gpus)
    if output_rate is not None and output_rate > 0:
        prompt, output = round(found["input_tokens"]), round(found["output_tokens"])
        return found | rates(output / output_rate, len(part.counted), prompt, output, gpus)
    if slots is not None:
        busy = sum(one.end_ns - one.due_ns for one in part.counted if one.end_ns is not None) / NS_PER_S
        if busy > 0:
            prompt, output = round(found["input_tokens"]), round(found["output_tokens"])
            found |= rates(busy / slots, len(part.counted), prompt, output, gpus)
        return found
    prompt = output = 0
    for record in run.requests:
        stamps, counts = record.arrival_ns, record.arrival_tokens
        before, upto = bisect_right(stamps, part.begin_ns), bisect_right(stamps, part.end_ns)
        if upto > before:
            output += counts[upto - 1] - (counts[before - 1] if before else 0)
            prompt += record.input_len if before == 0 else 0
    mean = found["output_tokens"] / len(part.counted)
    if part.seconds > 0 and mean > 0:
        # Not the ends in the window: those of a wave that goes in step fall on its edge.
        found |= rates(part.seconds, output / mean, prompt, output, gpus)
    return found
