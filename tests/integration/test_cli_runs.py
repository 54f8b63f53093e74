"""Whole runs on the embedded server: every output, the gate, interruptions, and servers that do not keep
their word.
"""

from __future__ import annotations

import gzip
import http.server
import json
import os
import re
import signal
import sys
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from slabench.report.records_file import read_records
from tests.integration.conftest import Done, Suite

DECODE = ("tests/ali/test_decode.py", "tests/ali/test_decode_curve.py")
ALL = ("tests/tencent", "tests/ali", "tests/serving")


def test_all_outputs_of_a_run_say_the_same(suite: Suite) -> None:
    done = suite(*ALL, "--base-url=sim:")
    assert done.status == 0, done.output
    assert "warnings summary" not in done.output
    run = done.run
    folder = done.folder
    assert folder is not None
    assert run["state"] == "finished"
    assert (run["word"], run["exit_status"], run["not_run"]) == ("PASSED", 0, [])
    assert set(run["labels"]) >= {"SIMULATED", "REDUCED"}
    assert (folder.parent / "latest").resolve() == folder
    page, table = (folder / "report.html").read_text(), (folder / "summary.md").read_text()
    junit = ET.parse(folder / "junit.xml").getroot()
    cases = {f"{case.get('classname')}.{case.get('name')}": case for case in junit.iter("testcase")}
    assert len(cases) == len(run["tests"]) == 7
    for entry in run["tests"]:
        name = entry["id"].rpartition("::")[2]
        assert f"{entry['word']} {entry['id']}: {entry['headline']}" in done.output
        assert name in table
        assert entry["id"] in page
        assert "SIMULATED" in entry["reasons"]
        if entry["method"] != "ali-decode-curve":
            assert entry["workload"]["dataset_name"] == "random-ids"
    assert "SIMULATED" in done.output.split("slabench ====")[-1]
    assert "SIMULATED" in table
    assert '<span class="label">SIMULATED</span>' in page
    seed = json.loads((folder / "ali_decode.json").read_text())
    assert set(seed[0]) == {"1", "2"}
    assert {"median", "throughput_per_gpu", "throughput_per_user", "gen_througput_samples"} == set(
        seed[1]["2"]
    )
    assert set(json.loads((folder / "ali_prefill.json").read_text())[0]) == {"64", "128"}
    assert list(json.loads((folder / "tencent.json").read_text())[0])[:2] == ["tpot (ms)", "ttft (ms)"]
    records = list(read_records(folder / "requests.jsonl.gz"))
    assert len(records) == sum(entry["records"]["requests"] for entry in run["tests"] if "records" in entry)
    # the embedded server's own figures: 5 ms a step and 0.1 ms a request
    by_name = {entry["id"].rpartition("::")[2]: entry["metrics"] for entry in run["tests"]}
    # Never faster; slower where this machine is too busy to keep the schedule.
    assert 5.1 * 0.99 < by_name["test_decode_tpot[bs1]"]["tpot.mean"] < 5.1 * 1.6
    assert 5.2 * 0.99 < by_name["test_decode_tpot[bs2]"]["tpot.mean"] < 5.2 * 1.6


def test_decode_runs_before_prefill_whatever_the_order_of_the_paths(suite: Suite) -> None:
    done = suite(
        "tests/ali/test_prefill.py",
        "tests/ali/test_decode_curve.py",
        "tests/ali/test_decode.py",
        "--base-url=sim:",
    )
    assert done.status == 0, done.output
    methods = [entry["method"] for entry in done.run["tests"]]
    assert methods == ["ali-decode", "ali-decode", "ali-decode-curve", "ali-prefill", "ali-prefill"]


def test_the_gate(suite: Suite, tmp_path: Path) -> None:
    """Equal stays green, slower is red, another model is not comparable, and no entry is red only where one
    is required."""
    baseline = tmp_path / "baseline.json"
    # A prefill that takes long beside this machine's own hiccups: TTFT is one of the gated figures.
    work = ("tests/tencent", "--random-input-len=600", "--random-output-len=60", "--num-prompts=12")
    sim = "--base-url=sim:demo?prefill_tokens_per_s=10000"
    saved = suite(*work, sim, f"--save-baseline={baseline}")
    assert saved.status == 0, saved.output
    gate = (f"--baseline={baseline}", "--tolerance=30")
    equal = suite(*work, sim, *gate)
    assert equal.status == 0, equal.output
    assert equal.run["tests"][0]["comparison"]["state"] == "compared"
    slower = suite(*work, f"{sim}&decode_base_ms=12", *gate)
    assert slower.status == 1, slower.output
    entry = slower.run["tests"][0]
    assert entry["word"] == "FAILED"
    assert any(
        objective["kind"] == "baseline" and not objective["holds"] and objective["metric"] == "tpot.mean"
        for objective in entry["objectives"]
    )
    failure = ET.parse(slower.folder / "junit.xml").getroot().find(".//failure")  # type: ignore[operator]
    assert failure is not None
    assert failure.get("message", "").startswith("FAILED: ")
    other = suite(*work, f"{sim}&model_path=another/other-model", *gate)
    assert other.status == 6, other.output
    assert other.run["tests"][0]["word"] == "INVALID"
    assert "NOT_COMPARABLE" in other.run["tests"][0]["reasons"]
    assert any(
        "model.name: 'another/other-model'" in entry
        for entry in other.run["tests"][0]["comparison"]["differences"]
    )
    allowed = suite(*work, f"{sim}&model_path=another/other-model", *gate, "--allow-diff=model")
    assert allowed.status == 0, allowed.output
    none = suite("tests/serving", "--base-url=sim:", *gate)
    assert none.status == 6, none.output
    assert "NOTHING_JUDGED" in none.run["tests"][0]["reasons"]
    assert "NO_BASELINE" in none.run["tests"][0]["absent"]
    required = suite("tests/serving", "--base-url=sim:", *gate, "--require-baseline")
    assert required.status == 1, required.output


