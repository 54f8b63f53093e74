"""A stored document in the language of an output: a text that has its message beside it is rendered anew."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from slabench.messages import Message
from slabench.messages.language import current
from slabench.run_document.entry import CheckEntry

T = TypeVar("T")
# A text, and the field with its message; of several texts, and the field with their messages.
_ONE = {
    "text": "message",
    "remedy": "remedy_message",
    "headline": "headline_message",
    "explained": "explained_message",
    "why": "why_message",
    "line": "line_message",
    "source": "source_message",
    "unreachable": "unreachable_message",
}
_SEVERAL = {
    "advice": "advice_messages",
    "differences": "difference_messages",
    "allowed_differences": "allowed_difference_messages",
    "notes": "note_messages",
    "labels": "label_messages",
    "witnesses": "witness_messages",
}


def localized(value: T) -> T:
    """A run document, an entry, or another stored object; in English itself, with the texts as stored.

    A text without a message that this version has stays as it is: of a file of another version, or an error's
    own words.
    """
    return value if current() == "en" else _rendered(value)


def _rendered(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_rendered, value)) if any(map(_stored, value)) else value
    if not _stored(value):
        return value
    changed = {}
    for name in (field.name for field in fields(value)):
        before = getattr(value, name)
        after = _text(value, name, before)
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


def _text(value: Any, name: str, before: Any) -> Any:
    message = getattr(value, _ONE.get(name, ""), None)
    if message is not None:
        allowed = name == "text" and isinstance(value, CheckEntry) and value.allowed
        return _said(Message("check.allowed", check=message) if allowed else message, before)
    messages = getattr(value, _SEVERAL.get(name, ""), None)
    if messages and len(messages) == len(before):
        return tuple(map(_said, messages, before))
    return _rendered(before)


def _said(message: Message, text: str) -> str:
    """The text where another version had a message with other arguments."""
    try:
        return str(message)
    except KeyError:
        return text


def _stored(value: object) -> bool:
    return is_dataclass(value) and not isinstance(value, Message | type)
