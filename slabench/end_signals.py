"""SIGINT and SIGTERM end a run once: the first raises Interrupted, and those that come while the run ends and
its results are written are ignored.
"""

from __future__ import annotations

import math
import signal
import time
from types import FrameType

from slabench.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Longer than it takes to end a server that was started. An Interrupted that was lost, in a __del__ for
# example, would leave a run that no Ctrl-C ends.
UNWIND_S = 60.0


def called(number: int) -> str:
    """As Interrupted names it."""
    return "SIGTERM" if number == signal.SIGTERM else "Ctrl-C"


class EndOnce:
    """A handler of signal.signal() for both. writing: results are being written; came: whether one of both
    ends the run.
    """

    def __init__(self) -> None:
        self.writing = self.came = False
        self._since = -math.inf

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.writing or time.monotonic() - self._since < UNWIND_S:
            self.came = True
            return
        self.begin()
        raise Interrupted(called(number))

    def begin(self) -> None:
        """A signal has come, here or at a handler in this one's place."""
        self.came, self._since = True, time.monotonic()

    def goes_on(self) -> None:
        """It ended a test alone."""
        self.came, self._since = False, -math.inf


def end_once(number: int) -> EndOnce | None:
    """The handler of a signal, if it is one of these."""
    handler = signal.getsignal(number)
    return handler if isinstance(handler, EndOnce) else None
