"""The loop that reads event streams, over real TCP sockets: the counts of the straightforward parser, the
kernel's times.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter_ns
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slabench.loadgen import stream_selector
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.connection import Connection
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.http1 import Answer
from slabench.loadgen.kernel_timestamps import SO_TIMESTAMPNS, all_arrived_ns, ask, offset_ns, stamp_of
from slabench.loadgen.stream_selector import IN, Read, StreamSelector
from slabench.records import ErrorKind
from tests.unit.loadgen.reading import last_event

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
MS = 1_000_000


class Driver:
    """A driver that notes its calls."""

    def __init__(self) -> None:
        self.ended: list[Exchange] = []
        self.lost: list[Connection] = []
        self.closes = False  # a connection whose exchange ended

    def finished(self, connection: Connection, exchange: Exchange) -> None:
        self.ended.append(exchange)
        if self.closes:
            connection.close()

    def again(self, exchange: Exchange) -> None:
        raise AssertionError("nothing is sent again here")

    def gone(self, connection: Connection) -> None:
        self.lost.append(connection)

    def soon(self, act: Any, error: OSError) -> None:
        act(error)


class Careful(Connection):
    """Counts the reads that were not recognised."""

    __slots__ = ("reads",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reads = 0

    def came(self, read: Read) -> bool:
        self.reads += 1
        return super().came(read)


class Wired:
    """A connection that has sent its request, and the server's end of it."""

    def __init__(self, selector: StreamSelector, kind: type[Careful]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            mine = socket.create_connection(listener.getsockname())
            self.server, _ = listener.accept()
        self.server.settimeout(5)
        self.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ask(mine)
        mine.setblocking(False)
        self.selector = selector
        self.driver: Any = Driver()
        self.connection: Any = kind(self.driver, selector, mine)
        self.exchange = Exchange(
            0, memoryview(b"POST / HTTP/1.1\r\n\r\n"), perf_counter_ns(), Answer(GenerateMeter())
        )
        self.connection.send(self.exchange)
        self.server.recv(100)

    def write(self, data: bytes) -> None:
        """One write of the server's, read before the next one."""
        before = self.seen()
        self.server.sendall(data)
        until = time.monotonic() + 1
        while self.seen() == before and time.monotonic() < until:
            self.selector.select(0)

    def seen(self) -> tuple[int, int]:
        return self.connection.reads, len(self.connection.stamps)

    def close(self) -> None:
        self.connection.close()
        self.server.close()


@pytest.fixture(scope="module")
def selector() -> Iterator[StreamSelector]:
    found = StreamSelector()
    time.sleep(0.05)  # the kernel begins to stamp a little after it is asked
    with wired(found) as wire:
        wire.write(HEAD)
        if not found.stamped:
            pytest.skip(
                "this kernel reports no times of arrival: every read is parsed (test_loadgen_stream.py)"
            )
    yield found
    found.close()


@contextmanager
def wired(selector: StreamSelector, kind: type[Careful] = Careful) -> Iterator[Wired]:
    connection = Wired(selector, kind)
    try:
        yield connection
    finally:
        connection.close()


def event(tokens: int, text: str = "ab", *, finish: str | None = None, ids: int | None = None) -> bytes:
    meta = {
        "id": "a",
        "finish_reason": finish,
        "prompt_tokens": 9,
        "completion_tokens": tokens,
        "cached_tokens": 0,
    }
    body = {"text": text, "output_ids": list(range(tokens if ids is None else ids)), "meta_info": meta}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def straightforward(body: bytes) -> list[int]:
    """The oracle: JSON for each event of a whole body. Events before the first token are no arrivals."""
    counts = [
        json.loads(line[6:])["meta_info"]["completion_tokens"]
        for line in body.decode().split("\n")
        if line[:7] == "data: {"
    ]
    return list(itertools.dropwhile(lambda count: count == 0, counts))


@pytest.mark.parametrize("step", [1, 3])
def test_events_that_differ_by_their_count_are_recognised_with_the_kernel_s_times(
    selector: StreamSelector, step: int
) -> None:
    with wired(selector) as wire:
        wire.write(HEAD)
        spans = []
        counts = range(step, 60 * step, step)
        for tokens in counts:
            begin = perf_counter_ns()
            wire.server.sendall(chunk(event(tokens)))
            spans.append((begin, perf_counter_ns()))
            time.sleep(0.002)  # the client comes later, and it does not show
            selector.select(0)
        before = wire.connection.reads
        wire.write(chunk(event(60 * step, finish="length")) + END)
        (done,) = wire.driver.ended
    meter = done.answer.meter
    looks = {6, 12, 24, 48, 96} & set(counts)
    # the head, events until two had the same frame, and what is looked at whole
    assert before <= 4 + len(looks)
    assert list(meter.arrival_tokens) == [*counts, 60 * step]
    stamps = list(meter.arrival_ns)
    assert stamps == sorted(stamps)
    if selector.unstamped == 0:
        for (begin, end), stamp in zip(spans, stamps[:-1], strict=True):
            assert begin - 1000 <= stamp <= end + MS  # by the two clocks' distance, and the kernel's own way
    last = last_event(meter)
    assert (last.completion_tokens, last.finish_reason, len(last.text or "")) == (60 * step, "length", 2)
    assert done.error is None


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["event", "event", "event", "two", "split", "other", "comment", "again", "stutter"]),
        st.integers(1, 3),
        st.integers(1, 400),
    ),
    max_size=25,
)


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)
@given(WRITES)
@example(
    [("event", 1, 1)] * 6
    + [("two", 1, 1)]
    + [("event", 1, 1)] * 5
    + [("split", 1, 30)]
    + [("event", 2, 1)] * 6
)
@example([("event", 1, 1)] * 6 + [("stutter", 1, 1)] + [("event", 1, 1)] * 5)
@example(
    [("event", 1, 1)] * 6
    + [("again", 1, 1)]
    + [("event", 1, 1)] * 5
    + [("comment", 1, 1), ("other", 1, 1), ("event", 1, 1)]
)
def test_whatever_comes_between_counts_as_the_straightforward_parser_does(
    selector: StreamSelector, writes: list[tuple[str, int, int]]
) -> None:
    total, body = 0, b""
    with wired(selector) as wire:
        wire.write(HEAD)
        for kind, step, place in writes:
            total += 0 if kind == "again" else step
            data = event(total, ids=0)
            if kind == "two":  # a gathering proxy: two events in one chunk
                total += step
                data += event(total, ids=0)
            elif kind == "stutter":  # the last one once more, then the one that is expected
                data = event(total - step, ids=0) + data
            elif kind == "other":
                data = event(total, ids=0).replace(
                    b'"cached_tokens":0', b'"cached_tokens":0,"queue_time":0.5'
                )
            elif kind == "comment":
                data = b": ping\n\n" + data
            body += data
            sent = chunk(data)
            if kind == "split":
                wire.write(sent[: place % len(sent)])
                sent = sent[place % len(sent) :]
            wire.write(sent)
        wire.write(chunk(event(total + 1, finish="stop")) + END)
        body += event(total + 1, finish="stop")
        (done,) = wire.driver.ended
    meter = done.answer.meter
    assert done.error is None
    assert list(meter.arrival_tokens) == straightforward(body)
    assert list(meter.arrival_ns) == sorted(meter.arrival_ns)
    assert len(meter.arrival_ns) == len(meter.arrival_tokens)
    last = last_event(meter)
    assert (last.completion_tokens, last.finish_reason) == (total + 1, "stop")


