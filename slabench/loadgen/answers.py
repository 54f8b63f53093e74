"""What an answer said, read once it has ended: from a record frame to a RequestRecord."""

from __future__ import annotations

import json
import math
from array import array
from dataclasses import dataclass, field
from typing import Any

from slabench.loadgen.backend import PreparedRequest
from slabench.loadgen.frames import Frame
from slabench.loadgen.stream import MAX_IRREGULAR_BYTES
from slabench.records import ErrorKind, RequestRecord
from slabench.server.secrets import KNOWN, scrub_text

MAX_TEXT = 500
PIECES = ("content", "reasoning_content", "reasoning")  # of a chat's delta
COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens")


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The fields of the last counted event that a record keeps."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    text: str | None = None
    ids: int | None = None  # how many output_ids the event has
    whole_text: str | None = None  # the text, where no ids say whether it is the answer's or a piece of it


@dataclass(frozen=True, slots=True)
class FirstEvent:
    """What the first counted event holds beside its count."""

    ids: int | None = None
    text: str = ""
    empty: bool | None = None  # neither text nor ids


def read_event(line: bytes) -> Any:
    """The JSON behind `data:`, or None if it is none."""
    try:
        return json.loads(line.removeprefix(b"data:"))
    except ValueError:
        return None


def last_event(line: bytes) -> LastEvent | None:
    """None for an event that is neither a JSON object with meta_info, as sglang's /generate sends it, nor one of /v1's."""
    event = read_event(line)
    if not isinstance(event, dict) or "choices" in event:
        return last_chunks(line)
    meta = event.get("meta_info") if isinstance(event, dict) else None
    if not isinstance(meta, dict):
        return None
    reason = meta.get("finish_reason")
    numbers = {key: float(value) for key, value in meta.items() if key not in COUNTS and _is_number(value)}
    ids = event.get("output_ids")
    # Deltas carry the ids of one event only: then the text is a piece, and a piece is not the answer.
    whole = isinstance(ids, list) and len(ids) == meta.get("completion_tokens")
    return LastEvent(
        prompt_tokens=_count(meta.get("prompt_tokens")),
        completion_tokens=_count(meta.get("completion_tokens")),
        cached_tokens=_count(meta.get("cached_tokens")),
        finish_reason=str(reason.get("type")) if isinstance(reason, dict) else None if reason is None else str(reason),
        request_id=meta["id"] if isinstance(meta.get("id"), str) else None,
        numbers={
            key: value for key, value in numbers.items() if key not in ("prompt_tokens", "completion_tokens", "cached_tokens")
        },
        text=event["text"] if whole and isinstance(event.get("text"), str) else None,
        ids=len(ids) if isinstance(ids, list) else None,
        whole_text=event["text"] if not isinstance(ids, list) and isinstance(event.get("text"), str) else None,
    )


def first_event(line: bytes) -> FirstEvent:
    """Of /generate's form or of /v1's; nothing is known of any other."""
    event = read_event(line)
    if not isinstance(event, dict):
        return FirstEvent()
    choices = event.get("choices")
    if isinstance(choices, list):
        choice = choices[0] if choices and isinstance(choices[0], dict) else {}
        delta = choice.get("delta")
        parts = (choice.get("text"), *(delta.get(key) for key in PIECES)) if isinstance(delta, dict) else (choice.get("text"),)
        text = "".join(part for part in parts if isinstance(part, str))
        return FirstEvent(None, text, not text)
    ids = event.get("output_ids")
    count = len(ids) if isinstance(ids, list) else None
    text = event["text"] if isinstance(event.get("text"), str) else ""
    return FirstEvent(count, text, not text and not count)


