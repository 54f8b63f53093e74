"""The highest load at which all objectives hold: a decision that asks for probes, is told what they gave, and ends in a sentence.

Pure: no clock, no socket. `Search.next()` is the next load to probe, or the outcome; `Search.tell()` takes a probe.

    objective  the most total tokens/s among the loads at which all rules hold, and of the loads within 1 % of it the smallest
    loads      a grid (integers, further apart than that where a step of the resolution is more), assumed to get worse upwards
    a probe    holds if every interval is inside its limit, fails if one is outside, and is unsure otherwise
    the end    neighbours on the grid, one that holds and one that fails. One unsure load between them is said (the answer is
               the one below); more than one are probed again, and then the limit is UNRESOLVED
    the other  throughput that no longer grows with the load: the limit is the server's own, and the load is where it began
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from slabench.verdict.capacity_answer import FLAT_LOAD, REPEATS, Missing, flat, place_of, smallest
from slabench.verdict.capacity_curve import Curve, levelled
from slabench.verdict.capacity_interval import floor_of, pooled
from slabench.verdict.capacity_probe import Point, Probe, Standing
from slabench.verdict.sla import Slo

NEAR = 0.9  # of a limit: from there on a line to it is short
ABOVE_ROOM = 1.25  # where to look whether the server's room is its limit
EXPONENT = 0.6  # how TPOT grows with the load where one point is all that is known
MOST_PROBES = 24


class Kind(StrEnum):
    """How a search ended."""

    FOUND = "FOUND"
    SERVER_LIMIT = "SERVER_LIMIT"  # throughput is flat or falls above the answer: running cap, KV pool, saturation
    RANGE_END = "RANGE_END"  # all loads hold up to the range's end
    NONE_HOLDS = "NONE_HOLDS"  # not even the range's beginning
    UNRESOLVED = "UNRESOLVED"


@dataclass(frozen=True, slots=True)
class Room:
    """How many requests of this length the server can run at once, and what limits that, in words."""

    load: int
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Probe this load next. settled: its first wave alone would not do, however far from the limits it is."""

    load: float
    why: str
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """load: the answer, the range's beginning where none holds, None where nobody can say. unsure: too near to the limit.

    low, high: the loads between which the answer lies, as far as the probes can tell (95 %); None without an answer.
    """

    kind: Kind
    load: float | None
    holds: float | None = None  # the highest load that certainly holds
    fails: float | None = None  # the lowest above it that certainly does not
    unsure: tuple[float, ...] = ()
    above: float | None = None  # SERVER_LIMIT: where throughput was seen to grow no more
    why: str = ""  # UNRESOLVED
    low: float | None = None
    high: float | None = None


def grid(low: float, high: float, step: float, *, whole: bool) -> tuple[float, ...]:
    """From low to high in steps of `step` (a share of the load), whole numbers at least 1 apart."""
    found, at = [low], low
    while at < high:
        at = at + max(1, round(at * step)) if whole else at * (1 + step)
        found.append(min(at, high))
    return tuple(found)


