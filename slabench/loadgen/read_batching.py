"""How long arrivals may gather before they are read.

Waking up for every chunk costs more than reading it. Where the kernel says when each one came, nothing is
lost if several streams' chunks are read together, as long as no two of one stream fall into one read, which
has one time.
"""

from __future__ import annotations

from collections.abc import Collection

from slabench.units import NS_PER_MS

WINDOW_NS = 25 * NS_PER_MS  # watched without a nap,
EVERY_NS = 250 * NS_PER_MS  # once in this time
MOST_NS = NS_PER_MS  # what a finished request's slot may wait for the next one
LEAST_NS = NS_PER_MS // 5  # below, going to sleep and waking up costs what it saves
GAP_SHARE = 8  # a nap is at most this part of the shortest gap between two reads of one stream,
RARE = 50  # but for the shortest of every 50: an event that came in two pieces
WORTH = 2  # reads that a nap must gather


class Pace:
    """Tell it which sockets each poll found; nap_ns is 0 until a window has shown that there is something to
    gather.
    """

    def __init__(self) -> None:
        self.nap_ns = 0
        self.due_ns = 0  # when turn() is to be called
        self.watching = False
        self._begin = self._reads = 0
        self._last: dict[int, int] = {}  # of a socket: when it was read in this window
        self._gaps: list[int] = []  # between two reads of one socket

    def turn(self, now_ns: int, *, stamped: bool) -> None:
        """Begin or end a window. stamped: the kernel tells the times of arrival; without them there is never
        a nap.
        """
        self.watching = not self.watching
        if self.watching:
            self._begin, self.due_ns, self.nap_ns = now_ns, now_ns + WINDOW_NS, 0
            self._reads = 0
            self._last.clear()
            self._gaps.clear()
            return
        self.due_ns = now_ns + EVERY_NS - WINDOW_NS
        self.nap_ns = self._nap(now_ns - self._begin) if stamped and self._reads else 0

    def see(self, now_ns: int, ready: Collection[tuple[int, int]]) -> None:
        """What a poll found inside a window: file descriptors and their events."""
        last = self._last
        self._reads += len(ready)
        for fd, _ in ready:
            before = last.get(fd)
            if before is not None:
                self._gaps.append(now_ns - before)
            last[fd] = now_ns

    def gathered(self) -> None:
        """A read brought more than one event: no nap until the next window has shown that it was not its
        doing.
        """
        self.nap_ns = 0

    def _nap(self, elapsed_ns: int) -> int:
        gaps = sorted(self._gaps)
        shortest = gaps[len(gaps) // RARE] if gaps else elapsed_ns  # none: no socket was read twice
        nap = min(MOST_NS, shortest // GAP_SHARE)
        enough = self._reads * nap >= WORTH * elapsed_ns
        return nap if nap >= LEAST_NS and enough else 0
