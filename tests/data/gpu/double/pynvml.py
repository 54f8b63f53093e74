"""A double of nvidia-ml-py: GPUS is what the tests set, the counter rises with this machine's clock.

In a process of its own (PYTHONPATH) FAKE_GPUS, JSON, sets the fields of GPUS.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

NVML_CLOCK_SM = 1
NVML_TEMPERATURE_GPU = 0


class NVMLError(Exception):
    pass


class NVMLError_NotSupported(NVMLError):
    pass


class NVMLError_FunctionNotFound(NVMLError):
    pass


class NVMLError_NoPermission(NVMLError):
    pass


class NVMLError_GpuIsLost(NVMLError):
    pass


@dataclass
class Gpu:
    """fails: function -> the name of the error that it raises."""

    watts: float = 600.0
    mhz: int = 1980
    celsius: int = 60
    reasons: int = 0
    memory: int = 100 << 30
    pids: list[int] = field(default_factory=list)
    mig: bool = False
    fails: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)


GPUS = [Gpu(**fields) for fields in json.loads(os.environ.get("FAKE_GPUS", "[{}]"))]


def _ask(index: int, name: str) -> Gpu:
    gpu = GPUS[index]
    gpu.asked.append(name)
    if name in gpu.fails:
        raise globals()[gpu.fails[name]](name)
    return gpu


def nvmlInit() -> None:
    if not GPUS:
        raise NVMLError("Driver Not Loaded")


def nvmlDeviceGetCount() -> int:
    return len(GPUS)


def nvmlDeviceGetHandleByIndex(index: int) -> int:
    return index


def nvmlDeviceGetUUID(handle: int) -> str:
    return f"GPU-0000000{handle}-aaaa"


def nvmlDeviceGetName(handle: int) -> str:
    return "NVIDIA H200"


def nvmlDeviceGetMigMode(handle: int) -> list[int]:
    return [int(_ask(handle, "nvmlDeviceGetMigMode").mig)] * 2


def nvmlDeviceGetTotalEnergyConsumption(handle: int) -> int:
    gpu = _ask(handle, "nvmlDeviceGetTotalEnergyConsumption")
    return int((time.monotonic() - gpu.began) * gpu.watts * 1000)


def nvmlDeviceGetPowerUsage(handle: int) -> int:
    return int(_ask(handle, "nvmlDeviceGetPowerUsage").watts * 1000)


def nvmlDeviceGetClockInfo(handle: int, clock: int) -> int:
    assert clock == NVML_CLOCK_SM
    return _ask(handle, "nvmlDeviceGetClockInfo").mhz


def nvmlDeviceGetTemperature(handle: int, sensor: int) -> int:
    assert sensor == NVML_TEMPERATURE_GPU
    return _ask(handle, "nvmlDeviceGetTemperature").celsius


def nvmlDeviceGetCurrentClocksEventReasons(handle: int) -> int:
    return _ask(handle, "nvmlDeviceGetCurrentClocksEventReasons").reasons


def nvmlDeviceGetMemoryInfo(handle: int) -> SimpleNamespace:
    return SimpleNamespace(used=_ask(handle, "nvmlDeviceGetMemoryInfo").memory)


def nvmlDeviceGetComputeRunningProcesses(handle: int) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(pid=pid, usedGpuMemory=None)
        for pid in _ask(handle, "nvmlDeviceGetComputeRunningProcesses").pids
    ]
