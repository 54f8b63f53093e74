"""SIGKILL at any moment loses no finished test, and --resume goes on where it was; another server does not take its place."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from benchmarks.bench_kill import run_round
from tests.integration.conftest import Suite


@pytest.mark.parametrize("earliest", [1.0, 2.0, 3.5])
def test_a_killed_run_continues(tmp_path: Path, earliest: float) -> None:
    """`python benchmarks/bench_kill.py` does it fifty times."""
    run_round(tmp_path, earliest + random.Random(earliest).random())


def test_another_server_cannot_continue_a_run(suite: Suite) -> None:
    """Same command, same URL; what answers there has another model now."""
    first = suite("tests/tencent", "--base-url=sim:")
    assert first.status == 0, first.output
    assert first.folder is not None
    document = first.folder / "run.json"
    data = first.run
    data["server"]["fingerprint"]["model"]["name"] = "another-model"
    data["tests"], data["state"] = [], "running"
    document.write_text(json.dumps(data))
    other = suite("tests/tencent", "--base-url=sim:", f"--resume={first.folder}")
    assert other.status == 4, other.output
    assert "another server answers" in other.output
    assert "model.name: 'demo', 'another-model' in the run" in other.output
