"""Errors outside a measurement: secrets are taken out of a traceback, and a full disk costs others' files
alone.

A traceback is printed wherever a report is, and has our values in it: arguments, a server's answers, a
command line.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from slabench.errors import system_words
from slabench.report.sanitize import plain


def cleaned(text: str) -> str:
    """Line by line without control characters and secrets."""
    from slabench.server.secrets import scrub_text

    return "\n".join(plain(line) for line in scrub_text(text).splitlines())


def clean_internal_error(excrepr: Any) -> None:
    """All that print or store an INTERNALERROR ask this object of pytest's for its text."""
    text = cleaned(str(excrepr))

    def toterminal(writer: Any) -> None:
        for line in text.splitlines():
            writer.line(line)

    excrepr.toterminal = toterminal


class OthersOutputs:
    """pytest's and pytest-html's files on a disk that is full: they cost themselves, not the summary on the
    console.
    """

    def __init__(self, lose: Callable[[str, str], None]) -> None:
        self.lose = lose

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except OSError as error:
            named = str(error.filename).rpartition("/")[2] if error.filename else "junit.xml or pytest.html"
            self.lose(named, system_words(error))
            return None
