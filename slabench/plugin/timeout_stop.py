"""pytest-timeout's limit on a live test: the load ends in order, what was measured is kept, and the test is
INVALID, saying so.

Its own two ways would lose it: an exception out of a signal handler, wherever it comes, looks like a crash of
ours, and its thread ends the whole process. It lets a plugin set the timer instead.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Generator
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from slabench.end_signals import end_once
from slabench.errors import InvalidRun
from slabench.messages import Message
from slabench.plugin.order import is_live
from slabench.plugin.stash import CAMPAIGN, ENTRY
from slabench.verdict.reasons import Reason

AGAIN_S = 10.0  # a load that has not ended by then is left as a second Ctrl-C leaves it


class StoppedByTimeout(InvalidRun):
    """The test was not over in time."""


_FIRED = pytest.StashKey[Message | str]()  # what set the limit


def _named(item: pytest.Item, seconds: float) -> Message | str:
    """What set the limit, as it is written."""
    if item.get_closest_marker("timeout") is not None:
        return Message("timeout.mark", seconds=seconds)
    if item.config.getoption("--timeout", None) is not None:
        return f"--timeout={seconds:g}"
    if "PYTEST_TIMEOUT" in os.environ:
        return f"PYTEST_TIMEOUT={seconds:g}"
    return Message("timeout.ini", setting=f"`timeout = {seconds:g}`")


class TimeoutStop:
    """Registered always; its hooks are called where pytest-timeout is there."""

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        if not is_live(item) or threading.current_thread() is not threading.main_thread():
            return None

        def stop(number: int, frame: FrameType | None) -> None:
            theirs = sys.modules.get("pytest_timeout")
            if theirs is not None and not settings.disable_debugger_detection and theirs.is_debugging():
                return
            item.stash[_FIRED] = _named(item, settings.timeout)
            interrupt = signal.getsignal(signal.SIGINT)  # of a load that is on: it ends in order
            if not callable(interrupt):  # a worker of pytest-xdist ignores Ctrl-C
                raise KeyboardInterrupt
            interrupt(signal.SIGINT, frame)

        def cancel() -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, settings.timeout, AGAIN_S)
        item.cancel_timeout = cancel  # type: ignore[attr-defined]  # where pytest-timeout looks for it
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        yield from _translated(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        yield from _translated(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        yield from _translated(item)


def _translated(item: pytest.Item) -> Generator[None]:
    """An interrupt that the timer sent is this test's outcome, not the session's end."""
    try:
        yield
    except KeyboardInterrupt as error:
        by = item.stash.get(_FIRED, None)
        if by is None:
            raise
        item.cancel_timeout()  # type: ignore[attr-defined]
        if (handler := end_once(signal.SIGINT)) is not None:
            handler.goes_on()
        raise StoppedByTimeout(_headline(item, by)) from error


def _headline(item: pytest.Item, by: Message | str) -> Message:
    """What the load had measured becomes the test's entry."""
    campaign, line = item.config.stash.get(CAMPAIGN, None), Message("timeout.stopped", by=by)
    if campaign is not None and campaign.interrupted is not None:
        handed, campaign.interrupted = campaign.interrupted, None
        message = handed.entry.headline_message
        kept = None if message is None else message.arguments.get("kept")
        if kept is not None:
            line = Message("timeout.stopped_kept", by=by, kept=kept)
        reasons = (str(Reason.TIMEOUT),)
        entry = replace(handed.entry, headline=str(line), headline_message=line, reasons=reasons)
        item.stash[ENTRY] = replace(handed, entry=entry)
    return line
