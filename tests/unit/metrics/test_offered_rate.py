"""What an open loop was served: against a queue that is played out request by request, and by hand."""

from __future__ import annotations

import heapq
import random

import pytest

from slabench.metrics.offered_rate import CLOSEST, served
from slabench.records import ErrorKind, RequestRecord
from tests.unit.metrics.test_steady_state import answer

TAKES = 0.165  # seconds of an answer


def queue(rate: float, count: int, slots: int, seed: int | None) -> list[RequestRecord]:
    """slots servers, first come first served; arrivals even without a seed, else Poisson."""
    dice = random.Random(seed)
    free, at, answers = [0.0] * slots, 0.0, []
    for index in range(count):
        at += 1 / rate if seed is None else dice.expovariate(rate)
        begin = max(at, heapq.heappop(free))
        heapq.heappush(free, begin + TAKES)
        answers.append(answer(index, at, begin + 0.02, begin + TAKES))
    return answers


def test_twice_what_it_can_by_hand() -> None:
    """Two a second of which it serves one: the k-th is due at k / 2 and is served at k: the slope is 1."""
    flow = served([answer(k, k / 2, float(k), k + 1.0) for k in range(20)], 2.0)
    assert flow is not None and flow.rate == pytest.approx(1.0) and not flow.kept_up and flow.share < 1e-6


def test_what_is_offered_is_served_where_no_queue_grows() -> None:
    flow = served(queue(10.0, 40, 4, None), 10.0)
    assert flow is not None and (flow.rate, flow.share, flow.kept_up) == (10.0, CLOSEST, True)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("times", [1.5, 3.0])
def test_an_overloaded_queue_gives_its_own_rate(seed: int, times: float) -> None:
    truth = 4 / TAKES
    flow = served(queue(times * truth, 200, 4, seed), times * truth)
    assert flow is not None and not flow.kept_up
    assert flow.rate == pytest.approx(truth, rel=0.15)


@pytest.mark.parametrize("seed", range(20))
def test_random_arrivals_at_half_load_are_no_limit(seed: int) -> None:
    flow = served(queue(12.0, 100, 4, seed), 12.0)
    assert flow is not None and flow.kept_up and flow.rate == 12.0


def test_too_few_and_all_at_once_say_nothing() -> None:
    even = queue(10.0, 40, 4, None)
    assert served(even[:7], 10.0) is None
    assert served([answer(k, 0.0, k + 1.0, k + 2.0) for k in range(20)], 10.0) is None
    lost = [answer(k, k / 2, float(k), k + 1.0, ErrorKind.RESET) for k in range(20)]
    assert served(lost, 2.0) is None
