"""The real sglang 0.5.7 on this machine's CPU, for tests marked sglang; `make test-sglang` installs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from slabench.server.launch import Launched

REPO = Path(__file__).resolve().parents[2]
TOOLS = REPO / "tools" / "sglang_cpu"
VENV = REPO / ".venv-sglang"


@dataclass(frozen=True, slots=True)
class RealServer:
    """A running one; log is its deploy log, model its folder."""

    url: str
    log: Path
    model: Path
    launched: Launched


@pytest.fixture(scope="session")
def sglang_cpu_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sglang") / "tiny"
    subprocess.run([sys.executable, str(TOOLS / "make_model.py"), str(folder)], check=True)
    return folder


def start(
    model: Path, log: Path, *more: str, variable: str = "", ready_s: float = 240.0
) -> Iterator[RealServer]:
    """One server, ended by its pid with everything below it; more: launch_server options over those of
    start.sh.

    variable: NAME=VALUE of its environment. ready_s: for a machine that is busy.
    """
    from slabench.server.launch import launch

    if not (VENV / ".stamp").is_file():
        pytest.fail(
            f"There is no sglang in {VENV.name}; run make test-sglang, which installs it.", pytrace=False
        )
    command = " ".join(
        (
            f"env {variable} bash {TOOLS / 'start.sh'} {VENV} {model} {{port}} --port {{port}} "
            f"--enable-metrics",
            *more,
        )
    )
    with launch(command, str(log), ready_timeout=ready_s) as launched:
        yield RealServer(launched.url, log, model, launched)


@pytest.fixture(scope="session")
def sglang_cpu_server(
    sglang_cpu_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """Started once a session."""
    yield from start(sglang_cpu_model, tmp_path_factory.mktemp("log") / "server.log")


@pytest.fixture(scope="session")
def small_sglang_cpu_server(
    sglang_cpu_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """1,000 tokens of KV cache, and a scheduler that counts 16 tokens for an answer. For faults; the last
    test may kill it.
    """
    log, variable = tmp_path_factory.mktemp("log") / "small.log", "SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION=16"
    yield from start(sglang_cpu_model, log, "--max-total-tokens", "1000", variable=variable)
