"""How long arrivals may gather before they are read.

Waking up for every chunk costs more than reading it. Where the kernel says when each one came, nothing is lost if several streams'
chunks are read together, as long as no two of one stream fall into one read, which has one time.
"""

from __future__ import annotations

from collections.abc import Iterable

MS = 1_000_000
WINDOW_NS = 25 * MS  # watched without a nap,
EVERY_NS = 250 * MS  # once in this time
MOST_NS = MS  # what a finished request's slot may wait for the next one
LEAST_NS = MS // 5  # below, going to sleep and waking up costs what it saves
GAP_SHARE = 8  # a nap is at most this part of the shortest gap between two reads of one stream
WORTH = 2  # reads that a nap must gather


class Pace:
    """Tell it which sockets each poll found; nap_ns is 0 until a window has shown that there is something to gather."""

    def __init__(self) -> None:
        self.nap_ns = 0
        self.due_ns = 0  # when turn() is to be called
        self.watching = False
        self._begin = 0
        self._reads: dict[int, int] = {}

    def turn(self, now_ns: int, *, stamped: bool) -> None:
        """Begin or end a window. stamped: the kernel tells the times of arrival; without them there is never a nap."""
        self.watching = not self.watching
        if self.watching:
            self._begin, self.due_ns, self.nap_ns = now_ns, now_ns + WINDOW_NS, 0
            self._reads.clear()
            return
        self.due_ns = now_ns + EVERY_NS - WINDOW_NS
        self.nap_ns = self._nap(now_ns - self._begin) if stamped and self._reads else 0

    def see(self, ready: Iterable[tuple[int, int]]) -> None:
        """What a poll found inside a window: file descriptors and their events."""
        reads = self._reads
        for fd, _ in ready:
            reads[fd] = reads.get(fd, 0) + 1

    def _nap(self, elapsed_ns: int) -> int:
        nap = min(MOST_NS, elapsed_ns // max(self._reads.values()) // GAP_SHARE)
        enough = sum(self._reads.values()) * nap >= WORTH * elapsed_ns
        return nap if nap >= LEAST_NS and enough else 0
