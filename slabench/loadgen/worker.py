"""A load process: `python -m slabench.loadgen.worker QUEUE_FD`; jobs come over stdin, frames go to stdout.

`remote` in place of the number: on another machine, where whole jobs come over stdin (job_stream.py).

A process of its own, so that nothing of the session (collection, reports, other plugins) uses its interpreter
while it takes times. It serves all loads of a session, since starting Python costs more than a small load,
and ends when its standard input closes.
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
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slabench.loadgen import event_template
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.client_stats import WorkerStats
from slabench.loadgen.driver import LoadDriver
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.frames import encode
from slabench.loadgen.hello import MARK, REMOTE, Hello
from slabench.loadgen.http1 import MAX_ERROR_BODY
from slabench.loadgen.job import drawer, own_share, parse_job, read_job
from slabench.loadgen.job_stream import DrawnAhead, JobStream
from slabench.loadgen.options import ClientOptions
from slabench.loadgen.stream_selector import StreamSelector, new_loop
from slabench.loadgen.tls import Address

PROGRESS_S = 0.5
# Answers of one length end together: the last tokens of the others are stamped before a record is made.
SEND_RECORDS_S = 0.02


class Stdin(asyncio.Protocol):
    """One JSON object a line; the end of the pipe ends the process."""

    def __init__(self, handle: Callable[[dict[str, Any]], None]) -> None:
        self.handle = handle
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.handle(json.loads(line))

    def connection_lost(self, exc: Exception | None) -> None:
        os._exit(1)  # the parent has ended: no load without a measurement


class Worker:
    """The process: one job after another, {"job": FILE, "number": N} each; {"zero_ns": N} begins it, {"stop":
    true} ends it. Remote: {"ping": X} is answered at once; {"indices": [...]} are the plan's next requests.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, selector: StreamSelector, queue_fd: int | None
    ) -> None:
        """queue_fd: None on another machine."""
        self.loop = loop
        self.selector = selector
        self.draw = None if queue_fd is None else drawer(queue_fd)
        self.jobs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.job: WorkerJob | None = None
        self.out: asyncio.WriteTransport | None = None

    async def run(self) -> None:
        self.out, _ = await self.loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb"))
        protocol = Stdin if self.draw is not None else JobStream
        if self.draw is None:
            self.out.write(MARK + encode({"kind": "hello", **asdict(Hello.ours())}))
        await self.loop.connect_read_pipe(lambda: protocol(self.handle), os.fdopen(os.dup(0), "rb"))
        while True:
            order = await self.jobs.get()
            self.job = WorkerJob(self.loop, self.selector, self.out, order, self.draw)
            await self.job.run()
            self.job = None

    def handle(self, order: dict[str, Any]) -> None:
        if "ping" in order:
            assert self.out is not None, "it is read from after this is set"
            self.out.write(encode({"kind": "pong", "ping": order["ping"], "now_ns": time.perf_counter_ns()}))
        elif "job" in order:
            self.jobs.put_nowait(order)
        elif self.job is not None:
            self.job.handle(order)


