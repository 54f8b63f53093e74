"""The suite against the real sglang 0.5.7 on CPU: every count we report is what the server itself says."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from slabench.records import LogSpan
from slabench.server.log.merge import Merged, samples
from tests.integration.real_sglang import REPO, RealServer

pytestmark = pytest.mark.sglang

DATA = REPO / "fixtures" / "data"
REDUCED = (
    "--random-input-len=200 --random-output-len=24 --num-prompts=12 --request-rate=40 --max-concurrency=6 "
    "--decode-input-len=300 "
    "--decode-output-len=768 --batch-sizes=1,2,4 --prefill-lens=128,256 --prefill-prompts=12 "
    "--slo=tpot.mean<=1000 --progress=off "
    # What these tests show is counts: how two clocks agree, and how long a batch was full, is this machine's
    # business.
    "--allow=client,client_error,one_read,batch_held,log_agrees,curve_agrees"
).split()
FULL_BATCH = ("full_batch.windows", "full_batch.tokens")
TESTS = 1 + 3 + 1 + 2 + 1  # tencent, decode, curve, prefill, serving


def run_suite(server: RealServer, tmp_path: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    command = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "tests/tencent",
            "tests/ali",
            "tests/serving",
            f"--base-url={server.url}",
        ),
        *(f"--deploy-log={server.log}", f"--report-dir={tmp_path}", *REDUCED, *options),
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=REPO, capture_output=True, text=True, env=environment, timeout=400, check=False
    )
    output = done.stdout + done.stderr
    assert (tmp_path / "latest" / "run.json").is_file(), output
    return done.returncode, json.loads((tmp_path / "latest" / "run.json").read_text()), output


def counted_by_the_server(entry: dict[str, Any]) -> Merged:
    merged = Merged()
    spans = [LogSpan(span["path"], span["begin"], span["end"]) for span in entry["server"]["log_spans"]]
    list(samples(spans, merged))
    return merged


def decode_lines(entry: dict[str, Any]) -> tuple[Counter[int], Counter[int]]:
    """By the number of running requests: a test's Decode lines, and those that come right behind one of the
    same batch.
    """
    lines: Counter[int] = Counter()
    clean: Counter[int] = Counter()
    (span,) = entry["server"]["log_spans"]
    with open(span["path"], "rb") as file:
        file.seek(span["begin"])
        written = file.read(span["end"] - span["begin"])
    before = None
    for kind, running in re.findall(rb"(Prefill|Decode) batch.*?#running-req: (\d+)", written):
        now = int(running) if kind == b"Decode" else None
        if now is not None:
            lines[now] += 1
            clean[now] += before == now
        before = now
    return lines, clean


def assert_the_curve_is_the_log_s(entry: dict[str, Any], run: dict[str, Any]) -> None:
    """A point's lines are those of all decode tests: in the larger ones fewer run while the last one is on
    its way.
    """
    counted = {
        entry["point"]["batch_size"]: (entry["metrics"], *decode_lines(entry))
        for entry in run["tests"]
        if entry["method"] == "ali-decode"
    }
    lines, clean = (sum((each[k] for each in counted.values()), Counter[int]()) for k in (1, 2))
    assert {row["running"]: row["samples"] for row in entry["curve"]} == lines
    for row in entry["curve"]:
        assert (row["clean_samples"] or 0) == clean[row["running"]]
    points = {row["running"]: row for row in entry["curve"]}
    for size, (metrics, _, own) in counted.items():
        assert points[size]["full_batch_tpot_ms"] == metrics.get("full_batch.tpot")
        assert metrics["log.samples"] == own[size]


def full_batch_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    """What full_batch counts where a batch is all of a test's answers, by a scan of the stored rows.

    Tokens of answers that were all between their first and last token; nothing where there was no such time.
    How long it was is this machine's business: a client that stands still through an answer has one time for
    all of it, and its check says so.
    """
    events = [
        list(
            zip(
                itertools.accumulate(row["arrival_ns"]),
                itertools.accumulate(row["arrival_tokens"]),
                strict=True,
            )
        )
        for row in rows
    ]
    begin, end = max(stream[0][0] for stream in events), min(stream[-1][0] for stream in events)
    if begin >= end:
        return {}
    inside = [[count for at, count in stream if begin <= at <= end] for stream in events]
    return {
        "full_batch.windows": 1,
        "full_batch.tokens": sum(counts[-1] - counts[0] for counts in inside if counts),
    }


@pytest.mark.parametrize("form", ["ids", "text"])
def test_counts_and_lengths_equal_the_server_s(
    sglang_cpu_server: RealServer, tmp_path: Path, form: str
) -> None:
    options = (
        []
        if form == "ids"
        else [f"--dataset-path={DATA / 'sharegpt_small.json'}", f"--model={sglang_cpu_server.model}"]
    )
    status, run, output = run_suite(sglang_cpu_server, tmp_path, *options)
    red = [(entry["id"], entry["headline"]) for entry in run["tests"] if entry["word"] != "PASSED"]
    assert status == 0, (red, output[-3000:])
    assert len(run["tests"]) == TESTS
    assert run["word"] == "PASSED"
    assert [entry["method"] for entry in run["tests"] if "slo_applies" in entry["reasons"]] == [
        "ali-prefill",
        "ali-prefill",
    ]
    assert run["server"]["version"] == "0.5.7"
    assert run["server"]["model_path"] == str(sglang_cpu_server.model)
    info = json.load(urllib.request.urlopen(f"{sglang_cpu_server.url}/get_server_info"))
    assert run["server"]["token_capacity"] == info["max_total_num_tokens"] == 65536
    with gzip.open(tmp_path / "latest" / "requests.jsonl.gz", "rt") as file:
        records = [json.loads(line) for line in file]
    per_test = Counter(record["test"] for record in records)
    full = 0
    for entry in run["tests"]:
        if entry["method"] == "ali-decode-curve":
            assert {row["running"] for row in entry["curve"]} >= {1, 2, 4}
            assert_the_curve_is_the_log_s(entry, run)
            continue
        if entry["method"] == "ali-decode":
            checks = {check["name"]: check["state"] for check in entry["checks"]}
            assert (checks["log_lines"], checks["log_retraction"], checks["log_disturbed"]) == (
                "ok",
                "ok",
                "ok",
            )
            assert checks["log_agrees"] in ("ok", "finding")
            assert entry["metrics"]["log.samples"] >= 1
            counted = full_batch_of([record for record in records if record["test"] == entry["id"]])
            assert {
                key: value for key in FULL_BATCH if (value := entry["metrics"].get(key)) is not None
            } == counted
            full += bool(counted)
        mine = [record for record in records if record["test"] == entry["id"]]
        assert len(mine) == per_test[entry["id"]] == entry["plan"]["count"]
        assert {record["completion_tokens"] for record in mine} == {entry["workload"]["output_len"]}
        assert {record["finish_reason"] for record in mine} == {"length"}
        if form == "ids":
            assert {record["prompt_tokens"] for record in mine} == {entry["workload"]["input_len"]}
        # The log's own count of prompt tokens, computed and cached, is what the answers say they had.
        merged = counted_by_the_server(entry)
        assert merged.new_tokens + merged.cached_tokens == sum(record["prompt_tokens"] for record in mine)
        assert merged.cached_tokens == sum(record["cached_tokens"] for record in mine)
        assert entry["metrics"]["input_tokens"] == sum(record["prompt_tokens"] for record in mine)
        assert entry["metrics"]["output_tokens"] == sum(record["completion_tokens"] for record in mine)
    assert full, "no batch was ever full at the client: nothing was shown of full_batch"


def test_the_server_reads_the_prompts_that_we_made(sglang_cpu_server: RealServer) -> None:
    """With input log-probabilities the server says which token ids it saw."""
    from slabench.workloads import WorkloadSpec, prepare
    from slabench.workloads.cache import DatasetStore
    from slabench.workloads.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(str(sglang_cpu_server.model))
    for form in ("text", "ids"):
        spec = WorkloadSpec(
            dataset_name="random", num_prompts=3, input_len=40, output_len=1, range_ratio=1.0,
            seed=random.Random(5).randint(1, 99),
            prompt_form=form, dataset_path=str(DATA / "sharegpt_small.json"), sharegpt_output_len=None,
            vocab_size=None, salt="x",
        )  # fmt: skip
        for prompt in prepare(spec, tokenizer=lambda: tokenizer, store=DatasetStore()).prompts:
            sent: dict[str, Any] = (
                {"text": prompt.text} if prompt.text is not None else {"input_ids": list(prompt.ids or ())}
            )
            body = sent | {
                "return_logprob": True,
                "logprob_start_len": 0,
                "sampling_params": {"max_new_tokens": 1, "temperature": 0},
            }
            request = urllib.request.Request(
                f"{sglang_cpu_server.url}/generate",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            meta = json.load(urllib.request.urlopen(request))["meta_info"]
            seen = [token for _, token, _ in meta["input_token_logprobs"]]
            expected = tokenizer.encode(prompt.text) if prompt.text is not None else list(prompt.ids or ())
            assert seen == expected
            assert meta["prompt_tokens"] == len(expected)


def one_test(server: RealServer, tmp_path: Path, *options: str, log: bool = True) -> dict[str, Any]:
    """tests/serving alone against the real server; its entry of run.json."""
    command = [
        *(sys.executable, "-m", "pytest", f"--base-url={server.url}", f"--report-dir={tmp_path}", *REDUCED),
        *options,
    ]
    command += [f"--deploy-log={server.log}"] if log else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=REPO, capture_output=True, text=True, env=environment, timeout=400, check=False
    )
    run = json.loads((tmp_path / "latest" / "run.json").read_text())
    assert len(run["tests"]) == 1, done.stdout + done.stderr
    entry: dict[str, Any] = run["tests"][0]
    assert (done.returncode == 0) == (entry["word"] == "PASSED"), done.stdout
    return entry


def states(entry: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in entry["checks"]}


@pytest.mark.parametrize("log", [True, False], ids=["log", "metrics"])
def test_another_client_is_seen(sglang_cpu_server: RealServer, tmp_path: Path, log: bool) -> None:
    """A request every 0.5 s beside ours: the server's log, or its counters, have more than we sent."""
    body = json.dumps(
        {"input_ids": list(range(20, 60)), "sampling_params": {"max_new_tokens": 4, "ignore_eos": True}}
    ).encode()
    over = threading.Event()

    def disturb() -> None:
        while not over.wait(0.3):
            if not (tmp_path / "latest" / "requests.jsonl.gz").exists():
                continue  # the load has not begun: a flush has to find the server at rest
            request = urllib.request.Request(
                f"{sglang_cpu_server.url}/generate", body, {"Content-Type": "application/json"}
            )
            urllib.request.urlopen(request).read()

    other = threading.Thread(target=disturb)
    other.start()
    try:
        entry = one_test(
            sglang_cpu_server,
            tmp_path,
            "tests/serving",
            "--num-prompts=24",
            "--random-output-len=64",
            log=log,
        )
    finally:
        over.set()
        other.join()
    assert states(entry)["other_clients"] == "invalid", entry["checks"]
    assert entry["word"] == "INVALID"
    alone = one_test(sglang_cpu_server, tmp_path / "alone", "tests/serving", log=log)
    assert (alone["word"], states(alone)["other_clients"]) == ("PASSED", "ok"), alone["checks"]
    if log:
        assert states(alone)["flush"] == "ok"
        assert alone["explained"].startswith("TTFT mean ")
        assert "queued at the server" in alone["explained"]


