"""Load processes behind a launcher, as two hosts of this machine: one run, whose records are those of a local
one.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from slabench.loadgen import (
    ClientOptions,
    LoadInterrupted,
    LoadResult,
    Plan,
    Target,
    prepare_requests,
    run_load,
)
from slabench.loadgen.pools import end_idle_pools
from slabench.loadgen.remote_pool import HostRefused
from slabench.loadgen.transports.base import LoadHosts
from slabench.records import ErrorKind, RequestRecord, RunRecord
from slabench.server.launch import launch
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.client import client
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.load_hosts import load_clock, load_hosts
from slabench.workloads.model import Prompt

COUNT, CAP = 42, 8
PROMPTS = [Prompt(f"{k} some words", None, 4, 20 + k % 5) for k in range(COUNT)]
GAPS = [((k * 37) % 11 + 1) / 6 for k in range(COUNT)]
PLANS = {
    "at once": Plan.at_once(COUNT),
    "closed loop": Plan.closed_loop(COUNT, CAP),
    "open loop": Plan.open_loop(COUNT, 120.0, unit_gaps=GAPS),
    "rate and cap": Plan.open_loop(COUNT, 400.0, cap=CAP, unit_gaps=GAPS),
}
# a login shell that prints a greeting, and passes nothing of our environment on
LAUNCHER = "env -i PATH=/usr/bin:/bin AT={host} sh -c 'echo welcome to $AT; exec \"$@\"' sh"
TWO = LoadHosts(("a", "b"), LAUNCHER)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("sim") / "log"
    with launch([sys.executable, "-m", "slabench.sim", "--port", "{port}"], str(log)) as server:
        yield server.url


@pytest.fixture(autouse=True)
def _no_host_outlives_a_test() -> Iterator[None]:
    yield
    end_idle_pools()


def load(url: str, plan: Plan, place: LoadHosts | None, prompts: list[Prompt] = PROMPTS) -> LoadResult:
    return run_load(Target(url), prepare_requests(prompts), plan, ClientOptions(), place=place)


def reported(records: Sequence[RequestRecord]) -> list[tuple[object, ...]]:
    """What must not depend on who sends it."""
    return [
        (
            record.index,
            record.ok,
            record.prompt_tokens,
            record.completion_tokens,
            list(record.arrival_tokens),
        )
        for record in records
    ]


def flying(records: Sequence[RequestRecord]) -> list[int]:
    """Requests in flight after each start and end; where one ends as another begins, the end comes first."""
    edges = [(record.start_ns, 1) for record in records] + [(record.end_ns, -1) for record in records]
    return list(itertools.accumulate(change for _, change in sorted(edges)))


@pytest.mark.parametrize(
    "name",
    [
        "closed loop",
        "open loop",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("at once", "rate and cap")),
    ],
)
def test_the_records_of_two_hosts_are_those_of_this_machine(url: str, name: str) -> None:
    plan = PLANS[name]
    local, two = load(url, plan, None), load(url, plan, TWO)
    assert reported(local.requests) == reported(two.requests)
    assert {record.host for record in two.requests} == {"a", "b"}
    assert {record.host for record in local.requests} == {None}
    if plan.kind == "open_loop":
        # the plan's one sequence; of two clocks, each known to within the error that is reported
        error_ns = max(host.clock_error_ms for host in two.client.hosts) * 1e6
        dues = [record.due_ns - two.began_ns for record in two.requests]
        assert all(abs(due - offset) <= error_ns for due, offset in zip(dues, plan.offsets_ns, strict=True))
    if plan.cap is not None:
        assert max(flying(two.requests)) <= CAP


SLOW = [Prompt("some words", None, 4, 4 if k < 4 else 150) for k in range(COUNT)]
# a launcher that carries the bytes itself, as ssh and kubectl do
PUMPED = LoadHosts(("a", "b"), "sh -c 'cat | env AT={host} \"$@\" | cat' {host}")


def below(pid: int) -> list[tuple[int, str]]:
    """(pid, command line) of all processes below one."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    wanted, found = {pid}, []
    for line in sorted(listed.stdout.splitlines(), key=lambda line: int(line.split(None, 1)[0])):
        child, parent, command = line.split(None, 2)
        if int(parent) in wanted:
            wanted.add(int(child))
            found.append((int(child), command))
    return found


def launcher_of(host: str) -> int:
    return next(
        pid
        for pid, command in below(os.getpid())
        if command.startswith("sh -c cat") and f" {host} " in command
    )


def disturbed(url: str, plan: Plan, harm: Callable[[int], None]) -> tuple[LoadResult, CheckContext]:
    """A load of two hosts; harm(pid of host b's launcher) once its first records have come."""
    came = threading.Event()

    def wait() -> None:
        assert came.wait(30)
        time.sleep(0.1)  # what has ended is handed back 20 ms later
        harm(launcher_of("b"))

    thread = threading.Thread(target=wait)
    thread.start()
    result = run_load(
        Target(url),
        prepare_requests(SLOW),
        plan,
        ClientOptions(),
        place=PUMPED,
        on_record=lambda record: came.set(),
    )
    thread.join()
    run = RunRecord(result.requests, result.began_ns, result.began_unix, {}, {}, result.client)
    return result, CheckContext(run, exact_prompt=False, planned=COUNT)


