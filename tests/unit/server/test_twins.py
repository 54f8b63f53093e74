"""Two addresses of one process are recognized by what it does; two processes with one seed are two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from slabench.server.http import Http
from slabench.server.twins import alike, same_by_state, same_process

INFO = {"random_seed": 7, "port": 30000, "decode_log_interval": 8, "version": "0.5.7"}


class Process:
    """One server process: what a request leaves behind in its state."""

    def __init__(self, *, counts: bool = True, fails: bool = False) -> None:
        self.throughput, self.counts, self.fails, self.asked = 0.0, counts, fails, 0

    def answer(self, path: str) -> tuple[int, Any]:
        if path == "/generate":
            self.asked += 1
            self.throughput += 123.456 if self.counts else 0.0
            return (500, {}) if self.fails else (200, {"text": "a"})
        return 200, {**INFO, "internal_states": [{"last_gen_throughput": self.throughput}]}


@contextmanager
def serve(process: Process) -> Iterator[Http]:
    """An address of the process."""

    class Face(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = process.answer(self.path)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Http(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


def test_two_addresses_of_one_process() -> None:
    process = Process()
    with serve(process) as client, serve(process) as other:
        assert same_process(client, other, INFO, INFO) is True
    assert process.asked == 1


def test_two_processes_with_one_seed_and_one_port_on_two_machines() -> None:
    first, second = Process(), Process()
    with serve(first) as client, serve(second) as other:
        assert same_process(client, other, INFO, INFO) is False
    assert (first.asked, second.asked) == (1, 0)


def test_without_a_visible_change_it_is_undecided() -> None:
    process = Process(counts=False)
    with serve(process) as client, serve(process) as other:
        assert same_process(client, other, INFO, INFO) is None


@pytest.mark.parametrize(
    ("info", "other", "common"),
    [
        ({"random_seed": 7}, {"random_seed": 7}, "both report random_seed 7"),
        ({"random_seed": 7}, {"random_seed": 8}, ""),
        ({"random_seed": 7}, {}, ""),
        ({"random_seed": None}, {"random_seed": None}, ""),
        ({}, {}, ""),
    ],
)
def test_two_processes_share_a_seed_only_where_it_was_set(info: Any, other: Any, common: str) -> None:
    assert alike(info, other) == common


@pytest.mark.parametrize(
    "change", [{"random_seed": 8}, {"port": 30001}, {"nccl_port": 5}, {"launch_command": "sglang serve b"}]
)
def test_what_two_processes_report_is_enough(change: dict[str, Any]) -> None:
    """No request is sent."""
    nowhere = Http("http://127.0.0.1:1")
    known = {"nccl_port": 4, "launch_command": "sglang serve a", **INFO}
    assert same_process(nowhere, nowhere, known, {**known, **change}) is False


def test_a_start_that_took_as_long_to_the_last_digit_is_one_start() -> None:
    nowhere = Http("http://127.0.0.1:1")
    assert (
        same_process(nowhere, nowhere, {**INFO, "startup_time": 31.41592}, {**INFO, "startup_time": 31.41592})
        is True
    )
    assert (
        same_process(nowhere, nowhere, {**INFO, "startup_time": 31.4}, {**INFO, "startup_time": 32.5})
        is False
    )
    assert same_process(nowhere, nowhere, INFO, INFO) is None  # nothing answers there


@pytest.mark.parametrize(
    ("was", "now", "before", "after", "same"),
    [
        ((1.5,), (2.5,), (1.5,), (2.5,), True),
        ((0.0,), (2.5,), (1.5,), (2.5,), True),  # it changed between the first two looks
        ((1.5,), (2.5,), (1.5,), (1.5,), False),
        ((1.5,), (1.5,), (1.5,), (1.5,), None),
        ((1.5,), (2.5,), (1.5,), (9.5,), None),  # others use it
        ((), (), (), (), None),
        ((1.5, 0.5), (1.5, 2.5), (1.5, 0.5), (1.5, 2.5), True),  # data parallel: one rank did it
    ],
)
def test_a_change_at_one_address_shows_at_the_other(
    was: Any, now: Any, before: Any, after: Any, same: bool | None
) -> None:
    first, second = iter([was, now]), iter([before, after])
    assert same_by_state(lambda: next(first), lambda: next(second), lambda: None) is same
