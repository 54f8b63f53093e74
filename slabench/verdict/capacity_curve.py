"""Throughput over the load, from probes: a line while all requests run together, one level once they wait for each other.

the line   load / throughput, the time in which everybody gets a token, grows with the load as a line does: by least squares
           through the loads nearby, so that no single probe's noise decides
the level  where requests wait for each other more of them makes a longer queue and nothing else: what such loads gave, as far
           as their intervals cannot tell it from the most of them, is one throughput
the knee   in between, unprobed: the line, as far as the level
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from slabench.verdict.capacity_interval import EXACT, Estimate, level
from slabench.verdict.capacity_probe import THROUGHPUT, Point, Standing

NEARBY = 1.4  # loads up to so many times apart: over more than that the time of a token bends


@dataclass(frozen=True, slots=True)
class Line:
    """load / throughput = base + slope * load. cov: of the two, in squared half-widths (95 %)."""

    base: float
    slope: float
    cov: tuple[float, float, float]  # of base, of both, of slope

    def time(self, load: float) -> float:
        return self.base + self.slope * load

    def share(self, load: float, other: float | None = None) -> float:
        """Half-width of throughput at this load, or of its ratio to the other load's, as a share.

        Both loads are on one line, so what is wrong with the line as a whole falls out of the ratio.
        """
        at = 1 / self.time(load), load / self.time(load)
        if other is not None:
            at = at[0] - 1 / self.time(other), at[1] - other / self.time(other)
        b, both, s = self.cov
        return math.sqrt(max(0.0, at[0] ** 2 * b + 2 * at[0] * at[1] * both + at[1] ** 2 * s))


def fitted(loads: Sequence[float], throughputs: Sequence[Estimate]) -> Line | None:
    """Weighted least squares through (load, load / throughput); None where the loads are fewer than two, or no line grows."""
    times = [load / one.value for load, one in zip(loads, throughputs, strict=True)]
    halves = [max(one.half / one.value, EXACT) * time for one, time in zip(throughputs, times, strict=True)]
    weights = [1 / half**2 for half in halves]
    total = sum(weights)
    middle = sum(w * x for w, x in zip(weights, loads, strict=True)) / total if total else 0.0
    wide = sum(w * (x - middle) ** 2 for w, x in zip(weights, loads, strict=True))
    if len(loads) < 2 or wide <= 0:
        return None
    mean = sum(w * y for w, y in zip(weights, times, strict=True)) / total
    slope = sum(w * (x - middle) * (y - mean) for w, x, y in zip(weights, loads, times, strict=True)) / wide
    base = mean - slope * middle
    # Further from the line than the intervals say: they are taken for that much wider (capacity_interval.level does so too).
    chi2 = sum(4 * w * (y - base - slope * x) ** 2 for w, x, y in zip(weights, loads, times, strict=True))
    scale = max(1.0, chi2 / (len(loads) - 2)) if len(loads) > 2 else 1.0
    cov = scale * (1 / total + middle**2 / wide), -scale * middle / wide, scale / wide
    return Line(base, slope, cov) if all(base + slope * x > 0 for x in loads) else None


def levelled(points: Mapping[int, Point]) -> dict[int, Point]:
    """The same, with one throughput for the loads that queue and whose interval reaches that of the most among them."""
    queued = {place: one for place, one in points.items() if not one.together and one.standing is not Standing.FAILS}
    if len(queued) < 2:
        return dict(points)
    most = max((one.throughput for one in queued.values()), key=lambda one: one.value)
    alike = {place: one for place, one in queued.items() if one.throughput.high >= most.low}
    shared = level([one.throughput for one in alike.values()])
    return dict(points) | {place: replace(one, estimates={**one.estimates, THROUGHPUT: shared}) for place, one in alike.items()}


class Curve:
    """loads: the grid. points: what is known, levelled, by place."""

    def __init__(self, loads: Sequence[float], points: Mapping[int, Point]) -> None:
        self.loads, self.points = loads, points
        self.together = sorted(place for place, one in points.items() if one.together)
        self.queued = sorted(place for place, one in points.items() if not one.together and one.standing is not Standing.FAILS)

    def at(self, place: int) -> Estimate:
        """Throughput there, probed or not."""
        if place in self.queued:
            return self.points[place].throughput
        below = [one for one in self.queued if one < place]
        if below:
            return self.points[below[-1]].throughput
        line = self.line(place)
        if line is None:
            nearest = min(self.points, key=lambda one: abs(one - place))
            return self.points[nearest].throughput
        value, share = self.loads[place] / line.time(self.loads[place]), line.share(self.loads[place])
        found = Estimate(value, value * (1 - share), value * (1 + share), 0)
        above = [self.points[one].throughput for one in self.queued]
        if above and place not in self.together and above[0].value < value:
            return above[0]
        return found

    def line(self, place: int) -> Line | None:
        """Through the loads nearby that ran together, with at least the next on either side, or the next two on one."""
        load = self.loads[place]
        near = {one for one in self.together if load / NEARBY <= self.loads[one] * (1 + EXACT) and self.loads[one] <= load * NEARBY}
        below = [one for one in self.together if one <= place]
        above = [one for one in self.together if one > place]
        near |= {*below[-1:], *above[:1]}
        if len(near) < 2:
            near |= {*below[-2:], *above[:2]}
        chosen = sorted(near)
        return fitted([self.loads[one] for one in chosen], [self.points[one].throughput for one in chosen])

    def ratio(self, place: int, most: int) -> tuple[float, float]:
        """(throughput there as a share of that at most, its half-width)."""
        here, there = self.at(place), self.at(most)
        if here == there:
            return 1.0, 0.0
        ratio = here.value / there.value
        if most in self.queued:
            return ratio, ratio * math.hypot(here.half / here.value, there.half / there.value)
        line = self.line(most)
        if line is None:
            return ratio, ratio * math.hypot(here.half / here.value, there.half / there.value)
        return ratio, ratio * line.share(self.loads[place], self.loads[most])

    def most(self, places: Sequence[int]) -> int:
        """The one with the most tokens/s; the level's, unless another certainly gives more.

        The highest of several noisy figures is too high by its own noise, and the level is what more than one of them say.
        """
        best = max(places, key=lambda place: self.at(place).value)
        level = max((one for one in places if one in self.queued), key=lambda place: self.at(place).value, default=best)
        return level if self.at(level).high >= self.at(best).low else best

    def bracket(self, place: int) -> tuple[int | None, int | None]:
        """(the highest probed load below it, the lowest probed one from it on), of those that the curve goes through."""
        known = sorted({*self.together, *self.queued})
        return max((one for one in known if one < place), default=None), min((one for one in known if one >= place), default=None)
