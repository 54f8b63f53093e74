"""The parent's side of the load processes: how many, how they are started, read and ended."""

from __future__ import annotations

import json
import math
import os
import selectors
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from slabench.loadgen.client_stats import WorkerStats
from slabench.loadgen.frames import Decoder, Frame
from slabench.loadgen.job import fill_queue, write_job
from slabench.loadgen.options import ClientOptions, Target
from slabench.loadgen.plan import Plan
from slabench.loadgen.prepared import PreparedRequest
from slabench.loadgen.transports.base import Channel, LoadHosts
from slabench.loadgen.transports.local import LocalChannel
from slabench.records import RequestRecord

# at 20 ms a token 25,600 events/s: about a third of what one process reads on the machines that were measured
STREAMS_PER_WORKER = 512
TOKEN_S = 0.02  # assumed time a token, if a plan does not limit the requests in flight
FIRST_S = 1.0  # assumed time to the first
LOOK_S = 0.5  # how often it is looked whether a host is silent


def streams_at_once(plan: Plan, output_lens: Sequence[int]) -> int:
    """Most requests in flight, by the plan; of an open loop without a cap, by rate and assumed times."""
    if plan.cap is not None:
        return min(plan.cap, plan.count)
    if math.isinf(plan.request_rate):
        return plan.count
    answer_s = FIRST_S + TOKEN_S * sum(output_lens) / max(1, len(output_lens))
    return min(plan.count, math.ceil(plan.request_rate * answer_s))


def worker_count(plan: Plan, output_lens: Sequence[int], wanted: int | None, hosts: int = 0) -> int:
    """Load processes for a plan: the number wanted, else one for 512 streams while a core is left; on other
    hosts at least one each, whose cores are theirs.
    """
    streams = streams_at_once(plan, output_lens)
    if wanted is None:
        enough = math.ceil(streams / STREAMS_PER_WORKER)
        cores = len(os.sched_getaffinity(0))
        wanted = max(enough, hosts) if hosts else max(1, min(enough, cores - 1))
    return max(1, min(wanted, plan.count if plan.cap is None else streams))


class WorkerProcess:
    """One load process, and its last report on its job."""

    host = ""  # beside this process
    lead_s = 0.0  # by how much sooner than its begin it has to know of it
    failure = ""  # why it counts as ended although its process runs

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.decoder = Decoder()
        self.ready = self.ended = False
        self.done: WorkerStats | None = None  # from its last frame
        self.progress = {"done": 0, "running": 0, "waiting": 0, "failed": 0, "output_tokens": 0}
        self.progress_ns = 0  # when it was reported, by perf_counter_ns

    def take_job(self, order: dict[str, Any]) -> None:
        self.ready, self.done, self.progress = False, None, dict.fromkeys(self.progress, 0)
        self.send(order)

    def begin(self, zero_ns: int) -> None:
        """At a moment of this process's clock."""
        self.send({"zero_ns": zero_ns})

    def read(self) -> Iterator[Frame]:
        """The frames that one read completes; at the end of its output `ended`."""
        data = self.channel.read()
        self.ended = not data
        return self.decoder.feed(data)

    def took(self, frame: Frame) -> None:
        """Keep what it reports of itself."""
        if frame.kind == "done":
            self.done = WorkerStats(**frame.head["stats"])
        elif frame.kind == "ready":
            self.ready = True
        elif frame.kind == "progress":
            self.progress = {name: frame.head[name] for name in self.progress}
            self.progress_ns = time.perf_counter_ns()

    def silent(self, now_ns: int) -> None:
        """Nothing of it can be read at this moment."""

    def on_our_clock(self, record: RequestRecord) -> RequestRecord:
        return record

    def send(self, order: dict[str, Any]) -> None:
        self.channel.write(json.dumps(order).encode() + b"\n")

    def end(self) -> None:
        self.channel.end()


def frames(workers: Sequence[WorkerProcess]) -> Iterator[tuple[WorkerProcess, Frame | None]]:
    """Their frames as they come, until each is done or dead; None stands for the death of one."""
    look_s = LOOK_S if any(worker.host for worker in workers) else None
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.channel, selectors.EVENT_READ, worker)
        while left := selector.get_map():
            all_left = [key.data for key in left.values()]
            ready = {key.data for key, _ in selector.select(look_s)}
            now = time.perf_counter_ns()
            for worker in all_left:
                if worker in ready:
                    for frame in worker.read():
                        worker.took(frame)
                        yield worker, frame
                else:
                    worker.silent(now)
                if worker.ended or worker.done is not None:
                    selector.unregister(worker.channel)
                    if worker.done is None:
                        yield worker, None


class WorkerPool(Protocol):
    """The load processes of one place, from load to load. Between two loads they wait."""

    @property
    def place(self) -> LoadHosts | None:
        """None: beside this process."""
        ...

    @property
    def hosts(self) -> int:
        """Other machines."""
        ...

    def take_job(
        self,
        target: Target,
        requests: Sequence[PreparedRequest],
        plan: Plan,
        options: ClientOptions,
        count: int,
    ) -> Sequence[WorkerProcess]:
        """count processes that have the job; those that died meanwhile are replaced."""
        ...

    def close(self) -> None: ...


class LocalPool:
    """Beside this process: they share a job file and its queue.

    The file holds an API key, so it has no name: nothing is left of it if this process is killed.
    """

    place: LoadHosts | None = None
    hosts = 0

    def __init__(self) -> None:
        self._queue = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the pool
        self._job = tempfile.TemporaryFile()  # noqa: SIM115
        # for this process, and for the load processes that inherit it
        self.job = Path(f"/dev/fd/{self._job.fileno()}")
        self.workers: list[WorkerProcess] = []

    def take_job(
        self,
        target: Target,
        requests: Sequence[PreparedRequest],
        plan: Plan,
        options: ClientOptions,
        count: int,
    ) -> list[WorkerProcess]:
        write_job(self.job, target, requests, plan, options, count)
        fill_queue(self._queue.fileno(), plan)
        for worker in self.workers:
            if not worker.channel.running():
                worker.end()
        self.workers = [worker for worker in self.workers if worker.channel.running()]
        self.workers += [
            WorkerProcess(LocalChannel(self._queue.fileno(), self._job.fileno()))
            for _ in range(count - len(self.workers))
        ]
        for number, worker in enumerate(self.workers[:count]):
            worker.take_job({"job": str(self.job), "number": number})
        return self.workers[:count]

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        self._queue.close()
        self._job.close()
