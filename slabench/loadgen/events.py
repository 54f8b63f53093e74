"""One event of a stream as JSON: its count, whether it has text, and whether it reports a failure.

The load process parses an event if its bytes do not have the usual form; the parent parses the last event of
each answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slabench import server_json

MAX_TEXT = 500
_NOT_A_COUNT = -1
_PIECES = ("text", "content", "reasoning_content", "reasoning", "thinking", "refusal")
# Keys of an answer: beside them a `message` is not the whole event.
_OF_AN_ANSWER = ("meta_info", "choices", "text", "output_ids")
# Keys whose value reports a failure, as servers and gateways spell them: error, errors, Error, err_msg,
# errcode, exception ...
_FAILURE = re.compile(r"errors?|exception|err(?:or)?[_-]?(?:msg|message|code|type)", re.IGNORECASE)
_FAILED_TEXT = re.compile(r"error|exception|failed|failure", re.IGNORECASE)
_FINE = ("0", "200", "ok", "success", "none", "null")  # the value of such a key if nothing failed
_DEEPEST = 3
# The finish_reason of an answer has nothing but a type; with one of these it reports a failure. Source:
# sglang's FINISH_ABORT.
_OF_A_FAILURE = ("message", "error", "err_type", "status_code")


@dataclass(frozen=True, slots=True)
class Event:
    """The parts of an event that the load process needs."""

    count: int | None  # completion_tokens: -1 if it is not a number of tokens, None if it is missing
    text: bool  # a text, not empty
    output: bool  # a text or ids
    total: bool  # of /v1: it has no choice, as beside the sum at the end
    reason: bool  # of /v1: a finish_reason
    error: str | None


def read_json(payload: bytes) -> Any:
    """The JSON behind `data:`. ValueError if it is not JSON."""
    return server_json.parse(payload.removeprefix(b"data:"))


def read(payload: bytes) -> Event:
    """ValueError if it is not JSON. A JSON value that is not an object has no count and no output."""
    value = read_json(payload)
    if not isinstance(value, dict):
        return Event(None, False, False, False, False, error_of(value))
    choices = value.get("choices")
    if "choices" in value:
        parts = (
            [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
        )
        counted = value.get("usage")
        text = any(_has_text(choice) or _has_text(choice.get("delta")) for choice in parts)
        reason = any(choice.get("finish_reason") is not None for choice in parts)
    else:
        counted, text, reason = value.get("meta_info"), _has_text(value), False
    output = text or ("choices" not in value and bool(value.get("output_ids")))
    return Event(
        _count_of(counted), text, output, "choices" in value and not choices, reason, error_of(value)
    )


def _has_text(part: object) -> bool:
    return isinstance(part, dict) and bool(_texts(part) or part.get("tool_calls"))


def _texts(part: Mapping[str, Any]) -> list[str]:
    return [text for key in _PIECES if isinstance(text := part.get(key), str) and text != ""]


def piece(event: object) -> str:
    """All the text that an event of /v1 brings: answer, reasoning, refusal, tool calls."""
    choices = event.get("choices") if isinstance(event, dict) else None
    texts: list[str] = []
    for choice in choices if isinstance(choices, list) else ():
        for part in (choice, choice.get("delta") if isinstance(choice, dict) else None):
            if not isinstance(part, dict):
                continue
            texts += _texts(part)
            calls = part.get("tool_calls")
            for call in calls if isinstance(calls, list) else ():
                function = call.get("function") if isinstance(call, dict) else None
                if isinstance(function, dict):
                    names = (function.get("name"), function.get("arguments"))
                    texts += [text for text in names if isinstance(text, str)]
    return "".join(texts)


def _count_of(counted: object) -> int | None:
    value = counted.get("completion_tokens") if isinstance(counted, dict) else None
    if value is None:
        return None
    count = server_json.count(value)
    return _NOT_A_COUNT if count is None else count


def error_of(event: object) -> str | None:
    """The text of an event that reports a failure, in any of the forms of servers and gateways; else None.

    A key `error` that is null, false or empty does not report one.
    """
    if isinstance(event, str):
        return words(event) if _FAILED_TEXT.search(event[:MAX_TEXT]) else None
    if isinstance(event, list):
        return next((error for part in event[:8] if (error := error_of(part)) is not None), None)
    if not isinstance(event, dict):
        return None
    meta, choices = event.get("meta_info"), event.get("choices")
    places = [event, meta, *(choices if isinstance(choices, list) else ())]
    for place in places:
        if isinstance(place, dict) and (failure := _named(place) or _reason(place.get("finish_reason"))):
            return words(failure)
    if event.get("object") == "error" or event.get("type") == "error":
        return words(event)
    if any(key in event for key in _OF_AN_ANSWER):
        return None
    if (
        event.get("detail")
        or event.get("success") is False
        or event.get("status") in ("error", "failed")
        or _coded(event)
    ):
        return words(event)
    return next((words(failure) for part in _inside(event, 1) if (failure := _named(part))), None)


def _named(place: Mapping[str, Any]) -> object:
    """The value of a key that is named as a failure; of several a text, if there is one."""
    values = [value for key, value in place.items() if _FAILURE.fullmatch(key) and _is_failure(value)]
    texts = [value for value in values if isinstance(value, str) and not value.isdigit()]
    return next(iter([*texts, *values]), None)


def _is_failure(value: object) -> bool:
    return value.strip().lower() not in ("", *_FINE) if isinstance(value, str) else bool(value)


def _inside(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """The objects in an event that is not an answer, a few levels deep."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        if isinstance(part, dict):
            yield part
        if depth < _DEEPEST:
            yield from _inside(part, depth + 1)


def _reason(reason: object) -> object:
    """A finish_reason that is a failure: `error`, or an abort with a cause."""
    if not isinstance(reason, dict):
        return reason if reason == "error" else None
    failed = reason.get("type") == "error" or any(reason.get(key) for key in _OF_A_FAILURE)
    return reason if failed else None


def _coded(event: Mapping[str, Any]) -> bool:
    """A text with a code beside it."""
    has_text = any(isinstance(event.get(key), str) for key in ("message", "msg"))
    values = [event.get(key) for key in ("code", "status", "status_code", "type")]
    return has_text and any(_is_failure(value) and value != 200 for value in values)


_TEXTS = ("message", "Message", "msg", "detail", "error", "err_type", "type")


def words(error: object) -> str:
    """An error's own text."""
    for _ in range(4):
        if isinstance(error, list) and error:
            error = error[0]
        if not isinstance(error, dict):
            break
        key = next((key for key in _TEXTS if error.get(key)), None)
        if key is None:
            break
        error = error[key]
    try:
        return server_json.clean(str(error))[:MAX_TEXT]
    except (ValueError, RecursionError):  # more digits than Python writes, or deeper than it does
        return "an error that cannot be shown"