def test_what_an_earlier_run_left_in_the_cache_is_seen(sglang_cpu_server: RealServer, tmp_path: Path) -> None:
    one_test(sglang_cpu_server, tmp_path, "tests/serving")
    entry = one_test(sglang_cpu_server, tmp_path, "tests/serving", "--no-flush-cache")
    assert states(entry)["prefix_cache"] == "invalid"
    assert entry["word"] == "INVALID"


def test_questions_of_a_model_that_knows_no_answer(sglang_cpu_server: RealServer, tmp_path: Path) -> None:
    """Random weights: hardly any answer is right. Its tokenizer has no chat template, so that the server
    refuses messages, which is no wrong answer.
    """
    options = ("--accuracy-file=smoke", "--accuracy-floor=0.9", "--allow=answered")
    entry = one_test(sglang_cpu_server, tmp_path, "tests/serving/test_accuracy.py", *options)
    results = entry["accuracy"]["results"]
    assert (len(results), results.count("-")) == (40, 16) and results.count("1") <= 2
    assert (entry["word"], entry["reasons"][:2]) == ("FAILED", ["FLOOR:accuracy", "answered"])
    (check,) = (check for check in entry["checks"] if check["name"] == "answered")
    assert "status 400" in check["text"] and check["allowed"]


def test_a_batch_over_the_running_cap_is_sent_no_load(sglang_cpu_server: RealServer, tmp_path: Path) -> None:
    """This server runs 16 at once; --allow=batch_fits measures it anyway."""
    lengths = ("--batch-sizes=20", "--decode-input-len=64", "--decode-output-len=64")
    measured = one_test(
        sglang_cpu_server, tmp_path / "all", "tests/ali/test_decode.py", *lengths, "--allow=batch_fits"
    )
    assert measured["metrics"]["classic.tpot.mean"] > 0
    assert states(measured)["queueing"] == "invalid", measured["checks"]
    entry = one_test(sglang_cpu_server, tmp_path, "tests/ali/test_decode.py", *lengths)
    assert (entry["word"], entry["metrics"]) == ("INVALID", {})
    assert states(entry) == {"batch_fits": "invalid"}
    fits = next(check for check in entry["checks"] if check["name"] == "batch_fits")
    assert "limit of 16 running requests" in fits["text"]
    assert "--batch-sizes up to 16" in fits["remedy"]


