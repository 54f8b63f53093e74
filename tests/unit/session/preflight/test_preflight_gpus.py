"""The exporter of --gpu-telemetry=URL, asked once before any load."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.session.preflight import Stage, Status, registered
from tests.unit.gpu_factories import exporter, exporter_text
from tests.unit.session.preflight.builders import answered, results

ENERGY = {"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": 5_000, "DCGM_FI_DEV_SM_CLOCK": 1980}
REASONS = {"DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": 0}


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        (ENERGY | REASONS, Status.OK, "energy, clocks and their reasons of 2 GPUs"),
        (ENERGY, Status.WARN, "has 2 GPUs, and no DCGM_FI_DEV_CLOCKS_EVENT_REASONS"),
        (REASONS, Status.WARN, "no DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION, DCGM_FI_DEV_SM_CLOCK"),
        ({}, Status.STOP, "has no metrics of a DCGM exporter"),
    ],
)
def test_what_the_exporter_has(fields: dict[str, Any], status: Status, text: str) -> None:
    with exporter(exporter_text([fields, fields])) as url:
        (result,) = results("gpu_telemetry", answered(options={"gpu_telemetry": url}))
    assert result.status is status and text in result.sentence


@pytest.mark.parametrize("how", ["auto", "off"])
def test_nothing_is_asked_without_a_url(how: str) -> None:
    assert results("gpu_telemetry", answered(options={"gpu_telemetry": how})) == []


def test_a_run_that_asks_for_it_makes_the_check_itself() -> None:
    assert "gpu_telemetry" in [check.name for check in registered(Stage.SERVER)]
