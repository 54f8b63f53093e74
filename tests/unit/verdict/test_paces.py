"""One server makes all that it makes at one time at one pace."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.records import RequestRecord
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.context import Behind
from slabench.verdict.validity.paces import Paces, two_paces
from tests.unit.factories import answer
from tests.unit.verdict.test_validity import context, found_in


def paced(index: int, gap: int, *, begin: int = 100, events: int = 20, tokens: int = 1) -> RequestRecord:
    """An event of so many tokens every gap ms."""
    arrivals = tuple((begin + gap * k, 1 + tokens * k) for k in range(events))
    return answer(index, arrivals=arrivals, output_len=arrivals[-1][1], end=arrivals[-1][0] + 1)  # type: ignore[no-untyped-call, no-any-return]


FAST = [paced(k, 5, begin=100 + 120 * k) for k in range(6)]
SLOW = [paced(k, 70) for k in range(6, 12)]


def test_two_servers_at_one_time() -> None:
    assert two_paces([*FAST, *SLOW]) == Paces(6, 5.0, 6, 70.0)
    assert two_paces([*FAST[:2], *SLOW]) == Paces(2, 5.0, 6, 70.0)
    assert two_paces([*FAST, *SLOW[:2]]) == Paces(6, 5.0, 2, 70.0)


@pytest.mark.parametrize(
    "records",
    [
        [],
        FAST,
        SLOW,
        [*FAST, SLOW[0]],  # one answer that stood still
        [*FAST[:1], *SLOW],
        [*(paced(k, 5, begin=5000) for k in range(6)), *SLOW],  # not at one time: a batch that emptied
        [*(paced(k, 20) for k in range(6)), *(paced(k, 45, events=9) for k in range(6, 12))],  # 2.25 times
        # a gateway joined events
        [*(paced(k, 5, tokens=1) for k in range(6)), *(paced(k, 20, tokens=4) for k in range(6, 12))],
        # speculation
        [*(paced(k, 20, tokens=4) for k in range(6)), *(paced(k, 20, tokens=1) for k in range(6, 12))],
        [*(paced(k, 5, events=7) for k in range(6)), *SLOW],  # answers of few events
    ],
)
def test_one_server(records: list[RequestRecord]) -> None:
    assert two_paces(records) is None


def test_most_of_the_fast_ones_have_to_be_at_the_time_of_a_slow_one() -> None:
    apart = [paced(k, 5, begin=5000) for k in range(20, 26)]
    assert two_paces([*FAST, *apart[:5], *SLOW]) is not None
    assert two_paces([*FAST, *apart, *SLOW]) is None


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, CheckStatus.INVALID),
        ({"ranks": 2}, CheckStatus.FINDING),
        ({"behind": Behind("gateway", 2)}, CheckStatus.FINDING),
        ({"identity_before": None}, CheckStatus.INVALID),
    ],
)
def test_two_paces_are_two_servers_unless_there_are_several_schedulers(
    more: dict[str, Any], state: CheckStatus
) -> None:
    said = found_in(context(*FAST, *SLOW, **more), "same_server")  # type: ignore[no-untyped-call]
    assert said.state is state
    assert (
        "6 answers arrived with 5.0 ms between two events and 6 with 70.0 ms, at the same time" in said.text
    )
    assert said.remedy
