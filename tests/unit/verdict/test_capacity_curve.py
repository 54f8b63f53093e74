"""Throughput over the load, by hand: the line, the level, the knee between them, and how surely each is known."""

from __future__ import annotations

import pytest

from slabench.verdict.capacity_curve import Curve, fitted, levelled
from slabench.verdict.capacity_interval import Estimate, level
from slabench.verdict.capacity_probe import THROUGHPUT, Point
from slabench.verdict.sla import parse

RULES = (parse("tpot.mean<=50"),)
LOADS = tuple(float(load) for load in range(1, 41))


def around(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half, 100)


def point(throughput: float, half: float, *, together: bool = True, tpot: float = 40.0, ramp: bool = False) -> Point:
    return Point({"tpot.mean": around(tpot, 0.1), THROUGHPUT: around(throughput, half)}, RULES, 1, together, ramp)


def place(load: float) -> int:
    return LOADS.index(load)


def line(load: float) -> float:
    """load / throughput = (10 + 0.5 load) / 1000."""
    return 1000 * load / (10 + 0.5 * load)


def test_a_line_is_what_it_was_made_from() -> None:
    found = fitted([10, 14, 20], [around(line(load), 1.0) for load in (10, 14, 20)])
    assert found is not None
    assert (found.base, found.slope) == (pytest.approx(0.010), pytest.approx(0.0005))
    assert found.share(14) < 1.0 / line(14)  # three know it better than one


def test_of_two_loads_on_one_line_the_ratio_is_known_better_than_either() -> None:
    """Two probes 5 % apart: whatever is wrong with both falls out of their ratio."""
    found = fitted([20, 30], [around(line(load), 0.01 * line(load)) for load in (20, 30)])
    assert found is not None
    assert found.share(29, 30) < 0.15 * found.share(30)
    curve = Curve(LOADS, {place(load): point(line(load), 0.01 * line(load)) for load in (20.0, 30.0)})
    assert curve.ratio(place(29), place(30)) == (pytest.approx(line(29) / line(30)), pytest.approx(found.share(29, 30), rel=0.02))


def test_figures_further_apart_than_their_intervals_are_taken_for_less_sure() -> None:
    """10, 14 with half-width 1: mean 12, half 1/sqrt(2) times the root of chi squared, (2 x 4 x (2/1)^2 = 32) / 1."""
    found = level([around(10, 1), around(14, 1)])
    assert (found.value, found.half) == (pytest.approx(12), pytest.approx(32**0.5 / 2**0.5))
    assert level([around(10, 1), around(10, 1)]).half == pytest.approx(1 / 2**0.5)
    assert level([around(10, 1), around(11, 100)]).value == pytest.approx(10, abs=0.001)


def test_loads_that_queue_are_one_level_only_as_far_as_their_intervals_meet() -> None:
    """500 and 504 do at a half-width of 5; 480 does not: there throughput still grew, though requests waited."""
    points = {place(30): point(480, 5, together=False), place(33): point(500, 5, together=False)}
    points[place(36)] = point(504, 5, together=False)
    found = levelled(points)
    assert found[place(33)].throughput == found[place(36)].throughput
    assert found[place(33)].throughput.value == pytest.approx(502)
    assert found[place(30)].throughput.value == 480


def test_the_curve_has_a_knee_between_the_line_and_the_level() -> None:
    """20 and 26 run together, 34 queues at the line's value of 30: 28 is on the line, 31 to 33 are on the level."""
    points = {place(load): point(line(load), 1) for load in (20.0, 26.0)} | {place(34): point(line(30), 1, together=False)}
    curve = Curve(LOADS, points)
    assert curve.at(place(28)).value == pytest.approx(line(28))
    assert [curve.at(place(load)).value for load in (31, 32, 33)] == [pytest.approx(line(30))] * 3
    assert curve.ratio(place(32), place(34)) == (1.0, 0.0)
    ratio, half = curve.ratio(place(28), place(34))
    assert ratio == pytest.approx(line(28) / line(30))
    assert half > 1 / line(30)  # the level's doubt and the line's


def test_one_noisy_probe_does_not_bend_the_curve() -> None:
    """22 was measured 1 % low; four others say what it gives."""
    points = {place(load): point(line(load), 0.005 * line(load)) for load in (18.0, 20.0, 24.0, 26.0)}
    points[place(22)] = point(0.99 * line(22), 0.005 * line(22))
    found = Curve(LOADS, points).at(place(22)).value
    assert abs(found / line(22) - 1) < 0.003


def test_the_level_is_the_most_unless_another_load_certainly_gives_more() -> None:
    points = {place(30): point(612, 10), place(24): point(560, 10), place(36): point(605, 3, together=False)}
    assert Curve(LOADS, points).most(list(points)) == place(36)
    points[place(30)] = point(630, 10)
    assert Curve(LOADS, points).most(list(points)) == place(30)
