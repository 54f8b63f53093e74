"""The load that gives as much as any, by hand: where the 1 % falls, which load would tell, and which probe the answer hangs on."""

from __future__ import annotations

import pytest

from slabench.verdict.capacity_answer import Answer, Missing, flat, place_of, smallest
from slabench.verdict.capacity_curve import Curve, levelled
from slabench.verdict.capacity_probe import Point
from tests.unit.verdict.test_capacity_curve import LOADS, line, place, point


def curve(together: dict[float, float], queued: dict[float, float], share: float = 0.0005, probes: int = 1) -> Curve:
    """load: throughput, each known to a share."""
    points: dict[int, Point] = {}
    for found, flag in ((together, True), (queued, False)):
        for load, value in found.items():
            made = point(value, share * value, together=flag)
            points[place(load)] = Point(made.estimates, made.rules, probes, flag)
    return Curve(LOADS, levelled(dict(sorted(points.items()))))


def test_the_one_per_cent_falls_on_the_line_below_a_level() -> None:
    """Level 1,200 = the line's value at 30; 99 % of it is 1,188, the line's value at 29.26: so 30, and at a level of 1,190, 29."""
    assert line(30) == 1200
    for most, load in ((1200, 30), (1190, 29)):
        found = smallest(curve({22.0: line(22), 30.0: line(30)}, {36.0: most}), place(36), place(36), place(36))
        assert isinstance(found, Answer)
        assert LOADS[found.place] == load


def test_a_level_above_the_line_s_last_load_is_looked_for_where_the_line_reaches_it() -> None:
    """20 and 26 run together, 36 queues at 1,200: the line has 99 % of that at 30, which nobody has probed."""
    found = smallest(curve({20.0: line(20), 26.0: line(26)}, {36.0: 1200}), place(36), place(36), place(36))
    assert found == Missing(place(30), "where throughput stops growing")


def test_a_line_needs_two_loads() -> None:
    found = smallest(curve({28.0: line(28)}, {36.0: 1200}), place(36), place(36), place(36))
    assert found == Missing(place(20), "how throughput grows below its limit")
    found = smallest(curve({8.0: line(8)}, {36.0: 1200}), place(36), place(36), place(36))
    assert found == Missing(place(16), "where throughput stops growing")  # sqrt(8 x 36) = 16.97


def test_an_answer_that_may_be_several_loads_is_probed_again_and_then_said() -> None:
    """Known to 2 %: first what is known worst, and once each was probed twice the interval stands in the answer."""
    seen = {22.0: line(22), 30.0: line(30)}
    asked = smallest(curve(seen, {36.0: 1200.0}, share=0.02), place(36), place(36), place(36))
    assert isinstance(asked, Missing)
    assert asked.settled and asked.place in (place(30), place(36))
    told = smallest(curve(seen, {36.0: 1200.0}, share=0.02, probes=2), place(36), place(36), place(36))
    assert isinstance(told, Answer)
    assert told.low < told.place < told.high
    assert LOADS[told.high] <= 36


def test_a_doubt_that_another_probe_would_share_is_not_probed_again() -> None:
    """Half-widths of 10 %: a way of counting, and no chance."""
    told = smallest(curve({22.0: line(22), 30.0: line(30)}, {36.0: 1200.0}, share=0.1), place(36), place(36), place(36))
    assert isinstance(told, Answer)
    assert told.high - told.low > 2


def test_a_load_that_may_hold_widens_the_interval() -> None:
    """load / (1 + load / 2): 99 % of 30's throughput is reached at 25.8, and of 32's, which may hold, at 27.3."""
    seen = {load: 1000 * load / (1 + 0.5 * load) for load in (22.0, 26.0, 30.0, 32.0)}
    found = smallest(curve(seen, {}), place(30), place(30), place(32))
    assert isinstance(found, Answer)
    assert [LOADS[one] for one in (found.low, found.place, found.high)] == [26, 28, 28]
    alone = smallest(curve(seen, {}), place(30), place(30), place(30))
    assert isinstance(alone, Answer)
    assert [LOADS[one] for one in (alone.low, alone.place, alone.high)] == [26, 26, 26]


@pytest.mark.parametrize(
    ("queued", "room", "top"),
    [
        ({36.0: 1200.0}, 30.0, 36.0),  # the server says 30 fit, and at 36 requests wait
        ({36.0: 1200.0}, None, None),  # nobody says why they wait: one load is no level
        ({34.0: 1200.0, 37.0: 1200.5}, None, 34.0),  # two that give the same
        ({34.0: 1200.0, 37.0: 1290.0}, None, None),  # two that do not
        ({34.0: 1200.0, 40.0: 1290.0}, None, 40.0),  # nor do these, but 40 is the range's end
    ],
)
def test_when_throughput_no_longer_grows(queued: dict[float, float], room: float | None, top: float | None) -> None:
    found = flat(curve({22.0: line(22), 29.0: line(29)}, queued), 40.0, room)
    assert (None if found is None else LOADS[found]) == top


def test_throughput_that_falls_was_the_most_before() -> None:
    found = flat(curve({22.0: line(22), 29.0: line(29)}, {31.0: 1150.0, 36.0: 1100.0}), 40.0, None)
    assert found == place(29)


def test_place_of() -> None:
    assert (place_of((1, 2, 4), 3.9), place_of((1, 2, 4), 4), place_of((1, 2, 4), 0.5)) == (1, 2, 0)
