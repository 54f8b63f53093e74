"""A DCGM exporter's text, and an exporter that answers it."""

from __future__ import annotations

import pytest

from slabench.server.gpu.dcgm import Dcgm, read_text
from slabench.server.gpu.reading import SourceError
from tests.unit.gpu_factories import exporter, exporter_text

WHOLE = {
    "DCGM_FI_DEV_SM_CLOCK": 1980,
    "DCGM_FI_DEV_GPU_TEMP": 61,
    "DCGM_FI_DEV_POWER_USAGE": "655.250000",
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": 15152422938,
    "DCGM_FI_DEV_FB_USED": 120000,
}


@pytest.mark.parametrize("tail", ["", "/", "/metrics"])
def test_a_scrape(tail: str) -> None:
    reasons = {"DCGM_FI_DEV_CLOCKS_EVENT_REASONS": 4}
    with exporter(exporter_text([WHOLE | reasons, {"DCGM_FI_DEV_SM_CLOCK": 345}])) as url:
        source = Dcgm(url + tail)
        readings = source.read(whole=False)
    assert [(gpu.index, gpu.uuid, gpu.name) for gpu in source.gpus] == [
        (0, "GPU-0", "NVIDIA H200"),
        (1, "GPU-1", "NVIDIA H200"),
    ]
    first, second = readings[0], readings[1]
    assert first.energy is not None and first.energy[1] == 15152422938
    assert first.sample is not None and first.processes is None
    assert (first.sample.power_w, first.sample.sm_mhz, first.sample.temperature_c) == (655.25, 1980, 61)
    assert (first.sample.reasons, first.sample.memory_mib) == (4, 120000)
    assert second.energy is None and second.sample is not None and second.sample.power_w is None


def test_the_older_name_of_the_reasons() -> None:
    _, values = read_text(exporter_text([{"DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": 64}]))
    assert values == {0: {"DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": 64.0}}


@pytest.mark.parametrize(
    "blank", ["9223372036854775794", "9223372036854775792", "140737488355328.000000", "NaN"]
)
def test_no_data_is_absent(blank: str) -> None:
    gpus, values = read_text(exporter_text([dict.fromkeys(WHOLE, blank)]))
    assert list(gpus) == [0] and values.get(0, {}) == {}
    assert read_text(exporter_text([{"DCGM_FI_DEV_SM_CLOCK": 2147483632}]))[1] == {}


def test_a_gpu_in_instances_is_one_gpu() -> None:
    text = exporter_text(
        [
            {"gpu": 0, "labels": ',GPU_I_PROFILE="2g.20gb",GPU_I_ID="3"', **WHOLE},
            {"gpu": 0, "labels": ',GPU_I_PROFILE="2g.20gb",GPU_I_ID="5"', **WHOLE},
            {"gpu": 1, **WHOLE},
        ]
    )
    gpus, values = read_text(text)
    assert [(gpu.index, gpu.mig) for gpu in gpus.values()] == [(0, True), (1, False)]
    assert values[0]["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"] == 15152422938


def test_what_is_no_exporter_is_refused() -> None:
    with (
        exporter("sglang:num_requests_total 3\n") as url,
        pytest.raises(SourceError, match="has no metrics of"),
    ):
        Dcgm(url)
    with exporter("", status=503) as url, pytest.raises(SourceError, match="HTTP 503"):
        Dcgm(url)
    with exporter("") as url:
        pass
    with pytest.raises(SourceError, match="cannot be read"):
        Dcgm(url)
