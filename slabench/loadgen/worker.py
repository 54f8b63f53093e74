"""A load process: `python -m slabench.loadgen.worker JOB NUMBER [QUEUE_FD]`, the NUMBERth of those that share the job.

Frames go to stdout; stdin says begin and stop, its end ends us. A process of its own, so that nothing of the session
(collection, reports, other plugins) shares its interpreter while it stamps.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import signal
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from slabench.loadgen.connection import Exchange
from slabench.loadgen.driver import Address, LoadDriver
from slabench.loadgen.frames import encode
from slabench.loadgen.http1 import MAX_ERROR_BODY
from slabench.loadgen.job import drawer, own_share, read_job
from slabench.loadgen.options import ClientOptions

PROGRESS_S = 0.5
HAND_BACK_S = 0.02  # answers of one length end together: the others' last tokens are stamped before a record is made


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop, or asyncio's own where there is none."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class Stdin(asyncio.Protocol):
    """One JSON object a line: {"zero_ns": N} begins, {"stop": true} ends the load; the end of the pipe ends the process."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.worker.hear(json.loads(line))

    def connection_lost(self, exc: Exception | None) -> None:
        os._exit(1)  # the parent is gone: no load without somebody who measures


class Worker:
    """Our part of a load."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        head: dict[str, Any],
        wires: Sequence[memoryview],
        share: Sequence[int],
        draw: Callable[[], int | None],
    ) -> None:
        self.loop = loop
        self.out: asyncio.WriteTransport | None = None
        self.keep_text = bool(head["options"]["keep_text"])
        tls = None
        if head["secure"]:
            tls = ssl.create_default_context(cafile=head["ca_file"])
        self.driver = LoadDriver(
            loop,
            Address(head["host"], head["port"], tls),
            ClientOptions(**head["options"]),
            wires,
            head["offsets_ns"],
            share=share,
            draw=draw,
            closed=head["closed"],
            on_end=self.ended,
        )
        self.cpu_s = 0.0
        self.unsaid: deque[Exchange] = deque()

    async def run(self) -> None:
        transport, _ = await self.loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb"))
        self.out = transport
        await self.driver.open_connections()
        # From here on nothing may pause the loop: what lives now is not looked at again, and new garbage hardly is.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1000)
        self.say({"kind": "ready", "connections": len(self.driver.idle)})
        await self.loop.connect_read_pipe(lambda: Stdin(self), os.fdopen(os.dup(0), "rb"))
        await self.driver.complete
        while self.unsaid:
            self.say_record(self.unsaid.popleft())
        self.say(
            {
                "kind": "done",
                "cpu_s": time.process_time() - self.cpu_s,
                "lag_ns": sorted(self.driver.lag_ns)[-len(self.driver.lag_ns) // 50 - 1 :],
                "lag_samples": len(self.driver.lag_ns),
                "lateness_ns": self.driver.lateness_ns(),
                "peak_rss_mb": peak_rss_mb(),
            }
        )
        while self.out.get_write_buffer_size():
            await asyncio.sleep(0.005)

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
        answer, meter = exchange.answer, exchange.answer.meter
        head = {
            "kind": "record",
            "index": exchange.index,
            "due_ns": exchange.due_ns,
            "start_ns": exchange.start_ns,
            "sent_ns": exchange.sent_ns,
            "end_ns": exchange.end_ns,
            "first_text_ns": meter.first_text_ns,
            "first_text_at": meter.first_text_at,
            "last_text_ns": meter.last_text_ns,
            "events": meter.events,
            "done": meter.done_ns is not None,
            "reused": exchange.reused,
            "waited": exchange.waited,
            "status": answer.status,
            "stream": answer.stream,
            "error": exchange.error.value if exchange.error is not None else None,
            "error_text": exchange.error_text,
        }
        parts = (
            meter.arrival_ns.tobytes(),
            meter.arrival_tokens.tobytes(),
            meter.last_event(),
            b"\n".join(meter.irregular),
            answer.body[:MAX_ERROR_BODY],
        )
        self.say(head, parts)

    def say(self, head: dict[str, Any], parts: Sequence[bytes] = ()) -> None:
        assert self.out is not None
        self.out.write(encode(head, parts))


def peak_rss_mb() -> float | None:
    """Of this program alone: getrusage's ru_maxrss would count what the parent held when it started us."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M)
    return int(found[1]) / 1024 if found else None


def main(argv: Sequence[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when a run ends
    head, wires = read_job(argv[0])
    share, draw = own_share(head, int(argv[1])), drawer(int(argv[2]) if len(argv) > 2 else None)
    loop = new_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(Worker(loop, head, wires, share, draw).run())
    sys.stdout.flush()
    os._exit(0)  # open connections and pipes need no farewell


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
