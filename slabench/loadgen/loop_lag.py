"""How late the event loop is: a tick every 20 ms, how late it runs, and when the loop stalled."""

from __future__ import annotations

import asyncio
import heapq
from array import array
from time import perf_counter_ns

from slabench.units import NS_PER_MS, NS_PER_S

TICK_S = 0.02
TIMER_NS = NS_PER_MS  # the loop's timers have a resolution of 1 ms: up to that is not lateness
STALL_NS = 5 * NS_PER_MS  # shorter ones are covered by the mean of all ticks
CYCLE_NS = NS_PER_MS  # a cycle of the loop that took longer was still reading what had waited
MOST_STALLS = 256  # the longest are reported


class LoopWatch:
    """From begin() to end(); times are perf_counter_ns readings."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.lag_ns: array[int] = array("q")  # one a tick
        self._due = 0
        self._stalls: list[list[int]] = []  # begin, end
        self._open = False  # the last stall has not ended: what had waited is still being read
        self._ended = False

    def begin(self) -> None:
        self._due = perf_counter_ns()
        self._tick()

    def end(self) -> None:
        """Called with the last arrival: a loop that wakes up may read before it calls its timers."""
        if not self._ended and self._due:
            now = perf_counter_ns()
            if now > self._due + TIMER_NS:
                self._came(now)
            elif self._open:
                self._stalls[-1][1] = now
        self._ended, self._open = True, False

    def _tick(self) -> None:
        if self._ended:
            return
        now = perf_counter_ns()
        self._came(now)
        self._due = now + int(TICK_S * NS_PER_S)
        self.loop.call_later(TICK_S, self._tick)

    def _came(self, now: int) -> None:
        lag = max(0, now - self._due - TIMER_NS)
        self.lag_ns.append(lag)
        if lag > STALL_NS:
            self._stalls.append([self._due, now])
            self._open = True
            self.loop.call_soon(self._catch_up, len(self._stalls), now, 1)

    def _catch_up(self, number: int, before: int, cycle: int) -> None:
        """What came meanwhile is read in the next cycles; the stall ends with one that takes no time."""
        if not self._open or number != len(self._stalls):
            return
        now = perf_counter_ns()
        self._stalls[-1][1] = now
        # the first may end before the loop has polled its sockets
        if cycle > 2 and now - before <= CYCLE_NS:
            self._open = False
        else:
            self.loop.call_soon(self._catch_up, number, now, cycle + 1)

    def stalls_ns(self) -> list[list[int]]:
        """[begin, end] of the longest, in order. A stamp inside may be late by the time since the begin."""
        return sorted(heapq.nlargest(MOST_STALLS, self._stalls, key=lambda stall: stall[1] - stall[0]))

    def lateness_ns(self) -> float | None:
        """How late an arrival at a random moment is stamped, on average; None before the first tick.

        With a lag x at a tick every p, the loop is late by about x for one p, and then catches up:
        x * p + x * x / 2 over the time of all ticks. The mean of the lags alone would count a stall of a
        second once.
        """
        if not self.lag_ns:
            return None
        period = TICK_S * NS_PER_S
        late = sum(lag * (period + lag / 2) for lag in self.lag_ns)
        return late / (len(self.lag_ns) * period + sum(self.lag_ns))
