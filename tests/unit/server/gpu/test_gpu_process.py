"""The sampler's process with the double of nvidia-ml-py in its path."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from slabench.server.gpu import process
from slabench.server.gpu.process import SamplerProcess
from slabench.server.gpu.reading import SourceError
from tests.unit.gpu_factories import WITH_DOUBLE


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(process, "COMMAND", WITH_DOUBLE)
    return monkeypatch


def test_readings_enclose_a_load_and_the_process_rests_between_two(double: pytest.MonkeyPatch) -> None:
    double.setenv("FAKE_GPUS", json.dumps([{"watts": 500}, {"watts": 50, "pids": [11]}]))
    sampler = SamplerProcess("nvml")
    try:
        for _ in range(2):
            sampler.begin()
            began = time.perf_counter_ns()
            time.sleep(0.35)
            ended = time.perf_counter_ns()
            course = sampler.end()
            assert (course.failed, course.why) == (0, "")
            first, second = course.gpus
            moments = [at for at, _ in first.energy]
            assert moments[0] < began and moments[-1] > ended + 250_000_000
            assert 5 <= len(moments) <= 9 and moments == sorted(moments)
            seconds = (moments[-1] - moments[0]) / 1e9
            assert (first.energy[-1][1] - first.energy[0][1]) / 1000 == pytest.approx(500 * seconds, rel=0.05)
            assert (first.processes, second.processes) == ((), (11,))
            assert first.samples[0].sm_mhz == 1980 and len(first.samples) >= 4
            time.sleep(0.15)
    finally:
        sampler.close()
    sampler.close()


def test_a_reading_that_fails_is_counted(double: pytest.MonkeyPatch) -> None:
    fails = {"nvmlDeviceGetTotalEnergyConsumption": "NVMLError_GpuIsLost"}
    double.setenv("FAKE_GPUS", json.dumps([{"fails": fails}]))
    sampler = SamplerProcess("nvml")
    try:
        sampler.begin()
        course = sampler.end()
    finally:
        sampler.close()
    assert course.failed >= 4 and "GPU 0 cannot be read" in course.why and course.gpus[0].energy == ()


def test_without_a_gpu_it_says_why(double: pytest.MonkeyPatch) -> None:
    double.setenv("FAKE_GPUS", "[]")
    with pytest.raises(SourceError, match="Driver Not Loaded"):
        SamplerProcess("nvml")


def test_one_that_was_killed_has_ended(double: pytest.MonkeyPatch) -> None:
    sampler = SamplerProcess("nvml")
    try:
        sampler.begin()
        os.kill(sampler.pid, signal.SIGKILL)
        with pytest.raises(SourceError, match="has ended"):
            sampler.end()
    finally:
        sampler.close()
