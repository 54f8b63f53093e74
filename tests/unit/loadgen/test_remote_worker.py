"""A load process on another host, as its parent sees it: without a process."""

from __future__ import annotations

import json
import platform
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from slabench.loadgen.frames import Frame, encode
from slabench.loadgen.hello import MARK, Hello
from slabench.loadgen.host_clock import PINGS, Ping, best, error_ns
from slabench.loadgen.host_records import failure_of, out_of_order
from slabench.loadgen.plan import Plan
from slabench.loadgen.remote_worker import LOST_S, Dealer, RemoteWorker
from slabench.records import RequestRecord
from slabench.units import NS_PER_S

HOUR = 3600 * NS_PER_S
STATS = {
    "cpu_s": 0.1, "peak_rss_mb": 20.0, "lag_ns": [], "lag_samples": 0, "lateness_ns": None,
    "stalls_ns": [[HOUR + 5, HOUR + 9]], "clock_step_ns": 0, "unstamped": 0, "dry_ns": HOUR + 7,
}  # fmt: skip


class Channel:
    """Answers as a host would whose clock is an hour ahead, after a part of the trip there."""

    host = "b"

    def __init__(self, clock: Callable[[], int] = lambda: time.perf_counter_ns() + HOUR) -> None:
        self.sent: list[Any] = []
        self.clock = clock
        self.came: list[bytes] = []

    def fileno(self) -> int:
        return 0

    def read(self) -> bytes:
        return self.came.pop(0) if self.came else b""

    def write(self, data: bytes) -> None:
        order = json.loads(data)
        self.sent.append(order)
        if "ping" in order:
            self.came.append(encode({"kind": "pong", "ping": order["ping"], "now_ns": self.clock()}))

    def running(self) -> bool:
        return True

    def end(self) -> None: ...

    def ended_how(self) -> str:
        return "status 255: ssh: Could not resolve hostname b"


def frame(kind: str, **more: Any) -> Frame:
    return Frame({"kind": kind, **more}, [])


def read_all(worker: RemoteWorker, channel: Channel) -> None:
    while channel.came:
        for each in worker.read():
            worker.took(each)


def ready(channel: Channel) -> RemoteWorker:
    worker = RemoteWorker(channel)
    channel.came.append(b"Welcome to b\n" + MARK)
    read_all(worker, channel)
    worker.dealer = Dealer(Plan.closed_loop(6, 2))
    worker.took(frame("ready"))
    read_all(worker, channel)
    return worker


def test_of_many_pings_the_shortest_counts_and_the_change_of_offset_is_part_of_the_error() -> None:
    pings = [Ping(0, 1_300, 400), Ping(1_000, 2_050, 1_100), Ping(5_000, 6_300, 5_200)]
    assert best(pings) is pings[1]
    assert (pings[1].round_trip_ns, pings[1].offset_ns) == (100, 1_000)
    # half of the longer of both round trips, and 30 that the clocks went apart by
    assert error_ns(pings[1], Ping(9_000, 10_110, 9_160)) == 80 + 30


def test_it_is_ready_once_its_clock_is_known_and_done_once_it_is_known_again() -> None:
    channel = Channel()
    worker = ready(channel)
    assert worker.ready and len([order for order in channel.sent if "ping" in order]) == PINGS
    assert abs(worker.offset_ns - HOUR) <= worker.before.round_trip_ns // 2  # type: ignore[union-attr]
    worker.begin(1000)
    assert channel.sent[-1] == {"zero_ns": 1000 + worker.offset_ns}
    assert worker.clock_error_ns is None
    worker.took(frame("done", stats=STATS))
    assert worker.done is None
    read_all(worker, channel)
    assert worker.done is not None and worker.clock_error_ns is not None
    shift = worker.offset_ns
    assert worker.done.stalls_ns == [[HOUR + 5 - shift, HOUR + 9 - shift]]
    assert worker.done.dry_ns == HOUR + 7 - shift


