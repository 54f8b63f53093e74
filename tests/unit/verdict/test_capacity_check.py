"""The judged run beside the probes of its search: the same server, or nobody can say."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from slabench.verdict.capacity import Kind, Outcome
from slabench.verdict.capacity_check import agrees
from slabench.verdict.capacity_interval import Estimate
from slabench.verdict.capacity_probe import Point
from slabench.verdict.sla import parse
from slabench.verdict.validity.policy import names
from slabench.verdict.words import State

RULES = (parse("tpot.mean<=50"), parse("ttft.mean<=2000"))
LOADS = (1.0, 2.0, 3.0, 4.0)


def point(tpot: float) -> Point:
    return Point({"tpot.mean": Estimate(tpot, tpot - 1, tpot + 1, 9), "ttft.mean": Estimate(500, 400, 600, 9)}, RULES)


def state(outcome: Outcome, points: Mapping[int, Point], tpot: float, ttft: float = 500) -> State:
    found = agrees(outcome, LOADS, points, RULES, {"tpot.mean": tpot, "ttft.mean": ttft})
    assert found.name in names()
    return found.state


@pytest.mark.parametrize(
    ("tpot", "wanted"), [(40.0, State.OK), (35.0, State.OK), (47.0, State.OK), (33.0, State.INVALID), (47.2, State.INVALID)]
)
def test_the_probes_of_its_load(tpot: float, wanted: State) -> None:
    """39 to 41, and 15 % on either side: 33.15 to 47.15."""
    assert state(Outcome(Kind.FOUND, 2.0), {1: point(40), 2: point(90)}, tpot) is wanted


def test_of_a_load_between_probes_those_around_it() -> None:
    """19 to 41 with 15 %: 16.15 to 47.15."""
    found = {0: point(20), 2: point(40), 3: point(49)}
    assert [state(Outcome(Kind.FOUND, 2.0), found, tpot) for tpot in (17.0, 47.0, 16.0, 48.0)] == [
        State.OK, State.OK, State.INVALID, State.INVALID,
    ]  # fmt: skip


def test_a_queue_at_the_start_is_in_a_whole_run_s_ttft_and_in_no_probe_s() -> None:
    assert state(Outcome(Kind.FOUND, 2.0), {1: point(40)}, 40.0, ttft=1900) is State.OK


def test_no_load_held_and_now_everything_does() -> None:
    none = Outcome(Kind.NONE_HOLDS, 1.0, fails=1.0)
    assert state(none, {0: point(80)}, 5.0) is State.INVALID
    assert state(none, {0: point(80)}, 80.0) is State.OK  # FAILED, as the search said
    assert agrees(none, LOADS, {0: point(80)}, RULES, {"tpot.mean": 5.0}).state is State.INVALID  # by the probes: ttft is not known