class WorkerJob:
    """This process's part of one load."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        selector: StreamSelector,
        out: asyncio.WriteTransport,
        order: dict[str, Any],
        draw: Callable[[], int | None] | None,
    ) -> None:
        """draw: from the common queue; None: requests are drawn ahead."""
        job = order["job"]
        head, wires = read_job(job) if isinstance(job, str) else parse_job(memoryview(job))
        self.loop = loop
        self.out = out
        self.drawn = DrawnAhead(order.get("indices", ()), more=order.get("more", False), ask=self.ask)
        self.asked = 0  # since the last cycle of the loop
        draw = self.drawn.draw if draw is None else draw
        tls = ssl.create_default_context(cafile=head["ca_file"]) if head["secure"] else None
        self.driver = LoadDriver(
            loop,
            selector,
            Address(head["host"], head["port"], tls),
            ClientOptions(**head["options"]),
            BACKENDS[head["backend"]].meter,
            wires,
            head["offsets_ns"],
            share=own_share(head, order["number"]),
            draw=draw if head["cap"] is not None else lambda: None,
            closed=head["closed"],
            on_end=self.ended,
            awaited=self.drawn.waiting,
        )
        self.cpu_s = 0.0
        self.unsent: deque[Exchange] = deque()  # records

    async def run(self) -> None:
        forget_peak_rss()
        event_template.forget()
        await self.driver.open_connections()
        # From here on nothing may pause the loop: existing objects are not collected again, new ones rarely.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1000)
        self.send({"kind": "ready", "connections": len(self.driver.idle)})
        await self.driver.complete
        while self.unsent:
            self.out.write(record_frame(self.unsent.popleft()))
        loop_lag = self.driver.loop_lag
        stats = WorkerStats(
            cpu_s=time.process_time() - self.cpu_s,
            peak_rss_mb=peak_rss_mb(),
            lag_ns=sorted(loop_lag.lag_ns)[-len(loop_lag.lag_ns) // 50 - 1 :],
            lag_samples=len(loop_lag.lag_ns),
            lateness_ns=loop_lag.lateness_ns(),
            stalls_ns=loop_lag.stalls_ns(),
            clock_step_ns=self.driver.clock_step_ns,
            unstamped=self.driver.selector.unstamped,
            slot_waits=self.drawn.waits,
            slot_waited_ns=self.drawn.waited_ns,
            dry_ns=self.drawn.dry_ns,
        )
        self.send({"kind": "done", "stats": asdict(stats)})
        self.driver.close()

    def handle(self, order: dict[str, Any]) -> None:
        if "zero_ns" in order:
            self.cpu_s = time.process_time()
            self.driver.begin(order["zero_ns"])
            self.loop.call_later(PROGRESS_S, self.progress)
        elif "indices" in order:
            for index, free_ns in self.drawn.came(order["indices"], more=order["more"]):
                self.driver.fill(index, free_ns)
            self.driver.check_complete()
        elif order.get("stop"):
            self.driver.stop()

    def ask(self, count: int) -> None:
        """For the plan's next requests; those of one cycle of the loop together."""
        if not self.asked:
            self.loop.call_soon(self.send_asked)
        self.asked += count

    def send_asked(self) -> None:
        self.send({"kind": "drawn", "count": self.asked})
        self.asked = 0

    def progress(self) -> None:
        if not self.driver.complete.done():
            self.send({"kind": "progress", **self.driver.progress()})
            self.loop.call_later(PROGRESS_S, self.progress)

    def ended(self, exchange: Exchange) -> None:
        self.unsent.append(exchange)
        if len(self.unsent) == 1:
            self.loop.call_later(SEND_RECORDS_S, self.send_next_record)

    def send_next_record(self) -> None:
        """One record a cycle of the loop: between two of them it reads what has come."""
        if self.unsent:
            self.out.write(record_frame(self.unsent.popleft()))
        if self.unsent:
            self.loop.call_soon(self.send_next_record)

    def send(self, head: dict[str, Any]) -> None:
        self.out.write(encode(head))


def record_frame(exchange: Exchange) -> bytes:
    """A request that has ended, as the parent receives it."""
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
        "out_of_order": exchange.out_of_order,
        "first_read_ns": exchange.first_read_ns if exchange.out_of_order else None,
        "last_read_ns": exchange.last_read_ns if exchange.out_of_order else None,
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
    """Of this program alone: getrusage's ru_maxrss includes what the parent used when it started it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)
    return int(peak[1]) / 1024 if peak else None


def forget_peak_rss() -> None:
    """The peak is of this job, not of a larger one before it; if the kernel refuses, an upper bound."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def raise_file_limit() -> None:
    """A stream is an open file: as many as the system allows instead of a shell's usual 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(argv: Sequence[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when a run ends
    raise_file_limit()
    loop, selector = new_loop()
    asyncio.set_event_loop(loop)
    queue_fd = None if argv[0] == REMOTE else int(argv[0])
    loop.run_until_complete(Worker(loop, selector, queue_fd).run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
