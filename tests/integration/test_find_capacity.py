"""--find-capacity over sockets on the embedded server: the run folder, the verdict, and the ways that it
ends.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections import Counter

import pytest

from slabench.report.records_file import read_records
from tests.integration.conftest import Suite

SEARCH = (
    "tests/tencent/test_capacity.py",
    "--find-capacity",
    "--random-input-len=64",
    "--random-output-len=60",
)
SMALL = ("--progress=off", "--allow=client,one_read", "--num-prompts=64")
# TPOT = 5 + 2 a request and the prefills of the others: 20 ms are reached with seven.
SIM = "--base-url=sim:demo?decode_request_ms=2"


def test_a_limit_is_found_and_only_the_last_run_is_judged(suite: Suite) -> None:
    done = suite(
        *SEARCH,
        *SMALL,
        SIM,
        "--capacity-range=1,16",
        "--slo=tpot.mean<=20",
        "--slo=total_throughput>=1",
        reduced=False,
    )
    assert done.status == 0, done.output
    assert done.folder is not None
    entry = done.run["tests"][0]
    capacity = entry["capacity"]
    assert (entry["word"], capacity["outcome"], capacity["rules"]) == ("PASSED", "FOUND", ["tpot.mean<=20"])
    assert capacity["load"] in (5, 6, 7)
    assert capacity["best_so_far"] == capacity["load"] < capacity["fails"] <= capacity["load"] + 3
    assert {"FOUND", "REDUCED", "SIMULATED"} <= set(entry["reasons"])
    # the judged run has the full workload at the answer, and carries both objectives
    assert entry["point"] == {"load": capacity["load"], "load_kind": "concurrency"}
    assert (entry["plan"]["kind"], entry["plan"]["max_concurrency"], entry["plan"]["count"]) == (
        "closed_loop",
        capacity["load"],
        64,
    )
    assert [row["metric"] for row in entry["objectives"]] == ["tpot.mean", "total_throughput"]
    assert entry["metrics"]["completed"] == 64
    # every probe with its interval and its records
    kept = Counter(name.partition("#")[2] for name, _ in read_records(done.folder / "requests.jsonl.gz"))
    assert kept[""] == 64
    for probe in capacity["probes"]:
        if probe["at_most"] is not None:  # ended inside its first wave
            continue
        interval = probe["intervals"]["tpot.mean"]
        assert interval["low"] < interval["value"] < interval["high"]
        assert kept[f"probe{probe['number']}"] >= probe["waves"] * probe["load"]
    assert any(probe["stopped"] for probe in capacity["probes"])
    assert "running" not in done.run  # it is there while the search is on
    # and the frontier
    with (done.folder / "frontier.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == [
        *(f"probe {probe['number']}" for probe in capacity["probes"]),
        "judged run",
    ]
    assert float(rows[-1]["per_user"]) == pytest.approx(1000 / entry["metrics"]["tpot.mean"])
    assert float(rows[-1]["per_gpu"]) == pytest.approx(entry["metrics"]["output_throughput_per_gpu"])
    page = (done.folder / "report.html").read_text()
    assert "Output throughput per GPU against per user" in page and "tpot mean 20 ms" in page
    assert f"{capacity['load']:g} in flight, the whole run: total" in done.output
    assert "| probe | load |" in (done.folder / "summary.md").read_text()


def test_probes_do_not_share_their_prompts(suite: Suite) -> None:
    """The prefix cache is left full: a prompt that had been sent before would be found in it."""
    done = suite(
        *SEARCH,
        *SMALL,
        SIM,
        "--capacity-range=1,8",
        "--slo=tpot.mean<=16",
        "--no-flush-cache",
        "--warmup-requests=0",
        reduced=False,
    )
    assert done.folder is not None, done.output
    records = [
        record
        for _, record in read_records(done.folder / "requests.jsonl.gz")
        if record.cached_tokens is not None
    ]
    assert len(records) > 64
    assert (
        max(record.cached_tokens or 0 for record in records) < 8
    )  # two prompts may begin with the same id; a resent one shares 63


def test_a_running_cap_is_said_to_be_the_server_s_own_limit(suite: Suite) -> None:
    sim = "--base-url=sim:demo?max_running=4"
    done = suite(*SEARCH, *SMALL, sim, "--capacity-range=1,8", reduced=False)
    assert done.status == 0, done.output
    entry = done.run["tests"][0]
    assert entry["capacity"]["outcome"] == "SERVER_LIMIT"
    assert entry["capacity"]["load"] in (4, 5)
    assert "SERVER_LIMIT" in entry["reasons"]
    assert entry["capacity"]["text"] in entry["advice"]
    assert "at most 4 requests at once" in entry["capacity"]["text"]
    sentences = entry["capacity"]["message"]["arguments"]["sentences"]
    assert "capacity.server_limit" in [sentence["id"] for sentence in sentences]


def test_where_no_load_holds_the_run_at_the_lowest_is_failed(suite: Suite) -> None:
    few = "--num-prompts=16"  # one after another
    done = suite(*SEARCH, *SMALL, SIM, few, "--capacity-range=1,8", "--slo=tpot.mean<=3", reduced=False)
    assert done.status == 1, done.output
    entry = done.run["tests"][0]
    assert (entry["word"], entry["capacity"]["outcome"], entry["point"]["load"]) == (
        "FAILED",
        "NONE_HOLDS",
        1,
    )
    assert "NONE_HOLDS" in entry["reasons"]
    assert entry["headline"].startswith("tpot mean")
    assert entry["capacity"]["text"] in entry["advice"]
    assert entry["capacity"]["message"]["id"] == "capacity.none_holds"


def test_a_search_without_an_answer_is_invalid_with_what_to_do(suite: Suite) -> None:
    """A budget for a single probe."""
    done = suite(
        *SEARCH,
        *SMALL,
        SIM,
        "--capacity-range=1,64",
        "--slo=tpot.mean<=20",
        "--capacity-budget=0.5",
        reduced=False,
    )
    assert done.status == 6, done.output
    assert done.folder is not None
    entry = done.run["tests"][0]
    assert (entry["word"], entry["capacity"]["outcome"], entry["capacity"]["load"]) == (
        "INVALID",
        "UNRESOLVED",
        None,
    )
    assert entry["reasons"] == ["UNRESOLVED"]
    assert entry["headline"].startswith(
        "The search has no answer: the --capacity-budget of 0.5 s does not last"
    )
    assert entry["capacity"]["message"]["id"] == "capacity.sentences"
    assert "Raise --capacity-budget" in entry["headline"]
    assert entry["metrics"] == {}
    assert (done.folder / "frontier.csv").exists()


def test_a_probe_that_fails_requests_ends_the_search(suite: Suite) -> None:
    sim = "--base-url=sim:demo?fault=stream_error&fault_share=0.5"
    done = suite(*SEARCH, *SMALL, sim, "--capacity-range=1,8", "--warmup-requests=0", reduced=False)
    assert done.status == 6, done.output
    entry = done.run["tests"][0]
    assert entry["word"] == "INVALID"
    assert entry["reasons"] == ["completed"]
    assert entry["headline"].startswith("Probe 1 at ")
    assert " in flight is INVALID, so the search stopped. completed: " in entry["headline"]
    problem = entry["headline_message"]["arguments"]["problem"]["arguments"]["sentences"]
    assert [part["id"] for part in problem[1:]] == ["remedy.server_log"]
    assert "why this load" not in done.output  # no table of no probe


def test_a_rate_can_be_searched(suite: Suite) -> None:
    done = suite(
        *SEARCH, *SMALL, SIM, "--capacity-load=rate", "--capacity-range=4,16", "--capacity-step=100",
        "--slo=tpot.mean<=20",
        "--num-prompts=24", reduced=False,
    )  # fmt: skip
    assert done.folder is not None, done.output
    capacity = done.run["tests"][0]["capacity"]
    assert capacity["load_kind"] == "rate"
    assert len(capacity["probes"]) >= 2
    assert {
        probe["intervals"].keys() >= {"tpot.mean", "total_throughput"} for probe in capacity["probes"]
    } == {True}


def test_ctrl_c_keeps_the_probes(suite: Suite) -> None:
    slow = "--base-url=sim:demo?decode_base_ms=30"
    process = suite.start(*SEARCH, *SMALL, slow, "--capacity-range=1,64", "--slo=tpot.mean<=60")
    deadline = time.monotonic() + 120
    while (
        not (frontiers := list(suite.folder.glob("reports/*/frontier.csv"))) and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    # what a search that is killed leaves
    running = json.loads((frontiers[0].parent / "run.json").read_text())["running"]
    assert running["id"].endswith("test_capacity") and len(running["capacity"]["probes"]) >= 1
    assert running["capacity"]["best_so_far"] == running["capacity"]["probes"][0]["load"]
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    entry = json.loads((frontiers[0].parent / "run.json").read_text())["tests"][0]
    assert (entry["word"], entry["reasons"][0], entry["reasons"][-1]) == (
        "INVALID",
        "interrupted",
        "SIMULATED",
    )
    assert len(entry["capacity"]["probes"]) >= 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--capacity-range=8,4",), "capacity-range"),
        (("--capacity-range=8,8",), "capacity-range"),
        (("--capacity-range=1.5,8",), "give whole numbers"),
        (("--capacity-range=1,80",), "is below 80"),
        (("--client=bench_serving",), "leave out --client=bench_serving"),
        (("--baseline-url=http://127.0.0.1:9",), "search each by itself"),
    ],
)
def test_nonsense_is_one_sentence(suite: Suite, options: tuple[str, ...], sentence: str) -> None:
    done = suite(*SEARCH, *SMALL, "--base-url=sim:", *options, reduced=False)
    assert done.status == 4, done.output
    assert sentence in done.output


def test_a_range_without_the_search_is_refused(suite: Suite) -> None:
    done = suite("tests/tencent", *SMALL, "--base-url=sim:", "--capacity-range=1,8", reduced=False)
    assert done.status == 4, done.output
    assert "--find-capacity" in done.output


def test_without_the_option_it_is_not_part_of_the_run(suite: Suite) -> None:
    done = suite("tests/tencent", "--base-url=sim:", "--collect-only", "-q")
    assert "test_capacity" not in done.output
    assert done.status == 0, done.output
