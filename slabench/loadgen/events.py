"""One event of a stream as JSON: its count, whether it has text, and whether it is the server's way to say that it failed.

The load process reads an event so where its bytes have not the usual form; the parent reads the last event of each answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slabench import server_json

MAX_TEXT = 500
_NOT_A_COUNT = -1
_PIECES = ("text", "content", "reasoning_content", "reasoning", "thinking", "refusal")
# Keys beside which a `message` is part of an answer and not the whole event.
_OF_AN_ANSWER = ("meta_info", "choices", "text", "output_ids")
# finish_reason has a type alone where an answer ended; with one of these it tells of a failure. Source: sglang's FINISH_ABORT.
_OF_A_FAILURE = ("message", "error", "err_type", "status_code")


@dataclass(frozen=True, slots=True)
class Event:
    """What the load process needs of an event."""

    count: int | None  # completion_tokens: -1 where it is no number of tokens, None where there is none
    text: bool  # a text that is not empty
    output: bool  # a text or ids
    total: bool  # of /v1: it has no choice, as beside the sum at the end
    reason: bool  # of /v1: a finish_reason
    error: str | None


def read_json(payload: bytes) -> Any:
    """The JSON behind `data:`. ValueError if it is none."""
    return server_json.parse(payload.removeprefix(b"data:"))


def read(payload: bytes) -> Event:
    """ValueError if it is no JSON. What is JSON and no object is harmless: it has nothing that is looked for."""
    value = read_json(payload)
    if not isinstance(value, dict):
        return Event(None, False, False, False, False, None)
    choices = value.get("choices")
    if "choices" in value:
        parts = [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []
        counted = value.get("usage")
        text = any(_has_text(one) or _has_text(one.get("delta")) for one in parts)
        reason = any(one.get("finish_reason") is not None for one in parts)
    else:
        counted, text, reason = value.get("meta_info"), _has_text(value), False
    output = text or ("choices" not in value and bool(value.get("output_ids")))
    return Event(_count_of(counted), text, output, "choices" in value and not choices, reason, error_of(value))


def _has_text(part: object) -> bool:
    return isinstance(part, dict) and bool(_texts(part) or part.get("tool_calls"))


def _texts(part: Mapping[str, Any]) -> list[str]:
    return [text for key in _PIECES if isinstance(text := part.get(key), str) and text != ""]


def piece(event: object) -> str:
    """All the text that an event of /v1 brings: what is said, thought, refused, and what is called with which arguments."""
    choices = event.get("choices") if isinstance(event, dict) else None
    found: list[str] = []
    for choice in choices if isinstance(choices, list) else ():
        for part in (choice, choice.get("delta") if isinstance(choice, dict) else None):
            if not isinstance(part, dict):
                continue
            found += _texts(part)
            calls = part.get("tool_calls")
            for call in calls if isinstance(calls, list) else ():
                function = call.get("function") if isinstance(call, dict) else None
                if isinstance(function, dict):
                    found += [text for key in ("name", "arguments") if isinstance(text := function.get(key), str)]
    return "".join(found)


def _count_of(counted: object) -> int | None:
    value = counted.get("completion_tokens") if isinstance(counted, dict) else None
    if value is None:
        return None
    found = server_json.count(value)
    return _NOT_A_COUNT if found is None else found


def error_of(event: Mapping[str, Any]) -> str | None:
    """The words of an event that tells of a failure, in any of the forms that servers and gateways have for it; else None.

    A key `error` that is null, false or empty tells of none.
    """
    meta, choices = event.get("meta_info"), event.get("choices")
    places = [event, meta, *(choices if isinstance(choices, list) else ())]
    for place in places:
        if isinstance(place, dict):
            found = place.get("error") or place.get("errors") or _reason(place.get("finish_reason"))
            if found:
                return words(found)
    if event.get("object") == "error" or event.get("type") == "error":
        return words(event)
    if not any(key in event for key in _OF_AN_ANSWER) and (event.get("detail") or _coded(event)):
        return words(event)
    return None


def _reason(reason: object) -> object:
    """A finish_reason that is a failure: `error`, or an abort that tells why."""
    if isinstance(reason, dict):
        return reason if reason.get("type") == "error" or any(reason.get(key) for key in _OF_A_FAILURE) else None
    return reason if reason == "error" else None


def _coded(event: Mapping[str, Any]) -> bool:
    return isinstance(event.get("message"), str) and any(event.get(key) for key in ("code", "status", "status_code", "type"))


def words(error: object) -> str:
    """What an error says in its own words."""
    for _ in range(4):
        if isinstance(error, list) and error:
            error = error[0]
        if not isinstance(error, dict):
            break
        key = next((key for key in ("message", "detail", "error", "err_type", "type") if error.get(key)), None)
        if key is None:
            break
        error = error[key]
    try:
        return server_json.clean(str(error))[:MAX_TEXT]
    except (ValueError, RecursionError):  # more digits than Python writes, or deeper than it does
        return "an error that cannot be shown"
