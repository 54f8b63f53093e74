"""The stream parser against a straightforward one, on any chunking, and on the bytes of a real server."""

from __future__ import annotations

import bisect
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slabench.loadgen.backends.completions import CompletionsMeter
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.event_stream import StreamLimitError
from slabench.loadgen.http1 import END, Answer
from slabench.records import BEFORE, ErrorKind
from tests.unit.loadgen.reading import V1 as OAI
from tests.unit.loadgen.reading import last_event

DATA = Path(__file__).parents[2] / "data" / "loadgen"
LIMIT = 1 << 20


def event(text: str, tokens: int, *, last_key: bool = False) -> dict[str, Any]:
    counts = {"prompt_tokens": 9, "completion_tokens": tokens, "cached_tokens": 0}
    if last_key:
        counts = {"prompt_tokens": 9, "cached_tokens": 0, "completion_tokens": tokens}
    return {
        "text": text,
        "output_ids": list(range(tokens)),
        "meta_info": {"id": "a", "finish_reason": None, **counts},
    }


def wire(events: list[dict[str, Any]], *, spaced: bool = False) -> bytes:
    separators = (", ", ": ") if spaced else (",", ":")
    return (
        b"".join(b"data: " + json.dumps(event, separators=separators).encode() + b"\n\n" for event in events)
        + b"data: [DONE]\n\n"
    )


def straightforward(body: bytes) -> list[int]:
    """The oracle: whole body, line by line, JSON for each. Events before the first token are no arrivals."""
    found = []
    for line in body.decode().split("\n"):
        if line.startswith("data: {"):
            found.append(json.loads(line[6:])["meta_info"]["completion_tokens"])
    return list(itertools.dropwhile(lambda count: count == 0, found))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def chunked(body: bytes, sizes: list[int]) -> tuple[bytes, list[int]]:
    """Size 0 stands for a whole event, as uvicorn sends it.

    Also where each byte of the body stands on the wire.
    """
    out, at, k, places = b"", 0, 0, []
    while at < len(body):
        size = (
            sizes[k % len(sizes)] or body.index(b"\n\n", at) + 2 - at
            if body.find(b"\n\n", at) >= 0
            else len(body) - at
        )
        piece = body[at : at + size]
        out += f"{len(piece):x}\r\n".encode()
        places += range(len(out), len(out) + len(piece))
        out += piece + b"\r\n"
        at, k = at + size, k + 1
    return out + b"0\r\n\r\n", places


HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
)
EVENTS = st.lists(st.tuples(st.text(max_size=30), st.integers(0, 6), st.booleans()), min_size=1, max_size=12)


@pytest.mark.parametrize("spaced", [False, True])
def test_a_text_before_the_first_token_has_a_time_and_is_no_arrival(spaced: bool) -> None:
    """What follows is read as ever: the first counted event is kept, of one read with the text or of a later
    one.
    """
    for at in (1, 2):
        meter = GenerateMeter()
        meter.feed(1, wire([event("a", 0)], spaced=spaced)[:-14])
        meter.feed(at, wire([event("ab", 1), event("abc", 2)], spaced=spaced))
        assert (meter.first_text_ns, meter.first_text_at) == (1, BEFORE)
        assert (list(meter.arrival_ns), list(meter.arrival_tokens), meter.uncounted_outputs) == (
            [at, at],
            [1, 2],
            1,
        )
        assert json.loads(meter.first.removeprefix(b"data: ")) == event("ab", 1)


