"""Lines on the real terminal, while pytest captures output or not."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import pytest


def say(config: pytest.Config, sentence: str) -> None:
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        print(sentence, file=sys.__stderr__)
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    with nullcontext() if capture is None else capture.global_and_fixture_disabled():
        reporter.ensure_newline()
        reporter.write_line(sentence)