def test_a_prompt_over_the_context_is_an_error_in_a_200_stream(
    sglang_cpu_server: RealServer, tmp_path: Path
) -> None:
    """8,192 positions. bench_serving counts such an answer as a success; here no token came, and no verdict
    is possible. Lengths from 8,000 on are drawn, since 9,000 for each would be sent no load.
    """
    lengths = ("--random-input-len=20000", "--random-range-ratio=0.4")
    options = (*lengths, "--num-prompts=4", "--warmup-requests=0")
    entry = one_test(sglang_cpu_server, tmp_path, "tests/serving", *options)
    assert entry["word"] == "INVALID"
    assert states(entry)["completed"] == "invalid"
    assert entry["headline"].startswith(
        "completed: 4 of 4 requests failed with an error inside the stream; all must succeed."
    )
    assert "model's context length (8192 tokens)" in entry["headline"]  # the server's own words
    assert entry["errors"]["counts"] == {"in_stream": 4}


def test_a_kv_pool_that_is_too_small_retracts(small_sglang_cpu_server: RealServer, tmp_path: Path) -> None:
    """Eight of 20 + 300 tokens are let in to 1,000, since an answer counts as 16 tokens there: however far
    apart they come.
    """
    lengths = ("--batch-sizes=8", "--decode-input-len=20", "--decode-output-len=300", "--allow=batch_fits")
    entry = one_test(small_sglang_cpu_server, tmp_path, "tests/ali/test_decode.py", *lengths)
    found = {check["name"]: check["text"] for check in entry["checks"] if check["state"] == "invalid"}
    assert entry["word"] == "INVALID"
    assert {"retraction", "log_retraction"} <= found.keys(), found
    assert states(entry)["batch_fits"] == "finding"
    fits = next(check["text"] for check in entry["checks"] if check["name"] == "batch_fits")
    assert "needs 2560 tokens of KV cache, the server has 1000" in fits
    assert re.search(r"The server retracted [1-8] of 8 requests", found["retraction"])
    assert entry["metrics"]["completed"] == 8
    assert entry["metrics"]["classic.tpot.mean"] > 0  # measured and shown all the same


