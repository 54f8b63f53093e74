"""The scripts of examples/ are run as they stand, against embedded servers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slabench.server.launch import launch
from slabench.workloads.cache import DatasetStore
from tests.integration.conftest import REPO, TINY, TOKENIZER, environment, tokenizer

EXAMPLES = REPO / "examples"
SIM = f"{sys.executable} -m slabench.sim --tokenizer {TOKENIZER}"
DATASET = str(REPO / "fixtures" / "data" / "sharegpt_small.json")
BUSY = "--allow=client,one_read,log_agrees,curve_agrees,first_run,server_agrees"  # no part of an example
SMALL = (
    *TINY,
    "--batch-sizes=2",
    "--prefill-lens=64",
    BUSY,
)
KEY = "key-of-the-example"


class Examples:
    """A folder in which the scripts run, with a command `slabench` on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        DatasetStore(folder / "cache").vocabulary(TOKENIZER, tokenizer)  # else every run would read it
        shim = folder / "bin" / "slabench"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m slabench "$@"\n')
        shim.chmod(0o755)
        paths = os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])
        self.environment = {
            "PATH": f"{shim.parent}:{os.environ['PATH']}",
            "PYTHONPATH": paths,
            "SLABENCH_CACHE": str(folder / "cache"),
            "MODEL": TOKENIZER,
            "DATASET": DATASET,
        }

    def start(self, script: str, *options: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", str(EXAMPLES / script), *SMALL, *options],
            cwd=self.folder,
            env=environment(**self.environment, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, script: str, *options: str, **variables: str) -> tuple[int, str]:
        with self.start(script, *options, **variables) as process:
            output, _ = process.communicate(timeout=200)
        return process.returncode, output

    def run(self, reports: str = "reports") -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / reports / "latest" / "run.json").read_text())
        return document

    def words(self, reports: str = "reports") -> dict[str, str]:
        return {entry["id"].partition("::")[2]: entry["word"] for entry in self.run(reports)["tests"]}


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    return Examples(tmp_path)


@contextlib.contextmanager
def sim(folder: Path, *options: str) -> Iterator[str]:
    command, headers = " ".join([SIM, *options, "--port {port}"]), {"Authorization": f"Bearer {KEY}"}
    with launch(command, str(folder / "sim.out"), ready_timeout=60.0, headers=headers) as made:
        yield made.url


def test_one_gpu_box(examples: Examples) -> None:
    status, output = examples("one-gpu-box.sh", SERVER=f"{SIM} --log - --port {{port}}")
    assert status == 0, output
    assert set(examples.words()) == {
        "test_sla[np6]",
        "test_decode_tpot[bs2]",
        "test_decode_curve",
        "test_prefill_throughput[in64]",
    }
    accepted = examples.folder / "accepted.json"
    assert len(json.loads(accepted.read_text())["tests"]) == 4
    before = accepted.read_bytes()
    status, output = examples(
        "one-gpu-box.sh", "-k", "sla", "--slo=tpot.mean<=0.1", SERVER=f"{SIM} --log - --port {{port}}"
    )
    assert (status, examples.words()) == (1, {"test_sla[np6]": "FAILED"}), output
    assert accepted.read_bytes() == before, "what failed is not accepted"


def test_behind_a_gateway(examples: Examples, tmp_path: Path) -> None:
    """A key that the server asks for; neither it nor the header's value is in an output."""
    status, output = examples("behind-a-gateway.sh")
    assert status not in (0, 6) and "put the key into SLABENCH_API_KEY" in output
    with sim(tmp_path, f"--api-key={KEY}") as url:
        asked = {"GATEWAY": url, "TENANT": "tenant-of-the-example", "SLABENCH_API_KEY": KEY}
        status, output = examples("behind-a-gateway.sh", "-k", "bs2", **asked)
        assert (status, examples.words()) == (0, {"test_decode_tpot[bs2]": "PASSED"}), output
        for text in (output, json.dumps(examples.run())):
            assert KEY not in text and "tenant-of-the-example" not in text
        status, output = examples("behind-a-gateway.sh", "-k", "bs2", **asked | {"SLABENCH_API_KEY": "wrong"})
        assert status == 6 and "401" in output, output


def test_pd_disaggregation(examples: Examples, tmp_path: Path) -> None:
    """An embedded server that reports itself as mini_lb does, of one prefill and two decode servers."""
    logs = [tmp_path / f"{name}.log" for name in ("prefill-0", "prefill-1", "decode-0", "decode-1")]
    for log in logs:
        log.touch()
    with sim(tmp_path, "--profile", "demo?fault=mini_lb", "--log", str(logs[2])) as url:
        status, output = examples(
            "pd-disaggregation.sh", "-k", "decode", f"{BUSY},flush", ROUTER=url, LOGS=str(tmp_path)
        )
    assert status == 0, output
    assert examples.words() == {"test_decode_tpot[bs2]": "PASSED", "test_decode_curve": "PASSED"}


def test_slurm(examples: Examples) -> None:
    """TERM, as Slurm sends it before the time is over, ends the run with what was measured; the job that is
    queued again goes on.
    """
    server, job = f"{SIM} --log - --port {{port}}", {"SLURM_JOB_ID": "7"}
    few = ("-k", "decode_tpot", "--batch-sizes=1,2", "--decode-output-len=500")
    with examples.start("slurm.sbatch", *few, SERVER=server, **job) as process:
        latest, deadline = examples.folder / "reports" / "7" / "latest" / "run.json", time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if latest.exists() and json.loads(latest.read_text())["tests"]:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert examples.words("reports/7")["test_decode_tpot[bs1]"] == "PASSED"
    again = job | {"SLURM_RESTART_COUNT": "1"}
    status, output = examples("slurm.sbatch", *few, SERVER=server, **again)
    assert status == 0, output
    assert examples.words("reports/7") == {
        "test_decode_tpot[bs1]": "PASSED",
        "test_decode_tpot[bs2]": "PASSED",
    }
    assert (
        len(list((examples.folder / "reports" / "7").glob("*/run.json"))) == 2
    )  # the run's, and latest's link
