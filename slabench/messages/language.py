"""The language that a message is rendered in: English, unless an output asks for another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

LANGUAGES = ("en", "zh")
_CURRENT: ContextVar[str] = ContextVar("language", default="en")


def current() -> str:
    """One of LANGUAGES."""
    return _CURRENT.get()


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Within it str() of a message is a sentence in this language. run.json is written outside of it."""
    token = _CURRENT.set(language)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def asked_language(words: Sequence[str] | None = None) -> str:
    """Of --lang among a command line's words, else the locale's: for what is said before it is read whole."""
    words = sys.argv[1:] if words is None else words
    after = zip(words, [*words[1:], ""], strict=False)
    named = [
        word.partition("=")[2] or following for word, following in after if word.partition("=")[0] == "--lang"
    ]
    return named[-1] if named and named[-1] in LANGUAGES else of_locale(os.environ)


def of_locale(environment: Mapping[str, str]) -> str:
    """`zh` for a Chinese locale, else `en`. The first of the three that is set decides, as POSIX has it."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in names if (value := environment.get(name))), "")
    return "zh" if locale.lower().startswith("zh") else "en"
