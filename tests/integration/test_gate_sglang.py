"""The gate between two really different sglang 0.5.7 servers on CPU: one cuts its prompts into chunks of 32
tokens.

A prompt of 512 tokens then takes sixteen forwards instead of one, and its prefill is several times slower. A
decode step is the same on both, and 16 tokens of prompt are one chunk on both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slabench.server.launch import launch
from tests.integration.real_sglang import REPO, TOOLS, VENV, RealServer

pytestmark = pytest.mark.sglang

# --allow: the machine may be too busy for a measurement; 40 % is far from both a machine's noise and the
# difference.
OPTIONS = (
    "--prefill-lens=512 --prefill-prompts=32 --decode-input-len=16 --decode-output-len=256 --batch-sizes=2 "
    "--progress=off "
    "--answers=off --repeats=5 --tolerance=40 --slo=tpot.mean<=1000 --calibrate=off "
    "--allow=client,one_read,log_agrees,first_run"
).split()


@pytest.fixture(scope="module")
def chunked_server(sglang_cpu_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    log = tmp_path_factory.mktemp("chunked") / "server.log"
    start = f"bash {TOOLS / 'start.sh'} {VENV} {sglang_cpu_model}"
    command = f"{start} {{port}} --port {{port}} --chunked-prefill-size 32"
    with launch(command, str(log), ready_timeout=300.0) as launched:
        yield RealServer(launched.url, log, sglang_cpu_model, launched)


def gate(
    new: RealServer, old: RealServer, folder: Path, *options: str
) -> tuple[int, dict[str, dict[str, Any]], str]:
    """(exit status, tests by name, output)"""
    words = [sys.executable, "-m", "pytest", "tests/ali/test_prefill.py", "tests/ali/test_decode.py"]
    words += [
        f"--base-url={new.url}",
        f"--baseline-url={old.url}",
        f"--deploy-log={new.log}",
        f"--baseline-deploy-log={old.log}",
    ]
    given = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        [*words, f"--report-dir={folder}", *OPTIONS, *options],
        cwd=REPO,
        capture_output=True,
        text=True,
        env=given,
        timeout=300,
        check=False,
    )
    run = json.loads((folder / "latest" / "run.json").read_text())
    return (
        done.returncode,
        {entry["id"].rpartition("::")[2]: entry for entry in run["tests"]},
        done.stdout + done.stderr,
    )


def test_the_slower_prefill_fails_and_is_named(
    chunked_server: RealServer, sglang_cpu_server: RealServer, tmp_path: Path
) -> None:
    status, tests, output = gate(
        chunked_server, sglang_cpu_server, tmp_path, "--allow-diff=server.chunked_prefill_size"
    )
    assert status == 1, output
    prefill = tests["test_prefill_throughput[in512-quick]"]
    assert prefill["word"] == "FAILED", output
    assert "worse by more than 40 % of baseline" in prefill["headline"]
    (figure,) = prefill["comparison"]["figures"]
    assert figure["high"] < 0.6
    assert "server.chunked_prefill_size: 32, " in prefill["comparison"]["allowed_differences"][0]
    assert tests["test_decode_tpot[bs2-quick]"]["word"] != "FAILED", output


def test_an_argument_that_was_not_allowed_is_not_compared(
    chunked_server: RealServer, sglang_cpu_server: RealServer, tmp_path: Path
) -> None:
    status, tests, output = gate(chunked_server, sglang_cpu_server, tmp_path, "--repeats=1", "-k", "in512")
    assert status == 6, output
    headline = tests["test_prefill_throughput[in512-quick]"]["headline"]
    assert "NOT_COMPARABLE: server.chunked_prefill_size: 32, " in headline
    assert "--allow-diff=server.chunked_prefill_size compares anyway" in headline


def test_a_faster_prefill_is_never_red(
    chunked_server: RealServer, sglang_cpu_server: RealServer, tmp_path: Path
) -> None:
    options = ("--allow-diff=server.chunked_prefill_size", "-k", "in512")
    status, tests, output = gate(sglang_cpu_server, chunked_server, tmp_path, *options)
    assert status == 0, output
    assert tests["test_prefill_throughput[in512-quick]"]["word"] == "PASSED"