def last_chunks(lines: bytes) -> LastEvent | None:
    """/v1: the last count, the reason to end and the sum stand in events of their own, a line each."""
    found: dict[str, Any] = {}
    for event in map(read_event, lines.split(b"\n")):
        if not isinstance(event, dict) or "choices" not in event:
            return None
        found["id"] = event.get("id")
        usage, choices = event.get("usage"), event["choices"]
        if isinstance(usage, dict):
            found |= {key: usage[key] for key in ("prompt_tokens", "completion_tokens") if key in usage}
            details = usage.get("prompt_tokens_details")
            if isinstance(details, dict):
                found["cached_tokens"] = details.get("cached_tokens")
        if choices and isinstance(choices[0], dict) and isinstance(choices[0].get("finish_reason"), str):
            found["finish_reason"] = choices[0]["finish_reason"]
    return LastEvent(
        prompt_tokens=_count(found.get("prompt_tokens")),
        completion_tokens=_count(found.get("completion_tokens")),
        cached_tokens=_count(found.get("cached_tokens")),
        finish_reason=found.get("finish_reason"),
        request_id=found["id"] if isinstance(found.get("id"), str) else None,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def stream_error(irregular: bytes) -> str | None:
    """The message of an {"error": ...} event: sglang's way to refuse inside a 200."""
    for line in irregular.split(b"\n"):
        event = read_event(line)
        if isinstance(event, dict) and "error" in event:
            error = event["error"]
            said = error.get("message", error) if isinstance(error, dict) else error
            return str(said)[:MAX_TEXT]
    return None


def no_json(irregular: bytes) -> str | None:
    """The beginning of an event that is no JSON: bytes were lost or mixed, so the counts around it prove nothing.

    A line as long as the meter keeps was cut by us, and what is not `data:` carries no payload by the format's own rules.
    """
    for line in irregular.split(b"\n"):
        if line.startswith(b"data:") and len(line) < MAX_IRREGULAR_BYTES:
            try:
                json.loads(line.removeprefix(b"data:"))
            except ValueError:
                return line[:80].decode("utf-8", "replace")
    return None


def _classify(
    head: dict[str, Any], event: LastEvent | None, irregular: bytes, body: bytes, *, counted: bool
) -> tuple[ErrorKind | None, str]:
    """The first thing that went wrong with an answer."""
    kind = ErrorKind(head["error"]) if head["error"] is not None else None
    said = body.decode("utf-8", "replace").strip()[:MAX_TEXT]
    if head["status"] is not None and head["status"] != 200:
        return ErrorKind.HTTP_STATUS, f"HTTP {head['status']}: {said}"[:MAX_TEXT]
    refused = stream_error(irregular)
    if refused is not None:
        return ErrorKind.IN_STREAM, refused
    if kind is not None:
        return kind, head["error_text"]
    if not head["stream"]:
        return ErrorKind.NOT_A_STREAM, f"The answer is no event stream: {said}"[:MAX_TEXT]
    if not head["done"]:
        return ErrorKind.TRUNCATED, "The stream ended without [DONE]."
    if not counted and event is not None and event.completion_tokens and head["last_text_ns"] is not None:
        return None, ""  # /v1: the sum alone; what needs counts along the stream is not defined
    if not counted:
        return ErrorKind.NO_TOKENS, "The stream ended without having counted a token."
    broken = no_json(irregular)
    if broken is not None:
        return ErrorKind.MALFORMED, f"The stream has an event that is no JSON: {broken!r}."
    if event is None:
        return ErrorKind.MALFORMED, "The last event is not one that sglang sends."
    return None, ""


def record_of(frame: Frame, request: PreparedRequest, *, keep_text: bool) -> RequestRecord:
    """One request's record from what the load process saw."""
    head = frame.head
    stamps, tokens, last, irregular, body, first_line = frame.parts
    arrival_ns: array[int] = array("q", stamps)
    arrival_tokens: array[int] = array("q", tokens)
    event = last_event(last) if last else None
    error, text = _classify(head, event, irregular, body, counted=bool(arrival_tokens))
    told = event if event is not None else LastEvent()
    first = first_event(first_line) if first_line else FirstEvent()
    # Without ids only a text that grew from the first event's is known to be the whole answer's, and not its last piece.
    grown = told.whole_text is not None and first.text and len(told.whole_text) > len(first.text)
    return RequestRecord(
        index=head["index"],
        input_len=request.input_len,
        output_len=request.output_len,
        due_ns=head["due_ns"],
        start_ns=head["start_ns"],
        sent_ns=head["sent_ns"],
        arrival_ns=arrival_ns,
        arrival_tokens=arrival_tokens,
        first_text_ns=head["first_text_ns"],
        first_text_at=head["first_text_at"],
        last_text_ns=head["last_text_ns"],
        uncounted_outputs=head["uncounted_outputs"],
        output_ids=told.ids,
        first_ids=first.ids,
        first_empty=first.empty,
        end_ns=head["end_ns"],
        events=head["events"],
        done=head["done"],
        left_open=head["left_open"],
        reused=head["reused"],
        resent=head["resent"],
        status=head["status"],
        error=error,
        error_text=scrub_text(text),
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
        cached_tokens=told.cached_tokens,
        finish_reason=None if told.finish_reason is None else KNOWN.cover(told.finish_reason),
        server=told.numbers,
        request_id=None if told.request_id is None else KNOWN.cover(told.request_id),
        text=told.text if keep_text else None,
        counted_text=told.whole_text if grown and (told.whole_text or "").startswith(first.text) else None,
    )
