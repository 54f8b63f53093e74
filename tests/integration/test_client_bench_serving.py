"""`--client=bench_serving`: the unmodified reference client drives the live tests, and nothing it hides turns
green.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from slabench.bench_serving.client import find, run_bench_serving
from slabench.loadgen import Plan, Target, prepare_requests
from slabench.records import ClientRecord, RunRecord
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity import CheckContext, examine
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.tokenizer import load_tokenizer
from tests.data.loadgen.unreliable import unreliable
from tests.integration.conftest import MARK, Suite
from tests.integration.real_sglang import REPO, RealServer

pytestmark = pytest.mark.sglang

TOKENIZER = str(REPO / "fixtures" / "data" / "tokenizer")
DATASET = str(REPO / "fixtures" / "data" / "sharegpt_small.json")
CLIENT = ("--client=bench_serving", f"--tokenizer={TOKENIZER}")


@pytest.mark.parametrize("name", ["random", "random-ids", "sharegpt"])
def test_both_clients_send_the_same_bodies_in_the_same_order(name: str, tmp_path: Path) -> None:
    path = None if name == "random-ids" else DATASET
    spec = WorkloadSpec(name, 12, 60, 8, 0.4, 31, "text", path, 9 if name == "sharegpt" else None)
    tokenizer = load_tokenizer(TOKENIZER)
    workload = prepare(spec, tokenizer=lambda: tokenizer, store=DatasetStore(tmp_path))
    plan = Plan.closed_loop(len(workload.prompts), 1)  # one at a time: what arrives has an order
    with unreliable("plain") as server:
        target = Target(server.url, headers={"Authorization": "Bearer of-this-run"})
        result = run_bench_serving(
            find(None), target, spec, plan, workload.prompts, backend="sglang", tokenizer=TOKENIZER, model="m"
        )
    assert server.bodies == [json.loads(request.body) for request in prepare_requests(workload.prompts)]
    assert set(server.keys) == {"Bearer of-this-run"}
    assert result.run.client == "sglang.bench_serving 0.5.7"
    assert not result.run.failure
    assert [request.reported_input_len for request in result.run.requests] == [
        request.input_len for request in workload.prompts
    ]
    assert [request.reported_output_len for request in result.run.requests] == [
        request.output_len for request in workload.prompts
    ]
    assert "generated_texts" not in result.row


def test_the_live_tests_run_with_it_and_say_what_it_cannot_tell(suite: Suite, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    done = suite(
        "tests/tencent",
        "tests/ali/test_decode.py",
        "--base-url=sim:",
        *CLIENT,
        f"--bench-serving-jsonl={rows}",
    )
    assert done.status == 0, done.output
    assert "BENCH_SERVING" in done.run["labels"]
    assert done.run["client"]["name"] == "bench_serving"
    for entry in done.run["tests"]:
        assert entry["word"] == "PASSED"
        assert entry["headline"].startswith("classic.tpot mean ")
        assert [label for label in entry["labels"] if label.endswith("tpot.mean by classic.tpot.mean")]
        # log.* is the server's word, whoever drove the load
        assert {key for key in entry["metrics"] if not key.startswith(("classic.", "log."))} == {"requests"}
        states = {check["name"]: check["state"] for check in entry["checks"]}
        assert {states[name] for name in ("completed", "output_length", "flush", "same_server")} == {"ok"}
        unreported = {
            "finish_reason",
            "token_counts",
            "prompt_length",
            "prefix_cache",
            "retraction",
            "client",
        }
        assert {states[name] for name in unreported} == {"not_checked"}
    assert done.run["tests"][0]["metrics"]["classic.tpot.mean"] == pytest.approx(5.3, rel=0.4)
    kept = [json.loads(line) for line in (done.folder / "bench_serving.jsonl").read_text().splitlines()]  # type: ignore[operator]
    assert not {"server_info", "generated_texts"} & set(kept[0])
    written = [json.loads(line) for line in rows.read_text().splitlines()]
    for theirs, ours in zip(kept, written, strict=True):
        # The keys it writes, in its order, with its values; beside the details, which are per request.
        details = ("test", "input_lens", "output_lens", "ttfts", "itls", "errors")
        keys = [key for key in theirs if key not in details]
        assert [key for key in ours if key != "server_info"] == keys
        assert ours["tag"] == theirs["test"]
        for key in keys:
            if key not in ("tag", "sharegpt_output_len"):
                assert (
                    ours[key] == pytest.approx(theirs[key])
                    if isinstance(ours[key], float)
                    else ours[key] == theirs[key]
                ), key


@pytest.mark.parametrize(
    ("way", "check", "words"),
    [
        ("error_in_stream", "completed", "6 of 6 answers brought no text"),
        (
            "error_after_some",
            "output_length",
            "6 of 6 answers do not have the requested length (request 0: 2 of 12 tokens)",
        ),
        ("abort", "output_length", "(request 0: 3 of 12 tokens)"),
        ("half_503", "completed", "counts 3 of 6 requests as completed"),
        ("all_503", "completed", "ended with status 1 and gave no result: IndexError"),
        ("empty", "completed", "ended with status 1 and gave no result: IndexError"),
        ("no_text", "completed", "6 of 6 answers brought no text"),
    ],
)
def test_what_it_counts_as_success_is_not_completed(way: str, check: str, words: str) -> None:
    spec = WorkloadSpec("random-ids", 6, 20, 12, 1.0, 5, "text")
    tokenizer = load_tokenizer(TOKENIZER)
    prompts = prepare(spec, tokenizer=lambda: tokenizer, store=DatasetStore()).prompts
    with unreliable(way) as server:
        result = run_bench_serving(
            find(None),
            Target(server.url),
            spec,
            Plan.at_once(6),
            prompts,
            backend="sglang",
            tokenizer=TOKENIZER,
            model="m",
        )
    client = ClientRecord(1.0, None, None, None, None)
    run = RunRecord((), 0, 0.0, {}, {}, client, reported=result.run)
    checks = {
        check.name: check for check in examine(CheckContext(run, exact_prompt=False, planned=6), "tencent")
    }
    assert checks[check].state is CheckStatus.INVALID
    assert words in checks[check].text
    if way in ("error_in_stream", "no_text"):
        assert result.run.metrics["completed"] == 6  # what it prints looks like a very fast server


def test_an_error_inside_the_stream_is_never_green(suite: Suite) -> None:
    with unreliable("error_in_stream") as server:
        server.warm = 1
        done = suite("tests/tencent", f"--base-url={server.url}", *CLIENT, "--slo=ttft.mean<=100000")
    assert done.status == 6, done.output
    entry = done.run["tests"][0]
    assert (entry["word"], entry["reasons"][0]) == ("INVALID", "completed")
    assert "brought no text" in entry["headline"]
    assert (done.folder / "bench_serving.jsonl").exists()  # type: ignore[operator]


def test_an_objective_without_a_counterpart_is_invalid_and_one_that_does_not_hold_is_failed(
    suite: Suite,
) -> None:
    done = suite("tests/tencent", "--base-url=sim:", *CLIENT, "--slo=tpot.max<=1000")
    assert done.status == 6, done.output
    assert "tpot.max is not defined for this run" in done.output
    done = suite("tests/tencent", "--base-url=sim:", *CLIENT, "--slo=tpot.mean<=1")
    assert done.status == 1, done.output
    assert "classic.tpot mean" in done.run["tests"][0]["headline"]


def test_usage_errors_are_one_sentence(suite: Suite, tmp_path: Path) -> None:
    code = tmp_path / "tokenizer"
    code.mkdir()
    for file in Path(TOKENIZER).iterdir():
        (code / file.name).write_bytes(file.read_bytes())
    (code / "config.json").write_text(
        json.dumps({"model_type": "qwen3", "auto_map": {"AutoConfig": "evil.Config"}})
    )
    wrong: list[tuple[tuple[str, ...], str]] = [
        (("--prompt-form=ids",), "leave out --prompt-form=ids"),
        (("--arrivals=constant",), "leave out --arrivals=constant"),
        (("--bench-serving-python=/nonexistent/python",), "make .venv-client/.stamp installs it"),
        ((f"--tokenizer={code}",), "--trust-remote-code permits it"),
    ]
    for options, words in wrong:
        done = suite("tests/tencent", "--base-url=sim:", *CLIENT, *options)
        assert done.status == 4, done.output
        assert words in done.output


def test_ctrl_c_ends_it_and_says_that_nothing_was_kept(suite: Suite) -> None:
    process = suite.start(
        "tests/tencent", "--base-url=sim:", *CLIENT, "--num-prompts=400", "--random-output-len=200"
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not _running(suite):
            time.sleep(0.1)
        assert _running(suite)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    done = suite.done(process.returncode, output)
    assert done.status == 2, output
    entry: dict[str, Any] = done.run["tests"][0]
    assert (entry["word"], entry["reasons"][0], entry["reasons"][-1]) == (
        "INVALID",
        "interrupted",
        "SIMULATED",
    )
    assert "keeps nothing" in entry["headline"]
    # the fixture sees to it that no process of the run is left


def _running(suite: Suite) -> bool:
    wanted = f"{MARK}={suite.folder}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (
                b"-m\0sglang.bench_serving\0" in (process / "cmdline").read_bytes()
                and wanted in (process / "environ").read_bytes()
            ):
                return True
        except OSError:
            continue
    return False


def test_the_real_server(sglang_cpu_server: RealServer, suite: Suite) -> None:
    options = (
        f"--base-url={sglang_cpu_server.url}",
        "--client=bench_serving",
        "--slo=tpot.mean<=1000",
        f"--dataset-path={DATASET}",
    )
    done = suite("tests/serving", *options)
    assert done.status == 0, done.output
    metrics = done.run["tests"][0]["metrics"]
    assert metrics["classic.completed"] == 6
    assert metrics["classic.total_output"] == 6 * 12
    assert metrics["classic.total_input"] == 6 * 64
