"""The client over real sockets: what each kind of server becomes in the records, and what survives an end
before time.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slabench.loadgen import (
    ClientOptions,
    LoadInterrupted,
    LoadResult,
    Plan,
    Progress,
    Target,
    prepare_requests,
    run_load,
)
from slabench.metrics.compute import most_at_once
from slabench.records import ErrorKind, RequestRecord
from tests.data.loadgen.scripted import Scripted, scripted


@dataclass(frozen=True)
class Script:
    text: str
    ids: None = None
    input_len: int = 4
    output_len: int = 5


@pytest.fixture
def fake() -> Iterator[Scripted]:
    with scripted() as found:
        yield found


def load(fake: Scripted, texts: list[str], plan: Plan | None = None, **options: object) -> LoadResult:
    requests = prepare_requests([Script(text) for text in texts])
    return run_load(Target(fake.url), requests, plan or Plan.at_once(len(texts)), ClientOptions(**options))  # type: ignore[arg-type]


def test_all_at_once(fake: Scripted) -> None:
    seen: list[RequestRecord] = []
    texts = ["plain"] * 12
    requests = prepare_requests([Script(text) for text in texts])
    result = run_load(Target(fake.url), requests, Plan.at_once(12), ClientOptions(), on_record=seen.append)
    assert all(record.ok for record in result.requests)
    assert [record.index for record in result.requests] == list(range(12))
    assert sorted(record.index for record in seen) == list(range(12))
    assert all(list(record.arrival_tokens) == [1, 2, 3, 4, 5] for record in result.requests)
    assert {record.due_ns for record in result.requests} == {result.began_ns}
    for record in result.requests:
        assert record.start_ns is not None
        assert record.sent_ns is not None
        assert record.end_ns is not None
        assert (
            record.due_ns
            <= record.start_ns
            <= record.sent_ns
            < record.arrival_ns[0]
            < record.arrival_ns[-1]
            <= record.end_ns
        )
    assert fake.most == 12
    assert result.client.wall_s > 0


def test_a_closed_loop_holds_its_concurrency_and_its_connections(fake: Scripted) -> None:
    result = load(fake, ["plain"] * 30, Plan.closed_loop(30, 4))
    assert all(record.ok for record in result.requests)
    assert fake.most == 4
    assert fake.connections == 4
    assert most_at_once((record.sent_ns or 0, record.end_ns or 0) for record in result.requests) == 4
    later = [record for record in result.requests if record.index >= 4]
    assert all(record.due_ns > result.began_ns for record in later)
    assert all(record.reused for record in later)


MANY = """
import sys
from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.workloads.model import Prompt
requests = prepare_requests([Prompt("plain", None, 4, 5)] * 90)
result = run_load(Target(sys.argv[1]), requests, Plan.at_once(90), ClientOptions())
print(sum(record.ok for record in result.requests), {record.error_text for record in result.requests})
"""


def test_more_streams_than_a_shell_s_limit_of_open_files(fake: Scripted) -> None:
    command = ["bash", "-c", 'ulimit -Sn 64 && exec "$0" "$@"', sys.executable, "-c", MANY, fake.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split(None, 1)[0] == "90", done.stdout + done.stderr


def test_one_connection_a_request(fake: Scripted) -> None:
    result = load(fake, ["plain"] * 10, Plan.closed_loop(10, 3), connections="per-request")
    assert all(record.ok and not record.reused for record in result.requests)
    assert fake.connections == 10


def test_rate_and_cap_together(fake: Scripted) -> None:
    plan = Plan.open_loop(20, 2000.0, arrivals="constant", cap=5)
    result = load(fake, ["plain"] * 20, plan)
    assert fake.most == 5
    assert [record.due_ns - result.began_ns for record in result.requests] == [k * 500_000 for k in range(20)]
    starts = [record.start_ns for record in result.requests if record.start_ns is not None]
    assert starts == sorted(starts)


def test_an_idle_connection_that_the_server_closed_costs_nothing(fake: Scripted) -> None:
    result = load(fake, ["plain-then-close"] * 8, Plan.closed_loop(8, 2))
    assert all(record.ok for record in result.requests)
    assert fake.requests == 8


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("reset", ErrorKind.RESET, "before the answer was complete"),
        ("cut", ErrorKind.TRUNCATED, "closed"),
        ("page", ErrorKind.NOT_A_STREAM, "proxy's page"),
        ("whole", ErrorKind.NOT_A_STREAM, "completion_tokens"),
        ("busy", ErrorKind.HTTP_STATUS, "HTTP 503: overload!"),
        ("silent", ErrorKind.FIRST_BYTE_TIMEOUT, "--first-byte-timeout"),
        ("stalls", ErrorKind.IDLE_TIMEOUT, "--idle-timeout"),
    ],
)
def test_a_failure_is_one_record_and_the_others_are_whole(
    fake: Scripted, script: str, kind: ErrorKind, words: str
) -> None:
    result = load(fake, ["plain", script, "plain"], first_byte_timeout_s=0.3, idle_timeout_s=0.3)
    assert [record.ok for record in result.requests] == [True, False, True]
    assert result.requests[1].error is kind
    assert words in result.requests[1].error_text


def test_the_total_time_out(fake: Scripted) -> None:
    result = load(fake, ["stalls"], total_timeout_s=0.3)
    assert result.requests[0].error is ErrorKind.TOTAL_TIMEOUT


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    result = run_load(Target(url), prepare_requests([Script("plain")] * 3), Plan.at_once(3), ClientOptions())
    assert {record.error for record in result.requests} == {ErrorKind.CONNECT}
    assert "No connection" in result.requests[0].error_text


def _children() -> list[int]:
    """Our load processes."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [int(line.split()[0]) for line in found if "slabench.loadgen.worker" in line]


