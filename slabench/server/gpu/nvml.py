"""NVML by nvidia-ml-py: the GPUs of this machine."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from slabench.gpu_records import GpuSample
from slabench.server.gpu.reading import Gpu, Reading, SourceError

ENERGY = "nvmlDeviceGetTotalEnergyConsumption"
_MIB = 1 << 20


class Nvml:
    """module: nvidia-ml-py's pynvml. What a GPU does not support is not asked for again.

    The counter is updated every 20 to 100 ms; a whole reading takes five calls a GPU, so it is made twice a
    second.
    """

    period_s, every, after = 0.1, 5, 3

    def __init__(self, module: Any) -> None:
        self._nvml = module
        self._unsupported: set[tuple[int, str]] = set()
        try:
            module.nvmlInit()
            self._handles = {
                index: module.nvmlDeviceGetHandleByIndex(index)
                for index in range(module.nvmlDeviceGetCount())
            }
            self.gpus = [self._gpu(index, handle) for index, handle in self._handles.items()]
        except module.NVMLError as error:
            raise SourceError(f"NVML cannot be used ({error})") from error
        if not self.gpus:
            raise SourceError("NVML finds no GPU")
        self._reasons = next(
            name
            for name in (
                "nvmlDeviceGetCurrentClocksEventReasons",
                "nvmlDeviceGetCurrentClocksThrottleReasons",
            )
            if hasattr(module, name)
        )

    @classmethod
    def open(cls) -> Nvml:
        """SourceError without nvidia-ml-py, a driver or a GPU."""
        try:
            module = importlib.import_module("pynvml")
        except ImportError as error:
            raise SourceError(f"nvidia-ml-py is not installed ({error})") from error
        return cls(module)

    def _gpu(self, index: int, handle: Any) -> Gpu:
        uuid = self._ask(index, "nvmlDeviceGetUUID", handle)
        name = self._ask(index, "nvmlDeviceGetName", handle)
        mig = self._ask(index, "nvmlDeviceGetMigMode", handle)  # (now, after a reset)
        return Gpu(index, _text(uuid), _text(name), bool(mig and mig[0]))

    def read(self, *, whole: bool) -> Mapping[int, Reading]:
        return {index: self._read(index, handle, whole) for index, handle in self._handles.items()}

    def _read(self, index: int, handle: Any, whole: bool) -> Reading:
        began = time.perf_counter_ns()
        energy = self._ask(index, ENERGY, handle)
        at = (began + time.perf_counter_ns()) // 2
        counted = None if energy is None else (at, int(energy))
        if not whole:
            return Reading(counted)
        nvml = self._nvml
        power = self._ask(index, "nvmlDeviceGetPowerUsage", handle)  # mW
        memory = self._ask(index, "nvmlDeviceGetMemoryInfo", handle)
        processes = self._ask(index, "nvmlDeviceGetComputeRunningProcesses", handle)
        sample = GpuSample(
            at,
            None if power is None else power / 1000,
            self._ask(index, "nvmlDeviceGetClockInfo", handle, nvml.NVML_CLOCK_SM),
            self._ask(index, "nvmlDeviceGetTemperature", handle, nvml.NVML_TEMPERATURE_GPU),
            self._ask(index, self._reasons, handle),
            None if memory is None else memory.used / _MIB,
        )
        pids = None if processes is None else sorted({int(process.pid) for process in processes})
        return Reading(counted, sample, pids)

    def _ask(self, index: int, function: str, *arguments: Any) -> Any:
        """None where this GPU or this driver has no such value, or cannot give it now. SourceError where that
        is the energy: a gauge that fails costs no reading of the counter.
        """
        if (index, function) in self._unsupported:
            return None
        nvml, call = self._nvml, _callable(self._nvml, function)
        try:
            return call(*arguments)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound, nvml.NVMLError_NoPermission):
            self._unsupported.add((index, function))
            return None
        except nvml.NVMLError as error:
            if function != ENERGY:
                return None
            raise SourceError(f"GPU {index} cannot be read by NVML ({error})") from error


def _callable(module: Any, name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(module, name)
    return function


def _text(value: Any) -> str:
    """Before 12 nvidia-ml-py returned bytes."""
    return value.decode() if isinstance(value, bytes) else str(value or "")
