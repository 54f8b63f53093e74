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


@dataclass(frozen=True, slots=True)
class Conversations:
    """The first question and answer of each, in the file's order.

    broken: how many entries are left out; first: what is wrong with the first of them.
    """

    turns: Sequence[tuple[str, str]]
    broken: int = 0
    first: str = ""

    @property
    def note(self) -> str | None:
        """What was left out, in a sentence."""
        if not self.broken:
            return None
        left = len(self.turns)
        if self.broken == 1:
            return Sentence.of("prompts.one_broken", first=self.first, left=left)
        return Sentence.of("prompts.broken", broken=self.broken, first=self.first, left=left)


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
    turns, broken, first, place = [], 0, "", 0
    for place, entry in enumerate(_entries(path, text), 1):
        try:
            pair = None if isinstance(entry, ValueError) else _turns(entry)
        except KeyError as error:
            entry = ValueError(f"not in ShareGPT's form: {error} is missing")
        except (AttributeError, TypeError) as error:
            what = (
                str(error) if isinstance(entry, Mapping) else f"a JSON {type(entry).__name__}, not an object"
            )
            entry = ValueError(f"not in ShareGPT's form: {what}")
        if isinstance(entry, ValueError):
            broken, first = broken + 1, first or f"number {place}, {entry}"
        elif pair is not None:
            turns.append(pair)
    if broken and broken == place:
        raise ConfigError(
            Message("file.dataset_none_usable", path=path, entries=place, first=first, expected=EXPECTED)
        )
    return Conversations(turns, broken, first)


def _entries(path: str, text: str) -> Iterator[Any]:
    """The list's items, or one a line; a ValueError stands for a line that is not JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        # not splitlines(): a text may hold U+2028 as it is
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines[0].lstrip().startswith("{") or len(lines) == 1 or _line(lines[0]) is None:
            raise ConfigError(
                Message("file.dataset_no_json", path=path, why=error, expected=EXPECTED)
            ) from error
        yield from (_line(line) or ValueError("a line that is not a JSON object") for line in lines)
        return
    if isinstance(document, dict) and any(
        key in document for key in ("conversations", "conversation", "messages")
    ):
        document = [document]  # JSON lines of one line
    if not isinstance(document, list):
        raise ConfigError(
            Message("file.dataset_no_list", path=path, kind=type(document).__name__, expected=EXPECTED)
        )
    if not document:
        raise ConfigError(Message("file.dataset_empty_list", path=path, expected=EXPECTED))
    yield from document


def _line(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _turns(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first two texts; None for a conversation with fewer.

    AttributeError, KeyError or TypeError for a broken one.
    """
    if "messages" in entry and not ("conversations" in entry or "conversation" in entry):
        return _messages(entry["messages"])
    turns = entry.get("conversations", entry.get("conversation", []))
    if len(turns) < 2:
        return None
    question, answer = turns[0]["value"], turns[1]["value"]
    if not isinstance(question, str) or not isinstance(answer, str):
        raise TypeError("a turn's value is not a text")
    return _sendable(question), _sendable(answer)


def _messages(messages: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The user's first message and the assistant's next; a system message before them is skipped."""
    question = None
    for message in messages:
        role = message["role"]
        if role == "user" and question is None:
            question = _content(message["content"])
        elif role == "assistant" and question is not None:
            return question, _content(message["content"])
    return None


def _content(content: Any) -> str:
    """A text, or the texts of its parts; images and the like are skipped."""
    if isinstance(content, str):
        return _sendable(content)
    texts = [part["text"] for part in content if part.get("type") == "text"]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise TypeError("a message's content is not a text")
    return _sendable("".join(texts))


def _sendable(text: str) -> str:
    """TypeError for half of a surrogate pair: JSON can hold it, a request cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TypeError("a text holds half of a character") from error
    return text