def _once_running(fake: Scripted, requests: int, act: object) -> threading.Thread:
    def wait() -> None:
        deadline = time.monotonic() + 10
        while fake.requests < requests and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        act()  # type: ignore[operator]

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_load_process_that_dies_loses_no_other_record(fake: Scripted) -> None:
    thread = _once_running(fake, 4, lambda: os.kill(_children()[0], signal.SIGKILL))
    result = load(fake, ["plain", "plain", "stalls", "plain"], Plan.closed_loop(4, 3))
    thread.join()
    assert [record.ok for record in result.requests] == [True, True, False, True]
    assert result.requests[2].error is ErrorKind.NOT_SENT
    assert "ended with status -9" in result.requests[2].error_text


def test_a_load_process_goes_on_with_the_next_load_and_one_that_died_meanwhile_is_replaced(
    fake: Scripted,
) -> None:
    load(fake, ["plain"])
    before = _children()
    assert all(record.ok for record in load(fake, ["plain"] * 3, Plan.closed_loop(3, 1)).requests)
    assert _children() == before
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    result = load(fake, ["plain"])
    assert result.requests[0].ok
    assert not result.client.failure
    assert not set(_children()) & set(before)


def test_ctrl_c_keeps_what_was_measured(fake: Scripted) -> None:
    thread = _once_running(fake, 3, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(LoadInterrupted) as raised:
        load(fake, ["plain", "stalls", "stalls", "stalls"], Plan.closed_loop(4, 2))
    thread.join()
    result = raised.value.result
    assert result.interrupted
    assert result.requests[0].ok
    assert [record.error for record in result.requests[1:]] == [
        ErrorKind.INTERRUPTED,
        ErrorKind.INTERRUPTED,
        ErrorKind.NOT_SENT,
    ]
    assert list(result.requests[1].arrival_tokens) == [1]
    assert not _children()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_waits_for_no_further_record_and_keeps_those_that_came(fake: Scripted) -> None:
    def twice() -> None:
        os.kill(_children()[0], signal.SIGSTOP)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    thread = _once_running(fake, 3, twice)
    with pytest.raises(LoadInterrupted) as raised:
        load(fake, ["plain", "stalls", "stalls", "stalls"], Plan.closed_loop(4, 2))
    thread.join()
    assert [record.ok for record in raised.value.result.requests] == [True, False, False, False]
    assert not _children()


def test_progress_is_reported(fake: Scripted) -> None:
    reports: list[Progress] = []
    requests = prepare_requests([Script("plain", output_len=150)] * 2)
    run_load(Target(fake.url), requests, Plan.at_once(2), ClientOptions(), on_progress=reports.append)
    assert reports
    assert reports[0].running == 2
    assert 0 < reports[0].output_tokens <= 300


def test_the_job_with_the_key_is_gone_and_was_private(
    fake: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    load(fake, ["plain"])
    assert not list(tmp_path.iterdir())
