"""The data set's file: conversations of two turns or more, in one of two forms.

    ShareGPT   [{"conversations": [{"value": TEXT}, {"value": TEXT}, ...]}, ...] OpenAI     [{"messages":
    [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}]}, ...]

either as one JSON list or as JSON lines, an object a line; a byte order mark before it is skipped. A broken
entry is left out and counted. One with a single turn is not a conversation; bench_serving drops it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.errors import ConfigError, system_words
from slabench.messages import Message, Sentence

EXPECTED = Message("part.dataset_expected")
_NO_JSON = object()  # stands for a line that is no JSON object
_KINDS: Mapping[type, str] = {
    dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversations:
    """The first question and answer of each, in the file's order.

    broken: how many entries are left out; first: what is wrong with the first of them.
    """

    turns: Sequence[tuple[str, str]]
    broken: int = 0
    first: Message | None = None

    @property
    def note(self) -> str | None:
        """What was left out, in a sentence."""
        if self.first is None:
            return None
        left = len(self.turns)
        if self.broken == 1:
            return Sentence.of("prompts.one_broken", first=self.first, left=left)
        return Sentence.of("prompts.broken", broken=self.broken, first=self.first, left=left)


class _Broken(Exception):
    """An entry that is left out. why: what it lacks."""

    def __init__(self, id: str, /, **arguments: str) -> None:
        super().__init__(id)
        self.why = Message(id, **arguments)


def read_conversations(path: str) -> Conversations:
    """ConfigError for a file without a conversation in one of these forms."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise ConfigError(
            Message("file.dataset_no_json", path=path, why=system_words(error), expected=EXPECTED)
        ) from error
    if not text.strip():
        raise ConfigError(Message("file.dataset_empty", path=path, expected=EXPECTED))
    turns, broken, first, place = list[tuple[str, str]](), 0, None, 0
    for place, entry in enumerate(_entries(path, text), 1):
        try:
            pair = _turns(entry)
        except _Broken as error:
            broken, first = broken + 1, first or Message("entry.broken", number=place, why=error.why)
        else:
            turns += [] if pair is None else [pair]
    if first is not None and broken == place:
        raise ConfigError(
            Message("file.dataset_none_usable", path=path, entries=place, first=first, expected=EXPECTED)
        )
    return Conversations(turns, broken, first)


def _entries(path: str, text: str) -> Iterator[Any]:
    """The list's items, or one a line; _NO_JSON for a line that is no JSON object."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        # not splitlines(): a text may hold U+2028 as it is
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines[0].lstrip().startswith("{") or len(lines) == 1 or _line(lines[0]) is None:
            raise ConfigError(
                Message("file.dataset_no_json", path=path, why=error, expected=EXPECTED)
            ) from error
        yield from (_NO_JSON if (entry := _line(line)) is None else entry for line in lines)
        return
    if isinstance(document, dict) and any(
        key in document for key in ("conversations", "conversation", "messages")
    ):
        document = [document]  # JSON lines of one line
    if not isinstance(document, list):
        raise ConfigError(Message("file.dataset_no_list", path=path, kind=_kind(document), expected=EXPECTED))
    if not document:
        raise ConfigError(Message("file.dataset_empty_list", path=path, expected=EXPECTED))
    yield from document


def _line(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _kind(value: object) -> str:
    """JSON's name for it."""
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "null")


def _turns(entry: object) -> tuple[str, str] | None:
    """The first two texts; None for a conversation with fewer. _Broken for what is none."""
    if entry is _NO_JSON:
        raise _Broken("entry.no_json")
    if not isinstance(entry, Mapping):
        raise _Broken("entry.no_object", kind=_kind(entry))
    key = next((key for key in ("conversations", "conversation", "messages") if key in entry), None)
    if key is None:
        raise _Broken("entry.no_conversations")
    turns = entry[key]
    if not isinstance(turns, list):
        raise _Broken("entry.no_list", key=key, kind=_kind(turns))
    if key == "messages":
        return _messages(turns)
    if len(turns) < 2:
        return None
    question, answer = _of_turn(turns[0], "value"), _of_turn(turns[1], "value")
    if not isinstance(question, str) or not isinstance(answer, str):
        raise _Broken("entry.no_text", key="value")
    return _sendable(question), _sendable(answer)


def _of_turn(turn: object, key: str) -> Any:
    if not isinstance(turn, Mapping):
        raise _Broken("entry.no_turn", kind=_kind(turn))
    if key not in turn:
        raise _Broken("entry.lacks", key=key)
    return turn[key]


def _messages(messages: Sequence[object]) -> tuple[str, str] | None:
    """The user's first message and the assistant's next; a system message before them is skipped."""
    question = None
    for message in messages:
        role = _of_turn(message, "role")
        if role == "user" and question is None:
            question = _content(_of_turn(message, "content"))
        elif role == "assistant" and question is not None:
            return question, _content(_of_turn(message, "content"))
    return None


def _content(content: Any) -> str:
    """A text, or the texts of its parts; images and the like are skipped."""
    if isinstance(content, str):
        return _sendable(content)
    parts = content if isinstance(content, list) else []
    texts: list[Any] = [
        part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") == "text"
    ]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise _Broken("entry.no_text", key="content")
    return _sendable("".join(texts))


def _sendable(text: str) -> str:
    """_Broken for half of a surrogate pair: JSON can hold it, a request cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Broken("entry.half_character") from error
    return text
