"""A plugin for the run under test: it has GPUs, by the double of nvidia-ml-py (FAKE_GPUS)."""

from __future__ import annotations

import pytest

from slabench.server.gpu import process
from slabench.session.gpu_telemetry import NVML, Telemetry
from tests.unit.gpu_factories import WITH_DOUBLE


def pytest_configure(config: pytest.Config) -> None:
    process.COMMAND = WITH_DOUBLE
    Telemetry._where = lambda self, deployment: NVML  # type: ignore[method-assign]
