"""What an answer said, read once it has ended: from a record frame to a RequestRecord."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slabench import server_json
from slabench.loadgen import events, uncounted
from slabench.loadgen.backend import PreparedRequest
from slabench.loadgen.events import MAX_TEXT
from slabench.loadgen.frames import Frame
from slabench.records import ErrorKind, RequestRecord
from slabench.server.secrets import KNOWN, scrub_text

MAX_ORIGIN = 100
MAX_NAME = 200  # characters of an id or a reason to end
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
    origin: dict[str, str] = field(default_factory=dict)
    ids: int | None = None  # how many output_ids the event has
    whole_text: str | None = None  # the text, where no ids say whether it is the answer's or a piece of it
    error: str | None = None  # it tells of a failure
    odd: str | None = None  # a number in it that nothing can have, in a sentence


@dataclass(frozen=True, slots=True)
class FirstEvent:
    """What the first counted event holds beside its count."""

    ids: int | None = None
    text: str = ""
    empty: bool | None = None  # neither text nor ids


@dataclass(frozen=True, slots=True)
class Counted:
    """A text that is known to be of so many tokens by the server's count."""

    text: str | None = None
    tokens: int = 0


def _json(line: bytes) -> Any:
    """The JSON behind `data:`, or None if it is none."""
    try:
        return events.read_json(line)
    except ValueError:
        return None


def last_event(line: bytes) -> LastEvent | None:
    """None for an event that is neither a JSON object with meta_info, as sglang's /generate sends it, nor one
    of /v1's."""
    event = _json(line)
    if not isinstance(event, dict) or "choices" in event:
        return last_chunks(line)
    meta = event.get("meta_info")
    if not isinstance(meta, dict):
        return None
    reason = meta.get("finish_reason")
    ids = event.get("output_ids")
    prompt, completion, cached = _counts(meta)
    numbers = {
        key: server_json.finite(value)
        for key, value in meta.items()
        if key not in COUNTS and len(key) <= MAX_NAME
    }
    # Deltas carry the ids of one event only: then the text is a piece, and a piece is not the answer.
    whole = isinstance(ids, list) and len(ids) == completion
    return LastEvent(
        prompt,
        completion,
        cached,
        finish_reason=_name(reason.get("type") if isinstance(reason, dict) else reason),
        request_id=_name(meta.get("id")) if isinstance(meta.get("id"), str) else None,
        numbers={server_json.clean(key): value for key, value in numbers.items() if value is not None},
        text=_encodable(event["text"]) if whole and isinstance(event.get("text"), str) else None,
        origin=_words(meta, ("weight_version",)),
        ids=len(ids) if isinstance(ids, list) else None,
        whole_text=_encodable(event["text"])
        if not isinstance(ids, list) and isinstance(event.get("text"), str)
        else None,
        error=events.error_of(event),
        odd=_odd(meta),
    )


def first_event(line: bytes) -> FirstEvent:
    """Of /generate's form or of /v1's; nothing is known of any other."""
    event = _json(line)
    if not isinstance(event, dict):
        return FirstEvent()
    choices = event.get("choices")
    if isinstance(choices, list):
        choice = choices[0] if choices and isinstance(choices[0], dict) else {}
        delta = choice.get("delta")
        text = events.piece(event)
        return FirstEvent(None, text, not text and not (isinstance(delta, dict) and delta.get("tool_calls")))
    ids = event.get("output_ids")
    count = len(ids) if isinstance(ids, list) else None
    text = event["text"] if isinstance(event.get("text"), str) else ""
    return FirstEvent(count, text, not text and not count)


def middle_event(line: bytes, told: LastEvent) -> tuple[dict[str, int], str]:
    """Of one from the middle of an answer of /generate: its count, its ids, how much of the answer's text it
    has; and its text.
    """
    event = _json(line) if line else None
    meta = event.get("meta_info") if isinstance(event, dict) else None
    tokens = server_json.count(meta.get("completion_tokens")) if isinstance(meta, dict) else None
    if not isinstance(event, dict) or not tokens:
        return {}, ""
    found, ids, text, whole = {"tokens": tokens}, event.get("output_ids"), event.get("text"), told.whole_text
    if isinstance(ids, list):
        found["ids"] = len(ids)
    if not isinstance(text, str) or not whole or not whole.startswith(text):
        return found, ""
    # What is no character yet is held back until it is one, and U+FFFD stands for what never was.
    return found | ({} if "\ufffd" in whole else {"characters": len(text), "of": len(whole)}), text


def counted_text(
    told: LastEvent, begun: str, pieces: bytes, tokens: Sequence[int], *, silent: bool
) -> Counted:
    """The text of an answer without ids, as far as it is known to be that of the tokens counted.

    begun: the text of an earlier event. silent: no event has one.
    """
    if pieces:
        lines = pieces.split(b"\n")
        return Counted("".join(events.piece(_json(line)) for line in lines), tokens[len(lines) - 1])
    if told.ids is not None or not tokens:
        return Counted()
    if silent:
        return Counted("", tokens[-1])
    # Only a text that grew is known to be the whole answer's, and not its last piece.
    whole = told.whole_text or ""
    return (
        Counted(whole, tokens[-1])
        if begun and len(whole) > len(begun) and whole.startswith(begun)
        else Counted()
    )


