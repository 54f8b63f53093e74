"""A load process: `python -m slabench.loadgen.worker QUEUE_FD`; jobs come over stdin, frames go to stdout.

A process of its own, so that nothing of the session (collection, reports, other plugins) shares its
interpreter while it stamps. It lives through the loads of a session: starting Python costs more than a small
load. It ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import resource
import signal
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from slabench.loadgen import event_template
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.connection import Exchange
from slabench.loadgen.driver import Address, LoadDriver
from slabench.loadgen.frames import encode
from slabench.loadgen.http1 import MAX_ERROR_BODY
from slabench.loadgen.job import drawer, own_share, read_job
from slabench.loadgen.options import ClientOptions
from slabench.loadgen.stream_selector import StreamSelector, new_loop

PROGRESS_S = 0.5
# answers of one length end together: the others' last tokens are stamped before a record is made
HAND_BACK_S = 0.02


class Stdin(asyncio.Protocol):
    """One JSON object a line; the end of the pipe ends the process."""

    def __init__(self, hear: Callable[[dict[str, Any]], None]) -> None:
        self.hear = hear
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.hear(json.loads(line))

    def connection_lost(self, exc: Exception | None) -> None:
        os._exit(1)  # the parent is gone: no load without somebody who measures


class Worker:
    """The process: one job after another, {"job": FILE, "number": N} each; {"zero_ns": N} begins it, {"stop":
    true} ends it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, selector: StreamSelector, queue_fd: int) -> None:
        self.loop = loop
        self.selector = selector
        self.draw = drawer(queue_fd)
        self.jobs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.part: WorkerJob | None = None

    async def run(self) -> None:
        out, _ = await self.loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb"))
        await self.loop.connect_read_pipe(lambda: Stdin(self.hear), os.fdopen(os.dup(0), "rb"))
        while True:
            order = await self.jobs.get()
            self.part = WorkerJob(self.loop, self.selector, out, order["job"], order["number"], self.draw)
            await self.part.run()
            self.part = None

    def hear(self, said: dict[str, Any]) -> None:
        if "job" in said:
            self.jobs.put_nowait(said)
        elif self.part is not None:
            self.part.hear(said)


class WorkerJob:
    """Our part of one load."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        selector: StreamSelector,
        out: asyncio.WriteTransport,
        job: str,
        number: int,
        draw: Callable[[], int | None],
    ) -> None:
        head, wires = read_job(job)
        self.loop = loop
        self.out = out
        self.keep_text = bool(head["options"]["keep_text"])
        tls = None
        if head["secure"]:
            tls = ssl.create_default_context(cafile=head["ca_file"])
        self.driver = LoadDriver(
            loop,
            selector,
            Address(head["host"], head["port"], tls),
            ClientOptions(**head["options"]),
            BACKENDS[head["backend"]].meter,
            wires,
            head["offsets_ns"],
            share=own_share(head, number),
            draw=draw if head["cap"] is not None else lambda: None,
            closed=head["closed"],
            on_end=self.ended,
        )
        self.cpu_s = 0.0
        self.unsaid: deque[Exchange] = deque()

    async def run(self) -> None:
        forget_peak_rss()
        event_template.forget()
        await self.driver.open_connections()
        # From here on nothing may pause the loop: what lives now is not looked at again, and new garbage
        # hardly is.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1000)
        self.say({"kind": "ready", "connections": len(self.driver.idle)})
        await self.driver.complete
        while self.unsaid:
            self.say_record(self.unsaid.popleft())
        watch = self.driver.watch
        self.say(
            {
                "kind": "done",
                "cpu_s": time.process_time() - self.cpu_s,
                "lag_ns": sorted(watch.lag_ns)[-len(watch.lag_ns) // 50 - 1 :],
                "lag_samples": len(watch.lag_ns),
                "lateness_ns": watch.lateness_ns(),
                "stalls_ns": watch.stalls_ns(),
                "clock_step_ns": self.driver.clock_step_ns,
                "unstamped": self.driver.selector.unstamped,
                "peak_rss_mb": peak_rss_mb(),
            }
        )
        self.driver.close()

    def hear(self, said: dict[str, Any]) -> None:
        if "zero_ns" in said:
            self.cpu_s = time.process_time()
            self.driver.begin(said["zero_ns"])
            self.loop.call_later(PROGRESS_S, self.progress)
        elif said.get("stop"):
            self.driver.stop()

    def progress(self) -> None:
        if not self.driver.complete.done():
            self.say({"kind": "progress", **self.driver.progress()})
            self.loop.call_later(PROGRESS_S, self.progress)

    def ended(self, exchange: Exchange) -> None:
        self.unsaid.append(exchange)
        if len(self.unsaid) == 1:
            self.loop.call_later(HAND_BACK_S, self.hand_back)

    def hand_back(self) -> None:
        """One record a turn of the loop: between two of them it reads what has come."""
        if self.unsaid:
            self.say_record(self.unsaid.popleft())
        if self.unsaid:
            self.loop.call_soon(self.hand_back)

    def say_record(self, exchange: Exchange) -> None:
        self.out.write(record_frame(exchange))

    def say(self, head: dict[str, Any]) -> None:
        self.out.write(encode(head))


def record_frame(exchange: Exchange) -> bytes:
    """What the parent is told of an answer that has ended."""
    answer, meter = exchange.answer, exchange.answer.meter
    head = {
        "kind": "record",
        "index": exchange.index,
        "due_ns": exchange.due_ns,
        "start_ns": exchange.start_ns,
        "sent_ns": exchange.sent_ns if exchange.tried_ns is None else exchange.tried_ns,
        "resent": exchange.tried_ns is not None,
        "end_ns": exchange.end_ns,
        "first_text_ns": meter.first_text_ns,
        "first_text_at": meter.first_text_at,
        "last_text_ns": meter.last_text_ns,
        "uncounted_outputs": meter.uncounted_outputs,
        "uncounted": meter.uncounted_head(),
        "events": meter.events,
        "left_open": exchange.left_open,
        "origin": answer.origin,
        "done": meter.done_ns is not None,
        "reused": exchange.reused,
        "waited": exchange.waited,
        "status": answer.status,
        "stream": answer.stream,
        "error": exchange.error.value if exchange.error is not None else None,
        "error_text": exchange.error_text,
        "reported_error": meter.error,
        "broken": repr(meter.broken.decode("utf-8", "replace")) if meter.broken is not None else None,
    }
    parts = (
        meter.arrival_ns.tobytes(),
        meter.arrival_tokens.tobytes(),
        answer.body[:MAX_ERROR_BODY],
        *meter.kept(),
    )
    return encode(head, parts)


def peak_rss_mb() -> float | None:
    """Of this program alone: getrusage's ru_maxrss would count what the parent held when it started us."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)
    return int(found[1]) / 1024 if found else None


def forget_peak_rss() -> None:
    """The peak is a job's, not that of a larger one before it; where the kernel does not allow it, it stays
    an upper bound.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def raise_file_limit() -> None:
    """A stream is an open file: as many as the system lets us have, not the 1,024 that a shell begins with."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(argv: Sequence[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when a run ends
    raise_file_limit()
    loop, selector = new_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(Worker(loop, selector, int(argv[0])).run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
