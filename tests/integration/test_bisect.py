"""A bisection of embedded servers that is killed after its first probe: the same command continues it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.conftest import REPO, Suite, environment

VERSIONS = ("5", "5.01", "10")  # ms a step
LOAD = (
    *("--batch-sizes=1", "--decode-input-len=16", "--decode-output-len=48", "--repeats=3", "--tolerance=30"),
    "--allow=client,one_read,log_agrees,first_run",
)


def test_a_bisection_that_was_killed_goes_on(suite: Suite, tmp_path: Path) -> None:
    """Nothing of the killed one is left running: the fixture looks for its processes."""
    state = tmp_path / "state.json"
    server = shlex.join(
        [sys.executable, "-m", "slabench", "sim", "--profile", "demo?decode_base_ms={version}"]
    )
    command = [
        *(sys.executable, "-m", "slabench", "bisect", "tests/ali/test_decode.py", *LOAD),
        *(f"--versions={','.join(VERSIONS)}", f"--launch={server} --port {{port}}", f"--state={state}"),
        f"--report-dir={tmp_path / 'reports'}",
    ]
    how = {"cwd": REPO, "env": environment(**suite.environment), "text": True}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True, **how) as first:  # type: ignore[call-overload]
        deadline = time.monotonic() + 120
        while not (state.exists() and json.loads(state.read_text())["probes"]):
            assert first.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
    probes = json.loads(state.read_text())["probes"]
    assert [(probe["version"], probe["standing"]) for probe in probes] == [("10", "SLOWER")]
    done = subprocess.run(command, capture_output=True, timeout=240, check=False, **how)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Continuing {state}, with 1 probe that it holds." in done.stdout
    assert "10 is the first that is surely slower; 5.01 is not (" in done.stdout
    stored = json.loads(state.read_text())
    assert stored["probes"][:1] == probes
    assert stored["found"] == {"not_slower": "5.01", "slower": "10", "unresolved": []}
    assert "SIMULATED" in stored["probes"][0]["labels"]
    assert stored["launches"] >= 4  # the oldest twice, and each of the others
    assert all(Path(probe["run"], "run.json").is_file() for probe in stored["probes"])