def run_of(wire: Wired, tokens: int, head: bytes = HEAD) -> None:
    if head:
        wire.write(head)
    for count in range(1, tokens + 1):
        wire.write(chunk(event(count)))
    assert wire.connection.stamps  # the last ones were recognised


@pytest.mark.parametrize("end", ["done", "lost"])
def test_a_recognised_last_token_was_read_by_the_end_of_its_poll(selector: StreamSelector, end: str) -> None:
    """The answer's end comes 50 ms later."""
    with wired(selector) as wire:
        run_of(wire, 19)
        before = perf_counter_ns()
        wire.write(chunk(event(20)))
        after = perf_counter_ns()
        assert wire.connection.stamps
        time.sleep(0.05)
        if end == "done":
            wire.write(END)
        else:
            wire.connection.broke(None)
        (done,) = wire.driver.ended
    first, last = done.first_read_ns, done.last_read_ns
    assert first is not None and last is not None
    assert first < before < last < after


class Slow(Careful):
    """Its first event with a token takes a while, in which the others' next ones come."""

    __slots__ = ("meanwhile",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.meanwhile: Callable[[], object] = lambda: None

    def came(self, read: Read) -> bool:
        if b"data:" in read.data:
            self.meanwhile()
            self.meanwhile = lambda: None
        return super().came(read)


@contextmanager
def several(selector: StreamSelector, count: int) -> Iterator[list[Wired]]:
    with ExitStack() as stack:
        wires = [stack.enter_context(wired(selector, Slow)) for _ in range(count)]
        for wire in wires:
            wire.write(HEAD)
        yield wires


def test_events_that_come_while_another_stream_s_is_parsed_keep_their_own_times(
    selector: StreamSelector,
) -> None:
    """Three streams' first events are ready; as one of them is parsed, the second events of all come."""
    written: list[int] = []
    with several(selector, 3) as wires:

        def second() -> None:
            if not written:
                time.sleep(0.01)
                for wire in wires:
                    written.append(perf_counter_ns())
                    wire.server.sendall(chunk(event(2)))

        for wire in wires:
            wire.connection.meanwhile = second
            wire.server.sendall(chunk(event(1)))
        time.sleep(0.01)
        for _ in range(5):
            selector.select(0.01)
        for wire, second_ns in zip(wires, written, strict=True):
            meter = wire.exchange.answer.meter
            assert list(meter.arrival_tokens) == [1, 2]
            assert meter.arrival_ns[0] < written[0] - 5 * MS
            assert second_ns - 1000 <= meter.arrival_ns[1] <= second_ns + MS


@pytest.mark.parametrize(("slow_s", "left"), [(0.002, [3, 2, 1, 0]), (0.03, [3, 2, 0])])
def test_what_waits_is_taken_for_a_millisecond_between_two_looks_and_whole_after_50(
    selector: StreamSelector, monkeypatch: pytest.MonkeyPatch, slow_s: float, left: list[int]
) -> None:
    """slow_s: of each of four parses. With 30 ms the process cannot keep up, and what has come meanwhile is
    read together at the next look.
    """
    with several(selector, 4) as wires:
        for wire in wires:
            wire.connection.meanwhile = lambda: time.sleep(slow_s)
            wire.server.sendall(chunk(event(1)))
        time.sleep(0.01)
        waiting, take = [], selector.take

        def counted(now_ns: int | None = None) -> bool:
            run_asyncio = take(now_ns)
            waiting.append(sum(bool(wire.connection.waiting) for wire in wires))
            return run_asyncio

        monkeypatch.setattr(selector, "take", counted)
        selector.select(0.2)
        assert waiting == left
        assert all(len(wire.exchange.arrivals) == 1 for wire in wires)


def read_in_turn(selector: StreamSelector, *wires: Wired) -> None:
    """What has come, in this order; then all that comes."""
    selector._read([(wire.connection._fd, IN) for wire in wires])
    for _ in range(5):
        selector.select(0.01)


def test_reads_that_wait_are_recognised_as_well_if_the_kernel_stamped_them(
    selector: StreamSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wired(selector) as wire:
        run_of(wire, 20)
        parsed, unstamped, begin = wire.connection.reads, selector.unstamped, perf_counter_ns()
        for count in (21, 22, 23):
            if count == 23:
                monkeypatch.setattr(stream_selector, "stamp_of", lambda _: b"")
            wire.server.sendall(chunk((b": ping\n\n" if count == 21 else b"") + event(count)))
            time.sleep(0.005)
            selector._read([(wire.connection._fd, IN)])
        assert len(wire.connection.waiting) == 3
        selector.take()
        wire.connection.settle()
        meter = wire.exchange.answer.meter
        assert list(meter.arrival_tokens)[20:] == [21, 22, 23]
        gaps = [after - before for before, after in itertools.pairwise([begin, *meter.arrival_ns[20:]])]
        assert all(gap < 20 * MS for gap in gaps) and all(gap > 4 * MS for gap in gaps[1:])
        assert (wire.connection.reads - parsed, selector.unstamped - unstamped) == (2, 1)


def test_nothing_is_recognised_while_a_read_of_its_stream_waits(selector: StreamSelector) -> None:
    """The event that was predicted comes after another one with its count."""
    with several(selector, 2) as (first, second):
        run_of(second, 20, head=b"")
        written: list[int] = []

        def predicted() -> None:
            time.sleep(0.01)
            written.append(perf_counter_ns())
            second.server.sendall(chunk(event(21)))

        first.connection.meanwhile = predicted
        first.server.sendall(chunk(event(1)))
        second.server.sendall(chunk(event(21).replace(b'"cached_tokens":0', b'"cached_tokens":0,"t":5')))
        read_in_turn(selector, first, second)
        second.connection.settle()
        meter = second.exchange.answer.meter
        assert list(meter.arrival_tokens)[19:] == [20, 21, 21]
        assert meter.arrival_ns[20] < written[0] - 5 * MS < written[0] - 1000 <= meter.arrival_ns[21]


def test_reads_that_wait_are_taken_before_the_end_of_their_connection(selector: StreamSelector) -> None:
    with several(selector, 2) as (first, second):

        def ends() -> None:
            second.server.sendall(chunk(event(2)))
            second.server.close()
            time.sleep(0.01)

        first.connection.meanwhile = ends
        for wire in (first, second):
            wire.server.sendall(chunk(event(1)))
        read_in_turn(selector, first, second)
        (done,) = second.driver.ended
        assert done.error is ErrorKind.TRUNCATED
        assert list(done.answer.meter.arrival_tokens) == [1, 2]
        assert second.driver.lost == [second.connection]


def test_a_refusal_that_waits_is_read_before_its_connection_is_given_up(selector: StreamSelector) -> None:
    """The server refuses a long request and resets the connection: the write's error comes a moment later."""
    with several(selector, 1) as (wire,):
        wire.server.sendall(chunk(event(1)) + END[:-5])
        time.sleep(0.01)
        selector._read([(wire.connection._fd, IN)])
        wire.connection.broke(BrokenPipeError())
        (done,) = wire.driver.ended
        assert (done.error, list(done.answer.meter.arrival_tokens)) == (None, [1])
        assert wire.driver.lost == [wire.connection]


@pytest.mark.parametrize("closed", [True, False])
def test_in_a_closed_loop_an_answer_s_end_does_not_wait_since_the_next_request_does(
    selector: StreamSelector, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    monkeypatch.setattr(selector.pace, "closed_loop", closed)
    with several(selector, 2) as (first, second):
        for wire, data in ((first, chunk(event(1))), (second, chunk(event(1)) + END)):
            wire.server.sendall(data)
        time.sleep(0.01)
        selector._read([(wire.connection._fd, IN) for wire in (first, second)])
        assert first.connection.waiting and bool(second.driver.ended) == closed


def test_an_answer_that_a_reset_follows_gives_its_connection_no_further_request(
    selector: StreamSelector,
) -> None:
    with several(selector, 1) as (wire,):
        usable = []
        wire.connection.waiting.append((perf_counter_ns(), 0, b"", chunk(event(1)) + END))
        selector._waiting[wire.connection._fd] = wire.connection
        wire.driver.finished = lambda connection, _: usable.append(connection.reusable)
        wire.connection.broke(ConnectionResetError())
        assert usable == [False] and wire.driver.lost == [wire.connection]


def test_what_waits_for_a_connection_that_an_error_closed_is_dropped(selector: StreamSelector) -> None:
    """Its answer ends with the first of two reads, and the second has no request."""
    with several(selector, 2) as (first, second):
        broken = b"zz\r\n"

        def again() -> None:
            second.server.sendall(broken)
            time.sleep(0.01)

        first.connection.meanwhile = again
        first.server.sendall(chunk(event(1)))
        second.server.sendall(broken)
        second.driver.closes = True
        read_in_turn(selector, first, second)
        (done,) = second.driver.ended
        assert done.error is ErrorKind.MALFORMED and not second.driver.lost


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        # the chunk is longer, or shorter, than it says
        (b"d" + chunk(event(21))[1:], None),
        (chunk(event(21)).replace(b"\n\n\r\n", b"\n\n \r\n"), ErrorKind.MALFORMED),
        (chunk(event(21))[:1] + b"z" + chunk(event(21))[2:], ErrorKind.MALFORMED),
    ],
)
def test_bytes_that_only_end_as_expected_go_the_careful_way(
    selector: StreamSelector, broken: bytes, kind: ErrorKind | None
) -> None:
    with wired(selector) as wire:
        run_of(wire, 20)
        careful, reads = Answer(GenerateMeter()), wire.connection.reads
        careful.feed(1, HEAD + b"".join(chunk(event(count)) for count in range(1, 21)))
        careful.feed(2, broken)
        wire.write(broken)
        assert wire.connection.reads == reads + 1
        if kind is None:  # it is open still, and its end never comes
            assert not wire.driver.ended
            wire.server.close()
            selector.select(0.05)
        assert wire.driver.ended[0].error is (kind or ErrorKind.TRUNCATED)
        assert list(wire.driver.ended[0].arrivals) == sorted(wire.driver.ended[0].arrivals)
        assert list(wire.driver.ended[0].answer.meter.arrival_tokens) == list(careful.meter.arrival_tokens)


def test_a_last_event_that_differs_in_its_reason_to_end_alone_is_read(selector: StreamSelector) -> None:
    with wired(selector) as wire:
        run_of(wire, 20)
        wire.write(chunk(event(21, finish="stop")))
        wire.write(END)
        (done,) = wire.driver.ended
    last = last_event(done.answer.meter)
    assert (last.completion_tokens, last.finish_reason, last.text) == (21, "stop", "ab")


@pytest.mark.parametrize(
    "odd",
    [
        event(21).replace(b'{"text"', b'{"error":{"message":"no memory"},"text"'),
        event(21).replace(b',"meta_info"', b',"error":{"message":"no memory"},"meta_info"'),
        event(21).replace(b',"meta_info"', b',"error":"no memory","meta_info"'),
        event(21).replace(b"}\n\n", b',"error":"no memory"}\n\n'),
        event(21).replace(b'"prompt_tokens"', b'"error":"no memory","prompt_tokens"'),
    ],
)
def test_an_error_beside_the_count_that_is_expected_is_seen(selector: StreamSelector, odd: bytes) -> None:
    with wired(selector) as wire:
        run_of(wire, 20)
        wire.write(chunk(odd))
        for count in range(22, 30):
            wire.write(chunk(event(count)))
        wire.write(chunk(event(30, finish="stop")) + END)
        (done,) = wire.driver.ended
    assert done.answer.meter.error == "no memory"
    assert list(done.answer.meter.arrival_tokens) == list(range(1, 31))


@pytest.mark.parametrize(
    ("step", "tokens", "looked_at"),
    [(1, 60, 48), (1, 49, 48), (1, 48, 24), (3, 60, 48), (5, 60, 50), (7, 63, 49)],
)
@pytest.mark.parametrize("lacking", [False, True])
def test_one_event_in_the_second_half_of_an_answer_is_read_whole(
    selector: StreamSelector, step: int, tokens: int, looked_at: int, lacking: bool
) -> None:
    """Its ids are what it says, or are those of the first token until the last event brings all."""
    with wired(selector) as wire:
        wire.write(HEAD)
        for count in range(step, tokens, step):
            wire.write(chunk(event(count, ids=1 if lacking else None)))
        wire.write(chunk(event(tokens, finish="length")) + END)
        (done,) = wire.driver.ended
    assert done.answer.meter.arrival_tokens[-1] == tokens
    kept = json.loads(done.answer.meter.kept().middle.removeprefix(b"data: "))
    assert kept["meta_info"]["completion_tokens"] == looked_at
    assert len(kept["output_ids"]) == (1 if lacking else looked_at)


def test_an_answer_that_ends_without_a_last_event_of_its_own(selector: StreamSelector) -> None:
    """The count is that of the last event that came; its text was not looked at, so there is none."""
    with wired(selector) as wire:
        run_of(wire, 20)
        wire.write(END)
        (done,) = wire.driver.ended
    last = last_event(done.answer.meter)
    assert (last.completion_tokens, last.prompt_tokens, last.request_id, last.text) == (20, 9, "a", None)
    assert done.error is None


def test_an_interrupt_loses_no_token_that_came(selector: StreamSelector) -> None:
    with wired(selector) as wire:
        run_of(wire, 20)
        assert wire.connection.tokens() == 20
        wire.connection.fail(wire.exchange, ErrorKind.INTERRUPTED, "It was.")
    assert list(wire.exchange.answer.meter.arrival_tokens) == list(range(1, 21))
    assert wire.exchange.last_ns == wire.exchange.arrivals[-1]
    assert wire.driver.ended == [wire.exchange]
    assert not wire.connection.reusable


def test_a_stream_whose_events_are_never_alike_is_not_expected_for_ever(selector: StreamSelector) -> None:
    with wired(selector) as wire:
        wire.write(HEAD)
        for count in range(1, 50):
            wire.write(
                chunk(event(count).replace(b'"cached_tokens":0', b'"cached_tokens":0,"t":%d' % (count // 2)))
            )
        assert wire.connection.reads == 50
        assert list(wire.exchange.answer.meter.arrival_tokens) == list(range(1, 50))


def test_a_request_that_the_socket_does_not_take_at_once_is_sent_when_the_last_byte_went(
    selector: StreamSelector,
) -> None:
    with wired(selector) as wire:
        wire.write(HEAD + END)
        big = memoryview(bytes(64 << 20))
        exchange = Exchange(1, big, perf_counter_ns(), Answer(GenerateMeter()))
        wire.connection.send(exchange)
        assert exchange.sent_ns is None
        left = len(big)
        while left:
            left -= len(wire.server.recv(1 << 20))
            selector.select(0)
        for _ in range(3):
            selector.select(0.01)
        assert exchange.sent_ns is not None
        wire.write(HEAD + chunk(event(1)) + END)
        assert (exchange.error, len(exchange.arrivals)) == (None, 1)
        assert exchange.arrivals[0] >= exchange.sent_ns


class Interrupted:
    """A socket whose process loses its core as the request's last byte leaves."""

    def __init__(self, sock: socket.socket, away_s: float) -> None:
        self.sock, self.away_s = sock, away_s

    def send(self, data: memoryview) -> int:
        taken = self.sock.send(data)
        time.sleep(self.away_s)
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def test_a_client_that_lost_its_core_while_it_sent_does_not_shorten_the_answer_s_time(
    selector: StreamSelector,
) -> None:
    with wired(selector) as wire:
        wire.write(HEAD + END)
        wire.connection._sock = Interrupted(wire.connection._sock, 0.08)  # type: ignore[assignment]
        exchange = Exchange(
            1, memoryview(b"POST / HTTP/1.1\r\n\r\n"), perf_counter_ns(), Answer(GenerateMeter())
        )
        later = threading.Timer(0.03, wire.server.sendall, [HEAD + chunk(event(1))])
        later.start()
        wire.connection.send(exchange)
        wire.write(chunk(event(2)) + END)
        later.join()
    assert exchange.sent_ns is not None
    assert exchange.arrivals[0] - exchange.sent_ns >= 29 * MS


def test_two_events_in_one_read_end_the_nap(selector: StreamSelector) -> None:
    with wired(selector) as wire:
        wire.write(HEAD + chunk(event(1)))
        selector.pace.pause_ns = MS
        wire.write(chunk(event(2)))
        assert selector.pace.pause_ns == MS
        wire.write(chunk(event(3)) + chunk(event(4)))
        assert selector.pace.pause_ns == 0


def test_what_cannot_be_read_costs_its_own_answer_alone(
    selector: StreamSelector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with wired(selector) as wire, wired(selector) as other:
        monkeypatch.setattr(Answer, "feed", lambda *_: 1 // 0)
        wire.write(HEAD)
        monkeypatch.undo()
        other.write(HEAD + chunk(event(1)) + END)
    assert (wire.exchange.error, other.exchange.error) == (ErrorKind.MALFORMED, None)
    assert "ZeroDivisionError" in wire.exchange.error_text
    assert "1 // 0" in capsys.readouterr().err
    assert wire.driver.ended == [wire.exchange]


def test_the_selector_still_is_one_for_everybody_else(selector: StreamSelector) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        key = selector.register(ours, 1, "mine")
        assert selector.select(0.0) == []
        theirs.send(b"x")
        assert selector.select(1.0) == [(key, 1)]
        assert selector.get_map()[ours] == key
        later = threading.Timer(0.05, theirs.send, [b"y"])
        ours.recv(1)
        later.start()
        assert selector.select(None) == [(key, 1)]  # it waits for as long as it takes
        selector.unregister(ours)
        begin = perf_counter_ns()
        assert selector.select(0.01) == []
        assert perf_counter_ns() - begin >= 9 * MS


def test_the_kernel_s_time_is_put_on_the_clock_of_all_other_stamps() -> None:
    driver: list[tuple[int, int, Any]] = [
        (socket.SOL_SOCKET, SO_TIMESTAMPNS, (7).to_bytes(8, "little") + (5).to_bytes(8, "little"))
    ]
    assert all_arrived_ns(stamp_of(driver), -6_000_000_000) == [1_000_000_005]
    assert stamp_of([]) == b""
    # a kernel with another form
    assert stamp_of([(socket.SOL_SOCKET, SO_TIMESTAMPNS, b"12345678")]) == b""
    assert all_arrived_ns(bytearray(driver[0][2] * 2), 1) == [7_000_000_006, 7_000_000_006]


def test_the_two_clocks_keep_their_distance() -> None:
    first = offset_ns()
    time.sleep(0.05)
    assert abs(offset_ns() - first) < 100_000
