"""Reads that are recognised beside the same reads parsed one by one: both make the same record, whatever
comes and however it is cut.
"""

from __future__ import annotations

import random
import re
import socket
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slabench.loadgen import event_template
from slabench.loadgen.backends import BACKENDS, DEFAULT, completions
from slabench.loadgen.connection import Connection
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.frames import Decoder
from slabench.loadgen.http1 import Answer
from slabench.loadgen.kernel_timestamps import SO_TIMESTAMPNS
from slabench.loadgen.response_record import record_of
from slabench.loadgen.stream import StreamMeter
from slabench.loadgen.stream_selector import IN, Read, StreamSelector
from slabench.loadgen.worker import record_frame
from slabench.records import ErrorKind, RequestRecord
from slabench.units import NS_PER_S
from tests.unit.loadgen.reading import DONE, HEAD, V1, chunk, request

DATA = Path(__file__).parents[2] / "data"
CHAT = "sglang-oai-chat"
PIECES = 12  # events of /v1 that are kept, less than usual
MS = 1_000_000
REAL = [
    (DATA / "loadgen" / "generate_stream.http", DEFAULT),
    (DATA / "loadgen" / "generate_input_ids_stream.http", DEFAULT),
    (DATA / "loadgen" / "generate_toolong_stream.http", DEFAULT),
    *((path, DEFAULT) for path in sorted((DATA / "routers").glob("*.generate_stream.http"))),
    *((path, V1) for path in sorted((DATA / "v1").glob("completions*.http"))),
    *((path, V1) for path in sorted((DATA / "routers").glob("*.v1_completions_stream.http"))),
    *((path, CHAT) for path in sorted((DATA / "v1").glob("chat*.http"))),
]


class Scripted:
    """A socket whose reads are given, each with the kernel's time."""

    def __init__(self) -> None:
        self._mine, self._other = socket.socketpair()
        self.next: tuple[int, bytes] = (0, b"")

    def fileno(self) -> int:
        return self._mine.fileno()

    def send(self, data: memoryview) -> int:
        return len(data)

    def getsockopt(self, *_: int) -> bytes:
        raise OSError("not a TCP socket")

    def recvmsg_into(self, buffers: list[bytearray], _: int) -> tuple[int, list[Any], int, None]:
        now, data = self.next
        buffers[0][: len(data)] = data
        stamp = array("q", divmod(now, NS_PER_S)).tobytes()
        return len(data), [(socket.SOL_SOCKET, SO_TIMESTAMPNS, stamp)] if data else [], 0, None

    def close(self) -> None:
        self._mine.close()
        self._other.close()


class Quiet:
    """A driver of one exchange."""

    def finished(self, connection: Connection, _: Exchange) -> None:
        connection.close()

    def again(self, _: Exchange) -> None:
        raise AssertionError

    def gone(self, _: Connection) -> None:
        pass

    def soon(self, act: Any, error: OSError) -> None:
        act(error)


class Parsing(Connection):
    """Nothing is predicted."""

    __slots__ = ("parsed",)

    def _predict(self, answer: Answer) -> None:
        pass


class Counting(Connection):
    """Counts the reads that were not recognised."""

    __slots__ = ("parsed",)

    def came(self, read: Read) -> bool:
        self.parsed += 1
        return super().came(read)


def every_event_parsed(meter: type[StreamMeter]) -> type[StreamMeter]:
    """Without the ways 1 and 2 of http1.py."""
    ways = {"__slots__": (), "count": lambda *_, **__: False, "take": StreamMeter.take}
    return type(f"Parsed{meter.__name__}", (meter,), ways)


class Result(NamedTuple):
    record: RequestRecord
    parsed: int  # reads that were not recognised
    last: bytes  # the event that is kept


class Reader:
    def __init__(self) -> None:
        self.selector = StreamSelector()
        self.selector.offset_ns = 0

    def read(self, reads: Sequence[bytes], backend: str, *, careful: bool) -> Result:
        """The reads come at 1, 2, 3 ... ms; then the connection is closed."""
        meter, scripted = BACKENDS[backend].meter, Scripted()
        sort = Parsing if careful else Counting
        connection = sort(Quiet(), self.selector, scripted)  # type: ignore[arg-type]
        connection.parsed = 0
        answer = Answer((every_event_parsed(meter) if careful else meter)(1 << 20))
        exchange = Exchange(0, memoryview(b"x"), 0, answer, start_ns=0)
        connection.send(exchange)
        exchange.sent_ns = 0
        for number, data in enumerate([*reads, b""]):
            if not connection.reusable:
                break
            scripted.next = ((number + 1) * MS, data)
            self.selector._read([(scripted.fileno(), IN)])
            self.selector.take()
        (frame,) = Decoder().feed(record_frame(exchange))
        return Result(
            record_of(frame, request(backend), keep_text=True), connection.parsed, answer.meter.last_line()
        )


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    event_template.forget()
    found = Reader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(completions, "MOST_PIECES", PIECES)
        yield found
    found.selector.close()