@given(
    EVENTS,
    st.lists(st.integers(0, 10_000), max_size=12),
    st.lists(st.integers(0, 400), min_size=1, max_size=5),
)
@example([("a", 1, False)] * 5, [], [0])
@example([("a", 1, False)] * 5, list(range(0, 2000, 7)), [0])
def test_any_chunking_gives_the_counts_of_the_straightforward_parser(
    grown: list[tuple[str, int, bool]], places: list[int], sizes: list[int]
) -> None:
    total, events = 0, []
    for text, more, last_key in grown:
        total += more
        events.append(event(text, total, last_key=last_key))
    body = wire(events)
    sent, where = chunked(body, sizes)
    answer, pieces = Answer(GenerateMeter(LIMIT)), cut(HEAD + sent, places)
    for now, piece in enumerate(pieces, start=1):
        assert answer.feed(now, piece) == (now == len(pieces))
    meter = answer.meter
    assert answer.error is None
    assert answer.state == END
    assert list(meter.arrival_tokens) == straightforward(body)
    # Each event bears the stamp of the read that brought the end of its line.
    ends = list(itertools.accumulate(map(len, pieces)))
    lines = [at for at in range(len(body)) if body[at - 1 : at + 1] != b"\n\n" and body[at : at + 1] == b"\n"]
    stamps = [bisect.bisect_right(ends, len(HEAD) + where[at]) + 1 for at in lines]
    assert list(meter.arrival_ns) == stamps[len(events) - len(meter.arrival_tokens) : -1]
    assert meter.done_ns == stamps[-1]
    assert meter.events == len(events)
    if not meter.arrival_tokens:
        assert meter.last is None
        return
    assert json.loads(meter.last_line().removeprefix(b"data: ")) == events[-1]
    texts, before = [bool(text) for text, _, _ in grown], len(events) - len(meter.arrival_tokens)
    assert (meter.first_text_ns is not None) == any(texts)
    if any(texts):
        place = texts.index(True)
        assert meter.first_text_ns == stamps[place]
        # an event that counts 0 is no arrival
        assert meter.first_text_at == (place - before if place >= before else BEFORE)
    assert meter.last is not None
    assert len(meter.last[0]) <= 2 * len(meter.last_line()) + 64


def test_spaces_in_the_json_are_read_too() -> None:
    meter = GenerateMeter()
    meter.feed(5, wire([event("a", 3), event("ab", 7)], spaced=True))
    assert list(meter.arrival_tokens) == [3, 7]


def test_a_text_that_looks_like_a_count_is_no_count() -> None:
    meter = GenerateMeter()
    meter.feed(1, wire([event('"completion_tokens":99, and \\"completion_tokens\\":98', 1)]))
    assert list(meter.arrival_tokens) == [1]


def test_a_count_that_is_none_is_marked() -> None:
    meter = GenerateMeter()
    meter.feed(
        1,
        b'data: {"meta_info":{"completion_tokens":-5,"x":1}}\n\n'
        b'data: {"meta_info":{"completion_tokens":NaN}}\n\n',
    )
    assert list(meter.arrival_tokens) == [-1, -1]


def test_the_first_text_is_the_first_non_empty_one() -> None:
    meter = GenerateMeter()
    meter.feed(1, wire([event("", 1)])[:-14])
    meter.feed(2, wire([event("a", 2)]))
    assert meter.first_text_ns == 2
    assert list(meter.arrival_ns) == [1, 2]


def test_a_size_that_only_python_reads_as_one_is_refused_whole_or_in_pieces() -> None:
    whole = event("a", 1)
    body = wire([whole])[:-14]
    for size in (
        f"0x{len(body):x}",
        f"+{len(body):x}",
        f"{len(body):x}".replace("", "_").strip("_"),
        f"-{len(body):x}",
    ):
        for step in (1, 10**6):
            data = HEAD + size.encode() + b"\r\n" + body + b"\r\n"
            answer = Answer(GenerateMeter(LIMIT))
            for at in range(0, len(data), step):
                if answer.error is None:
                    answer.feed(at, data[at : at + step])
            assert answer.error is ErrorKind.MALFORMED, size


def test_leading_zeros_of_a_size_are_read() -> None:
    body = wire([event("a", 1)])
    for step in (1, 10**6):
        data = HEAD + f"000{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        answer = Answer(GenerateMeter(LIMIT))
        for at in range(0, len(data), step):
            answer.feed(at, data[at : at + step])
        assert (answer.error, answer.state, list(answer.meter.arrival_tokens)) == (None, END, [1])


def test_an_endless_event_is_refused() -> None:
    meter = GenerateMeter(limit=1000)
    with pytest.raises(StreamLimitError, match="1000"):
        meter.feed(1, b"data: " + b"x" * 2000)


