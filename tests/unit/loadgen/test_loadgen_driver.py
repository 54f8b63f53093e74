"""Connecting, and connections that are gone before they are used, in this process."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.loadgen import kernel_timestamps as arrival
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.driver import LoadDriver
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.options import ClientOptions
from slabench.loadgen.stream_selector import StreamSelector, new_loop
from slabench.loadgen.tls import Address
from slabench.records import ErrorKind
from tests.unit.loadgen.reading import HEAD, chunk, event, line

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 14\r\n\r\ndata: [DONE]\n\n"
V4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "")


@pytest.fixture
def loop() -> Iterator[tuple[asyncio.AbstractEventLoop, StreamSelector]]:
    made = new_loop()
    yield made
    made[0].close()


def driver_of(
    loop: tuple[asyncio.AbstractEventLoop, StreamSelector], host: str, port: int, count: int, **options: Any
) -> Any:
    ended: list[Exchange] = []
    queue = iter(range(count, 4 * count))
    made = LoadDriver(
        *loop,
        Address(host, port, None),
        ClientOptions(**options),
        GenerateMeter,
        [memoryview(b"POST / HTTP/1.1\r\n\r\n")] * (4 * count),
        [0] * (4 * count),
        share=range(count),
        draw=lambda: next(queue, None),
        closed=True,
        on_end=ended.append,
    )
    return made, ended


async def until_done(driver: LoadDriver, seconds: float = 10) -> None:
    driver.begin(perf_counter_ns() + 5_000_000)
    await asyncio.wait_for(driver.complete, seconds)
    driver.close()


def test_a_closed_loop_is_read_without_a_nap(loop: Any) -> None:
    driver_of(loop, "127.0.0.1", 1, 1)
    assert loop[1].pace.closed_loop


def test_every_refused_request_says_why(loop: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    driver, ended = driver_of(loop, "127.0.0.1", port, 6, connections="per-request")
    loop[0].run_until_complete(until_done(driver))
    assert len(ended) == 24
    assert {exchange.error for exchange in ended} == {ErrorKind.CONNECT}
    assert {"Connect call failed" in exchange.error_text for exchange in ended} == {True}, {
        exchange.error_text for exchange in ended
    }


def test_an_address_that_this_machine_has_no_family_for_is_passed_over(loop: Any) -> None:
    """As localhost is ::1 first on a kernel without IPv6."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        driver, _ = driver_of(loop, "localhost", listener.getsockname()[1], 2)
        driver._places = [(9999, socket.SOCK_STREAM, 6, "", ("::1", 1)), (*V4, listener.getsockname())]
        loop[0].run_until_complete(driver.open_connections())
        assert len(driver.idle) == 2
        driver.close()


def test_a_name_that_is_none_fails_the_request_and_not_the_load(loop: Any) -> None:
    driver, ended = driver_of(loop, "a" * 64, 80, 1)
    loop[0].run_until_complete(until_done(driver))
    assert {exchange.error for exchange in ended} == {ErrorKind.CONNECT}


def test_many_connections_that_are_gone_at_the_zero_end_in_order(loop: Any) -> None:
    """Each one's end sends the next request, which finds its connection gone too: one after the other, not
    one inside the other.
    """
    count = 400
    with socket.create_server(("127.0.0.1", 0), backlog=count) as listener:
        driver, ended = driver_of(loop, "127.0.0.1", listener.getsockname()[1], count)
        loop[0].run_until_complete(driver.open_connections())
        assert len(driver.idle) == count
        for _ in range(count):
            gone, _ = listener.accept()
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.close()
    driver.zero_ns = perf_counter_ns()
    driver._begin()  # before the loop has looked at its sockets
    loop[0].run_until_complete(asyncio.wait_for(driver.complete, 20))
    assert len(ended) == 4 * count
    assert {exchange.error for exchange in ended} <= {ErrorKind.RESET, ErrorKind.CONNECT}


@pytest.mark.parametrize("step_ns", [5_000_000, -5_000_000])
def test_the_sign_of_a_clock_step_is_that_of_the_clock(step_ns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time of day that is set forward by 5 ms is +5 ms."""
    day = 1_700_000_000_000_000_000
    monkeypatch.setattr(arrival, "perf_counter_ns", lambda: 1_000)
    monkeypatch.setattr(arrival.time, "time_ns", lambda: day)
    seen: Any = SimpleNamespace(
        zero_ns=1, clock_step_ns=0, selector=SimpleNamespace(offset_ns=arrival.offset_ns())
    )
    day += step_ns
    LoadDriver._check_clock(seen)
    assert seen.clock_step_ns == step_ns


@contextmanager
def one_read_waits(loop: Any, **options: Any) -> Iterator[tuple[Any, list[Exchange], StreamSelector]]:
    """A request whose first token has been read and not parsed yet."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        driver, ended = driver_of(loop, "127.0.0.1", listener.getsockname()[1], 1, **options)
        loop[0].run_until_complete(driver.open_connections())
        driver.zero_ns = perf_counter_ns()
        driver._release()
        peer, _ = listener.accept()
        with peer:
            peer.sendall(HEAD + chunk(line(event(1))))
            selector = loop[1]
            selector._read(selector._epoll.poll(5, 8))
            assert len(selector._waiting) == 1
            yield driver, ended, selector
        driver.stop()
        driver.close()


def test_a_request_whose_first_token_waits_to_be_parsed_has_not_timed_out(loop: Any) -> None:
    with one_read_waits(loop, first_byte_timeout_s=0.001) as (driver, ended, selector):
        time.sleep(0.01)
        driver._check_timeouts()
        assert not ended and not selector._waiting
        (active,) = driver.active.values()
        assert list(active[0].answer.meter.arrival_tokens) == [1]


def test_an_answer_whose_end_waits_as_its_time_out_passes_has_ended_well(loop: Any) -> None:
    with one_read_waits(loop, total_timeout_s=0.02) as (driver, ended, selector):
        driver.draw = lambda: None
        (active,) = driver.active.values()
        fd, end = active[1]._fd, b"data: [DONE]\n\n"
        selector._streams[fd].waiting.append((perf_counter_ns(), 0, b"", chunk(end) + b"0\r\n\r\n"))
        time.sleep(0.03)
        driver._check_timeouts()
        assert [(exchange.error, len(exchange.arrivals)) for exchange in ended] == [(None, 1)]


def test_a_stop_loses_no_token_that_waits_to_be_parsed(loop: Any) -> None:
    with one_read_waits(loop) as (driver, ended, _):
        driver.stop()
        assert [list(exchange.answer.meter.arrival_tokens) for exchange in ended] == [[1]]
