"""Which load to measure next, and when the measured ones answer the question. Pure: no clock, no socket.

The answer is the load with the most total tokens/s of those that were measured and hold all objectives; of
those within TIE of it the smallest. The search ends when no load between, below or above the measured ones
could give more by SLACK, since the time in which all requests in flight get their answers does not fall as
the load rises: between a measured load and the next one no load gives more than (load / measured load) x
what the measured one gives. A plateau of two neighbours is no end (docs/capacity.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from slabench.capacity.gaps import Ask, Gaps, Mark
from slabench.capacity.probe import TIE, UNSURE_REPEATS, Points, Probe, Standing, point
from slabench.messages import Message
from slabench.verdict.sla import Slo

JUMP = 1.25  # two probes of one load this far apart were not made on the same server
NEAR = 1.003  # times its limit a load may still hold: what two runs of one server differ by
CLOSE = 0.99  # of its limit: an answer beyond that was measured twice
REPEATS = 2  # probes of each load that may be the best, where their intervals overlap
MOST_PROBES = 120


class Kind(StrEnum):
    """How a search ended."""

    FOUND = "FOUND"  # no measured load above the answer holds
    SERVER_LIMIT = "SERVER_LIMIT"  # loads above the answer hold and give no more
    RANGE_END = "RANGE_END"  # the most is given at the range's end
    NONE_HOLDS = "NONE_HOLDS"  # not even the range's beginning
    UNRESOLVED = "UNRESOLVED"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """How a search ended, and where."""

    kind: Kind
    load: float | None  # the answer; the range's beginning where none holds; if unresolved the best so far
    fails: float | None = None  # the lowest load measured above it that does not hold
    highest: float | None = None  # the highest load measured that holds
    detail: Message | None = None  # why it is unresolved


def grid(
    low: float, high: float, step: float, *, whole: bool, marks: Sequence[float] = ()
) -> tuple[float, ...]:
    """From low to high in steps of `step`, a share of the load (whole: at least 1), and each mark with the
    load after it.
    """
    loads, at = {low, high}, low
    while at < high:
        at = at + max(1, round(at * step)) if whole else at * (1 + step)
        loads.add(min(at, high))
    beside = {load for mark in marks for load in (mark, mark + 1) if whole and low <= load <= high}
    return tuple(sorted(loads | beside))


class Search:
    """One search. loads: what may be measured, rising; named: each of them, and no more (--capacity-grid)."""

    def __init__(
        self,
        loads: Sequence[float],
        rules: Sequence[Slo],
        *,
        marks: Sequence[Mark] = (),
        sizes: Sequence[int] = (),
        budget_s: float = math.inf,
        named: bool = False,
    ) -> None:
        self.rules, self.budget_s, self.named = tuple(rules), budget_s, named
        self.gaps = Gaps(loads, marks, sizes)
        self.loads, self.marks = self.gaps.loads, self.gaps.marks
        self.probes: list[Probe] = []
        self.whys: list[Message | None] = []

    def add(self, probe: Probe, why: Message | None = None) -> None:
        self.probes.append(probe)
        self.whys.append(why)

    @property
    def spent_s(self) -> float:
        return sum(probe.seconds for probe in self.probes)

    @property
    def points(self) -> Points:
        return Points(self.probes, self.rules)

    def next(self) -> Ask | SearchResult:
        """The next probe, or how it ended."""
        points = self.points
        if isinstance(step := self._decide(points), SearchResult):
            return step
        # a probe's time by the nearest one's: waves take longer as the load grows
        nearest = min(self.probes, key=lambda probe: abs(math.log(probe.load / step.load)), default=None)
        cost_s = 0.0 if nearest is None else nearest.seconds * max(1.0, step.load / nearest.load)
        spent = {"probes": len(self.probes), "spent_s": self.spent_s}
        if len(self.probes) >= MOST_PROBES:
            return self._answer(points, Message("capacity.budget.probes", **spent))
        if self.probes and self.spent_s + cost_s > self.budget_s:
            needs = {"load": step.load, "cost_s": cost_s, "budget_s": self.budget_s}
            return self._answer(points, Message("capacity.budget.seconds", **spent, **needs))
        return step

    def _decide(self, points: Points) -> Ask | SearchResult:
        if self.named:
            left = [load for load in self.loads if load not in points]
            return Ask(left[0], Message("capacity.why.grid")) if left else self._race(points)
        if not points:
            # the largest load before a cliff or a queue, or the middle of the range
            begin = self.marks[0].load if self.marks else math.sqrt(self.loads[0] * self.loads[-1])
            why = Message("capacity.why.reported" if self.marks else "capacity.why.first")
            return Ask(max((load for load in self.loads if load <= begin), default=self.loads[0]), why)
        for load in points:
            if self._changed(load):
                return self._answer(points, Message("capacity.changed", load=load))
        if (jumped := self._jumped(points)) is not None:
            return Ask(jumped, Message("capacity.why.jump"))
        return self.gaps.next(points) or self._race(points)

    def _changed(self, load: float) -> bool:
        """It certainly failed and certainly held, by far: the server was not the same for both (cold, or
        disturbed).
        """
        singly = [point([probe], self.rules) for probe in self.probes if probe.load == load]
        failed = [at.stress for at in singly if at.standing is Standing.FAILS and at.stress is not None]
        held = [at.stress for at in singly if at.standing is Standing.HOLDS and at.stress is not None]
        return min(failed, default=0.0) > JUMP * max(held, default=math.inf)

    def _jumped(self, points: Points) -> float | None:
        """A load that fails and is measured again before it is believed.

        The range's beginning, one below a load that holds, and one far beyond its limit next to a load that
        holds (unless the server's own description explains the cliff).
        """
        highest = points.highest
        explained = any(mark.cliff and mark.load == highest for mark in self.marks)
        next_to = min((load for load in self.loads if load > highest), default=None)
        beside = points[highest].stress if highest in points and not explained else None
        jump = JUMP * (beside or math.inf)
        for load, at in points.items():
            far = load == next_to and (at.stress or 0.0) > jump
            doubtful = load == self.loads[0] or load < highest or far
            if doubtful and at.standing is Standing.FAILS and at.probes < REPEATS:
                return load
        return None

    def _race(self, points: Points) -> Ask | SearchResult:
        holding, values = points.holding, points.levelled()
        most = max(values.values(), default=0.0)
        near = [
            load for load, at in points.items()
            if at.standing is Standing.UNSURE and at.most > (1 + TIE) * most and at.probes < UNSURE_REPEATS
            and at.stress is not None and at.stress <= NEAR
        ]  # fmt: skip
        if near:
            return Ask(max(near, key=lambda load: points[load].most), Message("capacity.why.near"))
        if not holding:
            return self._none(points)
        best = max(values, key=lambda load: values[load])
        if points[best].probes < REPEATS and (points[best].stress or 0.0) > CLOSE:
            return Ask(best, Message("capacity.why.near"))
        rivals = [
            load for load, known in holding.items()
            if known.high >= most and values[load] >= (1 - 2 * TIE) * most and points[load].together
        ]  # fmt: skip
        if len(rivals) > 1:
            least = min(rivals, key=lambda load: (points[load].probes, -values[load]))
            if points[least].probes < REPEATS:
                return Ask(least, Message("capacity.why.rival"))
        return self._answer(points)

    def _none(self, points: Points) -> SearchResult:
        for rule in self.rules:
            if any(rule.metric not in at.estimates for at in points.values() if at.estimates):
                return self._answer(points, Message("capacity.undefined", key=rule.metric))
        failed = all(at.standing is Standing.FAILS for at in points.values())
        if failed and (self.named or self.loads[0] in points):
            return SearchResult(Kind.NONE_HOLDS, self.loads[0], self.loads[0])
        return self._answer(points, Message("capacity.too_near"))

    def _answer(self, points: Points, detail: Message | None = None) -> SearchResult:
        """detail: why it is unresolved."""
        values, load = points.levelled(), points.best()
        fails, highest = points.fails_above(load or 0.0), points.highest
        if detail is not None:
            return SearchResult(Kind.UNRESOLVED, load, fails, highest or None, detail)
        leader = max(values, key=lambda known: (values[known], -known))
        if highest == leader == self.loads[-1]:
            return SearchResult(Kind.RANGE_END, load, fails, highest)
        if highest == leader and fails is not None:
            return SearchResult(Kind.FOUND, load, fails, highest)
        known = (Standing.HOLDS, Standing.RULED_OUT)
        top = max(measured for measured, at in points.items() if at.standing in known)
        return SearchResult(Kind.SERVER_LIMIT, load, fails, top)
