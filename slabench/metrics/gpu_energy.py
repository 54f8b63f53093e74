"""Energy of a server's GPUs, from their counters at the ends of a span of time.

    energy_per_output_token  mean power in the full-batch windows * full-batch TPOT / batch size: J a token
    tokens_per_joule         output tokens of the load / gpu.energy: prefill, and a batch that fills and
                             empties, are in it
    gpu.energy               of all the server's GPUs over the load, J
    gpu.power                gpu.energy / duration, W
    gpu.energy_bound         by which share gpu.energy, or the windows' where that is more, may be wrong

A counter is read some times a second and is itself updated every 20 to 100 ms (a DCGM exporter's as often as
it collects). Between two of its values the energy is taken as a straight line. What it may be wrong by is
certain without that: energy never falls, so at any moment it is at least the last value read before, and at
most the first one that was read, and can have been updated, since. Where that is more than MOST_BOUND of the
energy there is none; nor where a counter fell (the driver was loaded again), stood still, or is shared by
the instances of a GPU.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from slabench.gpu_records import GpuRecord, GpuTelemetry
from slabench.metrics.full_batch import pace, windows
from slabench.records import RequestRecord, RunRecord
from slabench.units import NS_PER_MS, NS_PER_S

UPDATE_NS = 100 * NS_PER_MS  # the longest time between two updates of NVML's counter that is known
LEAST_WINDOW_NS = NS_PER_S  # of a shorter one some tenths of a second at its ends are too much
MOST_BOUND = 0.1
_MJ_PER_J = 1000.0


@dataclass(frozen=True, slots=True)
class Energy:
    """J of a span. bound: it is off by at most so many J."""

    joules: float
    bound: float

    def __add__(self, other: Energy) -> Energy:
        return Energy(self.joules + other.joules, self.bound + other.bound)


class Counter:
    """One GPU's counter over a load. read: (when, mJ), in its order. ValueError where it is no witness."""

    def __init__(self, read: Sequence[tuple[int, int]]) -> None:
        self._at = [at for at, _ in read]
        self._mj = [mj for _, mj in read]
        rises = [place for place in range(1, len(read)) if self._mj[place] != self._mj[place - 1]]
        if any(self._mj[place] < self._mj[place - 1] for place in rises) or not rises:
            raise ValueError("the counter fell, or stood still")
        # What it shows it shows until the next update: a value belongs to the moment at which it was new.
        self._new_at = [self._at[0], *(self._at[place] for place in rises)]
        self._new_mj = [self._mj[0], *(self._mj[place] for place in rises)]
        # A value that two readings have was not updated in between; where no two have the same, the counter
        # is updated faster than it is read.
        new_at = [*self._new_at, self._at[-1]]
        stale = [
            later - earlier
            for earlier, later in pairwise(new_at)
            if bisect_left(self._at, later) - bisect_left(self._at, earlier) > 1
        ]
        self.update_ns = max([UPDATE_NS, *stale])

    def at(self, moment: int) -> tuple[float, float, float]:
        """(at least, probably, at most) mJ. ValueError where the readings do not enclose it."""
        before = bisect_right(self._at, moment) - 1
        after = bisect_left(self._at, moment + self.update_ns)
        if before < 0 or after >= len(self._at):
            raise ValueError("no reading before it, or none after it")
        place = bisect_right(self._new_at, moment)
        least, most = self._mj[before], self._mj[after]
        if place == len(self._new_at):
            return least, least, most
        (from_ns, to_ns), (low, high) = (
            self._new_at[place - 1 : place + 1],
            self._new_mj[place - 1 : place + 1],
        )
        return least, low + (high - low) * (moment - from_ns) / (to_ns - from_ns), most

    def over(self, begin: int, end: int) -> Energy:
        least, began, most = self.at(begin)
        least_after, ended, most_after = self.at(end)
        bound = max(most_after - ended + began - least, ended - least_after + most - began)
        return Energy((ended - began) / _MJ_PER_J, bound / _MJ_PER_J)


def energy_over(gpus: Iterable[GpuRecord], spans: Sequence[tuple[int, int]]) -> Energy | None:
    """Of all these GPUs in all these spans; None where it is not known of one, or not well enough."""
    total = Energy(0.0, 0.0)
    try:
        for gpu in gpus:
            if gpu.mig:
                return None
            counter = Counter(gpu.energy)
            for begin, end in spans:
                total += counter.over(begin, end)
    except (ValueError, IndexError):
        return None
    return total if total.joules > 0 and total.bound <= MOST_BOUND * total.joules else None


def gpu_metrics(run: RunRecord, batch_size: int, output_tokens: float | None) -> dict[str, float]:
    """batch_size: requests that decode at once in a full batch. output_tokens: of the whole load, None where
    they are not known.
    """
    if run.gpus is None:
        return {}
    metrics = _samples(run.gpus)
    began, ended = run.began_ns, run.began_ns + round(run.client.wall_s * NS_PER_S)
    load = energy_over(run.gpus.gpus, [(began, ended)])
    bounds = []
    if load is not None:
        metrics |= {"gpu.energy": load.joules, "gpu.power": load.joules / run.client.wall_s}
        bounds.append(load.bound / load.joules)
        if output_tokens:
            metrics["tokens_per_joule"] = output_tokens / load.joules
    token = _per_token(run.requests, batch_size, run.gpus.gpus)
    if token is not None:
        metrics["energy_per_output_token"] = token.joules
        bounds.append(token.bound / token.joules)
    return metrics | ({"gpu.energy_bound": max(bounds)} if bounds else {})


def _per_token(records: Sequence[RequestRecord], batch_size: int, gpus: Sequence[GpuRecord]) -> Energy | None:
    """In the windows that are long enough."""
    full = [each for each in windows(records, batch_size) if each.end - each.begin >= LEAST_WINDOW_NS]
    if not full:
        return None
    energy = energy_over(gpus, [(window.begin, window.end) for window in full])
    paces = [pace(records, window.members, window.begin, window.end) for window in full]
    time_ns, tokens = map(sum, zip(*paces, strict=True))
    if energy is None or not tokens:
        return None
    of_a_joule = time_ns / tokens / batch_size / sum(window.end - window.begin for window in full)
    return Energy(energy.joules * of_a_joule, energy.bound * of_a_joule)


def _samples(telemetry: GpuTelemetry) -> dict[str, float]:
    """Mean SM clock of all GPUs, the highest temperature, the most memory that one had in use."""
    samples = [sample for gpu in telemetry.gpus for sample in gpu.samples]
    clocks = [sample.sm_mhz for sample in samples if sample.sm_mhz is not None]
    heat = [sample.temperature_c for sample in samples if sample.temperature_c is not None]
    memory = [sample.memory_mib for sample in samples if sample.memory_mib is not None]
    return {
        **({"gpu.sm_clock": sum(clocks) / len(clocks)} if clocks else {}),
        **({"gpu.temperature": max(heat)} if heat else {}),
        **({"gpu.memory": max(memory) / 1024} if memory else {}),
    }
