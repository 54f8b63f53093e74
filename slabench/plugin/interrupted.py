"""What pytest does not show of a session that ended early: the report of the test that a signal ended, and
the reason without the name of an exception.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from slabench.end_signals import SIGNALS, EndOnce
from slabench.errors import Interrupted, interrupted_by
from slabench.exit_status import INVALID
from slabench.plugin.finished import attach, junit_properties
from slabench.plugin.language import spoken

if TYPE_CHECKING:
    from slabench.run_document.run import FinishedTest


class EndSignals:
    """What a CI that cancels a job sends, and Ctrl-C: each ends a run with everything written."""

    def __init__(self) -> None:
        self.handler, self._before = EndOnce(), dict[int, Any]()

    def take(self) -> None:
        """In the main thread alone; a process in the background ignores Ctrl-C."""
        if threading.current_thread() is threading.main_thread():
            numbers = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self.handler) for number in numbers}

    def give_back(self) -> None:
        """Ignored, after a signal, until the process ends: its status is the run's."""
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_IGN if self.handler.came else before)


def by_signal(error: BaseException) -> bool:
    """pytest's and xdist's own ends, after errors while tests are collected or under -x, are of further kinds
    of KeyboardInterrupt.
    """
    return isinstance(error, Interrupted) or type(error) is KeyboardInterrupt


class EarlyEnd:
    """pytest_keyboard_interrupt is its hook for Ctrl-C and for pytest.exit()."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        shown = getattr(reporter, "_keyboardinterrupt_memo", None)
        if shown is None or self.config.getoption("fulltrace"):
            return
        if isinstance(excinfo.value, pytest.exit.Exception):
            shown.reprcrash.message = excinfo.value.msg
            if excinfo.value.returncode == INVALID:  # the sentence stands above, said by us
                reporter._keyboardinterrupt_memo = None
        elif by_signal(excinfo.value):
            shown.reprcrash.message = f"interrupted by {interrupted_by(excinfo.value)}"


def interrupted_reports(finished: FinishedTest, config: pytest.Config) -> list[pytest.TestReport]:
    """Of its call, with the entry, and of its teardown: junit.xml takes its properties from that one."""
    from slabench.report.console import failure_text
    from slabench.report.localized import localized

    test_id = finished.entry.id
    where = (test_id.partition("::")[0], None, test_id.rpartition("::")[2])
    call = pytest.TestReport(test_id, where, {}, "failed", None, "call")
    entry = attach(call, finished)
    with spoken(config):
        call.longrepr = failure_text(localized(entry))
    properties = junit_properties(entry)
    return [
        call,
        pytest.TestReport(test_id, where, {}, "passed", None, "teardown", user_properties=properties),
    ]