def same(reader: Reader, reads: Sequence[bytes], backend: str) -> Result:
    """What is recognised counts as what is parsed."""
    fast, careful = (reader.read(reads, backend, careful=careful) for careful in (False, True))
    mine, parsed = fast.record, careful.record
    assert list(mine.arrival_tokens) == list(parsed.arrival_tokens)
    assert list(mine.arrival_ns) == list(parsed.arrival_ns)
    assert (mine.counted_text, mine.counted_tokens) == (parsed.counted_text, parsed.counted_tokens)
    if not mine.ok:  # the connection's end has the time at which it was seen
        mine, parsed = replace(mine, end_ns=0), replace(parsed, end_ns=0)
    if fast.last != careful.last and backend == DEFAULT:
        # The answer's last event did not come, or was not counted: what is kept is the last one that was
        # read, and its text is not taken for that of its count.
        assert mine.text is None
        parsed = replace(parsed, text=None, output_ids=mine.output_ids)
    if fast.last != careful.last and not (mine.ok and parsed.ok):
        return fast  # one of the two may be no JSON, which only the last event is looked at for
    assert mine == parsed
    return fast


def chunks_of(body: bytes) -> list[bytes]:
    """The chunks of a body, the last one of no bytes with what follows it."""
    found, at = [], 0
    while at < len(body):
        line = body.index(b"\r\n", at) + 2
        end = line + int(body[at:line], 16) + 2
        found.append(body[at:end])
        at = end
    return found


def real_reads(path: Path) -> list[bytes]:
    """Its head, and a read a chunk."""
    head, mark, body = path.read_bytes().partition(b"\r\n\r\n")
    return [head + mark, *chunks_of(body)] if b"hunked" in head else [head + mark, body]


def generate_event(count: int, text: str, *, end: str = "null", ids: int | None = None) -> bytes:
    """As 0.5.7 writes it."""
    have = ",".join(["7"] * (count if ids is None else ids))
    return (
        f'data: {{"text":"{text}","output_ids":[{have}],"meta_info":{{"id":"e9bf251037fc",'
        f'"finish_reason":{end},"prompt_tokens":9,"weight_version":"default","total_retractions":0,"queue_time":0.0005972,'
        f'"completion_tokens":{count},"cached_tokens":8}}}}\n\n'
    ).encode()


def generate_stream(tokens: int, silent: int = 0, *, step: int = 1, delta: bool = False) -> list[bytes]:
    """Chunks; the first `silent` tokens are no text."""
    counts = [*range(step, tokens * step, step), tokens * step]
    texts = ["" if count <= silent else " tor" * (1 if delta else count - silent) for count in counts]
    end = f'{{"type":"length","length":{tokens * step}}}'
    events = [generate_event(count, text) for count, text in zip(counts[:-1], texts, strict=False)]
    return [chunk(event) for event in (*events, generate_event(counts[-1], texts[-1], end=end))]


V1_FORMS = {
    # completions of 0.5.7, and with every number that grows; chat of 0.5.7, and what it thinks
    "completions": ('"index":0,"text":"{text}"', '"total_tokens":{total},"completion_tokens":{count},"r":0'),
    "all grow": ('"index":0,"text":"{text}"', '"completion_tokens":{count},"total":{total},"r":{count}'),
    "count alone": ('"index":0,"text":"{text}"', '"completion_tokens":{count}'),
    "chat": (
        '"index":0,"delta":{{"role":null,"content":"{text}","tool_calls":null}}',
        '"total_tokens":{total},"completion_tokens":{count},"prompt_tokens_details":null',
    ),
    "thinks": (
        '"index":0,"delta":{{"content":null,"reasoning_content":"{text}"}}',
        '"total_tokens":{total},"completion_tokens":{count},"reasoning_tokens":{count}',
    ),
    # what is not predicted: two texts, other white space
    "two": (
        '"index":0,"delta":{{"content":"{text}","reasoning_content":"{text}"}}',
        '"completion_tokens":{count}',
    ),
    "spaced": ('"index": 0, "text": "{text}"', '"completion_tokens": {count}'),
}
TEXTS = ["", " tor", "é", "\\n", '\\"', "\\\\", '\\",\\"logprobs\\":null', "\\u0001", "%d", "x" * 300]


