"""A load over time by the client, and long series made short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.course import at_once, binned, in_flight, output_rate, waiting
from slabench.metrics.thinning import thinned
from slabench.metrics.ttft_groups import groups
from tests.unit.factories import answer

SECOND = 1_000_000_000


def test_requests_at_once() -> None:
    """1 s to 3 s and 2 s to 4 s: 1, 2, 1, 0; one that ends as another begins changes nothing."""
    seconds, level = at_once([(1 * SECOND, 3 * SECOND), (2 * SECOND, 4 * SECOND)], 0)
    assert (seconds.tolist(), level.tolist()) == ([1, 2, 3, 4], [1, 2, 1, 0])
    seconds, level = at_once([(0, SECOND), (SECOND, 2 * SECOND)], 0)
    assert (seconds.tolist(), level.tolist()) == ([0, 1, 2], [1, 1, 0])


def test_in_flight_and_without_a_first_token() -> None:
    """Sent at 10 ms, first token at 110, end at 150; the plan's zero is at 10 ms."""
    records = [answer()]
    assert [each.tolist() for each in in_flight(records, 10_000_000)] == [[0.0, 0.14], [1, 0]]
    assert [each.tolist() for each in waiting(records, 10_000_000)] == [[0.0, 0.1], [1, 0]]


def test_a_failed_request_waits_to_its_end() -> None:
    records = [answer(arrivals=[], end=60)]
    assert [each.tolist() for each in waiting(records, 0)] == [[0.01, 0.06], [1, 0]]


def test_amounts_in_bins() -> None:
    """3 before the load and 1 at 0.2 s in the first, 5 at its very end in the last."""
    begins, rates = binned([-0.3, 0.2, 1.0], [3, 1, 5], 1.0, 0.5)
    assert (begins.tolist(), rates.tolist()) == ([0.0, 0.5, 1.0], [8.0, 10.0, 0.0])


def test_output_rate_by_arrivals() -> None:
    """Counts 1, 2, 4 at 110, 120, 140 ms in bins of 100 ms: 4 tokens in the second."""
    known = output_rate([answer(), answer(1, arrivals=[(20, 3)])], 0, 0.15)
    assert known is not None
    assert [each.tolist() for each in known] == [pytest.approx([0, 0.1, 0.2]), pytest.approx([30, 40, 0])]
    assert output_rate([answer(arrivals=[])], 0, 1.0) is None


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), min_size=1), st.floats(0.5, 100))
def test_rates_sum_to_the_amounts(events: list[tuple[float, int]], duration: float) -> None:
    seconds, amounts = zip(*events, strict=True)
    _, rates = binned(seconds, amounts, duration, 0.5)
    assert float(rates.sum()) * 0.5 == pytest.approx(sum(amounts))


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(-1e6, 1e6)), min_size=1, max_size=500),
    st.integers(4, 60),
)
def test_a_thinned_series_keeps_its_extremes(points: list[tuple[float, float]], most: int) -> None:
    points.sort(key=lambda point: point[0])
    at, values = zip(*points, strict=True)
    kept = thinned(at, values, most).tolist()
    assert len(kept) <= most and kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, len(points) - 1)
    left = [values[place] for place in kept]
    assert (min(left), max(left)) == (min(values), max(values))
    if len(points) <= most:
        assert kept == list(range(len(points)))


def test_each_stretch_keeps_its_extremes() -> None:
    """10 points, 6 allowed: two stretches of 4.5 s each, besides the first and the last point."""
    values = [5.0, 1.0, 9.0, 5.0, 5.0, 5.0, 2.0, 8.0, 5.0, 5.0]
    assert thinned(np.arange(10), values, 6).tolist() == [0, 1, 2, 6, 7, 9]


def test_ttft_in_parts_by_the_order_of_sending() -> None:
    """TTFT 100 ms each: queued 0.03 s and 0.05 s, 2 ms outside: (last 140 - sent 10) - 128."""
    records = [
        answer(0, sent=10, server={"queue_time": 0.05, "e2e_latency": 0.128}),
        answer(1, sent=9, server={"queue_time": 0.03}),
        answer(2, sent=11),
    ]
    (first, second) = groups(records, most=3)
    assert (first.first, first.n, first.queue, first.prefill, first.outside) == pytest.approx(
        (1, 1, 30, 71, 0)
    )
    assert (second.first, second.n, second.queue, second.prefill, second.outside) == pytest.approx(
        (2, 1, 50, 48, 2)
    )
    (both,) = groups(records, most=1)
    assert (both.first, both.n, both.queue) == pytest.approx((1, 2, 40))
