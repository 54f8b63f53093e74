"""The scheduler in real time: a step's tokens leave when its duration has passed, by absolute deadlines that
never drift.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np

from slabench.sim.log import DeployLog
from slabench.sim.profiles import Profile
from slabench.sim.scheduler import Request, Scheduler, Step
from slabench.sim.wire import Answering

SPIN_S = 0.0012  # the loop's timers are a millisecond coarse: the last bit is waited for by turning the loop
LATE_S = 0.1
WORDS = [word.encode() for word in " ka lo mi re su ta ve zo bin dar fel gor hum jan kel lim".split()]


class Job:
    """A request being served; deliver gets each event's bytes, and whether it is the last."""

    __slots__ = ("answering", "deliver", "request", "waiting_since")

    def __init__(
        self, request: Request, answering: Answering, deliver: Callable[[bytes, bool], None]
    ) -> None:
        self.request, self.answering, self.deliver = request, answering, deliver
        self.waiting_since = time.monotonic()


class Engine:
    """One scheduler, one task that drives it."""

    def __init__(self, profile: Profile, log: DeployLog) -> None:
        self.profile, self.log = profile, log
        self.scheduler = Scheduler(profile.limits, profile.cost, random.Random(profile.seed))
        self.jobs: dict[int, Job] = {}
        self.random_seed = random.SystemRandom().randrange(2**30)
        self._wake = asyncio.Event()
        self._next = 0
        self._warned = False

    def submit(
        self,
        ids: list[int],
        max_new: int,
        deliver: Callable[[bytes, bool], None],
        answering: Callable[[str, int, int], Answering] = Answering,
    ) -> Job:
        """Into the queue; it is looked at when the step on its way has ended. answering: the form of the
        answer.
        """
        self._next += 1
        request = Request(self._next, len(ids), max_new, np.array(ids, dtype=np.int64))
        job = Job(request, answering(uuid.uuid4().hex, len(ids), max_new), deliver)
        self.jobs[request.key] = job
        self.scheduler.add(request)
        self._wake.set()
        return job

    def abort(self, job: Job) -> None:
        if self.jobs.pop(job.request.key, None) is not None:
            self.scheduler.abort(job.request)

    def flush(self) -> bool:
        """As the endpoint does it: refused while anything runs or waits."""
        if self.scheduler.flush():
            self.log.flushed()
            return True
        self.log.not_flushed(len(self.scheduler.waiting), len(self.scheduler.running))
        return False

    def load(self) -> dict[str, Any]:
        waiting, running = len(self.scheduler.waiting), len(self.scheduler.running)
        return {"rid": None, "dp_rank": None, "num_reqs": waiting + running, "num_waiting_reqs": waiting}

    async def run(self) -> None:
        deadline = time.monotonic()
        while True:
            step = self.scheduler.step()
            if step is None:
                self._wake.clear()
                await self._wake.wait()
                deadline = time.monotonic()
                continue
            if step.kind == "prefill":
                self.log.prefill(step)  # 0.5.7 prints it when the batch is made, not when it is done
            elif step.retraction is not None:
                self.log.retraction(step.retraction)
            deadline += step.seconds
            await _until(deadline)
            late = time.monotonic() - deadline
            if late > LATE_S:
                # Behind its own schedule: go on from now. A model that catches up would be faster than it
                # claims.
                deadline += late
                if not self._warned:
                    self._warned = True
                    self.log.say(
                        f"The embedded server is {late * 1000:.0f} ms behind its schedule: this machine is too busy."
                    )
            self._emit(step)
            if step.kind == "decode":
                self.log.decode(step)

    def _emit(self, step: Step) -> None:
        for request in step.emitted:
            job = self.jobs.get(request.key)
            if job is None:
                continue
            if request.produced == 1:
                job.answering.cached = request.cached
                job.answering.queue_s = max(0.0, time.monotonic() - job.waiting_since - step.seconds)
            token = request.produced % len(WORDS)
            request.output.append(100 + token)
            job.answering.grow(WORDS[token] if request.produced == 1 else b" " + WORDS[token], 100 + token)
            last = request.produced >= request.max_new
            if last:
                del self.jobs[request.key]
            if last or request.produced % self.profile.stream_interval == 0 or request.produced == 1:
                job.deliver(job.answering.event(request.produced, request.retractions, last=last), last)


async def _until(deadline: float) -> None:
    ahead = deadline - time.monotonic() - SPIN_S
    if ahead > 0:
        await asyncio.sleep(ahead)
    await asyncio.sleep(0)
    while time.monotonic() < deadline:
        await asyncio.sleep(0)
