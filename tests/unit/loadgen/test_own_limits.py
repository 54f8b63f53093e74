"""What the client's own machine refuses is no failure of the server, and what can be known before load is."""

from __future__ import annotations

import errno
import resource
from dataclasses import replace

import pytest

from slabench.loadgen import ClientOptions, Plan, Target, own_limits, prepare_requests, run_load
from slabench.messages import Message
from slabench.records import ErrorKind
from slabench.verdict.validity import CheckContext, examine
from slabench.workloads.model import Prompt
from tests.unit.factories import answer, run_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.EMFILE, "Too many open files"), ErrorKind.NO_FILES),
        (OSError(errno.ENFILE, "Too many open files in system"), ErrorKind.NO_FILES),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), ErrorKind.NO_PORTS),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), ErrorKind.NO_PORTS),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), ErrorKind.CONNECT),
        (TimeoutError(), ErrorKind.CONNECT),
        (ValueError("embedded null byte"), ErrorKind.CONNECT),
    ],
)
def test_whose_fault_it_is_that_there_is_no_connection(error: Exception, kind: ErrorKind) -> None:
    check, text = own_limits.connect_error(error, 2.0)
    assert check is kind
    assert (str(error) or "no connection within 2 s") in text
    assert ("server" in text) == (kind is ErrorKind.CONNECT)


def limit_of(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda what: (64, most))


def test_connections_that_no_process_can_have_are_known_before_load(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_of(monkeypatch, 64)
    assert str(own_limits.too_few_files(Plan.at_once(200), 1)) == (
        "ulimit -n of the client is 64, and 200 requests in flight need about 264."
    )
    assert own_limits.too_few_files(Plan.closed_loop(1000, 200), 1) is not None
    assert own_limits.too_few_files(Plan.closed_loop(1000, 20), 1) is None
    assert own_limits.too_few_files(Plan.at_once(200), 4) is None  # each process has its own limit
    # the server may keep up
    assert own_limits.too_few_files(Plan.open_loop(1000, 8.0, arrivals="constant"), 1) is None
    limit_of(monkeypatch, resource.RLIM_INFINITY)
    assert own_limits.too_few_files(Plan.at_once(200_000), 1) is None


def test_a_load_that_cannot_be_driven_is_not_sent_and_every_request_has_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit_of(monkeypatch, 16)
    requests = prepare_requests([Prompt("a", None, 1, 4)] * 20)
    seen: list[int] = []
    nowhere = Target("http://127.0.0.1:1")
    result = run_load(
        nowhere,
        requests,
        Plan.at_once(20),
        ClientOptions(),
        on_record=lambda record: seen.append(record.index),
    )
    assert seen == list(range(20)) == [record.index for record in result.requests]
    assert {(record.error, record.sent_ns) for record in result.requests} == {(ErrorKind.NO_FILES, None)}


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (
            ErrorKind.NO_FILES,
            "Raise ulimit -n of the shell that starts slabench to 264 (200 requests in flight",
        ),
        (ErrorKind.NO_PORTS, "Use --connections=keep-alive"),
        (ErrorKind.CONNECT, "Look at the server's log"),
    ],
)
def test_the_remedy_names_whose_machine_it_is(kind: ErrorKind, says: str) -> None:
    run = run_of(*(answer(k, error=kind if k else None) for k in range(300)))
    run = replace(run, plan={"max_concurrency": 200})
    (check,) = [
        check for check in examine(CheckContext(run, True, 300), "serving") if check.name == "completed"
    ]
    assert check.message.arguments["errors"] == Message(f"error.{kind}")
    assert check.text.startswith("299 of 300 requests failed with ")
    assert check.remedy.startswith(says)