def v1_event(form: str, count: int, text: str, *, created: int = 0, end: str = "null") -> bytes:
    choice, usage = V1_FORMS[form]
    inside = choice.format(text=text)
    counts = usage.format(count=count, total=count + 15)
    colon = (
        '"model":"t%d","choices":[{'
        + inside
        + f',"logprobs":null,"finish_reason":{end},"matched_stop":null}}]'
    )
    head = f'data: {{"id":"02efabd04f4f41a4","object":"x","created":{1795644740 + created},'
    return f'{head}{colon},"usage":{{"prompt_tokens":15,{counts}}}}}\n\n'.encode()


def v1_stream(form: str, texts: Sequence[str], *, step: int = 1, each: int = 7) -> list[bytes]:
    """Chunks, an event a text; `created` changes with every so many events."""
    events = [
        v1_event(form, step * (number + 1), text, created=number // each) for number, text in enumerate(texts)
    ]
    count = step * len(texts)
    return [chunk(event) for event in (*events, v1_event(form, count, "", end='"length"'))]


END = [chunk(DONE), b"0\r\n\r\n"]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["cut", "join", "byte", "insert", "delete", "again", "comment"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
    ),
    max_size=6,
)
INSERTS = [
    b'"error":"no memory",',
    b'"error":null,',
    b'"completion_tokens":7,',
    b"\n",
    b"\r\n",
    b"\n\n",
    b'"',
    b"\\",
]
INSERTS += [
    b',"err_msg":"x"',
    b'"finish_reason":"abort",',
    b'"text":"x",',
    b" ",
    b"0",
    b"}",
    b"\x00",
    b"data: {",
]
_UNREAD = re.compile(rb'(?<=data: {"text":").*?(?=[\]"],"meta_info":)', re.DOTALL)


def place_in(read: bytes, at: int) -> int:
    """A place outside what is not looked at: between the text of /generate and its meta_info."""
    at %= len(read) + 1
    for unread in _UNREAD.finditer(read):  # of each event in the read
        if unread.start() - 1 <= at <= unread.end():
            return unread.start() - 4
    return at


def changed(reads: Sequence[bytes], changes: Sequence[tuple[str, int, int]]) -> list[bytes]:
    """Reads that are cut elsewhere, or have other bytes. A chunk keeps its size line."""
    out = list(reads)
    for kind, where, what in changes:
        number = 1 + where % (len(out) - 1)
        read = out[number]
        at = place_in(read, what)
        if kind == "cut":
            out[number : number + 1] = [
                part for part in (read[: what % len(read)], read[what % len(read) :]) if part
            ]
        elif kind == "join" and number + 1 < len(out):
            out[number : number + 2] = [read + out[number + 1]]
        elif kind == "byte":
            out[number] = read[:at] + bytes([what % 256]) + read[at + 1 :]
        elif kind == "insert":
            out[number] = resized(read[:at] + INSERTS[what % len(INSERTS)] + read[at:])
        elif kind == "delete":
            out[number] = resized(read[:at] + read[at + 1 + what % 7 :]) or b"\n"
        elif kind == "again":
            out.insert(number, read)
        elif kind == "comment":
            out.insert(number, chunk(b": ping\n\n"))
    return out


def resized(read: bytes) -> bytes:
    """A chunk with the size that it has."""
    line, mark, rest = read.partition(b"\r\n")
    return chunk(rest[:-2]) if mark and rest[-2:] == b"\r\n" and re.fullmatch(rb"[0-9a-f]+", line) else read


LIVELY = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize(("path", "backend"), REAL, ids=lambda value: getattr(value, "name", value))
def test_real_streams_however_they_are_cut(reader: Reader, path: Path, backend: str) -> None:
    """Every cut at one place, and 100 at several."""
    whole = real_reads(path)
    assert same(reader, whole, backend).record.status == 200
    body, dice = b"".join(whole), random.Random(1)
    for at in range(1, len(body), 7):
        same(reader, [body[:at], body[at:]], backend)
    for _ in range(100):
        cuts = sorted(dice.sample(range(1, len(body)), dice.randrange(2, 12)))
        same(reader, [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)], backend)


@LIVELY
@given(st.sampled_from(REAL), CHANGES)
def test_real_streams_however_they_are_changed(
    reader: Reader, stream: tuple[Path, str], changes: list[tuple[str, int, int]]
) -> None:
    path, backend = stream
    same(reader, changed(real_reads(path), changes), backend)


