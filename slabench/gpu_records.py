"""What was read of the GPUs during a load: the energy counter, and samples of what a GPU was doing.

Times are perf_counter_ns() readings, as in records.py: one clock for all processes of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# nvml.h, nvmlClocksEventReasons; DCGM has the same bits
REASONS: Mapping[int, str] = {
    0x1: "gpu_idle",
    0x2: "applications_clocks_setting",
    0x4: "sw_power_cap",
    0x8: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake_slowdown",
    0x100: "display_clock_setting",
}
# These make a GPU slower than its own limits of power and clock do.
THROTTLED = 0x8 | 0x20 | 0x40 | 0x80
POWER_CAP = 0x4


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU at one moment. None: it is not reported."""

    at_ns: int
    power_w: float | None = None
    sm_mhz: float | None = None
    temperature_c: float | None = None
    reasons: int | None = None  # bits of REASONS
    memory_mib: float | None = None  # in use by all processes


@dataclass(frozen=True, slots=True)
class GpuRecord:
    """One GPU over one load, from before it until after it."""

    index: int  # NVML's, which is that of the PCI bus
    uuid: str
    name: str
    mig: bool = False  # split into instances, which share one energy counter
    energy: Sequence[tuple[int, int]] = ()  # (when it was read, mJ); empty: not supported
    samples: Sequence[GpuSample] = ()
    processes: Sequence[int] | None = None  # that computed on it; None: not listed

    @property
    def in_use(self) -> bool:
        """By what is known of its processes, else of its memory: an idle GPU has some hundred MiB in use."""
        if self.processes:
            return True
        return any(sample.memory_mib is not None and sample.memory_mib > 1024 for sample in self.samples)


@dataclass(frozen=True, slots=True)
class GpuTelemetry:
    """The GPUs of a server over one load."""

    source: str  # nvml or dcgm
    gpus: Sequence[GpuRecord]
    chosen_by: str  # option, processes, visible_devices or in_use: how these GPUs were chosen
    # of processes on these GPUs that are not of the servers: pid -> name. None: which are the servers' is not
    # known
    others: Mapping[int, str] | None = None


def read_record(raw: Mapping[str, Any]) -> GpuRecord:
    """Of the JSON that as_json() makes."""
    pids = raw["processes"]
    return GpuRecord(
        raw["index"],
        raw["uuid"],
        raw["name"],
        raw["mig"],
        tuple((at, energy) for at, energy in raw["energy"]),
        tuple(GpuSample(*values) for values in raw["samples"]),
        None if pids is None else tuple(pids),
    )
