"""A load against the embedded server's model in virtual time: hours of a run in seconds of CPU time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from slabench.sim.forward import Request
from slabench.sim.scheduler import Scheduler


@dataclass(slots=True)
class Timing:
    """One request, seconds of virtual time; tokens: the time of each."""

    due: float
    sent: float = 0.0
    tokens: list[float] = field(default_factory=list)
    retractions: int = 0

    @property
    def ttft(self) -> float:
        return self.tokens[0] - self.sent

    @property
    def tpot(self) -> float:
        return (self.tokens[-1] - self.tokens[0]) / (len(self.tokens) - 1)


def run(
    scheduler: Scheduler, lengths: Sequence[tuple[int, int]], due: Sequence[float], cap: int | None = None
) -> list[Timing]:
    """lengths: (prompt, output) of each request; due: seconds, never falling; cap: in flight at most, as
    behind a semaphore.
    """
    timings = [Timing(when) for when in due]
    upcoming = deque(range(len(due)))
    behind: deque[int] = deque()  # due, and held back by the cap
    now, flying = 0.0, 0

    def send(index: int, at: float) -> None:
        nonlocal flying
        flying += 1
        timings[index].sent = at
        scheduler.add(Request(index, *lengths[index]))

    while upcoming or behind or flying:
        while upcoming and due[upcoming[0]] <= now:
            index = upcoming.popleft()
            if cap is None or flying < cap:
                send(index, due[index])
            else:
                behind.append(index)
        step = scheduler.step()
        if step is None:
            now = max(now, due[upcoming[0]])
            continue
        now += step.seconds
        for request in step.emitted:
            timings[request.key].tokens.append(now)
        for request in step.finished:
            timings[request.key].retractions = request.retractions
            flying -= 1
            if behind:
                send(behind.popleft(), now)
    return timings