class Search:
    """One search. room: where the server says itself how much it runs at once; budget_s: of load, for all probes together."""

    def __init__(
        self, loads: Sequence[float], rules: Sequence[Slo], *, room: Room | None = None, budget_s: float = math.inf
    ) -> None:
        self.loads, self.rules, self.room, self.budget_s = tuple(loads), tuple(rules), room, budget_s
        self.probes: list[Probe] = []
        self._width = len(self.loads) + 2
        self._slow = 0  # asks in a row that did not halve the bracket

    def tell(self, probe: Probe) -> None:
        self.probes.append(probe)

    @property
    def spent_s(self) -> float:
        return sum(one.seconds for one in self.probes)

    def points(self) -> dict[int, Point]:
        """What is known of each probed load, by its place on the grid; loads that queue share one throughput."""
        return levelled(self.measured())

    def measured(self) -> dict[int, Point]:
        """What the probes of each load say themselves."""
        by_place: dict[int, list[Probe]] = {}
        for one in self.probes:
            by_place.setdefault(self.loads.index(one.load), []).append(one)
        return {place: self._pooled(probes) for place, probes in sorted(by_place.items())}

    def _pooled(self, probes: Sequence[Probe]) -> Point:
        # A first wave is what there is until a steady one was measured; a mean of both would be neither.
        found = [one for one in probes if not one.ramp] or probes
        keys = [key for key in found[0].estimates if all(key in one.estimates for one in found)]
        return Point(
            {key: pooled([one.estimates[key] for one in found], floor_of(key)) for key in keys},
            tuple(self.rules),
            len(found),
            all(one.together for one in found),
            all(one.ramp for one in found),
        )

    def next(self) -> Ask | Outcome:
        """The next probe, or how it ended."""
        points = self.points()
        found = self._decide(points)
        if isinstance(found, Outcome):
            return found
        if len(self.probes) >= MOST_PROBES:
            return self._unresolved(points, f"{MOST_PROBES} probes did not settle it")
        cost = self._expected_s(found.load)
        if self.probes and self.spent_s + cost > self.budget_s:
            return self._unresolved(
                points,
                f"the budget of {self.budget_s:g} s is spent ({self.spent_s:.0f} s of load), and a probe of {found.load:g} would "
                f"take about {cost:.0f} s more",
            )
        return found

    def _expected_s(self, load: float) -> float:
        """A probe's time by the last ones': waves take longer as the load grows."""
        nearest = min(self.probes, key=lambda one: abs(math.log(one.load / load)), default=None)
        return 0.0 if nearest is None else nearest.seconds * max(1.0, load / nearest.load)

    def _decide(self, points: dict[int, Point]) -> Ask | Outcome:
        if not points:
            return Ask(self.loads[self._first()], "where to begin")
        holds = [place for place, one in points.items() if one.standing is Standing.HOLDS]
        fails = [place for place, one in points.items() if one.standing is Standing.FAILS]
        h, f = max(holds, default=-1), min(fails, default=len(self.loads))
        if h > f:
            why = f"a load of {self.loads[h]:g} holds and one of {self.loads[f]:g} does not: no figure grows with the load"
            return self._unresolved(points, why)
        if f == 0:
            return Outcome(Kind.NONE_HOLDS, self.loads[0], fails=self.loads[0])
        bound = self.loads[min(f, len(self.loads) - 1)]
        best = flat(Curve(self.loads, points), bound, None if self.room is None else self.room.load)
        if best is not None:
            return self._answer(points, Kind.SERVER_LIMIT, best)
        if h == len(self.loads) - 1:
            return self._answer(points, Kind.RANGE_END, h)
        open_places = [place for place in range(h + 1, f) if place not in points]
        if not open_places:
            return self._closed(points, h, f)
        return self._approach(points, h, f)

    def _first(self) -> int:
        """Where the server's own room ends, or the middle of the range."""
        if self.room is not None and self.loads[0] <= self.room.load:
            return place_of(self.loads, self.room.load)
        return place_of(self.loads, math.sqrt(self.loads[0] * self.loads[-1]))

    # the objectives' limit

    def _approach(self, points: dict[int, Point], h: int, f: int) -> Ask:
        """Towards the load at which the tightest rule reaches its limit."""
        unsure = [place for place in points if h < place < f]
        if unsure:
            below, above = min(unsure) - 1, max(unsure) + 1
            if below > h:
                return Ask(self.loads[below], "below a load that is too near to the limit")
            if above < f:
                return Ask(self.loads[above], "above a load that is too near to the limit")
        if h >= 0 and f < len(self.loads):
            return Ask(self.loads[self._between(points, h, f)], "where the limit is expected")
        if f == len(self.loads):
            return self._upwards(points, h)
        return self._downwards(points, f)

    def _between(self, points: dict[int, Point], h: int, f: int) -> int:
        low, high = self.loads[h], self.loads[f]
        below, above = points[h].stress, points[f].stress
        self._slow = 0 if f - h <= self._width / 2 else self._slow + 1
        self._width = min(self._width, f - h)
        aim = math.sqrt(low * high)  # where the limit is a step and not a slope
        if self._slow < 2 and above > below:
            aim = low + (1 - below) / (above - below) * (high - low)
        return min(max(place_of(self.loads, aim), h + 1), f - 1)

    def _upwards(self, points: dict[int, Point], h: int) -> Ask:
        """All hold so far: to where two points' line, or one point's guess, reaches the limit."""
        load, room = self.loads[h], self.room
        if room is not None and load <= room.load < load * FLAT_LOAD and points[h].stress < NEAR:
            return Ask(self._upto(h, room.load * ABOVE_ROOM), "above what the server runs at once")
        stress = points[h].stress
        lower = [place for place in points if place < h]
        aim = load * (1 / stress) ** (1 / EXPONENT)
        if lower and points[lower[-1]].stress < stress:
            slope = (stress - points[lower[-1]].stress) / (load - self.loads[lower[-1]])
            aim = load + (1 - stress) / slope
        # Far below the limit a step is large enough to show throughput that no longer grows. Once requests wait for each other more
        # load costs time and tells little.
        least = load * FLAT_LOAD * 1.1 if stress < NEAR else load
        aim = min(max(aim, least), load * (4 if points[h].together else ABOVE_ROOM))
        return Ask(self._upto(h, aim), "all loads hold so far")

    def _upto(self, h: int, aim: float) -> float:
        return self.loads[min(max(place_of(self.loads, aim), h + 1), len(self.loads) - 1)]

    def _downwards(self, points: dict[int, Point], f: int) -> Ask:
        load, stress = self.loads[f], points[f].stress
        higher = [place for place in points if place > f]
        aim = load * (1 / stress) ** (1 / EXPONENT)
        if higher and points[higher[0]].stress > stress:
            slope = (points[higher[0]].stress - stress) / (self.loads[higher[0]] - load)
            aim = load - (stress - 1) / slope
        aim = min(max(aim, load / 4), load / 1.05)
        return Ask(self.loads[min(max(place_of(self.loads, aim), 0), f - 1)], "no load holds so far")

    def _closed(self, points: dict[int, Point], h: int, f: int) -> Ask | Outcome:
        """Nothing is left to probe between what holds and what fails."""
        unsure = [place for place in points if h < place < f]
        if h >= 0 and len(unsure) <= 1:
            return self._answer(points, Kind.FOUND if f < len(self.loads) else Kind.RANGE_END, h)
        again = [place for place in unsure if points[place].probes < REPEATS]
        if again:
            return Ask(self.loads[again[0]], "again, since it is too near to the limit")
        return self._unresolved(points, "the intervals of these loads contain the limit, however often they are probed")

    # the load that gives as much

    def _answer(self, points: dict[int, Point], kind: Kind, top: int) -> Ask | Outcome:
        """The smallest load within 1 % of the most tokens/s among those that hold: what is missing for it, or the outcome."""
        limited = kind is Kind.SERVER_LIMIT
        curve = Curve(self.loads, points)
        holds = [place for place, one in points.items() if one.standing is Standing.HOLDS and (limited or place <= top)]
        fails = min((place for place, one in points.items() if one.standing is Standing.FAILS), default=None)
        above = len(self.loads) if fails is None else fails
        unsure = [place for place, one in points.items() if one.standing is Standing.UNSURE and (limited or top < place < above)]
        if not holds:
            return self._unresolved(points, "the load with the most tokens/s is too near to the limit")
        # A load that may hold may be the one with the most: what is within 1 % of that is within 1 % either way.
        sure = curve.most(holds)
        most = curve.most([*holds, *unsure])
        found = smallest(curve, top, sure, most)
        if isinstance(found, Missing):
            return Ask(self.loads[found.place], found.why, found.settled)
        held = min((place for place in holds if place >= found.place), default=None) if limited else top
        if held is None:
            return self._unresolved(points, "the load with the most tokens/s is too near to the limit")
        return Outcome(
            kind,
            self.loads[found.place],
            holds=self.loads[held],
            fails=None if fails is None else self.loads[fails],
            unsure=() if limited else tuple(self.loads[place] for place in unsure),
            above=self.loads[max([held, *curve.queued, *holds])] if limited else None,
            low=self.loads[found.low],
            high=self.loads[found.high],
        )

    def _unresolved(self, points: dict[int, Point], why: str) -> Outcome:
        def loads(standing: Standing) -> list[float]:
            return [self.loads[place] for place, one in points.items() if one.standing is standing]

        fails = min(loads(Standing.FAILS), default=None)
        unsure = tuple(loads(Standing.UNSURE))
        undefined = [rule.metric for rule in self.rules if any(rule.metric not in one.estimates for one in points.values())]
        if undefined:
            why = f"{undefined[0]} is not defined for every probe, which may have too few requests for it"
        return Outcome(Kind.UNRESOLVED, None, max(loads(Standing.HOLDS), default=None), fails, unsure, why=why)
