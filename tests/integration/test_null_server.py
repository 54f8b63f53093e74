"""The null server as a process: our own client's counts, its truth, keep-alive, and the suite against it."""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from slabench.calibration.compare import read_trace
from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.server.launch import launch
from slabench.workloads.model import Prompt


def start(tmp_path: Path, query: str) -> Iterator[str]:
    command = [sys.executable, "-m", "slabench.sim", "--profile", f"null?{query}", "--port", "{port}"]
    with launch(command, str(tmp_path / "server.log"), ready_timeout=30) as server:
        yield server.url


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    yield from start(tmp_path, "ttft_ms=50&itl_ms=5")


@pytest.fixture
def pieces_url(tmp_path: Path) -> Iterator[str]:
    yield from start(tmp_path, "ttft_ms=50&itl_ms=5&delta=1")


def load(url: str, count: int, tokens: int, *, cap: int | None = None, connections: str = "keep-alive"):  # type: ignore[no-untyped-def]
    from array import array

    prompts = [Prompt(None, array("i", range(1, 20)), 19, tokens) for _ in range(count)]
    plan = Plan.at_once(count) if cap is None else Plan.closed_loop(count, cap)
    return run_load(Target(url), prepare_requests(prompts), plan, ClientOptions(connections=connections))


def truth(url: str):  # type: ignore[no-untyped-def]
    with urllib.request.urlopen(f"{url}/truth", timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize("connections", ["keep-alive", "per-request"])
def test_every_token_comes_and_the_truth_reports_it(url: str, connections: str) -> None:
    result = load(url, 12, 30, cap=4, connections=connections)
    assert all(record.ok for record in result.requests)
    assert [list(record.arrival_tokens) for record in result.requests] == [list(range(1, 31))] * 12
    document = truth(url)
    rows = {row["id"]: row for row in document["requests"]}
    assert len(rows) == 12 and document["chunks"] == 360 and document["running"] == 0
    for record in result.requests:
        row = rows[record.request_id or ""]
        assert (
            row["n_tokens"] == 30 and row["done"] == 1 and row["prompt_tokens"] == record.prompt_tokens == 19
        )
        assert row["t_first_write"] - row["t_start"] >= 50_000_000  # never before it is due
        assert row["t_last_write"] - row["t_start"] >= 50_000_000 + 29 * 5_000_000
        assert record.sent_ns is not None and row["t_rx"] <= row["t_accept"]
        # One clock for both: no token is read before it is due, and it leaves no earlier.
        due = [row["t_start"] + 50_000_000 + k * 5_000_000 for k in range(30)]
        assert all(seen >= wanted for seen, wanted in zip(record.arrival_ns, due, strict=True))


@pytest.mark.parametrize("backend", ["sglang", "sglang-oai", "sglang-oai-chat"])
def test_every_endpoint_s_tokens_have_the_times_at_which_they_were_written(url: str, backend: str) -> None:
    prompts = [Prompt("hello there", None, 11, 100)] * 8
    requests = prepare_requests(prompts, backend=backend, model="m")
    result = run_load(Target(url), requests, Plan.at_once(len(requests)), ClientOptions())
    with urllib.request.urlopen(f"{url}/truth/trace", timeout=10) as answer:
        traces = read_trace(answer.read())
    rows = truth(url)["requests"]
    written = {row["id"]: row["t_accept"] + trace for row, trace in zip(rows, traces, strict=True)}
    late_ns = []
    for record in result.requests:
        assert record.ok and list(record.arrival_tokens) == list(range(1, 101))
        late_ns += list(record.arrival_ns - written[record.request_id or ""])
    # A write is stamped once it has returned: the kernel's time is a little earlier, on a busy machine a lot.
    assert abs(statistics.median(late_ns)) < 1_000_000


def test_pieces_count_the_same(pieces_url: str) -> None:
    result = load(pieces_url, 3, 12)
    assert [list(record.arrival_tokens) for record in result.requests] == [list(range(1, 13))] * 3


def test_reset_forgets_and_a_client_that_goes_is_aborted(url: str) -> None:
    import http.client
    from urllib.parse import urlsplit

    load(url, 2, 3)
    assert len(truth(url)["requests"]) == 2
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}/truth/reset", method="POST"), timeout=10
    ) as answer:
        assert answer.status == 200
    assert truth(url)["requests"] == []
    peer = http.client.HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port)
    peer.request(
        "POST",
        "/generate",
        json.dumps({"text": "a", "stream": True, "sampling_params": {"max_new_tokens": 4000}}),
    )
    peer.getresponse().read(300)
    peer.close()
    for _ in range(100):
        document = truth(url)
        if document["requests"][0]["aborted"]:
            break
        time.sleep(0.05)
    assert document["requests"][0]["aborted"] == 1 and document["running"] == 0


def test_several_share_a_port(tmp_path: Path) -> None:
    from benchmarks.clients.truth import Group

    with Group([0, 0], ttft_ms=50, itl_ms=5, log=tmp_path / "log") as group:
        result = load(group.url, 40, 4)
        assert all(record.ok for record in result.requests)
        counts = [len(server.documents()[0]["requests"]) for server in group.servers]
        # by the kernel's hash: all 40 at one has a chance of 2 ** -39
        assert sum(counts) == 40 and min(counts) > 0
        assert group.truth(40, 4).requests == 40
        group.reset()
        assert [server.documents()[0]["requests"] for server in group.servers] == [[], []]


def test_the_suite_runs_against_it_and_says_simulated(tmp_path: Path) -> None:
    import subprocess

    root = Path(__file__).resolve().parents[2]
    words = [
        sys.executable,
        "-m",
        "pytest",
        "tests/ali/test_decode.py",
        "tests/serving",
        "--base-url=sim:null?ttft_ms=50&itl_ms=10",
    ]
    words += ["--batch-sizes=2", "--decode-input-len=64", "--decode-output-len=100", "--random-input-len=32"]
    words += ["--random-output-len=100", "--num-prompts=4", f"--report-dir={tmp_path}", "--slo=tpot.mean<=20"]
    done = subprocess.run(
        [*words, "-p", "no:cacheprovider"], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    (found,) = (
        tmp_path.glob("*/run.json")
        if not (tmp_path / "latest").exists()
        else [tmp_path / "latest" / "run.json"]
    )
    document = json.loads(found.read_text())
    assert "SIMULATED" in found.read_text()
    tests = document["tests"]
    assert [entry["word"] for entry in tests] == ["PASSED"] * len(tests)
    for entry in tests:
        assert entry["metrics"]["tpot.mean"] == pytest.approx(10, rel=0.2)
