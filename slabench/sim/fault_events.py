"""What one event of /generate contains instead of the truth, and how other servers and gateways
write an event: one table each, by the fault's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slabench.sim import wire

DIGITS, DEPTH = 400, 5000
_MESSAGE = "CUDA out of memory."
_REASON = re.compile(rb'"finish_reason":(null|\{[^}]*\})')
_COUNT = re.compile(rb'"completion_tokens":\d+')
_PROMPT = re.compile(rb'"prompt_tokens":(\d+)')
_OPTIONAL = re.compile(rb',"(?:prompt_tokens|cached_tokens|total_retractions)":\d+')

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in its answer. count: from 1; tokens: fault_tokens."""

    count: int
    tokens: int
    last: bool

    @property
    def hit(self) -> bool:
        """Whether this is the event that fault_tokens names."""
        return self.count == self.tokens


def with_reason(event: bytes, reason: bytes) -> bytes:
    return _REASON.sub(b'"finish_reason":' + reason, event)


def _with_count(event: bytes, count: bytes) -> bytes:
    return _COUNT.sub(b'"completion_tokens":' + count, event)


def _half_of_prompt(event: bytes) -> int:
    prompt = _PROMPT.search(event)
    assert prompt is not None
    return int(prompt[1]) // 2


def _few_words(event: Json, at: Place) -> None:
    event["text"] = " ".join(event["text"].split(" ")[: at.tokens])
    event.pop("output_ids", None)


def _behind(event: Json, at: Place) -> None:
    if not at.last:
        event["output_ids"] = event["output_ids"][:1]
        event["text"] = event["text"].split(" ")[0]


def _odd_times(event: Json, at: Place) -> None:
    event["meta_info"]["total_retractions"] = -1
    if at.last:
        event["meta_info"]["e2e_latency"] = 999.0


def _decoded(change: Callable[[Json, Place], object]) -> Callable[[bytes, Place], bytes]:
    """A change of the decoded event as one of its bytes."""

    def changed(data: bytes, at: Place) -> bytes:
        event: Json = json.loads(data)
        change(event, at)
        return wire.dumps(event)

    return changed


# In the order in which they are applied.
CHANGES: Mapping[str, Callable[[bytes, Place], bytes]] = {
    "truncated": lambda event, at: _PROMPT.sub(b'"prompt_tokens":%d' % _half_of_prompt(event), event),
    "cached": lambda event, at: re.sub(
        rb'"cached_tokens":\d+', b'"cached_tokens":%d' % _half_of_prompt(event), event
    ),
    "malformed": lambda event, at: b'{"text":"ka lo' if at.hit else event,
    "malformed_last": lambda event, at: event[:-2] if at.last else event,
    "count_falls": lambda event, at: _with_count(event, b"1") if at.hit else event,
    "count_jumps": lambda event, at: _with_count(event, b"%d" % (at.count + 9)) if at.hit else event,
    "count_nan": lambda event, at: _with_count(event, b"NaN") if at.hit else event,
    "one_id": lambda event, at: re.sub(rb'"id":"[^"]*"', b'"id":"cached"', event),
    "few_ids": _decoded(lambda event, at: event.update(output_ids=event["output_ids"][: at.tokens])),
    "few_words": _decoded(_few_words),
    "behind": _decoded(_behind),
    "odd_times": _decoded(_odd_times),
    "silent_meta": lambda event, at: _OPTIONAL.sub(b"", event),
    "empty_text": lambda event, at: (
        re.sub(rb'^\{"text":"[^"]*"', b'{"text":""', event) if at.count <= at.tokens else event
    ),
    "no_ids": _decoded(lambda event, at: event.pop("output_ids")),
}


def _loose_json(event: bytes) -> bytes:
    value = json.loads(event)
    value["meta_info"]["completion_tokens"] = float(value["meta_info"]["completion_tokens"])
    lines = json.dumps(value, indent=1, separators=(" ,", " : ")).encode().split(b"\n")
    return wire.piece(b"".join(b"data:%b\n" % line for line in lines) + b"\n")


def _error_object(event: bytes) -> bytes:
    pings = b"".join(wire.chunk(b'{"ping":%d}' % k) for k in range(9))
    error = wire.chunk(wire.dumps({"object": "error", "message": _MESSAGE, "code": 500}))
    return wire.chunk(event) + pings + error


Applies = Callable[[Place], bool]
_ALL: Applies = lambda at: True  # noqa: E731
_HIT: Applies = lambda at: at.hit  # noqa: E731
_LAST: Applies = lambda at: at.last  # noqa: E731
# The events that are written so, and their chunks.
FORMS: Mapping[str, tuple[Applies, Callable[[bytes], bytes]]] = {
    "error_beside": (
        _HIT,
        lambda event: wire.chunk(event[:-1] + b',"error":{"message":"%b"}}' % _MESSAGE.encode()),
    ),
    "error_object": (_HIT, _error_object),
    "error_named": (
        _HIT,
        lambda event: wire.chunk(event) + wire.piece(b'event: error\ndata: "%b"\n\n' % _MESSAGE.encode()),
    ),
    "huge_number": (
        _LAST,
        lambda event: wire.chunk(_PROMPT.sub(b'"prompt_tokens":' + b"7" * DIGITS, event)),
    ),
    "deep_json": (
        _LAST,
        lambda event: wire.chunk(b'{"x":' + b"[" * DEPTH + b"]" * DEPTH + b"," + event[1:]),
    ),
    "loose_json": (_ALL, _loose_json),
    "cr_lines": (_ALL, lambda event: wire.piece(b": next\rid: 7\rdata: %b\r\r" % event)),
}


def chunks(form: str | None, event: bytes, at: Place) -> bytes:
    """The event as HTTP chunks, in a form of FORMS where that applies to it."""
    if form is not None:
        applies, write = FORMS[form]
        if applies(at):
            return write(event)
    return wire.chunk(event)


def parted(data: bytes) -> tuple[bytes, bytes]:
    """(the count without output, the output without a count)."""
    event: Json = json.loads(data)
    output = {"text": event.pop("text"), "output_ids": event.pop("output_ids", [])}
    return wire.dumps({"text": "", "output_ids": [], **event}), wire.dumps(output)


def empty(request_id: str, *, ids: bool) -> bytes:
    """An event that counts a token which does not exist yet; ids: it has an id all the same."""
    meta = {
        "id": request_id,
        "finish_reason": None,
        "prompt_tokens": 0,
        "weight_version": "default",
        "total_retractions": 0,
        "completion_tokens": 1,
        "cached_tokens": 0,
    }
    return wire.dumps({"text": "", "output_ids": [100] if ids else [], "meta_info": meta})
