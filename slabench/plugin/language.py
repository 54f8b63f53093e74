"""The language of what a run writes for readers: --lang, else the locale's."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

import pytest

from slabench.errors import SlabenchError
from slabench.messages import Message, in_language, of_locale
from slabench.report.sanitize import plain_lines
from slabench.server.secrets import scrub_text


def spoken(config: pytest.Config) -> AbstractContextManager[None]:
    """Within it messages are rendered in that language. run.json is written outside of it, in English."""
    return in_language(language(config))


def language(config: pytest.Config) -> str:
    return config.getoption("lang", None) or of_locale(os.environ)


def usage_error(config: pytest.Config, problem: SlabenchError | Message) -> pytest.UsageError:
    """pytest's own, which prints its sentence and ends the session with exit status 4."""
    with spoken(config):
        return pytest.UsageError(plain_lines(scrub_text(str(problem))))
