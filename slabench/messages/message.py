"""A sentence as an id and its arguments, rendered from the catalogue of the current language."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from string import Formatter
from typing import Any, Union

from slabench.messages.english import CATALOGUE
from slabench.messages.language import current
from slabench.messages.numbers import metric_name, number, percent
from slabench.messages.singular import singular
from slabench.program import slabench_program

Argument = Union[None, bool, int, float, str, PurePath, BaseException, "Message", Sequence["Argument"]]


class _Formatter(Formatter):
    """str.format with more kinds of field: `{value:number}`, `{key:metric}`, `{texts:sentences}`.

    A sequence is joined with commas, or with what stands after the colon; None is left out. `{share:.1%}` is
    written as the language writes a percentage.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return ""
        if format_spec in _OWN:
            return _OWN[format_spec](value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return (format_spec or _JOINED[current()]).join(str(each) for each in value)
        if format_spec.endswith("%"):
            return percent(value, format_spec)
        return str(format(value, format_spec))


def _sentences(texts: Sequence[object]) -> str:
    """Whole sentences one after the other: Chinese has no space between them."""
    return ("" if current() == "zh" else " ").join(map(str, texts))


_OWN: Mapping[str, Callable[[Any], str]] = {
    "number": number,
    "metric": metric_name,
    "sentences": _sentences,
}
_JOINED = {"en": ", ", "zh": "、"}
_FORMATTER = _Formatter()
_SPACED_PERCENT = re.compile(r"(?<=\d) %(?![%\w(])")
# `{slabench}` in a template is no argument: it is how slabench was started, for a command to copy.
PROGRAM = "slabench"
_POINT = re.compile(r"\.(?=[\u4e00-\u9fff])")


def _as_chinese(text: str) -> str:
    """An argument may be a percentage that is text already, or a server's own sentence."""
    return _POINT.sub(". ", _SPACED_PERCENT.sub("%", text))


def _template(id: str) -> str:
    """Of the current language, else the English one: a newer message may have no translation yet."""
    if current() == "en":
        return CATALOGUE[id]
    from slabench.messages import chinese  # only where it is asked for: reading it takes time

    return chinese.CATALOGUE.get(id) or CATALOGUE[id]


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """`Message("completed.failed", failed=4, requests=16)`; str() is the sentence in the current language,
    English unless in_language() sets another.

    KeyError for an id without a template and for an argument that the template asks for and is not there.
    """

    id: str
    arguments: Mapping[str, Argument] = field(hash=False)

    def __init__(self, id: str, /, **arguments: Argument) -> None:
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "arguments", arguments)

    def __str__(self) -> str:
        template = _template(self.id)
        program = {PROGRAM: shlex.join(slabench_program())} if f"{{{PROGRAM}}}" in template else {}
        text = _FORMATTER.vformat(template, (), {**self.arguments, **program})
        return _as_chinese(text) if current() == "zh" else singular(text)

    def as_dict(self) -> dict[str, Any]:
        """As run.json stores it; from_dict() reads it."""
        return {"id": self.id, "arguments": {name: _stored(value) for name, value in self.arguments.items()}}


def from_dict(stored: Mapping[str, Any]) -> Message:
    """A message that as_dict() made. KeyError where it is none."""
    return Message(stored["id"], **{name: _read(value) for name, value in stored["arguments"].items()})


def stored_message(stored: Mapping[str, Any] | None, text: str) -> Message | str:
    """What a file stores of a message, or the sentence beside it.

    The sentence where there is no more, and where another version has no such message or other arguments.
    """
    with contextlib.suppress(KeyError):
        message = from_dict(stored or {})
        return message if str(message) else text
    return text


def remedy_of(message: Message) -> Message | None:
    """`ID.remedy` with those of the message's arguments that it shows; None where the catalogue has none."""
    template = CATALOGUE.get(f"{message.id}.remedy")
    if template is None:
        return None
    names = sorted({name for _, name, _, _ in _FORMATTER.parse(template) if name} - {PROGRAM})
    return Message(f"{message.id}.remedy", **{name: message.arguments[name] for name in names})


def as_message(text: str) -> Message:
    """A sentence of another origin, such as a file that was stored before messages had ids."""
    return Message("text", text=text)


class Sentence(str):
    """A message's English text that keeps the message, for lists of texts of which some are no message."""

    __slots__ = ("message",)
    message: Message

    @classmethod
    def of(cls, id: str, /, **arguments: Argument) -> Sentence:
        return cls.of_message(Message(id, **arguments))

    @classmethod
    def of_message(cls, message: Message) -> Sentence:
        return cls.kept(str(message), message)

    @classmethod
    def kept(cls, text: str, message: Message) -> Sentence:
        """text: as another version may have stored it."""
        sentence = cls(text)
        sentence.message = message
        return sentence


def messages_of(texts: Sequence[str]) -> tuple[Message, ...]:
    """Of each text; none where no text has one."""
    messages = tuple(text.message if isinstance(text, Sentence) else as_message(text) for text in texts)
    return messages if any(isinstance(text, Sentence) for text in texts) else ()


def sentences_of(texts: Sequence[str], messages: Sequence[Message]) -> tuple[str, ...]:
    """Texts that were stored, with the messages that messages_of() stored beside them."""
    if len(messages) != len(texts):
        return tuple(texts)
    return tuple(
        text if message.id == "text" else Sentence.kept(text, message)
        for text, message in zip(texts, messages, strict=True)
    )


def _stored(value: Argument) -> Any:
    if isinstance(value, Message):
        return value.as_dict()
    if isinstance(value, BaseException) and hasattr(value, "as_message"):
        return _stored(value.as_message())  # an error of ours
    if isinstance(value, (PurePath, BaseException)):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_stored(each) for each in value]
    return value


def _read(value: Any) -> Argument:
    if isinstance(value, dict):
        return from_dict(value)
    if isinstance(value, list):
        return tuple(_read(each) for each in value)
    return value  # type: ignore[no-any-return]