def test_memory_does_not_grow_with_the_text() -> None:
    answer = Answer(GenerateMeter(LIMIT))
    answer.feed(1, HEAD)
    text = ""
    for tokens in range(1, 400):
        text += " token"
        piece = b"data: " + json.dumps(event(text, tokens)).encode() + b"\n\n"
        answer.feed(tokens, f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    kept = answer.meter.last
    assert kept is not None
    assert len(kept[0]) < 2 * len(piece)
    assert (answer.meter.error, answer.meter.broken) == (None, None)


@pytest.mark.parametrize("name", ["generate_stream", "generate_input_ids_stream"])
@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_a_real_server_s_stream(name: str, size: int) -> None:
    data = (DATA / f"{name}.http").read_bytes()
    answer = Answer(GenerateMeter(LIMIT))
    for at in range(0, len(data), size):
        answer.feed(at + 1, data[at : at + size])
    assert (answer.error, answer.state, answer.status, answer.stream, answer.keep_alive) == (
        None,
        END,
        200,
        True,
        True,
    )
    counts = list(answer.meter.arrival_tokens)
    assert counts == list(range(1, len(counts) + 1))
    assert counts


def test_a_real_server_s_error_inside_the_stream() -> None:
    answer = Answer(GenerateMeter(LIMIT))
    answer.feed(1, (DATA / "generate_toolong_stream.http").read_bytes())
    assert answer.state == END
    assert not answer.meter.arrival_tokens
    assert "9000 tokens" in (answer.meter.error or "")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", ErrorKind.MALFORMED),
        (HEAD + b"zz\r\nhello", ErrorKind.MALFORMED),
        (HEAD + b"3\r\ndata: too long\r\n", ErrorKind.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", ErrorKind.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", ErrorKind.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", ErrorKind.MALFORMED),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000, ErrorKind.MALFORMED),
    ],
)
@pytest.mark.parametrize("size", [1, 10**7])
def test_what_is_not_http_is_said(data: bytes, kind: ErrorKind, size: int) -> None:
    answer = Answer(GenerateMeter(LIMIT))
    for at in range(0, len(data), size):
        if answer.error is None:
            answer.feed(at + 1, data[at : at + size])
    assert answer.error is kind
    assert answer.error_text
    assert not answer.keep_alive


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_end_in_an_error_or_not_at_all(noise: bytes, places: list[int]) -> None:
    answer = Answer(GenerateMeter(LIMIT))
    for now, piece in enumerate(cut(HEAD + noise, places), start=1):
        if answer.error is None:
            answer.feed(now, piece)
    assert answer.error is None or answer.error_text


V1 = Path(__file__).parents[2] / "data" / "v1"


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("name", ["completions_stream_counts", "chat_completions_stream_counts"])
def test_a_real_server_s_v1_stream_with_counts(name: str, size: int) -> None:
    """The sum at the end is no arrival: it brings no token."""
    data = (V1 / f"{name}.http").read_bytes()
    answer = Answer(CompletionsMeter(LIMIT))
    for at in range(0, len(data), size):
        answer.feed(at + 1, data[at : at + size])
    counted = [
        counted_event["usage"]["completion_tokens"]
        for line in data.decode().split("\n")
        if line.startswith("data: {")
        and (counted_event := json.loads(line[6:]))["usage"]
        and counted_event["choices"]
    ]
    meter = answer.meter
    assert (answer.error, answer.state) == (None, END)
    assert list(meter.arrival_tokens) == counted
    assert counted[-1] == 8
    assert (meter.error, meter.broken) == (None, None)
    assert meter.done_ns is not None and meter.done_ns >= meter.arrival_ns[-1]
    assert meter.first_text_ns is not None
    event = last_event(meter, OAI)
    assert (event.completion_tokens, event.finish_reason, event.cached_tokens) == (8, "length", None)
    assert event.prompt_tokens and event.request_id


@pytest.mark.parametrize("name", ["completions_stream_usage", "chat_stream_usage"])
def test_a_v1_stream_without_counts_has_no_arrivals(name: str) -> None:
    answer = Answer(CompletionsMeter(LIMIT))
    answer.feed(5, (V1 / f"{name}.http").read_bytes())
    assert answer.state == END
    assert not answer.meter.arrival_tokens
    assert answer.meter.first_text_ns == 5
    event = last_event(answer.meter, OAI)
    assert event.completion_tokens == 8


def test_a_v1_error_inside_the_stream_is_kept() -> None:
    answer = Answer(CompletionsMeter(LIMIT))
    answer.feed(1, (V1 / "completions_toolong_stream.http").read_bytes())
    assert (
        answer.meter.error
        == "The input (9000 tokens) is longer than the model's context length (8192 tokens)."
    )


def test_what_a_model_thinks_is_its_first_text() -> None:
    meter = CompletionsMeter()
    for now, delta in enumerate(
        ({"content": "", "reasoning_content": None}, {"content": None, "reasoning_content": "Hm"})
    ):
        body = {"choices": [{"delta": delta, "finish_reason": None}], "usage": {"completion_tokens": now + 1}}
        meter.feed(now + 1, b"data: " + json.dumps(body).encode() + b"\n\n")
    assert meter.first_text_ns == 2
    assert list(meter.arrival_tokens) == [1, 2]
