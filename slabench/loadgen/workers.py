"""The parent's side of the load processes: how many, started, heard and ended."""

from __future__ import annotations

import json
import math
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from slabench.loadgen.frames import Decoder, Frame
from slabench.loadgen.plan import Plan

STREAMS_PER_WORKER = 512  # at 20 ms a token 25,600 events/s: about a third of what one process carries on the cores we know
TOKEN_S = 0.02  # how fast a stream is taken to be where a plan does not say how many requests are in flight
FIRST_S = 1.0


def streams_at_once(plan: Plan, output_lens: Sequence[int]) -> int:
    """Requests in flight at most, by the plan; of an open loop without a cap by its rate and a guess at an answer's time."""
    if plan.cap is not None:
        return min(plan.cap, plan.count)
    if math.isinf(plan.request_rate):
        return plan.count
    answer_s = FIRST_S + TOKEN_S * sum(output_lens) / max(1, len(output_lens))
    return min(plan.count, math.ceil(plan.request_rate * answer_s))


def worker_count(plan: Plan, output_lens: Sequence[int], wanted: int | None) -> int:
    """Load processes for a plan: the number wanted, else one for 512 streams while a core is left; none without a request."""
    streams = streams_at_once(plan, output_lens)
    if wanted is None:
        cores = len(os.sched_getaffinity(0))
        wanted = max(1, min(math.ceil(streams / STREAMS_PER_WORKER), cores - 1))
    return max(1, min(wanted, plan.count if plan.cap is None else streams))


class WorkerProcess:
    """One load process and what it said last."""

    def __init__(self, number: int, job: Path, queue_fd: int | None) -> None:
        shared = [] if queue_fd is None else [queue_fd]
        self.number = number
        self.decoder = Decoder()
        self.ready = self.ended = False
        self.done: dict[str, Any] | None = None  # its last frame
        self.progress = {"done": 0, "running": 0, "failed": 0, "output_tokens": 0}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "slabench.loadgen.worker", str(job), str(number), *map(str, shared)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=shared,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            start_new_session=True,  # a Ctrl-C at the terminal reaches us alone, and we end the load in order
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def read(self) -> Iterator[Frame]:
        """The frames that one read completes; at the end of its output `ended`."""
        data = os.read(self.stdout.fileno(), 1 << 20)
        self.ended = not data
        return self.decoder.feed(data)

    def say(self, what: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):  # it has died; the end of its output tells
            os.write(self.stdin.fileno(), json.dumps(what).encode() + b"\n")

    def end(self) -> None:
        self.stdin.close()
        try:
            self.process.wait(1.0 if self.done is not None else 0.2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stdout.close()


def frames(workers: Sequence[WorkerProcess]) -> Iterator[tuple[WorkerProcess, Frame | None]]:
    """What they say, as it comes, until each is done or dead; None for one that died."""
    with selectors.DefaultSelector() as selector:
        for one in workers:
            selector.register(one.stdout, selectors.EVENT_READ, one)
        while selector.get_map():
            for key, _ in selector.select():
                worker: WorkerProcess = key.data
                for frame in worker.read():
                    if frame.kind == "done":
                        worker.done = frame.head
                    elif frame.kind == "ready":
                        worker.ready = True
                    elif frame.kind == "progress":
                        worker.progress = {name: frame.head[name] for name in worker.progress}
                    yield worker, frame
                if worker.ended or worker.done is not None:
                    selector.unregister(worker.stdout)
                    if worker.done is None:
                        yield worker, None