def test_an_objective_that_does_not_hold_is_1_and_an_undefined_one_is_6(suite: Suite) -> None:
    missed = suite("tests/tencent", "--base-url=sim:", "--slo=tpot.mean<=1")
    assert missed.status == 1, missed.output
    assert re.search(r"FAILED \S+: tpot mean [\d.]+ ms > 1 ms \(\+\d+ %, n=6\)", missed.output)
    assert "To bring TPOT from " in missed.output
    undefined = suite("tests/tencent", "--base-url=sim:", "--random-output-len=1")
    assert undefined.status == 6, undefined.output
    assert "tpot.mean is not defined" in undefined.output


def _interrupted(suite: Suite, number: int, whom: str = "group") -> Done:
    process = suite.start(
        "tests/tencent",
        "--base-url=sim:",
        "--num-prompts=400",
        "--random-output-len=200",
        "--max-concurrency=4",
    )
    records = suite.folder / "reports" / "latest" / "requests.jsonl.gz"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not records.exists():
        time.sleep(0.05)
    time.sleep(3.5)  # requests end every second or so, and a second later they are in the file
    if whom == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(process.pid, number)
    output, _ = process.communicate(timeout=60)
    return suite.done(process.returncode, output)


@pytest.mark.parametrize(
    ("number", "whom", "called"), [(signal.SIGINT, "group", "Ctrl-C"), (signal.SIGTERM, "process", "SIGTERM")]
)
def test_ctrl_c_and_sigterm_keep_everything(suite: Suite, number: int, whom: str, called: str) -> None:
    done = _interrupted(suite, number, whom)
    assert done.status == 2, done.output
    run = done.run
    assert (run["state"], run["exit_status"], run["word"]) == ("interrupted", 2, "INVALID")
    entry = run["tests"][0]
    assert (entry["word"], entry["reasons"]) == ("INVALID", ["interrupted", "REDUCED", "SIMULATED"])
    assert {"REDUCED", "SIMULATED"} == set(run["labels"])
    for text in (
        done.output,
        *((done.folder / name).read_text() for name in ("summary.md", "report.html", "junit.xml")),
    ):  # type: ignore[operator]
        assert "SIMULATED" in text
    assert "no tests ran" not in done.output
    assert run["interrupted_by"] == called
    assert f"interrupted by {called}. Tests that had ended, and are kept: 0 of 1;" in done.output
    assert re.search(rf"INVALID \S+: interrupted: {called} after \d+ of 400 requests", done.output)
    resume = re.search(r"To measure the rest: (.*)", done.output)
    assert resume is not None, done.output
    assert resume[1].endswith(f"--resume={done.folder}")
    assert re.search(rf"^!+ interrupted by {called} !+$", done.output, re.M)
    assert not re.search(r"KeyboardInterrupt|Interrupted:", done.output), "the name of an exception"
    assert entry["metrics"]["completed"] >= 4
    records = [record for _, record in read_records(done.folder / "requests.jsonl.gz")]  # type: ignore[operator]
    assert sum(record.ok for record in records) == entry["metrics"]["completed"]
    assert "INVALID" in (done.folder / "summary.md").read_text()  # type: ignore[operator]


def test_a_killed_run_leaves_a_document_that_is_not_green(suite: Suite) -> None:
    done = _interrupted(suite, signal.SIGKILL)
    killed_ns = time.perf_counter_ns()
    assert done.run["state"] == "running"
    assert done.run["word"] is None
    assert len(done.run["not_run"]) == 1
    records = [record for _, record in read_records(done.folder / "requests.jsonl.gz")]  # type: ignore[operator]
    ends = [record.end_ns for record in records if record.end_ns is not None]
    assert len(ends) >= 4
    assert killed_ns - max(ends) < 3.5e9  # a wave takes 1.1 s, and what is two seconds old is on the disk


