"""Power, clock and temperature over a load, of samples by hand."""

from __future__ import annotations

from dataclasses import replace

from slabench.gpu_records import GpuTelemetry
from slabench.records import RunRecord
from slabench.session.gpu_course import gpu_events, gpu_series
from slabench.session.log_course import Happening
from tests.unit.factories import run_of
from tests.unit.gpu_factories import gpu, sample


def run_with(*gpus: object) -> RunRecord:
    run = run_of()
    telemetry = GpuTelemetry("nvml", gpus, "processes")  # type: ignore[arg-type]
    return replace(run, client=replace(run.client, wall_s=4.0), gpus=telemetry)


def test_power_is_summed_and_the_slowest_and_hottest_gpu_is_shown() -> None:
    first = [
        sample(-0.5),
        sample(1.0, power_w=500.0, sm_mhz=1980.0, temperature_c=60.0),
        sample(2.0, power_w=None, sm_mhz=1900.0, temperature_c=61.0),
        sample(4.5),
    ]
    second = [
        sample(-0.5),
        sample(1.01, power_w=300.0, sm_mhz=1500.0, temperature_c=70.0),
        sample(2.01, power_w=300.0, sm_mhz=1600.0, temperature_c=50.0),
        sample(4.51),
    ]
    known = {
        name: (unit, points)
        for name, unit, points in gpu_series(run_with(gpu(0, samples=first), gpu(1, samples=second)))
    }
    assert known == {
        "gpu_power": ("W", ([1.0], [800.0])),
        "gpu_clock": ("MHz", ([1.0, 2.0], [1500.0, 1600.0])),
        "gpu_temperature": ("°C", ([1.0, 2.0], [70.0, 61.0])),
    }


def test_a_gpu_is_slowed_from_the_first_such_sample_to_the_last_in_a_row() -> None:
    bits = [0x40, 0x4, 0x8, 0x80, None, 0x20]
    samples = [sample(second / 2, reasons=each) for second, each in enumerate(bits)]
    run = run_with(gpu(0, samples=samples))
    assert list(gpu_events(run)) == [
        Happening("throttled", 0.0, 0.0),
        Happening("throttled", 1.0, 1.5),
        Happening("throttled", 2.5, 2.5),
    ]


def test_without_telemetry_there_is_nothing() -> None:
    assert list(gpu_series(run_of())) == [] and list(gpu_events(run_of())) == []
    assert list(gpu_series(run_with(gpu(0)))) == []
