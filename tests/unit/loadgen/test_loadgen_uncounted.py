"""Streams of /v1 whose events carry no counts: when output came, in whatever key a server puts it, and what
the first of it was.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from slabench.loadgen import events
from slabench.loadgen.backends.completions import CompletionsMeter
from slabench.loadgen.uncounted import MAX_PIECE_BYTES, fields


def chat(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": None}


def text(piece: str, reason: str | None = None) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "text": piece, "finish_reason": reason}]}


SUM = {"id": "c", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}}
CALL = {"index": 0, "id": "t", "function": {"name": "find", "arguments": ""}}


def read(*stream: dict[str, Any], spaced: bool = False) -> CompletionsMeter:
    """A meter that was fed an event every 10 ns, from 10 on."""
    meter = CompletionsMeter()
    for k, event in enumerate(stream, 1):
        line = json.dumps(event, separators=None if spaced else (",", ":"))
        meter.feed(10 * k, f"data: {line}\n\n".encode())
    meter.feed(1000, b"data: [DONE]\n\n")
    return meter


@pytest.mark.parametrize(
    ("delta", "piece"),
    [
        ({"content": "hi"}, "hi"),
        ({"reasoning_content": "hm"}, "hm"),
        ({"reasoning": "hm"}, "hm"),
        ({"role": None, "content": None, "reasoning_content": "hm", "tool_calls": None}, "hm"),
        ({"refusal": "no"}, "no"),
        ({"tool_calls": [CALL]}, "find"),
        ({"tool_calls": [{"index": 0, "function": {"arguments": '{"a'}}]}, '{"a'),
        ({"role": "assistant", "content": "hi"}, "hi"),
    ],
)
@pytest.mark.parametrize("spaced", [False, True])
def test_output_in_whatever_key(delta: dict[str, Any], piece: str, spaced: bool) -> None:
    meter = read(
        chat(role="assistant", content=""),
        chat(**delta),
        chat(content="x"),
        chat("length"),
        SUM,
        spaced=spaced,
    )
    assert list(meter.arrival_tokens) == []
    assert list(meter.uncounted.text_ns) == [20, 30]
    assert (meter.uncounted.no_text_first, meter.uncounted.last_choice_ns) == (0, 40)
    found = fields(meter.uncounted_head(), counted=False)
    assert list(found["text_ns"]) == [20, 30]
    assert (found["first_piece"], found["no_text_first"], found["last_choice_ns"]) == (piece, 0, 40)


def test_a_counted_chat_begins_with_whatever_is_output() -> None:
    for delta in ({"reasoning": "hm"}, {"tool_calls": [CALL]}, {"refusal": "no"}):
        counted = chat(**delta) | {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}
        meter = read(chat(role="assistant", content=""), counted, SUM)
        assert (list(meter.arrival_ns), list(meter.arrival_tokens), meter.first_text_ns) == ([20], [1], 20)
        assert meter.uncounted_head() is None


def test_events_without_text_may_be_tokens_and_the_reason_to_end_is_when_the_last_of_them_came() -> None:
    meter = read(text(""), text(""), text(" a"), text(""), text(" b"), text(""), text("", "length"), SUM)
    assert list(meter.uncounted.text_ns) == [30, 50]
    assert (meter.uncounted.no_text_first, meter.uncounted.last_choice_ns) == (2, 70)


def test_a_stream_of_nothing_has_no_times() -> None:
    assert read(text(""), text("", "length"), SUM).uncounted.as_head() is None
    assert fields(None, counted=False) == {}


def test_counts_make_their_own_times() -> None:
    meter = read(text(" a") | {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}, text(" b"), SUM)
    assert meter.uncounted_head() is None
    assert fields({"text_ns": [1], "first": "", "no_text_first": 0, "last_choice_ns": 1}, counted=True) == {}


def test_a_first_event_that_is_too_long_is_not_kept() -> None:
    meter = read(text("a" * MAX_PIECE_BYTES), text("b"), SUM)
    assert list(meter.uncounted.text_ns) == [10, 20]
    assert fields(meter.uncounted_head(), counted=False)["first_piece"] is None


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        {},
        {"choices": None},
        {"choices": [None, 7]},
        chat(content=7),
        chat(tool_calls=[None, {"function": 3}]),
    ],
)
def test_what_has_no_text_has_an_empty_piece(event: object) -> None:
    assert events.piece(event) == ""
