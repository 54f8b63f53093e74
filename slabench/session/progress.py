"""How far a load is: one line that is rewritten on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from slabench.loadgen.run import Progress

PLAIN_EVERY_S = 15.0


class ProgressLine:
    """Requests done, running, tokens/s and the time left, as the load worker reports them."""

    def __init__(self, how: str, uncaptured: Callable[[], AbstractContextManager[Any]] = nullcontext) -> None:
        """uncaptured: within it output reaches the terminal although pytest captures a test's output."""
        self.uncaptured = uncaptured
        self.stream: TextIO | None = sys.__stderr__
        self.how = how
        if how == "auto":
            # pytest's capture puts a file in the place of descriptor 2
            with self.uncaptured():
                terminal = self.stream is not None and self.stream.isatty()
            self.how = "live" if terminal else "plain"
        self.test_id, self.total, self.began, self.written = "", 0, 0.0, 0.0

    def begin(self, test_id: str, total: int) -> None:
        self.test_id, self.total, self.began = test_id, total, time.monotonic()
        self.written = self.began

    def update(self, progress: Progress) -> None:
        now = time.monotonic()
        if self.how == "off" or (self.how == "plain" and now - self.written < PLAIN_EVERY_S):
            return
        self.written = now
        self._write(line(self.test_id, progress, self.total, now - self.began))

    def end(self) -> None:
        if self.how == "live":
            self._write("")

    def _write(self, text: str) -> None:
        with self.uncaptured():
            if self.stream is not None:
                # \r and "erase to the end": the line is rewritten in place, and is gone after the load.
                self.stream.write(f"\r\x1b[K{text}" if self.how == "live" else f"{text}\n")
                self.stream.flush()


def line(test_id: str, progress: Progress, total: int, elapsed_s: float) -> str:
    """`test_sla[np128] 37/128 done, 64 running, 812 output tok/s, about 41 s left`."""
    name = test_id.rpartition("::")[2]
    parts = [f"{name} {progress.done}/{total} done", f"{progress.running} running"]
    if progress.failed:
        parts.append(f"{progress.failed} FAILED")
    if elapsed_s > 0:
        parts.append(f"{progress.output_tokens / elapsed_s:.0f} output tok/s")
    if 0 < progress.done < total:
        parts.append(f"about {elapsed_s / progress.done * (total - progress.done):.0f} s left")
    return ", ".join(parts)
