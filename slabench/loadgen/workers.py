"""The parent's side of the load processes: how many, how they are started, read and ended."""

from __future__ import annotations

import atexit
import json
import math
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from slabench.loadgen.client_stats import WorkerStats
from slabench.loadgen.frames import Decoder, Frame
from slabench.loadgen.job import fill_queue
from slabench.loadgen.plan import Plan
from slabench.places import child_environment

# at 20 ms a token 25,600 events/s: about a third of what one process reads on the machines that were measured
STREAMS_PER_WORKER = 512
TOKEN_S = 0.02  # assumed time a token, if a plan does not limit the requests in flight
FIRST_S = 1.0  # assumed time to the first


def streams_at_once(plan: Plan, output_lens: Sequence[int]) -> int:
    """Most requests in flight, by the plan; of an open loop without a cap, by rate and assumed times."""
    if plan.cap is not None:
        return min(plan.cap, plan.count)
    if math.isinf(plan.request_rate):
        return plan.count
    answer_s = FIRST_S + TOKEN_S * sum(output_lens) / max(1, len(output_lens))
    return min(plan.count, math.ceil(plan.request_rate * answer_s))


def worker_count(plan: Plan, output_lens: Sequence[int], wanted: int | None) -> int:
    """Load processes for a plan: the number wanted, else one for 512 streams while a core is left."""
    streams = streams_at_once(plan, output_lens)
    if wanted is None:
        cores = len(os.sched_getaffinity(0))
        wanted = max(1, min(math.ceil(streams / STREAMS_PER_WORKER), cores - 1))
    return max(1, min(wanted, plan.count if plan.cap is None else streams))


class WorkerProcess:
    """One load process, and its last report on its job."""

    def __init__(self, queue_fd: int, job_fd: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "slabench.loadgen.worker", str(queue_fd)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(queue_fd, job_fd),
            env=child_environment(),
            start_new_session=True,  # a Ctrl-C at the terminal reaches the parent only
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.decoder = Decoder()
        self.ready = self.ended = False
        self.done: WorkerStats | None = None  # from its last frame
        self.progress = {"done": 0, "running": 0, "waiting": 0, "failed": 0, "output_tokens": 0}
        self.progress_ns = 0  # when it was reported, by perf_counter_ns

    def take_job(self, job: Path, number: int) -> None:
        self.ready, self.done, self.progress = False, None, dict.fromkeys(self.progress, 0)
        self.send({"job": str(job), "number": number})

    def read(self) -> Iterator[Frame]:
        """The frames that one read completes; at the end of its output `ended`."""
        data = os.read(self.stdout.fileno(), 1 << 20)
        self.ended = not data
        return self.decoder.feed(data)

    def send(self, order: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):  # it has died, which the end of its output shows
            os.write(self.stdin.fileno(), json.dumps(order).encode() + b"\n")

    def end(self) -> None:
        with suppress(BrokenPipeError):
            self.stdin.close()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stdout.close()


def frames(workers: Sequence[WorkerProcess]) -> Iterator[tuple[WorkerProcess, Frame | None]]:
    """Their frames as they come, until each is done or dead; None stands for the death of one."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.stdout, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                worker = key.data
                for frame in worker.read():
                    if frame.kind == "done":
                        worker.done = WorkerStats(**frame.head["stats"])
                    elif frame.kind == "ready":
                        worker.ready = True
                    elif frame.kind == "progress":
                        worker.progress = {name: frame.head[name] for name in worker.progress}
                        worker.progress_ns = time.perf_counter_ns()
                    yield worker, frame
                if worker.ended or worker.done is not None:
                    selector.unregister(worker.stdout)
                    if worker.done is None:
                        yield worker, None


class WorkerPool:
    """The load processes that share a job and its queue. Between two loads they wait.

    job: the file of the next job. It holds an API key, so it has no name: nothing is left of it if this
    process is killed.
    """

    def __init__(self) -> None:
        self._queue = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the pool
        self._job = tempfile.TemporaryFile()  # noqa: SIM115
        self.job = Path(
            f"/dev/fd/{self._job.fileno()}"
        )  # for this process, and for the load processes that inherit it
        self.workers: list[WorkerProcess] = []

    def take_job(self, plan: Plan, count: int) -> list[WorkerProcess]:
        """count processes that have the job; those that died meanwhile are replaced."""
        fill_queue(self._queue.fileno(), plan)
        for worker in self.workers:
            if worker.process.poll() is not None:
                worker.end()
        self.workers = [worker for worker in self.workers if worker.process.returncode is None]
        self.workers += [
            WorkerProcess(self._queue.fileno(), self._job.fileno()) for _ in range(count - len(self.workers))
        ]
        for number, worker in enumerate(self.workers[:count]):
            worker.take_job(self.job, number)
        return self.workers[:count]

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        self._queue.close()
        self._job.close()


_IDLE: list[WorkerPool] = []  # of this Python process, between two loads


@contextmanager
def worker_pool() -> Iterator[WorkerPool]:
    """The pool of the load before, or a new one. After an exception its processes are ended."""
    pool = _IDLE.pop() if _IDLE else WorkerPool()
    try:
        yield pool
    except BaseException:
        pool.close()
        raise
    _IDLE.append(pool)


@atexit.register
def end_idle_pools() -> None:
    while _IDLE:
        _IDLE.pop().close()
