"""--accuracy-file: questions whose answers are known, a JSON object a line; docs/accuracy.md describes it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError, system_words
from slabench.messages import Message
from slabench.near import did_you_mean
from slabench.places import DATA

SMOKE = "smoke"  # in the place of a file's name
SMOKE_FILE = DATA / "accuracy_smoke.jsonl"
MAX_TOKENS = 256
KEYS = ("prompt", "messages", "answer", "pattern", "max_tokens", "stop", "id")


@dataclass(frozen=True, slots=True)
class Question:
    """line: in the file, from 1. content: a prompt, or messages with role and content.

    answer or pattern, never both: what the text of the answer must be, or must contain.
    """

    line: int
    content: str | tuple[Mapping[str, str], ...]
    answer: str | None = None
    pattern: re.Pattern[str] | None = None
    max_tokens: int = MAX_TOKENS
    stop: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """For a reader."""
        return self.answer or "" if self.pattern is None else f"/{self.pattern.pattern}/"

    def right(self, text: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(text) is not None
        return normalised(text) == normalised(self.answer or "")


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """name: without its folder."""

    name: str
    sha256: str
    questions: tuple[Question, ...]


def normalised(text: str) -> str:
    """Unicode NFKC, case folded, white space at the ends removed and within made one blank each, then one
    full stop at the end removed.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).removesuffix(".").rstrip()


def read_questions(path: str) -> QuestionFile:
    """ConfigError, with the line's number, for the first line that is no question."""
    named = f"--accuracy-file={path}"
    file = SMOKE_FILE if path == SMOKE else Path(path)
    try:
        data = file.read_bytes()
        lines = data.decode("utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise ConfigError(Message("file.questions_missing", named=named, smoke=SMOKE)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            Message("file.questions_unreadable", named=named, why=system_words(error))
        ) from error
    questions = []
    for number, text in enumerate(lines, 1):
        if text.strip():
            try:
                questions.append(_question(number, text))
            except ValueError as error:
                raise ConfigError(
                    Message("file.questions_line", named=named, number=number, why=error)
                ) from error
    if not questions:
        raise ConfigError(Message("file.questions_none", named=named))
    return QuestionFile(file.name, hashlib.sha256(data).hexdigest(), tuple(questions))


def _question(number: int, text: str) -> Question:
    """ValueError, as the end of a sentence, where it is none."""
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(Message("part.question_no_json", why=error)) from error
    if not isinstance(asked, dict):
        raise ValueError(Message("part.question_no_object"))
    for key in asked:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS)
            raise ValueError(Message("part.question_key", key=key, hint=hint, keys=tuple(KEYS)))
    _one_of(asked, "prompt", "messages", "asked")
    _one_of(asked, "answer", "pattern", "right")
    content = _messages(asked["messages"]) if "messages" in asked else _text(asked, "prompt")
    pattern = _pattern(_text(asked, "pattern")) if "pattern" in asked else None
    most = asked.get("max_tokens", MAX_TOKENS)
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError(Message("part.question_max"))
    answer = _text(asked, "answer") if pattern is None else None
    return Question(number, content, answer, pattern, most, _stop(asked.get("stop", ())))


def _one_of(asked: Mapping[str, Any], first: str, second: str, what: str) -> None:
    if (first in asked) == (second in asked):
        has = "both" if first in asked else "neither"
        says = Message(f"part.question_{what}")
        raise ValueError(Message(f"part.question_{has}", first=first, second=second, what=says))


def _text(asked: Mapping[str, Any], key: str) -> str:
    value = asked[key]
    if isinstance(value, int | float) and not isinstance(value, bool) and key == "answer":
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(Message("part.question_no_text", key=key))
    return value


def _messages(value: Any) -> tuple[Mapping[str, str], ...]:
    whole = isinstance(value, list) and value
    if not whole or not all(
        isinstance(each, dict) and all(isinstance(each.get(key), str) for key in ("role", "content"))
        for each in value
    ):
        raise ValueError(Message("part.question_messages"))
    return tuple(value)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(Message("part.question_pattern", text=text, why=error)) from error


def _stop(value: Any) -> tuple[str, ...]:
    texts: Sequence[Any] = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(each, str) and each for each in texts):
        raise ValueError(Message("part.question_stop"))
    return tuple(texts)
