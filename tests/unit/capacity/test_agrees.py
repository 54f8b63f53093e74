"""The judged run beside the probes of its search: the same server, or no verdict is possible."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from slabench.capacity.agrees import agrees
from slabench.capacity.probe import Point, Standing
from slabench.capacity.search import Kind, SearchResult
from slabench.verdict.estimate import Estimate
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.sla import parse
from slabench.verdict.validity.policy import names

RULES = (parse("tpot.mean<=50"), parse("ttft.mean<=2000"))


def point(tpot: float) -> Point:
    estimates = {"tpot.mean": Estimate(tpot, tpot - 1, tpot + 1, 9), "ttft.mean": Estimate(500, 400, 600, 9)}
    return Point(Standing.HOLDS, estimates, 1, True)


def state(
    outcome: SearchResult, points: Mapping[float, Point], tpot: float, ttft: float = 500
) -> CheckStatus:
    found = agrees(outcome, points, RULES, {"tpot.mean": tpot, "ttft.mean": ttft})
    assert found.name in names()
    return found.state


@pytest.mark.parametrize(
    ("tpot", "wanted"),
    [
        (40.0, CheckStatus.OK),
        (35.0, CheckStatus.OK),
        (47.0, CheckStatus.OK),
        (33.0, CheckStatus.INVALID),
        (47.2, CheckStatus.INVALID),
    ],
)
def test_the_probes_of_its_load(tpot: float, wanted: CheckStatus) -> None:
    """39 to 41, and 15 % on either side: 33.15 to 47.15."""
    assert state(SearchResult(Kind.FOUND, 2.0), {2.0: point(40), 3.0: point(90)}, tpot) is wanted


def test_a_queue_at_the_start_is_in_a_whole_run_s_ttft_and_in_no_probe_s() -> None:
    assert state(SearchResult(Kind.FOUND, 2.0), {2.0: point(40)}, 40.0, ttft=1900) is CheckStatus.OK


def test_no_load_held_and_now_everything_does() -> None:
    none = SearchResult(Kind.NONE_HOLDS, 1.0, fails=1.0)
    assert state(none, {1.0: point(80)}, 5.0) is CheckStatus.INVALID
    assert state(none, {1.0: point(80)}, 80.0) is CheckStatus.OK  # FAILED, as the search said
    assert (
        agrees(none, {1.0: point(80)}, RULES, {"tpot.mean": 5.0}).state is CheckStatus.INVALID
    )  # by the probes: ttft is not known
