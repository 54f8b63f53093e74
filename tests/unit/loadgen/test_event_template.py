"""Recognising an event by its two ends: which reads may be, and what is never taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench.loadgen.event_template import (
    NO_ENDING,
    NO_TEXT,
    OPENING,
    READ_BYTES,
    SIZE_LINES,
    UNEXPECTED,
    endings,
    forget,
    frame_of,
    prediction,
)

DATA = Path(__file__).parents[2] / "data" / "loadgen"


def test_a_read_s_length_says_how_its_chunk_begins() -> None:
    known = {}
    for size in range(1, READ_BYTES - 7):
        whole = b"%x\r\n%b\r\n" % (size, b" " * size)
        known[len(whole)] = b"%x\r\n" % size
    assert all(SIZE_LINES[length] == line for length, line in known.items())
    for length in set(range(READ_BYTES + 1)) - set(known):  # no chunk with its size line is so long
        assert not bytes(length).startswith(SIZE_LINES[length])
        assert len(SIZE_LINES[length]) > READ_BYTES


def test_the_frame_of_a_real_server_s_events() -> None:
    lines = [
        line
        for line in (DATA / "generate_stream.http").read_bytes().split(b"\n")
        if line.startswith(b"data: {")
    ]
    frames = [frame_of(line, text=True) for line in lines]
    # The first event tells when it left, and the last one, which has none, how the answer ended: between them
    # all are alike.
    assert len(lines) > 4
    assert frames[-1] is None
    first, middle, later = frames[:3]
    assert first is not None
    assert middle is not None
    assert later is not None
    assert middle.before.startswith(b'],"meta_info":{"id":"')
    assert b'"finish_reason":null,' in middle.before
    assert middle.numbers == b'2,"cached_tokens":8}}'
    assert prediction(first, middle, 1) is prediction(None, first, 1) is prediction(middle, later, 0) is None
    found = prediction(middle, later, 1)
    assert found is not None
    assert all(prediction(middle, frame, 1) == found for frame in frames[3:-1] if frame is not None)
    for line in lines[1:-1]:
        count = int(line.removesuffix(b',"cached_tokens":8}}').rpartition(b":")[2])
        expected = found.endings[count]
        assert (expected == NO_ENDING) == (count in (3, 6, 12))
        assert expected == NO_ENDING or (line + b"\n\n\r\n").endswith(found.before + expected)


@pytest.mark.parametrize(
    "line",
    [
        # no meta_info: a text may hold the same
        b'data: {"text":"a","completion_tokens":3,"x":1}',
        b'data: {"text":"a","meta_info":{"completion_tokens":3}}',
        b'data: {"text":"a","meta_info":{"completion_tokens":03,"x":1}}',
        b'data: {"text":"a","meta_info":{"completion_tokens":-3,"x":1}}',
        b'data: {"text":"a","meta_info":{"completion_tokens": 3,"x":1}}',
        b'data: {"text":"a","meta_info":{"completion_tokens":3,"x":1}} ',
        b'data: {"meta_info":{"prompt_tokens":3}}',
        # what is not text and ids, or ends the answer
        b'data: {"error":"x","text":"a","meta_info":{"completion_tokens":3,"x":1}}',
        b'data: {"text":"a","output_ids":[1],"error":{"message":"x"},'
        b'"meta_info":{"completion_tokens":3,"x":1}}',
        b'data: {"text":"a","output_ids":[1],"meta_info":{"completion_tokens":3,"x":1},"error":"x"}',
        b'data: {"text":"a","output_ids":[1],"meta_info":{"error":null,"completion_tokens":3,"x":1}}',
        b'data: {"text":"a","output_ids":[1],"meta_info":{"finish_reason":{"type":"abort"},'
        b'"completion_tokens":3,"x":1}}',
        b"",
    ],
)
def test_events_of_another_form_have_no_frame(line: bytes) -> None:
    assert frame_of(line, text=True) is None


def test_until_a_text_came_the_frame_is_that_of_an_event_without_one() -> None:
    empty = b'data: {"text":"","output_ids":[7],"meta_info":{"completion_tokens":3,"x":1}}'
    frame, later = frame_of(empty, text=False), frame_of(empty, text=True)
    assert frame is not None
    assert later is not None
    assert (frame.opening, later.opening) == (NO_TEXT, OPENING)
    assert frame[1:] == later[1:]
    quoted = empty.replace(b'""', b'"\\""', 1)  # the text is a quotation mark
    for line in (quoted, empty.replace(b'""', b'"a"', 1)):
        assert frame_of(line, text=False) is None
        assert frame_of(line, text=True) is not None


def test_where_nothing_is_expected_nothing_is_recognised() -> None:
    """A read that ended as UNEXPECTED says would have a line end before its last four bytes."""
    assert b"\n" in UNEXPECTED[7][:-4]


def test_streams_of_one_server_share_their_endings() -> None:
    forget()
    table = endings(b'%d,"x":1}}')
    assert table is endings(b'%d,"x":1}}', (0,))
    assert table is not endings(b'%d,"x":1}}', (0,), 2)
    assert table[13] == b'13,"x":1}}\n\n\r\n'
    assert endings(b'%d,"y":%d,"x":"%%"}}', (9, 0))[13] == b'22,"y":13,"x":"%"}}\n\n\r\n'


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 40])
def test_at_three_times_each_power_of_two_nothing_is_expected(step: int) -> None:
    """So that one event in the second half of every answer is read whole, however many tokens an event
    brings."""
    table = endings(b'%d,"x":1}}', (0,), step)
    looks = [3 * 2**k for k in range(12)]
    for count in range(step, 3000, step):
        passed = any(count - step < look <= count for look in looks)
        assert table[count] == (NO_ENDING if passed else b'%d,"x":1}}\n\n\r\n' % count)


def test_tables_of_endings_do_not_fill_the_memory() -> None:
    """160 bytes an entry: a server whose events end differently for each request, and a very long answer."""
    forget()
    tables = [endings(b'%%d,"cached_tokens":%d}}' % number) for number in range(200)]
    for table in tables:
        for count in range(1, 10_000, 7):
            assert table[count] == NO_ENDING or table[count].startswith(b"%d," % count)
    assert sum(map(len, tables)) <= 16 * 8192
    assert len(tables[-1]) == 0
    shared = tables[0]
    for count in range(20_000):
        shared[count]
    assert len(shared) == 8192
    forget()
    assert endings(b'%d,"cached_tokens":0}}') is not shared
