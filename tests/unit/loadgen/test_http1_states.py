"""The table of states at the top of http1.py, row by row."""

from __future__ import annotations

import pytest

from slabench.loadgen import http1
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.http1 import CHUNK, CHUNK_END, CLOSE, END, HEAD, LENGTH, SIZE, TRAILER, Answer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
LONG = OK + b"content-length: 3\r\n\r\n"
ROWS = [
    (b"", HEAD, b"HTTP/1.1 100 Continue\r\n\r\n", HEAD),
    (b"", HEAD, CHUNKED, SIZE),
    (b"", HEAD, LONG, LENGTH),
    (b"", HEAD, OK + b"\r\n", CLOSE),
    (b"", HEAD, b"HTTP/1.1 204 No Content\r\n\r\n", END),
    (b"", HEAD, b"HTTP/1.1 304 Not Modified\r\n\r\n", END),
    (b"", HEAD, OK + b"content-length: 0\r\n\r\n", END),
    (CHUNKED, SIZE, b"3\r\n", CHUNK),
    (CHUNKED, SIZE, b"0\r\n", TRAILER),
    (CHUNKED + b"3\r\n", CHUNK, b"ab", CHUNK),
    (CHUNKED + b"3\r\n", CHUNK, b"abc", CHUNK_END),
    (CHUNKED + b"3\r\nabc", CHUNK_END, b"\r\n", SIZE),
    (CHUNKED + b"0\r\n", TRAILER, b"x: y\r\n", TRAILER),
    (CHUNKED + b"0\r\n", TRAILER, b"\r\n", END),
    (LONG, LENGTH, b"ab", LENGTH),
    (LONG, LENGTH, b"abc", END),
    (OK + b"\r\n", CLOSE, b"abc", CLOSE),
]


def answer_after(data: bytes) -> Answer:
    answer = Answer(GenerateMeter())
    for at in range(len(data)):
        answer.feed(at, data[at : at + 1])
    return answer


@pytest.mark.parametrize(("before", "state", "data", "after"), ROWS)
def test_each_row_of_the_table(before: bytes, state: int, data: bytes, after: int) -> None:
    answer = answer_after(before)
    assert answer.state == state
    complete = answer.feed(0, data)
    assert (answer.state, complete, answer.error) == (after, after == END, None)


def test_the_peer_s_end_is_the_body_s_end_only_where_the_body_has_no_other() -> None:
    for before, state, _, _ in ROWS:
        answer = answer_after(before)
        assert answer.closed() == (state == CLOSE)


@pytest.mark.parametrize(
    ("before", "data"),
    [
        (b"", b"SSH-2.0"),
        (CHUNKED, b"zz\r\n"),
        (CHUNKED + b"3\r\nabc", b"d\r\n"),
        (LONG + b"abc", b"d"),
    ],
)
def test_what_a_state_does_not_allow_sets_the_error(before: bytes, data: bytes) -> None:
    answer = answer_after(before)
    assert answer.feed(0, data)
    assert answer.error is not None


def test_the_table_has_every_state() -> None:
    names = ("HEAD", "SIZE", "CHUNK", "CHUNK_END", "TRAILER", "LENGTH", "CLOSE", "END")
    assert [getattr(http1, name) for name in names] == [*range(8)]
    table = (http1.__doc__ or "").splitlines()
    assert [line.split()[0] for line in table if line.split()[:1] and line.split()[0] in names] == [*names]
