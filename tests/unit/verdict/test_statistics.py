"""Intervals and decisions against values from a printed table, a hand calculation and scipy.stats."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from slabench.verdict.statistics import RESOLUTION, Change, held_at, paired, quantile, unpaired

SAMPLES = st.lists(st.floats(1, 2), min_size=2, max_size=8)


def test_quantiles_are_the_table_s() -> None:
    printed = {1: 12.706, 2: 4.303, 4: 2.776, 9: 2.262, 30: 2.042}
    assert {freedom: round(quantile(freedom, 0.95), 3) for freedom in printed} == printed


@given(SAMPLES, SAMPLES)
def test_welch_is_scipy_s(new: list[float], old: list[float]) -> None:
    found = unpaired(new, old)
    assert found is not None
    if min(np.ptp(np.log(new)), np.ptp(np.log(old))) <= RESOLUTION:
        return  # a side without any spread counts as one run: below
    theirs = stats.ttest_ind(np.log(new), np.log(old), equal_var=False).confidence_interval(0.95)
    assert found.interval() == pytest.approx((math.exp(theirs.low), math.exp(theirs.high)), rel=1e-6)


@given(st.lists(st.tuples(st.floats(1, 2), st.floats(1, 2)), min_size=2, max_size=8))
def test_pairs_are_scipy_s(both: list[tuple[float, float]]) -> None:
    new, old = zip(*both, strict=True)
    found = paired(new, old)
    assert found is not None
    if np.ptp(np.log(new) - np.log(old)) <= RESOLUTION:
        return
    theirs = stats.ttest_rel(np.log(new), np.log(old))
    interval = theirs.confidence_interval(0.95)
    assert found.interval() == pytest.approx((math.exp(interval.low), math.exp(interval.high)), rel=1e-6)
    assert found.doubt(0.0, upward=True) == pytest.approx(
        stats.ttest_rel(np.log(new), np.log(old), alternative="greater").pvalue
    )


def test_one_run_a_side_has_no_interval_and_one_run_borrows_the_other_s() -> None:
    assert unpaired([2.0], [1.0]) == Change(math.log(2), None, None, 1, 1, paired=False)
    found = unpaired([1.0], [1.0, math.e, math.e**2])  # logarithms 0, 1, 2: deviation 1
    assert found is not None
    assert (found.log_ratio, found.error, found.freedom) == (-1.0, pytest.approx(math.sqrt(4 / 3)), 2)


@pytest.mark.parametrize(("new", "old"), [([], []), ([1.0], []), ([0.0], [1.0]), ([1.0, -1.0], [1.0, 1.0])])
def test_no_ratio_to_nothing(new: list[float], old: list[float]) -> None:
    assert paired(new, old) is None
    assert unpaired(new, old) is None


@pytest.mark.parametrize("old", [[1.0, 1.0], [1.0, 1.1], [1.0, 1.1, 0.9]])
def test_pairs_of_equal_ratios_are_worth_no_more_than_one(old: list[float]) -> None:
    """An error of 0 would be certainty, from the same run merged twice or from rounded values."""
    found = paired([2 * value for value in old], old)
    assert found is not None
    assert (found.error, found.interval(), found.doubt(0.0, upward=True)) == (None, None, None)
    assert found.log_ratio == pytest.approx(math.log(2))


def test_a_side_without_a_spread_counts_as_one_run() -> None:
    assert unpaired([2.0, 2.0, 2.0], [1.0, 1.0]) == Change(
        pytest.approx(math.log(2)), None, None, 3, 2, paired=False
    )
    spread = [1.0, 1.02, 0.99]
    twice, once = unpaired([2.0, 2.0], spread), unpaired([2.0], spread)
    assert twice is not None and once is not None
    assert (twice.error, twice.freedom) == (pytest.approx(once.error), 2)
    other = unpaired(spread, [2.0, 2.0])
    assert other is not None and other.error == pytest.approx(once.error)


def test_holm_by_hand() -> None:
    """Holm's own scheme:

    0.01 <= 0.05/4, 0.013 <= 0.05/3, 0.03 > 0.05/2, and there it stops, although 0.04 <= 0.05/1.
    """
    doubts = [0.04, 0.01, 0.03, 0.013]
    rejected = [doubt <= share for doubt, share in zip(doubts, held_at(doubts, 0.05), strict=True)]
    assert rejected == [False, True, False, True]
    assert held_at([], 0.05) == []


def test_the_number_of_repeats_that_is_advised_does_it_four_times_in_five() -> None:
    """1 % of spread a run, 1.5 % from the limit: as many as advised, simulated."""
    dice, limit = random.Random(1), math.log(1.02)
    start = Change(limit + 0.015, 0.01 * math.sqrt(2 / 5), 4, 5, 5, paired=True)
    advised = start.repeats_to_decide(limit)
    assert advised is not None and 5 < advised < 20
    decided = 0
    for _ in range(400):
        old = [1 + dice.gauss(0, 0.01) for _ in range(advised)]
        new = [math.exp(limit + 0.015) * (1 + dice.gauss(0, 0.01)) for _ in range(advised)]
        found = paired(new, old)
        assert found is not None
        doubt = found.doubt(limit, upward=True)
        decided += doubt is not None and doubt <= 0.025
    assert 0.72 <= decided / 400 <= 0.9


def test_at_the_limit_no_number_is_advised() -> None:
    assert Change(0.02, 0.01, 4, 5, 5, paired=True).repeats_to_decide(0.02) is None
    assert Change(0.0201, 0.01, 4, 5, 5, paired=True).repeats_to_decide(0.02) is None


@pytest.mark.parametrize(("old_runs", "beyond"), [(3, 0.03), (1, 0.05), (8, 0.012)])
def test_repeats_that_are_advised_beside_a_stored_side_decide_four_times_in_five(
    old_runs: int, beyond: float
) -> None:
    """1 % of spread a run; the old side keeps its runs. Simulated with as many new ones as advised."""
    dice, limit, spread = random.Random(2), math.log(1.02), 0.01
    start = Change(limit + beyond, spread * math.sqrt(1 / 4 + 1 / old_runs), 3, 4, old_runs, paired=False)
    advised = start.repeats_to_decide(limit, stored=True)
    both = start.repeats_to_decide(limit)
    assert advised is not None and both is not None
    decided = 0
    for _ in range(400):
        old = [math.exp(dice.gauss(0, spread)) for _ in range(old_runs)]
        new = [math.exp(limit + beyond + dice.gauss(0, spread)) for _ in range(advised)]
        found = unpaired(new, old)
        assert found is not None
        doubt = found.doubt(limit, upward=True)
        decided += doubt is not None and doubt <= 0.025
    assert decided / 400 >= 0.72


def test_no_number_is_advised_where_the_stored_side_s_own_error_is_too_large() -> None:
    start = Change(math.log(1.035), 0.01 * math.sqrt(1 / 5 + 1), 4, 5, 1, paired=False)
    assert start.repeats_to_decide(math.log(1.02), stored=True) is None
    assert start.repeats_to_decide(math.log(1.02)) is not None
