"""A connection that breaks before an answer: a race at a keep-alive's end is tried again, a request that was taken is lost."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.loadgen import connection as module
from slabench.loadgen.connection import RACE_NS, Connection, Exchange
from slabench.loadgen.pace import Pace
from slabench.records import ErrorKind

NOW = 10**12


class Wire:
    """A socket that takes everything at once."""

    def fileno(self) -> int:
        return 99

    def send(self, data: memoryview) -> int:
        return len(data)

    def recvmsg_into(self, buffers: Any, room: int) -> Any:
        raise AssertionError("nobody reads here")

    def close(self) -> None: ...


class Selector:
    offset_ns, stamped, pace = 0, False, Pace()

    def watch(self, fd: int, stream: Connection) -> None: ...
    def forget(self, fd: int) -> None: ...


class Told:
    """A driver that notes what it is told."""

    def __init__(self) -> None:
        self.ended: list[Exchange] = []
        self.once_more: list[Exchange] = []

    def finished(self, connection: Connection, exchange: Exchange) -> None:
        self.ended.append(exchange)

    def again(self, exchange: Exchange) -> None:
        self.once_more.append(exchange)

    def gone(self, connection: Connection) -> None: ...
    def soon(self, act: Any, error: OSError) -> None: ...


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    at = [NOW]
    monkeypatch.setattr(module, "perf_counter_ns", lambda: at[0])
    return at


def opened(told: Told, *, used: bool) -> Connection:
    made = Connection(told, Selector(), Wire())  # type: ignore[arg-type]
    made.used = used
    return made


def request() -> Exchange:
    return Exchange(3, memoryview(b"POST /generate HTTP/1.1\r\n\r\n"), NOW, 1000)


def test_a_keep_alive_that_was_closed_is_tried_again_and_counts_from_its_first_sending(clock: list[int]) -> None:
    told, exchange = Told(), request()
    first = opened(told, used=True)
    first.send(exchange)
    clock[0] += 2_000_000
    first.broke(ConnectionResetError())
    assert (told.once_more, told.ended) == ([exchange], [])
    assert (exchange.tried_ns, exchange.sent_ns, exchange.error) == (NOW, None, None)
    opened(told, used=False).send(exchange)
    assert (exchange.tried_ns, exchange.sent_ns) == (NOW, NOW + 2_000_000)


def test_one_that_breaks_later_had_the_request(clock: list[int]) -> None:
    told, exchange = Told(), request()
    connection = opened(told, used=True)
    connection.send(exchange)
    clock[0] += RACE_NS
    connection.broke(ConnectionResetError())
    assert (told.once_more, told.ended, exchange.error) == ([], [exchange], ErrorKind.RESET)


@pytest.mark.parametrize("used", [True, False])
def test_a_fresh_connection_and_a_second_time_are_no_race(clock: list[int], used: bool) -> None:
    told, exchange = Told(), request()
    exchange.tried_ns = NOW - 5 if used else None
    connection = opened(told, used=used)
    connection.send(exchange)
    connection.broke(ConnectionResetError())
    assert (told.once_more, told.ended, exchange.error) == ([], [exchange], ErrorKind.RESET)