def last_chunks(lines: bytes) -> LastEvent | None:
    """/v1: the last count, the reason to end and the sum stand in events of their own, a line each."""
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    error = None
    for event in map(_json, lines.split(b"\n")):
        if not isinstance(event, dict) or "choices" not in event:
            return None
        found["id"] = event.get("id")
        origin = _words(event, ("model", "system_fingerprint"))
        usage, choices = event.get("usage"), event["choices"]
        if isinstance(usage, dict):
            found |= {key: usage[key] for key in ("prompt_tokens", "completion_tokens") if key in usage}
            details = usage.get("prompt_tokens_details")
            if isinstance(details, dict):
                found["cached_tokens"] = details.get("cached_tokens")
        first = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(first, dict) and isinstance(first.get("finish_reason"), str):
            found["finish_reason"] = first["finish_reason"]
        error = error or events.error_of(event)
    return LastEvent(
        *_counts(found),
        finish_reason=_name(found.get("finish_reason")),
        request_id=_name(found["id"]) if isinstance(found.get("id"), str) else None,
        origin=origin,
        error=error,
        odd=_odd(found),
    )


def _counts(found: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    prompt, completion, cached = (server_json.count(found.get(key)) for key in COUNTS)
    return prompt, completion, cached


def _origin(said: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    return {**said, **{f"header {name}": value for name, value in headers.items()}}


def _words(said: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: _encodable(said[name][:MAX_ORIGIN]) for name in names if isinstance(said.get(name), str)}


def _odd(found: Mapping[str, Any]) -> str | None:
    """The first number that is none of tokens where one is due, or that is beyond every double, in words."""
    for key, value in found.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, int) and (
            server_json.finite(value) is None or (key in COUNTS and value > server_json.MOST_COUNT)
        ):
            return f"{_name(key)} is a whole number of {len(str(abs(value)))} digits"
        if key in COUNTS and value in (math.inf, -math.inf):
            return f"{key} is infinite"
    return None


def _name(value: object) -> str | None:
    """A name as a text that can be stored and shown."""
    return None if value is None else server_json.clean(str(value), MAX_NAME)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _classify(
    head: dict[str, Any], event: LastEvent | None, body: bytes, *, counted: bool
) -> tuple[ErrorKind | None, str]:
    """The first thing that went wrong with an answer."""
    kind = ErrorKind(head["error"]) if head["error"] is not None else None
    said = body.decode("utf-8", "replace").strip()[:MAX_TEXT]
    if head["status"] is not None and head["status"] != 200:
        return ErrorKind.HTTP_STATUS, f"HTTP {head['status']}: {said}"[:MAX_TEXT]
    refused = head["refused"] if head["refused"] is not None or event is None else event.error
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
    if head["broken"] is not None:
        return ErrorKind.MALFORMED, f"The stream has an event that is no JSON: {head['broken']}."
    if event is None:
        return ErrorKind.MALFORMED, "The last event is not one that sglang sends."
    if event.odd is not None:
        return ErrorKind.MALFORMED, f"The last event cannot be true: {event.odd}."
    return None, ""


def record_of(frame: Frame, request: PreparedRequest, *, keep_text: bool) -> RequestRecord:
    """One request's record from what the load process saw."""
    head = frame.head
    stamps, tokens, last, body, first_line, middle_line, pieces = frame.parts
    first, middle, counted = FirstEvent(), dict[str, int](), Counted()
    arrival_ns: array[int] = array("q", stamps)
    arrival_tokens: array[int] = array("q", tokens)
    try:
        event = last_event(last) if last else None
        first = first_event(first_line) if first_line else first
        error, text = _classify(head, event, body, counted=bool(arrival_tokens))
        if event is not None:
            middle, text_there = middle_event(middle_line, event)
            begun = first.text or text_there
            counted = counted_text(event, begun, pieces, arrival_tokens, silent=head["first_text_ns"] is None)
    except Exception as problem:  # noqa: BLE001  whatever a server sends costs its own answer, not the other ones
        event, error = None, ErrorKind.MALFORMED
        text = f"The last event could not be read ({type(problem).__name__})."
    told = event if event is not None else LastEvent()
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
        middle=middle,
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
        server={KNOWN.cover(key): value for key, value in told.numbers.items()},
        request_id=None if told.request_id is None else KNOWN.cover(told.request_id),
        origin={name: KNOWN.cover(value) for name, value in _origin(told.origin, head["origin"]).items()},
        text=told.text if keep_text else None,
        **uncounted.fields(head.get("uncounted"), counted=bool(arrival_tokens)),
        counted_text=counted.text,
        counted_tokens=counted.tokens,
    )
