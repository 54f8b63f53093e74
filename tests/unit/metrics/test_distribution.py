"""A sample counted at a few of its values, and the blocks of arrivals that ITL is taken from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics import event_blocks
from slabench.metrics.compute import inter_token_latencies
from slabench.metrics.distribution import MOST, counts, counts_of, token_gaps
from tests.unit.factories import answer


def test_a_small_sample_is_counted_at_every_value() -> None:
    known = counts([30.0, 10.0, 10.0, 20.0])
    assert known is not None
    assert (known.n, known.values, known.at_most) == (4, (10.0, 20.0, 30.0), (2, 3, 4))


def test_counted_at_a_percentile_and_a_limit_too() -> None:
    known = counts([10.0, 20.0, 30.0], at=[25.0, 50.0, 5.0])
    assert known is not None  # what lies outside the sample is no value of it
    assert (known.values, known.at_most) == ((10.0, 20.0, 25.0, 30.0), (1, 2, 2, 3))


def test_an_empty_sample_has_none() -> None:
    assert counts([]) is None and counts([math.nan, math.inf]) is None
    assert counts_of(lambda: token_gaps([answer(arrivals=[(5, 1)])])) is None


@given(
    st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=2000), st.lists(st.floats(0, 1e6), max_size=3)
)
def test_counts_are_those_of_the_sample(sample: list[float], at: list[float]) -> None:
    known = counts(sample, at)
    assert known is not None and known.n == len(sample) == known.at_most[-1]
    assert (known.values[0], known.values[-1]) == (min(sample), max(sample))
    assert len(known.values) <= MOST + len(at) + 2
    assert list(known.values) == sorted(set(known.values))
    assert list(known.at_most) == [sum(each <= value for each in sample) for value in known.values]


def test_the_body_of_a_sample_with_a_long_tail_is_resolved() -> None:
    """997 gaps of 30 to 40 ms, 3 of some seconds: most counts are taken in the body."""
    sample = [*np.linspace(30, 40, 997), 1000.0, 4000.0, 9000.0]
    known = counts(sample)
    assert known is not None and known.values[-1] == 9000.0
    assert sum(30 <= value <= 40 for value in known.values) > 100


def test_a_gap_counts_once_per_token_of_its_event() -> None:
    """(110, 1), (120, 2), (140, 4): 10 ms, then 20 ms for two tokens; the next answer begins anew."""
    ((gaps, tokens),) = token_gaps([answer(), answer(1, arrivals=[(200, 2), (206, 5)])])
    assert (gaps.tolist(), tokens.tolist()) == ([10.0, 10.0, 2.0], [1, 2, 3])


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 50), st.integers(-1, 3)), max_size=6), min_size=1, max_size=5)
)
def test_gaps_are_those_of_the_answers_one_by_one(steps: list[list[tuple[int, int]]]) -> None:
    records = []
    for index, each in enumerate(steps):
        at, count, arrivals = 0, 1, [(0, 1)]
        for later, more in each:
            at, count = at + later, count + more
            arrivals.append((at, count))
        records.append(answer(index, arrivals=arrivals))
    one_by_one = np.concatenate([inter_token_latencies(record) for record in records])
    blocks = list(token_gaps(records))
    together = np.concatenate([np.repeat(gaps, tokens) for gaps, tokens in blocks])
    assert together.tolist() == pytest.approx(one_by_one.tolist())


def test_a_block_has_whole_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_blocks, "EVENTS_AT_ONCE", 5)
    records = [answer(0), answer(1), answer(2, arrivals=[]), answer(3)]  # three events each
    blocks = list(event_blocks.event_blocks(records))
    assert [[record.index for record in block.records] for block in blocks] == [[0], [1], [3]]
    monkeypatch.setattr(event_blocks, "EVENTS_AT_ONCE", 6)
    first, second = event_blocks.event_blocks(records)
    assert [record.index for record in first.records] == [0, 1]
    assert (first.begins.tolist(), first.counted.tolist()) == ([0, 3], [1, 2, 4, 1, 2, 4])
    assert second.stamps_ns.tolist() == [110_000_000, 120_000_000, 140_000_000]
