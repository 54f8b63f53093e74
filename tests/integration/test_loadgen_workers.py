"""Several load processes and one plan: the records are those of one process, the cap holds, and a death costs
its own alone.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from slabench.loadgen import ClientOptions, LoadResult, Plan, Target, prepare_requests, run_load
from slabench.records import ErrorKind, RequestRecord, RunRecord
from slabench.server.launch import launch
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.client import client
from slabench.verdict.validity.context import CheckContext
from slabench.workloads.model import Prompt

COUNT, CAP = 42, 7
PROMPTS = [Prompt(f"{k} some words", None, 4, 20 + k % 5) for k in range(COUNT)]
GAPS = [((k * 37) % 11 + 1) / 6 for k in range(COUNT)]
PLANS = {
    "at once": Plan.at_once(COUNT),
    "closed loop": Plan.closed_loop(COUNT, CAP),
    "open loop": Plan.open_loop(COUNT, 120.0, unit_gaps=GAPS),
    "rate and cap": Plan.open_loop(COUNT, 400.0, cap=CAP, unit_gaps=GAPS),
    "rate below the cap": Plan.open_loop(COUNT, 40.0, cap=CAP, arrivals="constant"),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("sim") / "log"
    with launch([sys.executable, "-m", "slabench.sim", "--port", "{port}"], str(log)) as server:
        yield server.url


def load(url: str, plan: Plan, workers: int, **options: float) -> LoadResult:
    return run_load(Target(url), prepare_requests(PROMPTS), plan, ClientOptions(workers=workers, **options))  # type: ignore[arg-type]


def reported(records: Sequence[RequestRecord]) -> list[tuple[object, ...]]:
    """What must not depend on how many processes there are."""
    return [
        (
            record.index,
            record.input_len,
            record.output_len,
            record.ok,
            record.prompt_tokens,
            record.completion_tokens,
            list(record.arrival_tokens),
        )
        for record in records
    ]


def sweep(records: Sequence[RequestRecord]) -> list[tuple[int, int]]:
    """(moment, requests in flight from then on); where one ends as another begins, the end comes first."""
    edges = [
        (at, change)
        for record in records
        for at, change in ((record.start_ns, 1), (record.end_ns, -1))
        if at is not None
    ]
    edges.sort()
    return list(
        zip((at for at, _ in edges), itertools.accumulate(change for _, change in edges), strict=True)
    )


@pytest.mark.parametrize("name", PLANS)
def test_the_records_are_those_of_one_process(url: str, name: str) -> None:
    plan = PLANS[name]
    single, three = load(url, plan, 1), load(url, plan, 3)
    assert reported(single.requests) == reported(three.requests)
    assert [record.index for record in three.requests] == list(range(COUNT))
    assert all(record.ok for record in three.requests)
    assert (single.client.workers, three.client.workers) == (1, 3)
    if plan.kind == "open_loop":
        dues = [[record.due_ns - result.began_ns for record in result.requests] for result in (single, three)]
        assert dues == [list(plan.offsets_ns)] * 2


@pytest.mark.parametrize("workers", [1, 3])
def test_a_closed_loop_has_its_concurrency_at_every_moment(url: str, workers: int) -> None:
    records = load(url, PLANS["closed loop"], workers).requests
    flying = sweep(records)
    assert max(number for _, number in flying) == CAP
    full = next(at for at, number in flying if number == CAP)
    last_start = max(record.start_ns for record in records if record.start_ns is not None)
    # Between the end of one answer and the request that takes its slot there is one turn of a loop, and
    # nothing else.
    below = sum(
        later - at
        for (at, number), (later, _) in itertools.pairwise(flying)
        if full <= at and later <= last_start and number < CAP
    )
    assert below < 0.1 * (last_start - full)


@pytest.mark.parametrize("workers", [1, 3])
def test_rate_and_cap_hold_together(url: str, workers: int) -> None:
    records = load(url, PLANS["rate and cap"], workers).requests
    assert max(number for _, number in sweep(records)) == CAP
    starts = [record.start_ns for record in records if record.start_ns is not None]
    assert all(record.start_ns >= record.due_ns for record in records if record.start_ns is not None)
    # Slots take requests in the plan's order; two processes may differ by the time that sending takes them.
    assert all(earlier < later + 20_000_000 for earlier, later in itertools.pairwise(starts))


def _processes() -> list[int]:
    lines = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    ).stdout
    return [int(line.split()[0]) for line in lines.splitlines() if "slabench.loadgen.worker" in line]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_load_processes_without_a_job_use_no_cpu(url: str) -> None:
    """They live through a session: what they burn would be taken from the one that measures."""
    prompts = [Prompt("some words", None, 4, 4)] * COUNT
    run_load(Target(url), prepare_requests(prompts), Plan.closed_loop(COUNT, 21), ClientOptions(workers=3))
    before = {pid: _cpu_s(pid) for pid in _processes()}
    time.sleep(0.5)
    assert len(before) >= 3
    assert max(_cpu_s(pid) - used for pid, used in before.items()) < 0.1


@pytest.mark.parametrize("name", ["closed loop", "at once"])
def test_a_process_that_dies_loses_no_other_record_and_makes_the_run_invalid(url: str, name: str) -> None:
    died: list[float] = []

    def kill() -> None:
        deadline = time.monotonic() + 20
        while len(_processes()) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        victim = _processes()[1]
        while not records and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(0.1)  # what has ended is handed back 20 ms later
        os.kill(victim, signal.SIGKILL)
        died.append(time.perf_counter())

    records: list[RequestRecord] = []
    prompts = [Prompt("some words", None, 4, 4 if k < 3 else 150) for k in range(COUNT)]
    plan = Plan.closed_loop(COUNT, 21) if name == "closed loop" else PLANS[name]
    thread = threading.Thread(target=kill)
    thread.start()
    result = run_load(
        Target(url), prepare_requests(prompts), plan, ClientOptions(workers=3), on_record=records.append
    )
    thread.join()
    lost = [record.index for record in result.requests if not record.ok]
    assert died
    # In a closed loop what it held, seven at most, and the others go on with the queue; of an open plan no
    # more than its third.
    assert 1 <= len(lost) <= (7 if name == "closed loop" else 14)
    assert {result.requests[k].error for k in lost} == {ErrorKind.NOT_SENT}
    assert (
        "1 of 3 load processes ended with status -9 before this request did."
        in result.requests[lost[0]].error_text
    )
    assert len({record.index for record in records}) == len(records) == COUNT - len(lost)
    run = RunRecord(result.requests, result.began_ns, result.began_unix, {}, {}, result.client)
    check = client(CheckContext(run, exact_prompt=False, planned=COUNT))
    assert check.state is CheckStatus.INVALID
    assert check.text == "1 of 3 load processes ended with status -9 before the run did."
