"""Samples of the GPUs as evidence: those of the load alone, of the GPU that was throttled most."""

from __future__ import annotations

from dataclasses import replace

from slabench.gpu_records import GpuTelemetry
from slabench.session.gpu_evidence import gpu_evidence
from tests.unit.factories import run_of
from tests.unit.gpu_factories import gpu, sample


def test_the_worst_gpu_during_the_load() -> None:
    cool = gpu(0, samples=[sample(second, reasons=0x4) for second in range(10)])
    before_and_after = [sample(-1.0, reasons=0x40), sample(10.5, reasons=0x40)]
    hot = gpu(
        3,
        samples=[
            *before_and_after,
            sample(0.0, reasons=0x48),
            sample(1.0, reasons=0x4),
            sample(2.0, reasons=None),
            sample(3.0, reasons=0x80),
        ],
    )
    run = run_of()
    run = replace(
        run,
        client=replace(run.client, wall_s=10.0),
        gpus=GpuTelemetry("nvml", (cool, hot), "processes", {7: "python3", 8: ""}),
    )
    evidence = gpu_evidence(run)
    assert evidence is not None
    assert (evidence.count, evidence.worst, evidence.samples, evidence.throttled) == (2, 3, 3, 2)
    assert evidence.reasons == {
        "hw_slowdown": 1,
        "hw_thermal_slowdown": 1,
        "hw_power_brake_slowdown": 1,
        "sw_power_cap": 1,
    }
    assert evidence.others == ["7 python3", "8"]


def test_without_samples_or_telemetry() -> None:
    assert gpu_evidence(run_of()) is None
    evidence = gpu_evidence(replace(run_of(), gpus=GpuTelemetry("dcgm", (gpu(1),), "option")))
    assert evidence is not None and (evidence.samples, evidence.worst, evidence.others) == (0, 1, None)
