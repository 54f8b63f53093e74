"""A connection that breaks before an answer: a race at a keep-alive's end is tried again, a request that was
taken is lost.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from slabench.loadgen import connection as module
from slabench.loadgen import exchange as exchange_module
from slabench.loadgen.backends.completions import CompletionsMeter
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.connection import RACE_NS, Connection
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.http1 import Answer
from slabench.loadgen.read_batching import Pace
from slabench.loadgen.stream_selector import Read
from slabench.loadgen.tcp_info import out_of_order
from slabench.records import ErrorKind
from tests.unit.loadgen.reading import DONE, HEAD, chunk, good, line, piece

NOW = 10**12


class Wire:
    """A socket that takes everything at once; round trips in microseconds, and the bytes that the peer's
    kernel has confirmed.
    """

    def __init__(self, round_trip: int = 0, shortest: int = 0) -> None:
        self.round_trip, self.shortest, self.acked = round_trip, shortest, 1000
        self.out_of_order = 0

    def getsockopt(self, level: int, option: int, room: int) -> bytes:
        info = bytearray(232)
        struct.pack_into("I", info, 68, self.round_trip)
        struct.pack_into("Q", info, 120, self.acked)
        struct.pack_into("I", info, 148, self.shortest)
        struct.pack_into("I", info, 224, self.out_of_order)
        return bytes(info[:room])

    def fileno(self) -> int:
        return 99

    def send(self, data: memoryview) -> int:
        return len(data)

    def recvmsg_into(self, buffers: Any, room: int) -> Any:
        raise AssertionError("a read that the test does not expect")

    def close(self) -> None: ...


class Selector:
    offset_ns, stamped, pace = 0, False, Pace()

    def __init__(self) -> None:
        self.looked_ns = 0

    def watch(self, fd: int, stream: Connection) -> None: ...
    def forget(self, fd: int) -> None: ...
    def take_of(self, fd: int) -> None: ...


def read(clock: list[int], data: bytes, ago: int = 0) -> Read:
    """One that is made now, and came so long ago."""
    return Read(clock[0] - ago, True, clock[0], clock[0], data)


class Driver:
    """A driver that notes its calls."""

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
    for room in (module, exchange_module):
        monkeypatch.setattr(room, "perf_counter_ns", lambda: at[0])
    return at


def opened(
    driver: Driver, *, used: bool, wire: Wire | None = None, selector: Selector | None = None
) -> Connection:
    made = Connection(driver, selector or Selector(), wire or Wire())  # type: ignore[arg-type]
    made.used = used
    return made


def of_v1() -> Exchange:
    return Exchange(3, memoryview(b"POST /v1/completions"), NOW, Answer(CompletionsMeter(1000)))


def request() -> Exchange:
    return Exchange(3, memoryview(b"POST /generate HTTP/1.1\r\n\r\n"), NOW, Answer(GenerateMeter(1000)))


def test_a_keep_alive_that_was_closed_is_tried_again_and_counts_from_its_first_sending(
    clock: list[int],
) -> None:
    driver, exchange = Driver(), request()
    first = opened(driver, used=True)
    first.send(exchange)
    clock[0] += 2_000_000
    first.broke(ConnectionResetError())
    assert (driver.once_more, driver.ended) == ([exchange], [])
    assert (exchange.tried_ns, exchange.sent_ns, exchange.error) == (NOW, None, None)
    opened(driver, used=False).send(exchange)
    assert (exchange.tried_ns, exchange.sent_ns) == (NOW, NOW + 2_000_000)


MS = 1_000_000


@pytest.mark.parametrize(
    "how", [None, BrokenPipeError(), ConnectionResetError()], ids=["FIN", "FIN and RST", "RST"]
)
@pytest.mark.parametrize(
    ("after", "round_trip", "shortest", "looked", "acked", "again"),
    [
        (2 * MS, 0, 0, 2 * MS, 0, True),  # two round trips and 2 ms
        (2 * MS + 1, 0, 0, 2 * MS + 1, 0, False),
        (42 * MS, 20_000, 20_000, 42 * MS, 0, True),
        (42 * MS + 1, 20_000, 20_000, 42 * MS + 1, 0, False),
        (42 * MS, 20_000, 20_000, 42 * MS, 99, True),
        (50 * MS, 0, 0, 50 * MS, 99, False),  # it worked for 50 ms
        # a round trip that delayed acknowledgements made long is none of the way's
        (50 * MS, 40_000, 30, 50 * MS, 99, False),
        (50 * MS, 40_000, 30, 50 * MS, 0, None),
        # seen late: this process did not look for 49 ms, and nothing had been taken
        (50 * MS, 30, 30, 1 * MS, 0, None),
        (50 * MS, 30, 30, 1 * MS, 99, False),
    ],
)
def test_a_request_is_sent_again_only_where_the_end_of_the_connection_was_on_its_way(
    clock: list[int],
    how: OSError | None,
    after: int,
    round_trip: int,
    shortest: int,
    looked: int,
    acked: int,
    again: bool | None,
) -> None:
    """round_trip and shortest in microseconds; looked: when the last poll saw nothing; acked: bytes confirmed
    since the sending.

    again is None where it hangs on how the connection ended: a server that resets it 50 ms later has not
    confirmed what it took, since a kernel delays that by up to 40 ms.
    """
    again = not isinstance(how, ConnectionResetError) if again is None else again
    driver, exchange, selector, wire = Driver(), request(), Selector(), Wire(round_trip, shortest)
    connection = opened(driver, used=True, wire=wire, selector=selector)
    connection.send(exchange)
    clock[0] += after
    selector.looked_ns = NOW + looked
    wire.acked += acked
    if how is not None:
        connection.broke(how)
    else:
        connection.came(read(clock, b""))
    assert (driver.once_more, driver.ended) == (([exchange], []) if again else ([], [exchange]))
    assert exchange.error is (None if again else ErrorKind.RESET)


def test_of_a_request_that_was_not_written_whole_the_time_counts_from_its_first_byte(
    clock: list[int],
) -> None:
    driver, exchange, selector, wire = Driver(), request(), Selector(), Wire()
    wire.send = lambda data: 1  # type: ignore[method-assign]
    connection = opened(driver, used=True, wire=wire, selector=selector)
    connection._selector.want_to_write = lambda fd, wanted: None  # type: ignore[method-assign]
    connection.send(exchange)
    assert exchange.sent_ns is None
    clock[0] += RACE_NS + 1
    selector.looked_ns = clock[0]
    connection.broke(BrokenPipeError())
    assert (driver.once_more, driver.ended, exchange.error) == ([], [exchange], ErrorKind.RESET)


def test_a_kernel_that_tells_nothing_of_its_connections_leaves_the_two_milliseconds(clock: list[int]) -> None:
    def nothing(level: int, option: int, room: int) -> bytes:
        raise OSError("no such option")

    for after, again in ((RACE_NS, True), (RACE_NS + 1, False)):
        driver, exchange, wire = Driver(), request(), Wire()
        wire.getsockopt = nothing  # type: ignore[method-assign]
        connection = opened(driver, used=True, wire=wire)
        connection.send(exchange)
        clock[0] += after
        connection.broke(ConnectionResetError())
        assert bool(driver.once_more) == again


def test_on_loopback_nothing_comes_out_of_order() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        assert out_of_order(sock) == 0
    assert out_of_order(sock) is None  # closed


@pytest.mark.parametrize("short", [False, True])
def test_segments_out_of_order_are_counted_for_each_answer_of_a_connection(
    clock: list[int], short: bool
) -> None:
    """short: a kernel whose answer ends before their count."""
    driver, wire = Driver(), Wire()
    if short:
        whole = wire.getsockopt
        wire.getsockopt = lambda level, option, room: whole(level, option, room)[:192]  # type: ignore[method-assign]
    connection, (first, second, third) = opened(driver, used=False, wire=wire), good()
    for all_so_far, of_this in ((3, 3), (3, 0), (7, 4)):
        exchange = request()
        connection.send(exchange)
        wire.out_of_order = all_so_far
        for part in (HEAD, chunk(first), chunk(second), chunk(third) + chunk(DONE) + b"0\r\n\r\n"):
            clock[0] += 9 * MS
            connection.came(read(clock, part, ago=5 * MS))
        sent = exchange.sent_ns
        assert sent is not None and driver.ended.pop() is exchange and exchange.error is None
        assert list(exchange.arrivals) == [sent + at * MS for at in (13, 22, 31)]
        assert (exchange.first_read_ns, exchange.last_read_ns) == (sent + 18 * MS, sent + 36 * MS)
        assert exchange.out_of_order == (None if short else of_this)


def read_at(clock: list[int], exchange: Exchange, *parts: bytes) -> tuple[Connection, list[int]]:
    """A part every 9 ms, with a time of arrival 5 ms before; and when they were read."""
    connection, times = opened(Driver(), used=False), []
    connection.send(exchange)
    for part in parts:
        clock[0] += 9 * MS
        times.append(clock[0])
        connection.came(read(clock, part, ago=5 * MS))
    return connection, times


@pytest.mark.parametrize("end", ["left open", "late", "closed"])
def test_the_last_token_was_read_when_it_came_and_not_when_its_answer_ended(
    clock: list[int], end: str
) -> None:
    first, second, third = good()
    exchange = request()
    parts = (HEAD, chunk(first), chunk(second), chunk(third), chunk(DONE))
    connection, times = read_at(clock, exchange, *parts)
    clock[0] += 1100 * MS
    if end == "left open":
        connection.leave_open(exchange)
    else:
        connection.came(read(clock, b"" if end == "closed" else b"0\r\n\r\n"))
    assert exchange.end_ns is not None and exchange.left_open == (end == "left open")
    assert (exchange.first_read_ns, exchange.last_read_ns) == (times[1], times[3])


def test_an_event_that_repeats_the_last_count_brings_no_token(clock: list[int]) -> None:
    parts = (chunk(line(piece(k, end=end))) for k, end in ((1, None), (2, None), (2, "length")))
    exchange = of_v1()
    _, times = read_at(clock, exchange, HEAD, *parts)
    assert list(exchange.answer.meter.arrival_tokens) == [1, 2, 2]
    assert (exchange.first_read_ns, exchange.last_read_ns) == (times[1], times[2])


def test_the_first_token_s_read_is_that_of_the_first_count_or_where_none_comes_of_the_first_text(
    clock: list[int],
) -> None:
    """A text without a count comes first: the span begins with the first count all the same."""
    exchange = of_v1()
    _, times = read_at(clock, exchange, HEAD, *(chunk(line(piece(count))) for count in (None, None, 3, 4)))
    assert exchange.answer.meter.first_text_ns == times[1] - 5 * MS
    assert exchange.arrivals[0] == times[3] - 5 * MS
    assert (exchange.first_read_ns, exchange.last_read_ns) == (times[3], times[4])
    exchange = of_v1()
    _, times = read_at(clock, exchange, HEAD, *(chunk(line(piece(None))) for _ in range(3)), chunk(DONE))
    assert (exchange.first_read_ns, exchange.last_read_ns) == (times[1], times[3])


def test_an_event_that_ends_with_its_connection_was_read_by_then(clock: list[int]) -> None:
    first, second, _ = good()
    exchange = request()
    connection, _ = read_at(
        clock, exchange, HEAD.replace(b"transfer-encoding: chunked\r\n", b""), first, second[:-1]
    )
    clock[0] += 9 * MS
    connection.came(read(clock, b""))
    assert len(exchange.arrivals) == 2 and exchange.last_read_ns == clock[0]


@pytest.mark.parametrize("used", [True, False])
def test_a_fresh_connection_and_a_second_time_are_no_race(clock: list[int], used: bool) -> None:
    driver, exchange = Driver(), request()
    exchange.tried_ns = NOW - 5 if used else None
    connection = opened(driver, used=used)
    connection.send(exchange)
    connection.broke(ConnectionResetError())
    assert (driver.once_more, driver.ended, exchange.error) == ([], [exchange], ErrorKind.RESET)
