"""--plan: nothing is sent, tests of other repositories are followed, and a probe's time is the run's."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slabench.places import CLONE

OWN = """
import pytest
from slabench.methods import Form
from slabench.session.run_load import from_options
from slabench.verdict.sla import slo

@pytest.fixture
def form(options):
    return from_options(Form("serving", 200, 50, num_prompts=8), options)

@pytest.mark.parametrize("times", [1, 2])
def test_long(run_load, judge, form, times):
    run = run_load(form.replaced(num_prompts=times * form.num_prompts), point={"times": times})
    judge(run, slo("ttft", "mean", "<=", 900))

def test_reads_a_result(run_load, judge, form):
    run = run_load(form, point={})
    if run.run.requests[0].ok:
        judge(run)

@pytest.mark.skip(reason="not today")
def test_skipped(run_load, judge, form):
    raise AssertionError("a skipped test has no body")

def test_without_server():
    raise AssertionError("it is no live test, and nothing is run")
"""


def slabench(folder: Path, *words: str) -> tuple[int, str]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLABENCH"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "slabench", *words], cwd=folder, capture_output=True, text=True, timeout=120,
        env=environment | {"PYTHONPATH": str(CLONE)},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_sent_and_nothing_is_left(tmp_path: Path) -> None:
    """At an address where nothing listens, and without a run folder."""
    file = tmp_path / "plan.json"
    words = ("plan", "tencent", "--plan=r1-fp8-tp8", "--base-url=http://127.0.0.1:9", "--num-prompts=128")
    status, output = slabench(tmp_path, *words, f"--plan-json={file}", "-p", "no:benchmark")
    assert status == 0, output
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    plan: dict[str, Any] = json.loads(file.read_text())
    (test,) = plan["tests"]
    assert (test["id"], test["requests"]) == ("tests/tencent/test_sla.py::test_sla[np128]", [128, 128])
    # docs/sim.md: 23.00 requests a minute by this profile, so 128 take 333.9 s
    assert test["load_seconds"] == pytest.approx(128 / 23.00 * 60, rel=0.002)
    assert "5 min 34 s" in output and "tpot.mean<=50" in output


def test_tests_of_other_repositories(tmp_path: Path) -> None:
    own = tmp_path / "bench" / "test_own.py"
    own.parent.mkdir()
    own.write_text(OWN)
    file = tmp_path / "plan.json"
    status, output = slabench(
        tmp_path, "plan", "bench", "--base-url=sim:", "--num-prompts=4", f"--plan-json={file}"
    )
    assert status == 0, output
    tests = {test["id"].partition("::")[2]: test for test in json.loads(file.read_text())["tests"]}
    assert [tests[f"test_long[{n}]"]["requests"] for n in (1, 2)] == [[4, 4], [8, 8]]
    assert tests["test_long[2]"]["asserts"] == ["ttft.mean<=900"]
    assert "reads run.run, which only a run has" in tests["test_reads_a_result"]["asserts"][0]
    assert "is skipped (not today)" in tests["test_skipped"]["asserts"][0]
    assert not tests["test_skipped"]["requests"][0] and "test_without_server" not in tests


def cpu_s() -> float:
    """Of ended children, whatever else this machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_gate_without_a_log_says_so_at_once(tmp_path: Path) -> None:
    words = ("ali", "--base-url=http://127.0.0.1:9", "--baseline-url=http://127.0.0.1:10", "--gate=full")
    missing = "add --deploy-log=FILE and --baseline-deploy-log=FILE"
    for command in ("plan", "run"):
        began = cpu_s()
        status, output = slabench(tmp_path, command, *words)
        assert status == 4 and missing in output, output
        assert cpu_s() - began < 5


def test_a_probes_time_is_that_of_the_run(tmp_path: Path) -> None:
    """The embedded server in real time; what comes beside the loads is this machine's."""
    words = (
        "serving", "--base-url=sim:demo", "--num-prompts=24", "--max-concurrency=8", "--random-input-len=512",
        "--random-output-len=128", "--progress=off",
    )  # fmt: skip
    file = tmp_path / "plan.json"
    status, output = slabench(tmp_path, "run", *words, "--plan=probe", f"--plan-json={file}")
    assert status == 0, output
    # one that warms up; 512 and 64 tokens at batch sizes 1, 2 and 8
    assert "a probe of 7 loads" in output
    (test,) = json.loads(file.read_text())["tests"]
    slabench(tmp_path, "run", *words)
    (took,) = json.loads((tmp_path / "reports" / "latest" / "run.json").read_text())["tests"]
    assert test["load_seconds"] == pytest.approx(took["duration_s"], rel=0.25)