def test_a_server_that_is_killed_in_mid_run(small_sglang_cpu_server: RealServer, tmp_path: Path) -> None:
    """The last test with this server: SIGKILL when some of its requests have been answered, of 24 that go two
    at a time.

    What is sent before the load (the probe, the warm-up) is prefilled too; the flush of the cache is behind
    it.
    """
    server = small_sglang_cpu_server
    before = server.log.stat().st_size

    def prefills_since_the_flush() -> int:
        return (
            server.log.read_bytes()[before:]
            .partition(b"Cache flushed successfully")[2]
            .count(b"Prefill batch")
        )

    def kill() -> None:
        deadline = time.monotonic() + 120
        while prefills_since_the_flush() < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(server.launched.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    options = ("--num-prompts=24", "--max-concurrency=2", "--random-input-len=100", "--random-output-len=120")
    entry = one_test(server, tmp_path, "tests/serving", *options)
    killer.join()
    assert entry["word"] == "INVALID"
    assert {states(entry)[name] for name in ("completed", "same_server")} == {"invalid"}, entry["checks"]
    assert set(entry["errors"]["counts"]) <= {"reset", "truncated", "connect"}
    assert entry["errors"]["counts"]["connect"] > 0
    assert 4 <= entry["metrics"]["completed"] < 24  # at the sixth prefill two were in flight at most
