"""The language of what a run writes for readers: --lang, else the locale's."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

import pytest

from slabench.messages import in_language, of_locale


def spoken(config: pytest.Config) -> AbstractContextManager[None]:
    """Within it messages are rendered in that language. run.json is written outside of it, in English."""
    return in_language(language(config))


def language(config: pytest.Config) -> str:
    return config.getoption("lang", None) or of_locale(os.environ)
