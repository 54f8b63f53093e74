"""The course of a load by the GPUs: power, SM clock, temperature, and when one was slowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from slabench.gpu_records import THROTTLED, GpuSample
from slabench.records import RunRecord
from slabench.session.log_course import Happening
from slabench.units import NS_PER_S

Points = tuple[list[float], list[float]]  # seconds since the load began, values


def gpu_series(run: RunRecord) -> Iterator[tuple[str, str, Points]]:
    """(name, unit, points): the power of all the server's GPUs, the clock of the slowest, the temperature of
    the hottest. A moment at which one of them does not report it is left out.
    """
    rows = _together(run)
    for name, unit, field, combine in (
        ("gpu_power", "W", "power_w", sum),
        ("gpu_clock", "MHz", "sm_mhz", min),
        ("gpu_temperature", "°C", "temperature_c", max),
    ):
        seconds, values = [], []
        for second, samples in rows:
            known = [getattr(sample, field) for sample in samples]
            if None not in known:
                seconds.append(second)
                values.append(float(combine(known)))
        if seconds:
            yield name, unit, (seconds, values)


def gpu_events(run: RunRecord) -> Iterable[Happening]:
    """From the first of the samples in which a GPU was slowed to the last of them."""
    slowed = [
        (second, any((sample.reasons or 0) & THROTTLED for sample in samples))
        for second, samples in _together(run)
    ]
    for throttled, same in groupby(slowed, key=lambda pair: pair[1]):
        moments = [second for second, _ in same]
        if throttled:
            yield Happening("throttled", moments[0], moments[-1])


def _together(run: RunRecord) -> list[tuple[float, Sequence[GpuSample]]]:
    """The samples of all GPUs of each reading during the load. A reading that failed has none of any GPU."""
    gpus = () if run.gpus is None else run.gpus.gpus
    rows = zip(*(gpu.samples for gpu in gpus), strict=False)
    timed = (((row[0].at_ns - run.began_ns) / NS_PER_S, row) for row in rows)
    return [(second, row) for second, row in timed if 0 <= second <= run.client.wall_s]
