"""SIGKILL at any moment loses no finished test, and --resume goes on where it was; another server does not
take its place.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from benchmarks.bench_kill import run_round
from tests.integration.conftest import Done, Suite
from tests.integration.fault_matrix.servers import sim_server


@pytest.mark.parametrize("words", [0, 1, 3])
def test_a_killed_run_continues(tmp_path: Path, words: int) -> None:
    """Up to half a second after so many words, whatever that takes here.

    `python benchmarks/bench_kill.py` does it fifty times.
    """
    found = run_round(tmp_path, random.Random(words).random() / 2, words=words)
    assert found.begun
    assert found.finished >= words


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


DECODE = (
    "tests/ali/test_decode.py",
    "tests/ali/test_decode_curve.py",
    "--vocab-size=1000",
    "--batch-sizes=2",
)


def without_its_curve(done: Done) -> Path:
    """The folder of a run that was killed before its last test."""
    assert done.status == 0, done.output
    assert done.folder is not None
    data = done.run
    data["tests"] = [entry for entry in data["tests"] if entry["method"] == "ali-decode"]
    data["state"] = "running"
    (done.folder / "run.json").write_text(json.dumps(data))
    return done.folder


def test_a_server_that_was_started_anew_with_another_log(suite: Suite, tmp_path: Path) -> None:
    """Accepted, and reported. The curve is made from the log that the kept test's lines are in; where that is
    gone it says so first.
    """
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    logs = tmp_path / "a" / "server.log", tmp_path / "b" / "server.log"
    with sim_server(tmp_path / "a") as url:
        port = url.rpartition(":")[2]
        folder = without_its_curve(suite(*DECODE, f"--base-url={url}", f"--deploy-log={logs[0]}"))
    with sim_server(tmp_path / "b", "demo", "--port", port):
        again = (*DECODE, f"--base-url={url}", f"--deploy-log={logs[1]}", f"--resume={folder}")
        before = logs[0].read_bytes()
        logs[0].write_bytes(b"another server's\n")
        gone = suite(*again)
        assert gone.status == 4, gone.output
        assert (
            f"of the deploy log {logs[0]}, which the kept decode tests wrote, and it has 17 bytes."
            in gone.output
        )
        logs[0].write_bytes(before)
        done = suite(*again)
    assert done.status == 0, done.output
    note = f"the same server, started anew, its deploy log is {logs[1]} and was {logs[0]}: "
    assert f"{note}1 finished test was kept." in done.output
    (curve,) = [entry for entry in done.run["tests"] if entry["method"] == "ali-decode-curve"]
    assert curve["word"] == "PASSED"
    assert 2 in {row["running"] for row in curve["curve"]}
