"""How long the process waits before it reads, so that several arrivals are read together.

Waking up for every chunk costs more than reading it. If the kernel reports when each one came, the times are
as exact when the chunks of several streams are read together, as long as no two of one stream fall into one
read, which has one time.

An answer's end is seen later by the pause, so there is none in a closed loop, whose next request waits for
that end.
"""

from __future__ import annotations

from collections.abc import Collection

from slabench.units import NS_PER_MS

WINDOW_NS = 25 * NS_PER_MS  # reads are observed without a pause,
EVERY_NS = 250 * NS_PER_MS  # once in this time
MOST_NS = NS_PER_MS
LEAST_NS = NS_PER_MS // 5  # a shorter pause costs what it saves
GAP_SHARE = 8  # a pause is at most this part of the shortest gap between two reads of one stream,
RARE = 50  # without the shortest of every 50: an event that came in two pieces
WORTH = 2  # reads that a pause must bring together


class Pace:
    """observe() takes the sockets of each poll; pause_ns is 0 until a window has shown that a pause pays."""

    def __init__(self) -> None:
        self.pause_ns = 0
        self.closed_loop = False  # then no pause
        self.due_ns = 0  # when switch() is to be called
        self.watching = False
        self._begin = self._reads = 0
        self._last: dict[int, int] = {}  # of a socket: when it was read in this window
        self._gaps: list[int] = []  # between two reads of one socket

    def switch(self, now_ns: int, *, stamped: bool) -> None:
        """Begin or end a window. stamped: the kernel reports times of arrival; without them no pause."""
        self.watching = not self.watching
        if self.watching:
            self._begin, self.due_ns, self.pause_ns = now_ns, now_ns + WINDOW_NS, 0
            self._reads = 0
            self._last.clear()
            self._gaps.clear()
            return
        self.due_ns = now_ns + EVERY_NS - WINDOW_NS
        pays = stamped and self._reads and not self.closed_loop
        self.pause_ns = self._pause(now_ns - self._begin) if pays else 0

    def observe(self, now_ns: int, ready: Collection[tuple[int, int]]) -> None:
        """Take a poll's result inside a window: file descriptors and their events."""
        last = self._last
        self._reads += len(ready)
        for fd, _ in ready:
            before = last.get(fd)
            if before is not None:
                self._gaps.append(now_ns - before)
            last[fd] = now_ns

    def gathered(self) -> None:
        """A read brought more than one event, perhaps due to a pause: none until after the next window."""
        self.pause_ns = 0

    def _pause(self, elapsed_ns: int) -> int:
        gaps = sorted(self._gaps)
        shortest = gaps[len(gaps) // RARE] if gaps else elapsed_ns  # none: no socket was read twice
        pause = min(MOST_NS, shortest // GAP_SHARE)
        enough = self._reads * pause >= WORTH * elapsed_ns
        return pause if pause >= LEAST_NS and enough else 0
