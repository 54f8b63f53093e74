"""`slabench doctor` at the embedded server: ready where all is well; what is broken has its line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slabench.session.doctor import Doctor
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight import logs, probes
from slabench.session.settings import Settings
from tests.integration.conftest import REPO, TOKENIZER, Suite, environment
from tests.integration.fault_matrix.servers import generating, sim_server
from tests.unit.plugin.test_plugin_options import given
from tests.unit.session.preflight.builders import CURVE, point, tencent

TESTS = (point(2), CURVE, tencent())
Lines = dict[str, tuple[str, str]]  # by check: its first status, and its lines


@pytest.fixture(autouse=True)
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come is waited for half a second."""
    monkeypatch.setenv("SLABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(probes, "FLUSH_S", 0.5)
    monkeypatch.setattr(logs, "WAIT_S", 0.5)


def examined(folder: Path, *tests: PlannedTest, **options: Any) -> tuple[int, Lines]:
    said: list[str] = []
    settings = Settings.of(given(**{"tokenizer": TOKENIZER, **options}), {})
    status = Doctor(settings, tests or TESTS, folder, said.append).run()
    lines: Lines = {}
    name = ""
    for line in said:
        if line[0] != " ":
            word, name = line.split()[:2]
            lines.setdefault(name, (word, ""))
        lines[name] = lines[name][0], f"{lines[name][1]}{line}\n"
    return status, lines


def sim(folder: Path, profile: str = "demo", **options: Any) -> tuple[int, Lines]:
    return examined(folder, base_url=[f"sim:{profile}"], **options)


def test_a_healthy_server_is_ready(tmp_path: Path) -> None:
    status, lines = sim(tmp_path)
    assert status == 0, lines
    checks = {name: word for name, (word, _) in lines.items() if word in ("ok", "warn", "stop")}
    assert set(checks.values()) == {"ok"}, lines
    assert list(checks)[:4] == ["deploy_log", "open_files", "local_ports", "server"]
    assert {"batch_fits", "log", "metrics", "clock", "tokenizer", "stream", "flush"} <= set(checks)
    assert "Ready: no check stops this run. Warnings: 0." in str(lines)


def test_a_server_that_is_not_there_is_the_first_line(tmp_path: Path) -> None:
    status, lines = examined(tmp_path, base_url=["http://127.0.0.1:9"])
    assert status == 6
    assert list(lines)[:2] == ["server", "deploy_log"]
    assert lines["server"][0] == "stop" and "no server listens" in lines["server"][1]


BROKEN = [
    ("demo?fault=flush_refused", "flush", "The server reports no running request and refuses all the same"),
    ("demo?fault=flush_missing", "flush", "was answered with HTTP 404; it must be 200"),
    ("demo?fault=buffered&fault_skip=0", "stream", "answers are held back until they are complete"),
    ("demo?fault=portal", "server", "HTML page"),
    ("demo?max_running=1", "batch_fits", "Batch size 2 is above the server's limit of 1 running request"),
    ("demo?context_length=4699", "request_fits", "Prompt and answer together have 5632 tokens"),
]


@pytest.mark.parametrize(("profile", "check", "text"), BROKEN, ids=[f"{row[1]}-{row[0]}" for row in BROKEN])
def test_what_stops_a_run_has_its_line(tmp_path: Path, profile: str, check: str, text: str) -> None:
    status, lines = sim(tmp_path, profile, dataset_path=str(REPO / "fixtures/data/sharegpt_small.json"))
    assert status == 6
    word, shown = lines[check]
    assert word == "stop"
    assert text in shown


def test_a_server_that_answers_no_request(tmp_path: Path) -> None:
    status, lines = sim(tmp_path, "demo?fault=busy&fault_skip=0")
    assert status == 6
    assert {lines[check][0] for check in ("log", "tokenizer", "stream")} == {"stop"}
    assert "The request that the log should report failed" in lines["log"][1]
    assert "A short text was not answered" in lines["tokenizer"][1]
    assert "a request failed" in lines["stream"][1]
    assert lines["flush"][0] == "ok"


def test_texts_that_the_server_counts_otherwise(tmp_path: Path) -> None:
    """They stop a run of texts, and are a warning where prompts are ids."""
    profile, text = "demo?fault=truncated&fault_skip=0", "counts 4 of 4 texts otherwise"
    status, lines = sim(tmp_path, profile, dataset_path=str(REPO / "fixtures/data/sharegpt_small.json"))
    assert (status, lines["tokenizer"][0]) == (6, "stop") and text in lines["tokenizer"][1]
    status, lines = sim(tmp_path, profile)
    assert (status, lines["tokenizer"][0]) == (0, "warn") and text in lines["tokenizer"][1]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with sim_server(tmp_path) as found:
        yield found


def test_a_log_that_is_another_servers(tmp_path: Path, url: str) -> None:
    other = tmp_path / "other.log"
    other.write_text(
        "[2026-01-01 00:00:00] server_args=ServerArgs(model_path='org/v3', port=31000, tp_size=1)\n"
    )
    status, lines = examined(tmp_path, base_url=[url], deploy_log=(str(other),))
    assert (status, lines["log"][0]) == (6, "stop")
    assert "no batch line came into" in lines["log"][1]
    assert "(it begins with a server on port 31000 of model org/v3)" in lines["log"][1]
    both = (str(tmp_path / "server.log"), str(other))
    status, lines = examined(tmp_path, base_url=[url], deploy_log=both)
    assert (status, lines["log"][0]) == (0, "warn") and f"{other} got no batch line" in lines["log"][1]


def test_without_a_log_and_metrics_other_clients_are_not_noticed(tmp_path: Path, url: str) -> None:
    status, lines = examined(tmp_path, point(2), base_url=[url])
    assert status == 0, lines
    assert lines["metrics"][0] == lines["deploy_log"][0] == "warn"
    assert "Start it with --enable-metrics" in lines["metrics"][1]


def test_a_server_at_work_for_another_client(tmp_path: Path, url: str) -> None:
    with generating(url, 20000):
        status, lines = examined(tmp_path, point(2), base_url=[url])
    assert (status, lines["flush"][0], lines["idle"][0]) == (6, "stop", "warn")
    assert "The flush was not tried: 1 request run or wait at the server." in lines["flush"][1]


def test_no_server(tmp_path: Path) -> None:
    status, lines = examined(tmp_path, point(2), base_url=["http://127.0.0.1:9"])
    assert (status, lines["server"][0]) == (6, "stop")
    assert "connection refused" in lines["server"][1]


def test_the_command_takes_a_runs_options(suite: Suite) -> None:
    """As a user starts it: a test path, options, and no run folder."""

    def doctor(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "slabench", "doctor", *words]
        return subprocess.run(
            command, cwd=suite.folder, env=environment(PYTHONPATH=str(REPO), **suite.environment),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    ready = doctor("tests/tencent", "--base-url=sim:", "--num-prompts=4")
    assert (ready.returncode, ready.stderr) == (0, ""), ready
    assert "test_sla[np4] keeps 4 requests in flight" in ready.stdout and "batch_fits" not in ready.stdout
    assert not (suite.folder / "reports").exists()
    unnamed = doctor()
    assert unnamed.returncode == 4 and "give --base-url=URL" in unnamed.stderr