def test_a_record_comes_to_our_clock_with_all_its_times_and_none_of_its_differences() -> None:
    worker = ready(Channel())
    theirs = RequestRecord(
        3, 8, 4, HOUR, HOUR + 1, HOUR + 2, array("q", [HOUR + 10, HOUR + 20]), array("q", [1, 4]),
        first_text_ns=HOUR + 10, last_text_ns=None, end_ns=HOUR + 30, text_ns=array("q", [HOUR + 11]),
        out_of_order=2, first_read_ns=HOUR + 15, last_read_ns=HOUR + 25,
    )  # fmt: skip
    ours, shift = worker.on_our_clock(theirs), worker.offset_ns
    assert ours.host == "b" and ours.last_text_ns is None
    assert [ours.due_ns, ours.start_ns, ours.sent_ns, *ours.arrival_ns, ours.end_ns] == [
        HOUR + after - shift for after in (0, 1, 2, 10, 20, 30)
    ]
    assert list(ours.text_ns) == [HOUR + 11 - shift]
    assert (ours.first_read_ns, ours.last_read_ns) == (HOUR + 15 - shift, HOUR + 25 - shift)
    assert ours.out_of_order == 2
    assert ours.arrival_ns[1] - ours.arrival_ns[0] == 10


def test_segments_out_of_order_are_those_of_the_answers_of_which_they_are_known() -> None:
    records = [RequestRecord(k, 8, 4, 0, out_of_order=count) for k, count in enumerate((2, None, 0, 5))]
    assert out_of_order(records) == 7
    assert out_of_order(records[1:2]) is None


def test_requests_are_dealt_in_the_plans_order() -> None:
    channel = Channel()
    worker = ready(channel)
    worker.took(frame("drawn", count=3))
    assert channel.sent[-1] == {"indices": [2, 3, 4], "more": True}
    worker.took(frame("drawn", count=3))
    assert channel.sent[-1] == {"indices": [5], "more": False}
    assert Dealer(Plan.at_once(9)).take(1) == []


def test_silence_counts_during_the_load_and_in_the_end_is_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channel()
    worker = ready(channel)
    worker.silent(time.perf_counter_ns() + 3 * NS_PER_S)
    assert worker.longest_silence_ns == 0  # it has not begun
    worker.begin(0)
    now = time.perf_counter_ns()
    worker.silent(now + 3 * NS_PER_S)
    assert 2.9 < worker.longest_silence_ns / NS_PER_S < 3.1 and not worker.ended
    assert channel.sent[-1] == {"alive": True}
    worker.silent(now + int((LOST_S + 1) * NS_PER_S))
    assert worker.ended
    assert failure_of([worker]).startswith("The load process (host b) ended with no report for 6")


def test_a_pause_between_two_loads_is_no_silence() -> None:
    """Answers are scored, a host is calibrated: minutes in which a load process has nothing to report."""
    worker = ready(Channel())
    worker._heard_ns -= 2 * int(LOST_S) * NS_PER_S
    worker.take_remote_job(b"{}", 0, Dealer(Plan.closed_loop(6, 2)), 2)
    worker.silent(time.perf_counter_ns())
    assert not worker.ended


def test_who_died_is_named_with_the_last_line_of_its_launcher() -> None:
    workers = [ready(Channel()), ready(Channel())]
    workers[0].done = object()  # type: ignore[assignment]
    assert failure_of(workers) == (
        "1 of 2 load processes (host b) ended with status 255: ssh: Could not resolve hostname b before the "
        "run did."
    )
    assert failure_of(workers[:1]) == ""


@pytest.mark.parametrize(
    ("more", "differs"),
    [
        ({}, False),
        ({"python": ".".join(platform.python_version_tuple()[:2]) + ".99"}, False),
        ({"python": "3.10.1"}, True),
        ({"slabench": "0.0.9"}, True),
        ({"code": "0123456789ab"}, True),
    ],
)
def test_another_client_is_refused(more: dict[str, str], differs: bool) -> None:
    ours = Hello.ours()
    assert replace(ours, **more).differs(ours) is differs  # type: ignore[arg-type]
