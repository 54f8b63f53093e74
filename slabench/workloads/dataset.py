"""The data set's file: conversations of two turns or more, in the forms that people have them.

    ShareGPT   [{"conversations": [{"value": TEXT}, {"value": TEXT}, ...]}, ...]
    OpenAI     [{"messages": [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}]}, ...]

either as one JSON list or as JSON lines, an object a line; a byte order mark before it is nothing. An entry
that is broken is left out and counted. One with a single turn is no conversation, and bench_serving drops it
too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.errors import ConfigError, system_words

EXPECTED = (
    "give the ShareGPT_V3 JSON file: a list of objects with conversations, each turn with a value (OpenAI's messages and JSON "
    "lines are read too)"
)


@dataclass(frozen=True, slots=True)
class Conversations:
    """The first question and answer of each, in the file's order; broken: entries that are left out, and the
    first's fault.
    """

    turns: Sequence[tuple[str, str]]
    broken: int = 0
    first: str = ""

    @property
    def note(self) -> str | None:
        """What was left out, in a sentence."""
        if not self.broken:
            return None
        many = (
            "entry of the data set is broken and was"
            if self.broken == 1
            else "entries of the data set are broken and were"
        )
        return f"{self.broken} {many} left out (the first: {self.first}); {len(self.turns)} conversations are left."


def read_conversations(path: str) -> Conversations:
    """ConfigError, in one sentence, for a file that holds no conversation of these forms."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--dataset-path={path} cannot be read as JSON ({system_words(error)}); {EXPECTED}."
        ) from error
    if not text.strip():
        raise ConfigError(f"--dataset-path={path} is empty; {EXPECTED}.")
    turns, broken, first, entries = [], 0, "", 0
    for place, entry in enumerate(_entries(path, text), 1):
        entries += 1
        try:
            found = entry if isinstance(entry, ValueError) else _turns(entry)
        except KeyError as error:
            found = ValueError(f"not in ShareGPT's form: {error} is missing")
        except (AttributeError, TypeError) as error:
            what = (
                str(error) if isinstance(entry, Mapping) else f"a JSON {type(entry).__name__} and no object"
            )
            found = ValueError(f"not in ShareGPT's form: {what}")
        if isinstance(found, ValueError):
            broken, first = broken + 1, first or f"number {place}, {found}"
        elif found is not None:
            turns.append(found)
    if broken and broken == entries:
        raise ConfigError(
            f"--dataset-path={path}: none of its {entries} entries can be used (the first: {first}); {EXPECTED}."
        )
    return Conversations(turns, broken, first)


def _entries(path: str, text: str) -> Iterator[Any]:
    """The list's items, or one a line; a ValueError stands for a line that is no JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        # not splitlines(): a text may hold U+2028 as it is
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines[0].lstrip().startswith("{") or len(lines) == 1 or _line(lines[0]) is None:
            raise ConfigError(
                f"--dataset-path={path} cannot be read as JSON ({error}); {EXPECTED}."
            ) from error
        yield from (_line(line) or ValueError("a line that is no JSON object") for line in lines)
        return
    if isinstance(document, dict) and any(
        key in document for key in ("conversations", "conversation", "messages")
    ):
        document = [document]  # JSON lines of one line
    if not isinstance(document, list):
        raise ConfigError(
            f"--dataset-path={path} holds a JSON {type(document).__name__}, not a list; {EXPECTED}."
        )
    if not document:
        raise ConfigError(f"--dataset-path={path} holds an empty list; {EXPECTED}.")
    yield from document


def _line(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _turns(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first two texts; None for a conversation that has not two.

    AttributeError, KeyError or TypeError for what is none.
    """
    if "messages" in entry and not ("conversations" in entry or "conversation" in entry):
        return _messages(entry["messages"])
    turns = entry.get("conversations", entry.get("conversation", []))
    if len(turns) < 2:
        return None
    question, answer = turns[0]["value"], turns[1]["value"]
    if not isinstance(question, str) or not isinstance(answer, str):
        raise TypeError("a turn's value is no text")
    return _sendable(question), _sendable(answer)


def _messages(messages: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The user's first message and the assistant's next; what the system says before them is no prompt of
    anybody.
    """
    question = None
    for message in messages:
        role = message["role"]
        if role == "user" and question is None:
            question = _content(message["content"])
        elif role == "assistant" and question is not None:
            return question, _content(message["content"])
    return None


def _content(content: Any) -> str:
    """A text, or the texts of its parts; images and the like are no text."""
    if isinstance(content, str):
        return _sendable(content)
    texts = [part["text"] for part in content if part.get("type") == "text"]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise TypeError("a message's content is no text")
    return _sendable("".join(texts))


def _sendable(text: str) -> str:
    """TypeError for half of a surrogate pair, which JSON can hold and no request."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TypeError("a text holds half of a character") from error
    return text
