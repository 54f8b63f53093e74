"""The load that gives as much as any: whether throughput still grows, where it is within 1 % of the most, and how surely.

Every function looks at a Curve and says what it knows, or which load would tell (Missing).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.verdict.capacity_curve import NEARBY, Curve
from slabench.verdict.capacity_probe import Standing

WITHIN = 0.01  # of the most tokens/s: loads that give as much
FLAT_LOAD = 1.15  # so much more load that gives no more tokens/s than WITHIN is a limit of the server's own
REPEATS = 2  # probes of one load
BY_CHANCE = 0.05  # wider intervals come from a way of counting that another probe would share (capacity_interval.RAMP_SHARE)


@dataclass(frozen=True, slots=True)
class Answer:
    """Places on the grid: the smallest load within WITHIN of the most, and the interval (95 %) it lies in."""

    place: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A load to probe, by its place, and what for. settled: see capacity.Ask."""

    place: int
    why: str
    settled: bool = False


def place_of(loads: Sequence[float], load: float) -> int:
    """The highest place on the grid whose load is not above this one."""
    return max((place for place, one in enumerate(loads) if one <= load * (1 + 1e-9)), default=0)


def flat(curve: Curve, bound: float, room: float | None) -> int | None:
    """A place that gives the most tokens/s, above which no load gives more: the server's own limit. None while it may grow.

    bound: the load up to which it might grow. room: what the server says that it runs at once.
    """
    loads, points = curve.loads, curve.points
    usable = [place for place, one in points.items() if one.standing is not Standing.FAILS]
    if not usable:
        return None
    best = max(usable, key=lambda place: points[place].throughput.value)
    for place in usable:
        if place > best and (
            points[place].throughput.high < points[best].throughput.low or loads[place] >= FLAT_LOAD * loads[best]
        ):
            return best
    queued = [place for place in usable if place in curve.queued]
    if queued:
        full = max(queued, key=lambda place: points[place].throughput.value)
        level = sum(points[place].throughput == points[full].throughput for place in queued)
        # Two loads that queue give the same; the range ends there; or the server says that its room ends below the first of them.
        if level > 1 or queued[-1] == len(loads) - 1 or (room is not None and loads[queued[0]] > room):
            return full
    # The most was seen at the top, by no more than what counts as equal; nor will it be more than that at the bound, if it goes on
    # as between the two.
    for place in usable:
        span, gain = loads[best] / loads[place], points[best].throughput.value / points[place].throughput.value
        if span >= FLAT_LOAD and gain <= 1 + WITHIN and math.log(gain) * math.log(bound / loads[place]) / math.log(span) <= WITHIN:
            return best
    return None


def smallest(curve: Curve, top: int, sure: int, most: int) -> Answer | Missing:
    """The smallest load within WITHIN of the most. top: the highest that it may be.

    sure, most: the places with the most tokens/s among loads that certainly hold, and among those that may.
    """
    slope = _slope(curve)
    if slope is not None:
        return slope
    found = _reach(curve, top, most, 0.0)
    missing = _missing(curve, found) if found > 0 else None
    if missing is not None:
        return missing
    low, high = _reach(curve, top, most, 1.0), _reach(curve, top, most, -1.0)
    if high - low > 1:
        again = _again(curve, found, most)
        if again is not None:
            return again
    # Loads that may hold are part of the doubt too, and another probe of a throughput would not take it away.
    return Answer(found, min(low, _reach(curve, top, sure, 1.0)), _reach(curve, max(top, most), most, -1.0))


def _reach(curve: Curve, top: int, most: int, sign: float) -> int:
    """Downwards from top as long as it gives enough; by the interval's upper end (1), its middle (0) or its lower end (-1)."""
    place = top
    while place > 0:
        ratio, half = curve.ratio(place - 1, most)
        if ratio + sign * half < 1 - WITHIN:
            break
        place -= 1
    return place


def _lower(curve: Curve, place: int) -> int:
    """Nearby, below it."""
    return min(place_of(curve.loads, curve.loads[place] / NEARBY), place - 1)


def _slope(curve: Curve) -> Missing | None:
    """A second load whose requests run together, where there are not two: a line needs them."""
    lowest = min([*curve.together, *curve.queued])
    if len(curve.together) > 1 or (lowest == 0 and not curve.together):
        return None
    waits = [place for place in curve.queued if place > lowest]
    if curve.together and waits and waits[0] - lowest > 1 and curve.loads[waits[0]] > NEARBY * curve.loads[lowest]:
        middle = place_of(curve.loads, math.sqrt(curve.loads[lowest] * curve.loads[waits[0]]))
        return Missing(min(max(middle, lowest + 1), waits[0] - 1), "where throughput stops growing")
    return Missing(_lower(curve, lowest), "how throughput grows below its limit") if lowest > 0 else None


def _missing(curve: Curve, found: int) -> Missing | None:
    """What to probe until the curve at the answer is known: between neighbours, or two loads nearby that both ran together."""
    below, above = curve.bracket(found)
    if below is None:
        return Missing(_lower(curve, found), "how throughput grows below the answer")
    if above is None or above - below == 1:
        return None
    if below in curve.together and above in curve.together and below >= _lower(curve, above):
        return None
    if found not in curve.points:
        return Missing(found, "where throughput stops growing")
    return Missing(max(below + 1, _lower(curve, found)), "how throughput grows below the answer")


def _again(curve: Curve, found: int, most: int) -> Missing | None:
    """The probe behind the answer that is known worst: of the level, or of the line next to the answer."""
    points = curve.points

    def open_(places: Sequence[int]) -> list[int]:
        usable = [one for one in places if points[one].standing is not Standing.FAILS and points[one].probes < REPEATS]
        return [one for one in usable if points[one].throughput.half <= BY_CHANCE * points[one].throughput.value]

    shared = [one for one in curve.queued if most in curve.queued and points[one].throughput == points[most].throughput]
    level = open_(shared)[:1]  # the lowest load takes least time
    line = sorted(open_(curve.together), key=lambda one: abs(one - found))
    near = [one for one in line if 1 / NEARBY <= curve.loads[one] / curve.loads[found] <= NEARBY][:1]
    there, here = curve.at(most), curve.at(found)
    wanted = [*level, *near] if there.half / there.value > here.half / here.value else [*near, *level]
    return Missing(wanted[0], "again, since the answer hangs on its throughput", settled=True) if wanted else None
