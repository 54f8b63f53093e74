"""Lines on the real terminal, while pytest captures output or not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from slabench.messages import Message
from slabench.plugin.language import spoken
from slabench.plugin.stash import SCREEN


def uncaptured(config: pytest.Config) -> Callable[[], AbstractContextManager[Any]]:
    """Within it output reaches the terminal although pytest captures a test's output."""
    capture = config.pluginmanager.getplugin("capturemanager")
    return nullcontext if capture is None else capture.global_and_fixture_disabled


def say(config: pytest.Config, sentence: Message | str) -> None:
    with spoken(config):
        text = str(sentence)
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        print(text, file=sys.__stderr__)
        return
    if SCREEN in config.stash:
        config.stash[SCREEN].erase()
    with uncaptured(config)():
        reporter.ensure_newline()
        reporter.write_line(text)