def test_launch_starts_logs_and_ends_the_server(suite: Suite) -> None:
    done = suite(*DECODE, f"--launch={sys.executable} -m slabench.sim --port {{port}}")
    assert done.status == 0, done.output
    assert "Decode batch" in (done.folder / "server.log").read_text()  # type: ignore[operator]


def test_the_curve_without_a_log_names_the_option(suite: Suite, tmp_path: Path) -> None:
    from slabench.server.launch import launch

    with launch(f"{sys.executable} -m slabench.sim --port {{port}}", str(tmp_path / "server.log")) as server:
        done = suite(*DECODE, f"--base-url={server.url}")
        assert done.status == 6, done.output
        first = done.output.index("add --deploy-log=FILE (one file per node")
        assert first < done.output.index("test_decode_tpot[bs1]")  # before any load
        old = ("--baseline-url=http://127.0.0.1:1", "--gate=full")  # a quick gate has no curve
        gate = suite(*DECODE, f"--base-url={server.url}", *old)
        assert gate.status == 4, gate.output
        assert "add --deploy-log=FILE and --baseline-deploy-log=FILE" in gate.output
        assert gate.folder is None or not (gate.folder / "requests.jsonl.gz").exists()
        alone = suite("tests/ali/test_decode_curve.py", f"--base-url={server.url}")
        assert alone.status == 4, alone.output  # nothing else is left to be measured
        assert "add --deploy-log=FILE (one file per node" in alone.output
        log = f"--deploy-log={tmp_path}/server.log"
        unfed = suite("tests/ali/test_decode_curve.py", f"--base-url={server.url}", log)
        assert unfed.status == 6, unfed.output
        assert "no_decode_run" in unfed.output
        given = suite(
            "tests/ali/test_decode.py",
            "tests/ali/test_decode_curve.py",
            f"--base-url={server.url}",
            f"--deploy-log={tmp_path}/server.log",
        )
        assert given.status == 0, given.output


def test_one_xdist_worker_measures_as_none_does(suite: Suite) -> None:
    done = suite("tests/tencent", "--base-url=sim:", "-n1")
    assert done.status == 0, done.output
    assert done.words == {"test_sla[np6]": "PASSED"}


def test_the_benchmark_sidecar(suite: Suite, tmp_path: Path) -> None:
    done = suite("tests/tencent", "--base-url=sim:", f"--benchmark-json={tmp_path / 'b.json'}")
    assert done.status == 0, done.output
    (benchmark,) = json.loads((tmp_path / "b.json").read_text())["benchmarks"]
    assert benchmark["extra_info"]["verdict"] == "PASSED"
    assert benchmark["extra_info"]["tpot.mean"] == done.run["tests"][0]["metrics"]["tpot.mean"]


def test_collecting_imports_nothing_heavy(suite: Suite, tmp_path: Path) -> None:
    spy = tmp_path / "spy_modules.py"
    spy.write_text(
        "import sys\n"
        "def pytest_collection_finish(session):\n"
        "    heavy = {'numpy', 'transformers', 'tokenizers', 'scipy', 'asyncio'}\n"
        "    print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    suite.environment["PYTHONPATH"] = str(tmp_path)
    done = suite(
        "tests/ali",
        "tests/tencent",
        "--base-url=sim:",
        "--collect-only",
        "-pspy_modules",
        "-s",
        reduced=False,
        fresh=True,
    )
    assert done.status == 0, done.output
    assert "HEAVY []" in done.output
    # 14 batch sizes, the curve, 3 prompt lengths, 3 numbers of prompts
    assert "21 tests collected" in done.output
    assert not list((suite.folder / "reports").glob("2*"))


def test_records_hold_what_was_sent_and_nothing_of_the_prompts(suite: Suite) -> None:
    done = suite("tests/tencent", "--base-url=sim:")
    with gzip.open(done.folder / "requests.jsonl.gz", "rt") as file:  # type: ignore[operator]
        rows = [json.loads(line) for line in file]
    assert len(rows) == 6
    assert {row["input_len"] for row in rows} == {64}
    assert all("text" not in row and "ids" not in row for row in rows)


class Whole(http.server.BaseHTTPRequestHandler):
    """Answers /generate with one JSON, as a proxy that knows no event stream does."""

    protocol_version = "HTTP/1.1"

    def _answer(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self._answer({"model_path": "m", "version": "0.5.7", "internal_states": [], "random_seed": 1})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self._answer({"text": "x", "meta_info": {"prompt_tokens": 64, "completion_tokens": 12}})

    def log_message(self, *args: object) -> None:
        pass


def test_a_server_without_streaming_is_invalid_and_never_green(suite: Suite) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Whole) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = suite("tests/tencent", f"--base-url=http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert done.status == 6, done.output
    assert done.words == {"test_sla[np6]": "INVALID"}
    entry = done.run["tests"][0]
    assert entry["errors"]["counts"] == {"not_a_stream": 6}
    assert "tpot.mean" not in entry["metrics"]
    assert "an answer that is not an event stream" in done.output
