"""Plans, frames and answers: by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.frames import Decoder, Frame, encode
from slabench.loadgen.options import Target
from slabench.loadgen.plan import Plan
from slabench.loadgen.prepared import PreparedRequest
from slabench.loadgen.response_record import record_of
from slabench.records import ErrorKind
from slabench.server.known_secrets import know


def test_poisson_offsets_are_sums_of_the_gaps_before() -> None:
    plan = Plan.open_loop(4, 2.0, unit_gaps=[1.0, 0.5, 2.0, 9.0])
    assert plan.offsets_ns == (0, 500_000_000, 750_000_000, 1_750_000_000)
    assert plan.describe()["arrivals"] == "poisson"


def test_constant_offsets_do_not_drift() -> None:
    assert Plan.open_loop(4, 3.0, arrivals="constant").offsets_ns == (
        0,
        333_333_333,
        666_666_667,
        1_000_000_000,
    )


def test_an_infinite_rate_is_all_at_once_or_a_closed_loop() -> None:
    assert Plan.open_loop(3, math.inf) == Plan.at_once(3)
    assert Plan.open_loop(3, math.inf, cap=2) == Plan.closed_loop(3, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Plan.at_once(0),
        lambda: Plan.closed_loop(3, 0),
        lambda: Plan.open_loop(3, 0.0),
        lambda: Plan.open_loop(3, math.nan),
        lambda: Plan.open_loop(3, 1.0, arrivals="burst"),
        lambda: Target("ftp://host"),
        lambda: Target("http://host:99999"),
        lambda: Target("http://user:secret@host"),
    ],
)
def test_what_cannot_be_planned_is_a_sentence(make: Any) -> None:
    with pytest.raises(ConfigError, match=r"\.$") as error:
        make()
    assert "secret" not in str(error.value)


@given(st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=6), st.integers(1, 50))
def test_frames_survive_any_cut(frames: list[list[bytes]], size: int) -> None:
    data = b"".join(encode({"kind": "record", "n": k}, parts) for k, parts in enumerate(frames))
    decoder = Decoder()
    found = [frame for at in range(0, len(data), size) for frame in decoder.feed(data[at : at + size])]
    assert [(frame.head["n"], frame.parts) for frame in found] == list(enumerate(frames))


def frame(
    *,
    last: bytes = b"",
    body: bytes = b"",
    first: bytes = b"",
    middle: bytes = b"",
    pieces: bytes = b"",
    tokens: int = 0,
    **head: Any,
) -> Frame:
    known = {
        "kind": "record", "index": 0, "due_ns": 1, "start_ns": 2, "sent_ns": 3, "end_ns": 9,
        "first_text_ns": 4,
        "first_text_at": None, "last_text_ns": None, "uncounted_outputs": 0, "left_open": False, "origin": {},
        "out_of_order": None, "first_read_ns": None, "last_read_ns": None,
        "events": 1, "done": True, "reused": False, "resent": False, "waited": False, "status": 200,
        "stream": True,
        "error": None, "error_text": "", "reported_error": None, "broken": None, "uncounted": None,
    }  # fmt: skip
    count = (tokens.to_bytes(8, "little"), tokens.to_bytes(8, "little")) if tokens else (b"", b"")
    return Frame({**known, **head}, [*count, body, last, first, middle, pieces])


META = {
    "id": "x",
    "finish_reason": {"type": "length", "length": 2},
    "prompt_tokens": 5,
    "completion_tokens": 2,
    "cached_tokens": 1,
}
GOOD = (
    b"data: "
    + json.dumps(
        {"text": "ab", "output_ids": [1, 2], "meta_info": {**META, "e2e_latency": 0.5, "queue": True}}
    ).encode()
)
REQUEST = PreparedRequest(BACKENDS["sglang"], b"{}", 5, 2)
V1_REQUEST = PreparedRequest(BACKENDS["sglang-oai"], b"{}", 5, 2)


def test_a_whole_answer() -> None:
    record = record_of(frame(last=GOOD, tokens=2), REQUEST, keep_text=True)
    assert record.ok
    assert (record.prompt_tokens, record.completion_tokens, record.cached_tokens, record.finish_reason) == (
        5,
        2,
        1,
        "length",
    )
    assert (record.request_id, record.text, dict(record.server)) == ("x", "ab", {"e2e_latency": 0.5})
    assert record_of(frame(last=GOOD, tokens=2), REQUEST, keep_text=False).text is None


def test_what_an_answer_repeats_of_a_secret_is_in_no_record() -> None:
    """Checks and tables are made from records: there it must not be either."""
    key = "sk-Planted9Zq7xTe5bNmW2"
    know(key)
    meta = {**META, "id": key, "finish_reason": {"type": key}, key: 1.5, "weight_version": key}
    last = b"data: " + json.dumps({"text": "ab", "output_ids": [1, 2], "meta_info": meta}).encode()
    record = record_of(frame(last=last, tokens=2, origin={"server": key}), REQUEST, keep_text=False)
    assert (record.finish_reason, record.request_id, dict(record.server)) == ("***", "***", {"***": 1.5})
    assert dict(record.origin) == {"weight_version": "***", "header server": "***"}
    failed = record_of(frame(status=500, stream=False, body=f"no {key}".encode()), REQUEST, keep_text=False)
    assert failed.error_text == "HTTP 500: no ***"


def test_the_text_of_a_delta_is_not_the_answer() -> None:
    piece = b"data: " + json.dumps({"text": "b", "output_ids": [2], "meta_info": META}).encode()
    assert record_of(frame(last=piece, tokens=2), REQUEST, keep_text=True).text is None


def event(**parts: Any) -> bytes:
    return b"data: " + json.dumps({**parts, "meta_info": META}).encode()


@pytest.mark.parametrize(
    ("first", "seen"),
    [
        (event(text="a", output_ids=[1]), (1, False)),
        (event(text="", output_ids=[1]), (1, False)),
        (event(text="", output_ids=[]), (0, True)),
        (event(text=""), (None, True)),
        (event(), (None, True)),
        (b"data: {", (None, None)),
        (b"", (None, None)),
    ],
)
def test_what_the_first_counted_event_holds(first: bytes, seen: tuple[int | None, bool | None]) -> None:
    record = record_of(frame(last=GOOD, tokens=2, first=first), REQUEST, keep_text=False)
    assert (record.first_ids, record.first_empty) == seen
    assert record.output_ids == 2


@pytest.mark.parametrize(
    ("first", "empty"),
    [
        (b'data: {"choices":[{"text":"a"}]}', False),
        (b'data: {"choices":[{"text":""}]}', True),
        (b'data: {"choices":[{"delta":{"content":null,"reasoning_content":"so"}}]}', False),
        (b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}', True),
        (b'data: {"choices":7}', True),
        (b"data: {", None),
        (b"", None),
    ],
)
def test_what_the_first_counted_event_of_v1_holds(first: bytes, empty: bool | None) -> None:
    lines = {"last": b'data: {"id":"x","choices":[],"usage":{"completion_tokens":2}}', "first": first}
    record = record_of(frame(tokens=2, **lines), V1_REQUEST, keep_text=False)
    assert (record.error, record.first_ids, record.first_empty, record.output_ids) == (
        None,
        None,
        empty,
        None,
    )


def test_a_text_without_ids_is_kept_where_it_grew_from_an_earlier_one() -> None:
    """A piece is not: of an answer in pieces the last event has only the last one."""

    def text(first: str, last: str, middle: bytes = b"", **more: Any) -> tuple[str | None, int]:
        lines = {"last": event(text=last, **more), "first": event(text=first, **more), "middle": middle}
        record = record_of(frame(tokens=2, **lines), REQUEST, keep_text=False)
        return record.counted_text, record.counted_tokens

    nothing = (None, 0)
    assert text("a", "ab") == ("ab", 2)
    assert text("a", "b") == nothing
    assert text("a", "a") == nothing
    assert text("", "b") == nothing
    assert text("", "ab", event(text="a")) == ("ab", 2)
    assert text("", "ab", event(text="b")) == nothing
    assert text("a", "ab", output_ids=[1, 2]) == nothing


@pytest.mark.parametrize(("ids", "counted"), [({}, ("", 2)), ({"output_ids": [1, 2]}, (None, 0))])
def test_an_answer_with_neither_text_nor_ids_has_no_text(
    ids: dict[str, Any], counted: tuple[str | None, int]
) -> None:
    lines = {"last": event(**ids), "first": event(**ids), "first_text_ns": None}
    record = record_of(frame(tokens=2, **lines), REQUEST, keep_text=False)
    assert (record.counted_text, record.counted_tokens) == counted


@pytest.mark.parametrize(
    ("middle", "last", "seen"),
    [
        (event(text="a", output_ids=[1]), event(text="abc", output_ids=[1, 2]), {"tokens": 2, "ids": 1}),
        (event(text="a"), event(text="abc"), {"tokens": 2, "characters": 1, "of": 3}),
        (event(text=""), event(text="abc"), {"tokens": 2, "characters": 0, "of": 3}),
        (event(text="b"), event(text="abc"), {"tokens": 2}),  # a piece
        (event(text="a"), event(text="ab\ufffd"), {"tokens": 2}),  # what is no character yet is held back
        (event(text=7), event(text="abc"), {"tokens": 2}),
        (event(text="a"), event(text=""), {"tokens": 2}),
        (b'data: {"meta_info":7}', event(text="abc"), {}),
        (b"data: 7", event(text="abc"), {}),
        (b"data: {", event(text="abc"), {}),
        (b"", event(text="abc"), {}),
    ],
)
def test_what_an_event_in_the_middle_holds(middle: bytes, last: bytes, seen: dict[str, int]) -> None:
    assert record_of(frame(last=last, tokens=2, middle=middle), REQUEST, keep_text=False).middle == seen


@pytest.mark.parametrize(
    ("seen", "kind", "words"),
    [
        ({"status": 503, "stream": False, "body": b"busy"}, ErrorKind.HTTP_STATUS, "HTTP 503: busy"),
        ({"reported_error": "The input is too long."}, ErrorKind.IN_STREAM, "The input is too long."),
        ({"reported_error": "It is too long.", "last": GOOD, "tokens": 2}, ErrorKind.IN_STREAM, "too long"),
        ({"stream": False, "done": False, "body": b"<html>"}, ErrorKind.NOT_A_STREAM, "<html>"),
        ({"done": False, "last": GOOD, "tokens": 1}, ErrorKind.TRUNCATED, "DONE"),
        ({}, ErrorKind.NO_TOKENS, "token"),
        ({"last": b"data: [1]", "tokens": 1}, ErrorKind.MALFORMED, "last event"),
        (
            {"broken": """'data: {"text":"ka'""", "last": GOOD, "tokens": 2},
            ErrorKind.MALFORMED,
            """not JSON: 'data: {"text":"ka'""",
        ),
        ({"error": "reset", "error_text": "The connection broke."}, ErrorKind.RESET, "broke"),
    ],
)
def test_the_first_thing_that_went_wrong(seen: dict[str, Any], kind: ErrorKind, words: str) -> None:
    record = record_of(frame(**seen), REQUEST, keep_text=False)
    assert record.error is kind
    assert words in record.error_text
    assert not record.ok
