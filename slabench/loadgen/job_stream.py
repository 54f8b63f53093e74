"""A load process's side of a stream: jobs, and the plan's next requests, come over its standard input.

A line is a JSON object; {"job_bytes": N} is followed by N bytes, the job file's. No file is shared with the
parent: what local processes read from files that they inherited comes this way on another machine.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any


class JobStream(asyncio.Protocol):
    """handle(order): of a job, order["job"] holds its bytes. The end of the stream ends the process."""

    def __init__(self, handle: Callable[[dict[str, Any]], None]) -> None:
        self.handle = handle
        self.buffer = bytearray()
        self.order: dict[str, Any] | None = None  # a job whose bytes are still coming

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            if self.order is None:
                end = self.buffer.find(b"\n")
                if end < 0:
                    return
                order = json.loads(self.buffer[:end])
                del self.buffer[: end + 1]
                if "job_bytes" not in order:
                    self.handle(order)
                    continue
                self.order = order
            size = self.order["job_bytes"]
            if len(self.buffer) < size:
                return
            order, self.order = self.order, None
            order["job"] = bytes(self.buffer[:size])
            del self.buffer[:size]
            self.handle(order)

    def connection_lost(self, exc: Exception | None) -> None:
        os._exit(1)  # the parent has ended: no load without a measurement


class DrawnAhead:
    """The plan's next requests for this process's slots, some of them drawn before a slot is free.

    Each draw asks the parent for one more, so that as many stay in hand. A slot that finds none waits for the
    answer, a round trip; `more` is False once the parent has none left.
    """

    def __init__(self, indices: Sequence[int], *, more: bool, ask: Callable[[int], None]) -> None:
        """ask(count): from the parent; take: set by the job, starts a request in a slot that was free since
        a moment.
        """
        self.indices = deque(indices)
        self.more = more
        self.ask = ask
        self.free_since: deque[int] = deque()  # one a slot that waits
        self.waits = self.waited_ns = 0
        self.dry_ns: int | None = None  # when a slot first stayed free, with requests drawn elsewhere or none

    def draw(self) -> int | None:
        if self.more:
            self.ask(1)
        if self.indices:
            return self.indices.popleft()
        if self.more:
            self.free_since.append(perf_counter_ns())
        else:
            self.dry_ns = self.dry_ns or perf_counter_ns()
        return None

    def waiting(self) -> bool:
        """Whether a slot that found none may still get one."""
        return bool(self.free_since)

    def came(self, indices: Sequence[int], *, more: bool) -> list[tuple[int, int]]:
        """(request, since when its slot is free) for the slots that waited."""
        self.indices += indices
        self.more = more
        filled, now = [], perf_counter_ns()
        while self.free_since and self.indices:
            since = self.free_since.popleft()
            self.waits += 1
            self.waited_ns += now - since
            filled.append((self.indices.popleft(), since))
        if not more and self.free_since:
            self.dry_ns = self.dry_ns or self.free_since[0]
            self.free_since.clear()
        return filled