@LIVELY
@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 3), st.booleans(), CHANGES)
@example(30, 20, 1, False, [])
@example(30, 20, 1, False, [("insert", 25, 25)])
@example(9, 2, 1, False, [("cut", 0, 1), ("cut", 1, 1), ("join", 1489, 0), ("insert", 67, 272)])
def test_generate_streams_however_they_are_changed(
    reader: Reader, tokens: int, silent: int, step: int, delta: bool, changes: list[tuple[str, int, int]]
) -> None:
    reads = [HEAD, *generate_stream(tokens, silent, step=step, delta=delta), *END]
    same(reader, changed(reads, changes), DEFAULT)


@LIVELY
@given(
    st.sampled_from(list(V1_FORMS)),
    st.integers(0, 20),
    st.lists(st.sampled_from(TEXTS), max_size=30),
    st.integers(1, 3),
    st.integers(1, 20),
    CHANGES,
)
def test_v1_streams_however_they_are_changed(
    reader: Reader,
    form: str,
    silent: int,
    texts: list[str],
    step: int,
    each: int,
    changes: list[tuple[str, int, int]],
) -> None:
    reads = [HEAD, *v1_stream(form, [""] * silent + texts, step=step, each=each), *END]
    same(reader, changed(reads, changes), V1)


@pytest.mark.parametrize("form", [form for form in V1_FORMS if form not in ("two", "spaced")])
@pytest.mark.parametrize("silent", [0, 40])
def test_v1_events_are_recognised(reader: Reader, form: str, silent: int) -> None:
    texts = [""] * silent + [f" tor{number}" for number in range(150 - silent)]
    found = same(reader, [HEAD, *v1_stream(form, texts, each=50), *END], V1)
    record = found.record
    assert record.ok
    assert (record.first_text_at, record.first_text_ns) == (silent, record.arrival_ns[silent])
    # head; the first two; looks at 3 to 96; `created` twice; two with the first text; the end
    assert found.parsed <= 1 + 2 + 6 + 2 + 2 + 3
    assert record.counted_text == "".join(texts[:PIECES])


@pytest.mark.parametrize("text", ['\\"', '\\"error\\":\\"no memory\\"'])
def test_a_v1_text_with_a_quotation_mark_is_parsed(reader: Reader, text: str) -> None:
    plain = [HEAD, *v1_stream("completions", [" tor"] * 30), *END]
    odd = [HEAD, *v1_stream("completions", [*[" tor"] * 20, text, *[" tor"] * 9]), *END]
    before, after = same(reader, plain, V1), same(reader, odd, V1)
    assert after.record.ok
    assert before.parsed < after.parsed <= before.parsed + 2


def test_a_line_end_in_a_text_of_v1_ends_its_line(reader: Reader) -> None:
    for end in (b"\n", b"\r"):
        reads = [HEAD, *v1_stream("completions", [" tor"] * 30), *END]
        reads[21] = reads[21].replace(b" tor", b" to" + end)
        assert same(reader, reads, V1).record.uncounted_outputs == 1


@pytest.mark.parametrize(
    "beside",
    [
        b'","error":"no memory","x":"',
        b'"}],"error":{"message":"no memory"},"x":[{"y":"',
    ],
)
def test_nothing_hides_beside_a_text_of_v1(reader: Reader, beside: bytes) -> None:
    reads = [HEAD, *v1_stream("completions", [" tor"] * 30), *END]
    reads[21] = resized(reads[21].replace(b" tor", b" tor" + beside))
    record = same(reader, reads, V1).record
    assert (record.error, record.error_text) == (ErrorKind.IN_STREAM, "no memory")


@pytest.mark.parametrize("delta", [False, True])
def test_events_without_text_are_recognised_and_the_first_text_is_seen(reader: Reader, delta: bool) -> None:
    silent, tokens = 100, 150
    found = same(reader, [HEAD, *generate_stream(tokens, silent, delta=delta), *END], DEFAULT)
    record = found.record
    assert record.ok
    assert record.first_text_at == silent
    assert record.first_text_ns == record.arrival_ns[silent]
    # head, two events; the same once text has come, its first one before; looks at 3, 6 ... 96; the end
    assert found.parsed <= 3 + 3 + 6 + 4


def test_an_answer_that_never_has_text_is_recognised(reader: Reader) -> None:
    found = same(reader, [HEAD, *generate_stream(150, 150), *END], DEFAULT)
    assert found.record.first_text_ns is None
    assert found.parsed <= 3 + 6 + 4
