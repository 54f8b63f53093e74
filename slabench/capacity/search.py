"""Which load to measure next, and when the measured ones answer the question. Pure: no clock, no socket.

    answer      of the measured loads at which all objectives hold, the one with the most total tokens/s; of those within TIE of it
                the smallest. Its throughput was measured at that very load
    assumption  the time in which every request in flight gets its answer does not fall as the load rises. So between a measured
                load and the next one no load can give more than (load / measured load) x the measured load's throughput
    the end     no load between, below or above the measured ones could give more than the best by SLACK. A plateau of two
                neighbours is no end: throughput of a real server falls by 6 % at a stair and rises again (docs/capacity.md)

A model (a line through two neighbours, what the server reports of itself) only chooses where to look next.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from slabench.capacity.probe import UNSURE_REPEATS, Point, Probe, Standing, point
from slabench.verdict.sla import Slo

TIE = 0.005  # loads this close in tokens/s give as much: the smallest of them is the answer
SLACK = 0.006  # a load that could give so much more than the best is not looked for
# beside a load whose requests queue: a gap up to so many times wide gives no more than that load
NARROW = 1.1
FLAT = 0.02  # loads whose requests queue, this close in tokens/s: what lies between them gives as much
JUMP = 1.25  # two probes of one load this far apart were not made on the same server
# the next loads above the one at which requests begin to wait, far and near
ABOVE_ROOM, BESIDE_ROOM = 1.25, 1.05
# Loads so close to each other: what lies between them is not looked for, unless a graph ends there. Where
# graphs are not reported one may end anywhere, so it is looked for beside the best load.
BESIDE = 1.05
NEAR = 1.001  # a load whose figure is so little beyond a limit may hold
BELOW = 0.85  # the next load below the lowest measured one
EXPONENT = 0.6  # how TPOT grows with the load where one point is all that is known
REPEATS = 2  # probes of each load that may be the best, where their intervals overlap
CROWDED = 6  # measured loads around a gap: their line has been followed long enough, it is halved
MOST_PROBES = 120


class Kind(StrEnum):
    """How a search ended."""

    FOUND = "FOUND"  # no measured load above the answer holds
    SERVER_LIMIT = "SERVER_LIMIT"  # loads above the answer hold and give no more
    RANGE_END = "RANGE_END"  # the most is given at the range's end
    NONE_HOLDS = "NONE_HOLDS"  # not even the range's beginning
    UNRESOLVED = "UNRESOLVED"


class Why(StrEnum):
    """Why a search is UNRESOLVED."""

    BUDGET = "budget"
    CHANGED = "changed"  # the server was not the same for two probes of one load
    TOO_NEAR = "too_near"  # no load certainly holds
    UNDEFINED = "undefined"  # an objective's figure is not defined


@dataclass(frozen=True, slots=True)
class Mark:
    """A load that the server's own description names: the largest CUDA graph, the KV pool's room, the running
    cap.
    """

    load: int
    text: str
    cliff: bool = False  # steps beyond it are slower at once (no CUDA graph)
    queues: bool = False  # requests beyond it wait for others' ends


@dataclass(frozen=True, slots=True)
class Ask:
    """Measure this load. rule_out: the probe may end once it is sure to give fewer total tokens/s than this."""

    load: float
    why: str
    rule_out: float | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """load: the answer; the range's beginning where none holds; of an unresolved search the best measured so
    far, or None.
    """

    kind: Kind
    load: float | None
    fails: float | None = None  # the lowest load measured above it that does not hold
    highest: float | None = None  # the highest load measured that holds
    why: Why | None = None
    detail: str = ""


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
    return tuple(
        sorted(loads | {load for mark in marks for load in (mark, mark + 1) if whole and low <= load <= high})
    )


class Search:
    """One search. loads: what may be measured, rising. sizes: CUDA graph sizes, where steps jump."""

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
        """named: measure each of the loads, and no more (--capacity-grid)."""
        self.loads, self.rules, self.budget_s, self.named = tuple(loads), tuple(rules), budget_s, named
        self.marks = sorted(
            (mark for mark in marks if self.loads[0] <= mark.load), key=lambda mark: mark.load
        )
        self.sizes = tuple(sorted({*sizes, *(mark.load for mark in self.marks)} & set(self.loads)))
        self.graphs = len(sizes) > 1  # of the largest one alone nothing follows for the loads below it
        self.probes: list[Probe] = []

    def tell(self, probe: Probe) -> None:
        self.probes.append(probe)

    @property
    def spent_s(self) -> float:
        return sum(probe.seconds for probe in self.probes)

    def points(self) -> dict[float, Point]:
        """What is known of each measured load, rising."""
        by_load: dict[float, list[Probe]] = {}
        for probe in self.probes:
            by_load.setdefault(probe.load, []).append(probe)
        return {load: point(probes, self.rules) for load, probes in sorted(by_load.items())}

    def best(self) -> float | None:
        """The answer by what was measured so far."""
        holds = {
            load: at
            for load, at in self.points().items()
            if at.standing is Standing.HOLDS and at.throughput is not None
        }
        if not holds:
            return None
        value = _levelled(holds)
        most = max(value.values())
        return min(load for load in holds if value[load] >= (1 - TIE) * most)

    def next(self) -> Ask | SearchResult:
        """The next probe, or how it ended."""
        points = self.points()
        step = self._decide(points)
        if isinstance(step, SearchResult):
            return step
        cost = self._expected_s(step.load)
        if len(self.probes) >= MOST_PROBES or (self.probes and self.spent_s + cost > self.budget_s):
            spent = f"({self.spent_s:.0f} s of load in {len(self.probes)} probes)"
            more = f"a probe of {step.load:g} would take about {cost:.0f} s more"
            detail = f"the budget of {self.budget_s:g} s is spent {spent}, and {more}"
            if len(self.probes) >= MOST_PROBES:
                detail = f"{MOST_PROBES} probes did not settle it {spent}"
            return self._outcome(points, Kind.UNRESOLVED, Why.BUDGET, detail)
        return step

    def _expected_s(self, load: float) -> float:
        """A probe's time by the nearest one's: waves take longer as the load grows."""
        nearest = min(self.probes, key=lambda probe: abs(math.log(probe.load / load)), default=None)
        return 0.0 if nearest is None else nearest.seconds * max(1.0, load / nearest.load)

    def _decide(self, points: dict[float, Point]) -> Ask | SearchResult:
        if self.named:
            left = [load for load in self.loads if load not in points]
            return Ask(left[0], "named by --capacity-grid") if left else self._race(points)
        if not points:
            return Ask(
                self._first(),
                "the largest load that the server's own limits allow" if self.marks else "where to begin",
            )
        changed = self._changed()
        if changed is not None:
            detail = f"one probe of {changed:g} was far inside the limits and another one beyond them"
            return self._outcome(points, Kind.UNRESOLVED, Why.CHANGED, detail)
        again = self._jumped(points)
        if again is not None:
            return Ask(again, "again, since it is far from the load below it")
        return self._open_gap(points) or self._race(points)

    def _first(self) -> float:
        """The largest load before a cliff or a queue, or the middle of the range."""
        if self.marks:
            return self._at_most(self.marks[0].load)
        return self._at_most(math.sqrt(self.loads[0] * self.loads[-1]))

    def _at_most(self, load: float) -> float:
        return max((known for known in self.loads if known <= load), default=self.loads[0])

    def _changed(self) -> float | None:
        """A load that certainly failed and certainly held, by far: the server was not the same for both
        (cold, or disturbed).
        """
        for load in dict.fromkeys(probe.load for probe in self.probes):
            points = [point([probe], self.rules) for probe in self.probes if probe.load == load]
            stresses = [(at.standing, at.stress(self.rules)) for at in points]
            failed = [
                stress for standing, stress in stresses if standing is Standing.FAILS and stress is not None
            ]
            held = [
                stress for standing, stress in stresses if standing is Standing.HOLDS and stress is not None
            ]
            if failed and held and min(failed) > JUMP * max(held):
                return load
        return None

    def _jumped(self, points: dict[float, Point]) -> float | None:
        """A load that fails and is measured again before it is believed.

        The range's beginning, one below a load that holds, and one far beyond its limit next to a load that
        holds (unless the server's own description explains the cliff).
        """
        holds = max((load for load, at in points.items() if _holds(at)), default=0.0)
        cliffs = [mark.load for mark in self.marks if mark.cliff]
        for load, at in points.items():
            if at.standing is not Standing.FAILS or at.probes >= REPEATS:
                continue
            if load == self.loads[0]:
                return load
            below = max((known for known in points if known < load), default=None)
            next_to = below == holds and not [other for other in self.loads if holds < other < load]
            far = next_to and (at.stress(self.rules) or 0.0) > JUMP * (
                points[holds].stress(self.rules) or math.inf
            )
            if load < holds or (far and holds not in cliffs):
                return load
        return None

    # between, below and above the measured loads

    def _open_gap(self, points: dict[float, Point]) -> Ask | None:
        """A load where more than the best may be given; None: there is none left."""
        holds = max((load for load, at in points.items() if _holds(at)), default=0.0)
        fails = min(
            (load for load, at in points.items() if at.standing is Standing.FAILS and load > holds),
            default=math.inf,
        )
        best = max(
            (at.throughput.value for at in points.values() if _holds(at) and at.throughput), default=0.0
        )
        # (not below the first load, the most it can give, its loads, between which): the one below the first
        # load is taken last
        gaps: list[tuple[bool, float, list[float], float | None, float | None]] = []
        for low, high in itertools.pairwise([None, *points, None]):
            inside = [
                load for load in self.loads if (low is None or load > low) and (high is None or load < high)
            ]
            if inside and (low is None or low < fails):
                most = math.inf if low is None else self._most(points, low, high, inside[-1])
                if most > (1 + SLACK) * best:
                    gaps.append((low is not None, most, inside, low, high))
        if not gaps:
            return None
        _, _, inside, low, high = max(gaps, key=lambda gap: gap[:2])
        aim, why = (
            self._below(points, best, inside[-1]) if low is None else self._aim(points, low, high, inside)
        )
        load = min(inside, key=lambda known: (abs(known - aim), known))
        # All loads up to the gap's end are ruled out at once if this one gives so little that in proportion
        # they cannot give more.
        return Ask(load, why, (1 + SLACK) * best * load / inside[-1] if best and high is not None else None)

    def _most(self, points: dict[float, Point], low: float, high: float | None, top: float) -> float:
        """Total tokens/s that a load above a measured one, up to `top` below the next, can give at most."""
        below, above = points[low], points[high] if high is not None else None
        if above is None or high is None:
            before = max((load for load in points if load < low), default=None)
            grown = below.together or before is None or points[before].most < below.most * (1 - FLAT / 2)
            return math.inf if grown else below.most
        if not below.together:
            return 0.0 if above.standing is Standing.FAILS or _flat(points, low) else math.inf
        if not above.together:  # requests begin to wait in this gap
            closed = high <= NARROW * low and _flat(points, high)
        else:
            bounded = above.standing in (Standing.HOLDS, Standing.RULED_OUT)
            stair = (
                any(low < size < high for size in self.sizes) if self.graphs else self.best() in (low, high)
            )
            closed = bounded and high <= BESIDE * low and not stair
        return 0.0 if closed else below.most * top / low

    def _below(self, points: dict[float, Point], best: float, top: float) -> tuple[float, str]:
        """Where to look below the lowest measured load: where the limit may be, or where all loads up to
        `top` may be ruled out.
        """
        lowest, at = next(iter(points.items()))
        stress = at.stress(self.rules) or 1.0
        if at.standing in (Standing.FAILS, Standing.UNSURE):
            aim = lowest * (1 / stress) ** (1 / EXPONENT) if stress > 1 else lowest * BELOW**2
            return max(aim, lowest / 4), "no load holds so far"
        # how much more a request may get than here, before one of them could be the best
        slack = best * lowest / (at.most * top)
        return lowest * min(BELOW, max(slack, 1.0) ** (-1 / EXPONENT)), "below the loads that were measured"

    def _aim(
        self, points: dict[float, Point], low: float, high: float | None, inside: Sequence[float]
    ) -> tuple[float, str]:
        """Where to look above a measured load."""
        if any(mark.cliff and mark.load == low and low + 1 == inside[0] for mark in self.marks):
            return inside[0], "the first load beyond the largest CUDA graph"
        marks = [mark for mark in self.marks if mark.load in inside]
        if marks:
            return marks[0].load, marks[0].text
        at, stress = points[low], points[low].stress(self.rules) or 0.25
        if high is None:
            if not at.together or any(mark.queues and mark.load == low for mark in self.marks):
                return low * ABOVE_ROOM, "above the load at which requests begin to wait"
            return low * min(max((1 / stress) ** (1 / EXPONENT), 1.1), 4), "all loads hold so far"
        middle = math.sqrt(low * high)
        if points[high].standing is Standing.HOLDS:
            if at.together and not points[high].together:
                return low * BESIDE_ROOM, "where requests begin to wait"
            sizes = [float(size) for size in self.sizes if size in inside] or [middle]
            return min(
                sizes, key=lambda size: abs(size - middle)
            ), "between two loads, where more may be given"
        above, eighth = points[high].stress(self.rules) or 0.0, (high - low) / 8
        line = low + (1 - stress) / (above - stress) * (high - low) if above > stress else middle
        crowded = len([load for load in points if low / 2 < load < high * 2]) >= CROWDED
        return middle if crowded else min(
            max(line, low + eighth), high - eighth
        ), "where the limit is expected"

    # the best of the measured loads

    def _race(self, points: dict[float, Point]) -> Ask | SearchResult:
        holds = {load: at for load, at in points.items() if _holds(at) and at.throughput is not None}
        value = _levelled(holds)
        most = max(value.values(), default=0.0)
        near = [
            load for load, at in points.items()
            if at.standing is Standing.UNSURE and at.most > (1 + TIE) * most and at.probes < UNSURE_REPEATS
            and (stress := at.stress(self.rules)) is not None and stress <= NEAR
        ]  # fmt: skip
        if near:
            return Ask(
                max(near, key=lambda load: points[load].most), "again, since it is too near to the limit"
            )
        if not holds:
            return self._none(points)
        leader = max(holds, key=lambda load: value[load])
        rivals = [
            load
            for load in holds
            if holds[load].most >= value[leader] and value[load] >= (1 - 2 * TIE) * most
        ]
        together = [load for load in rivals if holds[load].together]
        if len(together) > 1:
            least = min(together, key=lambda load: (holds[load].probes, -value[load]))
            if holds[least].probes < REPEATS:
                return Ask(least, "again, since another load gives about as much")
        return self._outcome(points, None)

    def _none(self, points: dict[float, Point]) -> Ask | SearchResult:
        undefined = [
            rule.metric
            for rule in self.rules
            if any(rule.metric not in at.estimates for at in points.values() if at.estimates)
        ]
        if undefined:
            detail = f"{undefined[0]} is not defined for every probe, which may have too few requests for it"
            return self._outcome(points, Kind.UNRESOLVED, Why.UNDEFINED, detail)
        if all(at.standing is Standing.FAILS for at in points.values()) and (
            self.named or self.loads[0] in points
        ):
            return self._outcome(points, Kind.NONE_HOLDS)
        return self._outcome(
            points, Kind.UNRESOLVED, Why.TOO_NEAR, "no load holds its objectives beyond doubt"
        )

    def _outcome(
        self, points: dict[float, Point], kind: Kind | None, why: Why | None = None, detail: str = ""
    ) -> SearchResult:
        holds = {load: at for load, at in points.items() if _holds(at)}
        load = self.loads[0] if kind is Kind.NONE_HOLDS else self.best()
        fails = min(
            (at for at in points if points[at].standing is Standing.FAILS and at > (load or 0.0)),
            default=None,
        )
        if kind is Kind.NONE_HOLDS:
            fails = load
        highest = max(holds, default=None)
        if kind is None:
            value = _levelled(holds)
            leader = max(holds, key=lambda known: (value[known], -known))
            if highest == leader and leader == self.loads[-1]:
                kind = Kind.RANGE_END
            elif highest == leader and fails is not None:
                kind = Kind.FOUND
            else:
                kind = Kind.SERVER_LIMIT
                highest = max(
                    load for load, at in points.items() if at.standing in (Standing.HOLDS, Standing.RULED_OUT)
                )
        return SearchResult(kind, load, fails, highest, why, detail)


def _holds(at: Point) -> bool:
    return at.standing is Standing.HOLDS


def _flat(points: dict[float, Point], load: float) -> bool:
    """Whether a load whose requests wait gives the same as the next measured one, so that what lies between
    gives it too."""
    after = min((other for other in points if other > load), default=load)
    pair = [points[at].throughput for at in (load, after)]
    values = [measured.value for measured in pair if measured is not None]
    return after > load and len(values) == 2 and max(values) < (1 + FLAT) * min(values)


def _levelled(holds: dict[float, Point]) -> dict[float, float]:
    """Total tokens/s by load. Loads whose requests queue and whose intervals overlap share one: more of them
    only wait longer.
    """
    value = {load: at.throughput.value for load, at in holds.items() if at.throughput is not None}
    queued = {
        load: at.throughput for load, at in holds.items() if not at.together and at.throughput is not None
    }
    if len(queued) > 1:
        low = max(queued.values(), key=lambda measured: measured.value).low
        alike = {load: measured for load, measured in queued.items() if measured.high >= low}
        weights = {
            load: 1 / max(measured.half, 1e-9 * measured.value) ** 2 for load, measured in alike.items()
        }
        mean = sum(alike[load].value * weight for load, weight in weights.items()) / sum(weights.values())
        value |= dict.fromkeys(alike, mean)
    return value