def kill(launcher: int) -> None:
    for pid, command in below(launcher):
        if "slabench.loadgen.worker" in command:
            os.kill(pid, signal.SIGKILL)


def cut_off(launcher: int) -> None:
    pumps = [pid for pid, command in below(launcher) if command == "cat"]
    for pid in pumps:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    for pid in pumps:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("name", [pytest.param("closed loop", marks=pytest.mark.slow), "at once"])
def test_a_host_that_dies_loses_no_other_record_and_makes_the_run_invalid(url: str, name: str) -> None:
    result, context = disturbed(url, PLANS[name], kill)
    lost = [record for record in result.requests if not record.ok]
    # what it had in its slots and had drawn ahead; of an open plan no more than its half
    assert 1 <= len(lost) <= (CAP // 2 + 2 if name == "closed loop" else COUNT // 2)
    assert {record.error for record in lost} == {ErrorKind.NOT_SENT}
    assert "(host b)" in lost[0].error_text
    check = client(context)
    assert check.state is CheckStatus.INVALID
    assert check.text.startswith("1 of 2 load processes (host b) ended with status ")
    assert [host.failure != "" for host in result.client.hosts] == [False, True]


@pytest.mark.slow
def test_a_host_that_is_cut_off_for_five_seconds_makes_the_run_invalid_and_loses_nothing(url: str) -> None:
    result, context = disturbed(url, PLANS["open loop"], cut_off)
    assert all(record.ok for record in result.requests)
    assert [host.silent_s > 4 for host in result.client.hosts] == [False, True]
    check = load_hosts(context)
    assert check.state is CheckStatus.INVALID
    assert check.text.startswith("Nothing came from load host b for ")


# A Python whose host's monotonic clock and time of day are an hour apart from ours, each the other way. The
# kernel's stamps are of the same time of day.
SHIFTED = """#!{python}
import os, runpy, sys, time
sys.path.insert(0, os.environ["PYTHONPATH"])
HOUR = 3600 * 10**9 if os.environ["AT"] == "b" else 0
monotonic, day = time.perf_counter_ns, time.time_ns
time.perf_counter_ns = lambda: monotonic() + HOUR
time.time_ns = lambda: day() - HOUR
from slabench.loadgen import kernel_timestamps
stamped = kernel_timestamps.all_arrived_ns
kernel_timestamps.all_arrived_ns = lambda stamps, offset: [at - HOUR for at in stamped(stamps, offset)]
sys.argv = sys.argv[sys.argv.index("-m") + 1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def test_a_host_whose_clocks_differ_by_an_hour_gives_the_same_times(url: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(SHIFTED.format(python=sys.executable))
    python.chmod(0o755)
    result = load(url, PLANS["closed loop"], replace(TWO, python=str(python)))
    run = RunRecord(result.requests, result.began_ns, result.began_unix, {}, {}, result.client)
    assert all(record.ok for record in result.requests)
    assert load_clock(CheckContext(run, exact_prompt=False, planned=COUNT)).state is CheckStatus.OK
    until = time.perf_counter_ns()
    for record in result.requests:
        moments = (record.due_ns, record.start_ns, record.sent_ns, *record.arrival_ns, record.end_ns)
        assert all(result.began_ns - 10**6 <= moment <= until for moment in moments if moment is not None)
        assert list(moments) == sorted(moments)
    assert max(flying(result.requests)) <= CAP


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (
            LoadHosts(("a", "b"), "sh -c 'echo no route to {host} >&2; exit 255'"),
            "Load host a could not start a load process: status 255: no route to a.",
        ),
        (LoadHosts(("a",), "/no/such/launcher {host}"), "process: No such file or directory."),
        (LoadHosts(("a",), "env AT={host}", python="/bin/echo"), "could not start a load process: status 0."),
        (LoadHosts(("a",), "env AT={host}", python="/no/python"), "No such file or directory."),
    ],
)
def test_a_host_that_cannot_start_is_named_with_what_its_launcher_wrote(
    url: str, place: LoadHosts, says: str
) -> None:
    with pytest.raises(HostRefused) as refused:
        load(url, PLANS["at once"], place)
    assert says in str(refused.value)


def test_a_host_with_another_slabench_is_refused(url: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    other = SHIFTED.replace("HOUR = ", "import slabench; slabench.__version__ = '9.9.9'\nHOUR = ")
    python.write_text(other.format(python=sys.executable))
    python.chmod(0o755)
    with pytest.raises(HostRefused, match=r"Load host a has slabench 9\.9\.9 .* this machine slabench "):
        load(url, PLANS["at once"], LoadHosts(("a",), "env AT={host}", python=str(python)))


def test_an_interrupt_stops_all_hosts_and_keeps_what_was_measured(url: str) -> None:
    timer = threading.Timer(3.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    prompts = [Prompt("some words", None, 4, 4 if k < 4 else 2000) for k in range(COUNT)]
    with pytest.raises(LoadInterrupted) as stop:
        load(url, Plan.closed_loop(COUNT, 21), TWO, prompts)
    errors = [record.error for record in stop.value.result.requests]
    assert errors.count(None) == 4 and set(errors[4:]) == {ErrorKind.INTERRUPTED, ErrorKind.NOT_SENT}
    assert errors.count(ErrorKind.INTERRUPTED) == 21
    assert [host.failure for host in stop.value.result.client.hosts] == ["", ""]
