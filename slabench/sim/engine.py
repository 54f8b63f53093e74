"""The scheduler in real time: a step's tokens leave when its duration has passed, by absolute deadlines that
never drift.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from slabench.sim import model
from slabench.sim.forward import Request, Step
from slabench.sim.log import DeployLog
from slabench.sim.profiles import Profile
from slabench.sim.scheduler import Scheduler
from slabench.sim.wire import Answering

SPIN_S = 0.0012  # the loop's timers are a millisecond coarse; the rest is waited for in turns of the loop
LATE_S = 0.1
LEAST_QUEUE_S = 1e-6  # between two readings of a real server's clock


Deliver = Callable[[list[bytes], bool], None]  # the events that leave now; whether they are the last


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A request being served."""

    request: Request
    answering: Answering
    deliver: Deliver
    seed: int  # of its answer
    waiting_since: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Counted:
    """What /metrics has, as sglang 0.5.7 counts it: of answers that ended, times in seconds."""

    requests: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    ttft_s: float = 0.0
    e2e_s: float = 0.0
    queue_s: float = 0.0
    first_tokens: int = 0  # requests behind ttft_s and queue_s

    def first(self, waited_s: float, queue_s: float) -> None:
        self.first_tokens += 1
        self.ttft_s += waited_s
        self.queue_s += queue_s

    def last(self, request: Request, waited_s: float) -> None:
        self.requests += 1
        self.prompt_tokens += request.prompt_len
        self.output_tokens += request.produced
        self.e2e_s += waited_s


class Engine:
    """One scheduler, one task that drives it."""

    def __init__(self, profile: Profile, log: DeployLog) -> None:
        self.profile, self.log = profile, log
        self.scheduler = Scheduler(profile.limits, profile, random.Random(profile.seed))
        self.jobs: dict[int, Job] = {}
        self.counted = Counted()
        faults = frozenset(profile.fault.split(","))
        self.zero, self.model = "token_zero" in faults, int("other_model" in faults)
        self.raised = model.RAISED if "one_logit" in faults else None
        self._wake = asyncio.Event()
        self._next = 0
        self._warned = False

    def submit(self, ids: list[int], answering: Answering, deliver: Deliver) -> Job:
        """Into the queue, which is read when the current step has ended."""
        self._next += 1
        request = Request(self._next, len(ids), answering.max_new, np.array(ids, dtype=np.int64))
        self.scheduler.add(request)
        self._wake.set()
        job = self.jobs[request.key] = Job(request, answering, deliver, model.seed_of(ids, self.model))
        return job

    def abort(self, job: Job) -> None:
        if self.jobs.pop(job.request.key, None) is not None:
            self.scheduler.abort(job.request)

    def flush(self) -> bool:
        """False, and refused, while anything runs or waits."""
        if self.scheduler.flush():
            self.log.flushed()
            return True
        self.log.not_flushed(len(self.scheduler.waiting), len(self.scheduler.running))
        return False

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
                # Go on from now: a model that catches up would be faster than its profile.
                deadline += late
                if not self._warned:
                    self._warned = True
                    self.log.say(
                        f"The embedded server is {late * 1000:.0f} ms late: this machine is too busy."
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
                waited = time.monotonic() - job.waiting_since
                job.answering.queue_s = max(LEAST_QUEUE_S, waited - step.seconds)
                self.counted.first(waited, job.answering.queue_s)
            token, text = self._next_token(job)
            request.output.append(token)
            job.answering.grow(text if request.produced == 1 else b" " + text, token)
            last = request.produced >= request.max_new
            if last:
                del self.jobs[request.key]
                self.counted.last(request, time.monotonic() - job.waiting_since)
            if last or request.produced % self.profile.stream_interval == 0 or request.produced == 1:
                job.deliver(job.answering.events(request.produced, request.retractions, last=last), last)

    def _next_token(self, job: Job) -> tuple[int, bytes]:
        if self.zero:
            return 0, model.ZERO
        word = model.word(job.seed, job.request.produced - 1)
        return model.FIRST_ID + word, model.WORDS[word]


async def _until(deadline: float) -> None:
    ahead = deadline - time.monotonic() - SPIN_S
    if ahead > 0:
        await asyncio.sleep(ahead)
    await asyncio.sleep(0)
    while time.monotonic() < deadline:
        await asyncio.sleep(0)
