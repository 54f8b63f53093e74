"""Where a load may lie that gives more than the best measured one; a model only chooses where to look."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.capacity.probe import FLAT, Points, Standing
from slabench.messages import Message

SLACK = 0.006  # a load that could give so much more than the best is not looked for
# beside a load whose requests queue: a gap up to so many times wide gives no more than that load
NARROW = 1.1
# Loads so close to each other: what lies between them is not looked for, unless a graph ends there. Where
# graphs are not reported one may end anywhere, so it is looked for beside the best load.
BESIDE = 1.05
# the next loads above the one at which requests begin to wait, far and near
ABOVE_ROOM, BESIDE_ROOM = 1.25, 1.05
BELOW = 0.85  # the next load below the lowest measured one
EXPONENT = 0.6  # how TPOT grows with the load where one point is all that is known
CROWDED = 6  # measured loads around a gap: their line has been followed long enough, it is halved


@dataclass(frozen=True, slots=True)
class Mark:
    """A load that the server reports: its largest CUDA graph, the KV pool's room, the running cap."""

    load: int
    message: Message
    cliff: bool = False  # steps beyond it are slower at once (no CUDA graph)
    queues: bool = False  # requests beyond it wait for others' ends


@dataclass(frozen=True, slots=True)
class Ask:
    """Measure this load. rule_out: total tokens/s; the probe may end once it is sure to give fewer."""

    load: float
    why: Message
    rule_out: float | None = None


class Gaps:
    """What may be measured between the measured loads, and what the server reports; sizes: CUDA graphs."""

    def __init__(self, loads: Sequence[float], marks: Sequence[Mark], sizes: Sequence[int]) -> None:
        self.loads = tuple(loads)
        self.marks = sorted((mark for mark in marks if loads[0] <= mark.load), key=lambda mark: mark.load)
        self.sizes = sorted({*sizes, *(mark.load for mark in self.marks)} & set(loads))
        self.graphs = len(sizes) > 1  # of the largest one alone nothing follows for the loads below it

    def next(self, points: Points) -> Ask | None:
        """A load where more than the best may be given; None: there is none left."""
        best = max((known.value for known in points.holding.values()), default=0.0)
        fails = points.fails_above(points.highest) or math.inf
        # (not below the first load, the most it can give, its loads, between which)
        gaps: list[tuple[bool, float, list[float], float | None, float | None]] = []
        for low, high in itertools.pairwise([None, *points, None]):
            inside = [load for load in self.loads if (low or 0.0) < load < (high or math.inf)]
            if inside and (low is None or low < fails):
                most = math.inf if low is None else self._most(points, low, high, inside[-1])
                if most > (1 + SLACK) * best:
                    gaps.append((low is not None, most, inside, low, high))
        if not gaps:
            return None
        _, _, inside, low, high = max(gaps, key=lambda gap: gap[:2])
        aim, why = _below(points, best, inside[-1]) if low is None else self._aim(points, low, high, inside)
        load = min(inside, key=lambda known: (abs(known - aim), known))
        # All loads up to the gap's end are ruled out at once if this one gives so little that in proportion
        # they cannot give more.
        return Ask(load, why, (1 + SLACK) * best * load / inside[-1] if best and high is not None else None)

    def _most(self, points: Points, low: float, high: float | None, top: float) -> float:
        """Total tokens/s that a load above a measured one, up to `top` below the next, can give at most."""
        below = points[low]
        if high is None:
            before = max((load for load in points if load < low), default=None)
            grown = below.together or before is None or points[before].most < below.most * (1 - FLAT / 2)
            return math.inf if grown else below.most
        above = points[high]
        if not below.together:
            return 0.0 if above.standing is Standing.FAILS or points.flat(low) else math.inf
        if not above.together:  # requests begin to wait in this gap
            closed = high <= NARROW * low and points.flat(high)
        else:
            bounded = above.standing in (Standing.HOLDS, Standing.RULED_OUT)
            ends_inside = any(low < size < high for size in self.sizes)
            stair = ends_inside if self.graphs else points.best() in (low, high)
            closed = bounded and high <= BESIDE * low and not stair
        return 0.0 if closed else below.most * top / low

    def _aim(
        self, points: Points, low: float, high: float | None, inside: Sequence[float]
    ) -> tuple[float, Message]:
        """Where to look above a measured load, and why."""
        if any(mark.cliff and mark.load == low and low + 1 == inside[0] for mark in self.marks):
            return inside[0], Message("capacity.why.cliff")
        for mark in self.marks:
            if mark.load in inside:
                return mark.load, mark.message
        at, stress = points[low], points[low].stress or 0.25
        if high is None:
            if not at.together or any(mark.queues and mark.load == low for mark in self.marks):
                return low * ABOVE_ROOM, Message("capacity.why.above_queue")
            return low * min(max((1 / stress) ** (1 / EXPONENT), 1.1), 4), Message("capacity.why.all_hold")
        above, middle = points[high], math.sqrt(low * high)
        if above.standing is Standing.HOLDS:
            if at.together and not above.together:
                return low * BESIDE_ROOM, Message("capacity.why.queue")
            sizes = [float(size) for size in self.sizes if size in inside] or [middle]
            return min(sizes, key=lambda size: abs(size - middle)), Message("capacity.why.between")
        over, eighth = above.stress or 0.0, (high - low) / 8
        line = low + (1 - stress) / (over - stress) * (high - low) if over > stress else middle
        crowded = len([load for load in points if low / 2 < load < high * 2]) >= CROWDED
        aim = middle if crowded else min(max(line, low + eighth), high - eighth)
        return aim, Message("capacity.why.limit")


def _below(points: Points, best: float, top: float) -> tuple[float, Message]:
    """Where to look below the lowest measured load: where the limit may be, or where all loads up to `top`
    may be ruled out.
    """
    lowest, at = next(iter(points.items()))
    stress = at.stress or 1.0
    if at.standing in (Standing.FAILS, Standing.UNSURE):
        aim = lowest * (1 / stress) ** (1 / EXPONENT) if stress > 1 else lowest * BELOW**2
        return max(aim, lowest / 4), Message("capacity.why.none_holds")
    # how much more a request may get than here, before one of them could be the best
    slack = best * lowest / (at.most * top)
    return lowest * min(BELOW, max(slack, 1.0) ** (-1 / EXPONENT)), Message("capacity.why.below")
