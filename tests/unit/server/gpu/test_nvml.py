"""NVML by a double of nvidia-ml-py; the names are those of the pinned package."""

from __future__ import annotations

import ast

import pytest

from slabench.server.gpu.nvml import Nvml
from slabench.server.gpu.reading import SourceError
from tests.unit.gpu_factories import DOUBLE, nvml_double

ENERGY = "nvmlDeviceGetTotalEnergyConsumption"


def test_the_double_has_only_names_of_the_real_package() -> None:
    real = pytest.importorskip("pynvml")
    module = ast.parse((DOUBLE / "pynvml.py").read_text())
    names = [each.name for each in module.body if isinstance(each, ast.FunctionDef | ast.ClassDef)]
    own = [name for name in names if name.startswith(("nvml", "NVML"))]
    assert len(own) > 12 and all(hasattr(real, name) for name in own)
    assert (real.NVML_CLOCK_SM, real.NVML_TEMPERATURE_GPU) == (1, 0)


def test_a_whole_reading_and_one_of_the_energy_alone() -> None:
    double = nvml_double({"pids": [7, 5, 7], "reasons": 4}, {"watts": 50, "memory": 0})
    source = Nvml(double)
    assert [(gpu.index, gpu.uuid, gpu.name, gpu.mig) for gpu in source.gpus][1] == (
        1,
        "GPU-00000001-aaaa",
        "NVIDIA H200",
        False,
    )
    first, second = source.read(whole=True).values()
    assert first.energy is not None and first.sample is not None
    assert (first.sample.power_w, first.sample.sm_mhz, first.sample.temperature_c) == (600.0, 1980, 60)
    assert (first.sample.reasons, first.sample.memory_mib, first.processes) == (4, 100 * 1024, [5, 7])
    assert second.sample is not None and second.sample.memory_mib == 0 and second.processes == []
    alone = source.read(whole=False)[0]
    assert alone.sample is None and alone.processes is None
    assert alone.energy is not None and alone.energy[1] >= first.energy[1]


def test_what_is_not_supported_is_absent_and_is_asked_for_once() -> None:
    double = nvml_double(
        {"fails": {ENERGY: "NVMLError_NotSupported", "nvmlDeviceGetMigMode": "NVMLError_NotSupported"}}
    )
    source = Nvml(double)
    assert source.gpus[0].mig is False
    assert [source.read(whole=True)[0].energy for _ in range(3)] == [None] * 3
    assert double.GPUS[0].asked.count(ENERGY) == 1
    assert source.read(whole=True)[0].sample is not None


def test_instances_are_noted() -> None:
    assert Nvml(nvml_double({"mig": True})).gpus[0].mig


def test_an_older_driver_has_the_older_name_of_the_reasons() -> None:
    double = nvml_double({"reasons": 8})
    double.nvmlDeviceGetCurrentClocksThrottleReasons = double.nvmlDeviceGetCurrentClocksEventReasons
    del double.nvmlDeviceGetCurrentClocksEventReasons
    reading = Nvml(double).read(whole=True)[0]
    assert reading.sample is not None and reading.sample.reasons == 8


def test_a_lost_gpu_is_a_reading_that_failed_and_may_come_back() -> None:
    double = nvml_double({})
    source = Nvml(double)
    double.GPUS[0].fails[ENERGY] = "NVMLError_GpuIsLost"
    with pytest.raises(SourceError, match="GPU 0 cannot be read"):
        source.read(whole=False)
    double.GPUS[0].fails = {"nvmlDeviceGetComputeRunningProcesses": "NVMLError_GpuIsLost"}
    reading = source.read(whole=True)[0]  # what else fails costs no reading of the counter
    assert reading.energy is not None and reading.sample is not None and reading.processes is None
    double.GPUS[0].fails.clear()
    assert source.read(whole=True)[0].processes == []


def test_without_a_driver_there_is_a_reason() -> None:
    with pytest.raises(SourceError, match="Driver Not Loaded"):
        Nvml(nvml_double())
