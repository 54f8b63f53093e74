"""The levels of a sequential comparison's looks, held against a simulation and the committed table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtr

from slabench.verdict.compared import ComparisonResult
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.look_levels import ALPHAS, LEVELS
from slabench.verdict.looks import DEFAULT_LOOKS, Looks, LooksTaken, StopReason
from slabench.verdict.regression import ALPHA, compare_metrics
from tools import make_look_levels as maker

TRIALS = 200_000


def crossed(level: float, first: int, last: int, freedom: int, *, old: int = 0) -> float:
    """The share of trials in which Student's t, or Welch's with `old` fixed runs, crosses its level."""
    dice = np.random.default_rng(17)
    total, squares = np.zeros(TRIALS), dice.chisquare(freedom, TRIALS) if freedom else np.zeros(TRIALS)
    theirs = dice.standard_normal((TRIALS, old or 1))
    hit = np.zeros(TRIALS, bool)
    for k in range(1, last + 1):
        value = dice.standard_normal(TRIALS)
        total, squares = total + value, squares + value**2
        if k < first:
            continue
        mean, degrees = total / k, freedom + k - 1
        variance = (squares - k * mean**2) / degrees
        error = np.sqrt(variance / k)
        if old:
            a, b = variance / k, theirs.var(axis=1, ddof=1) / old
            mean, error = mean - theirs.mean(axis=1), np.sqrt(a + b)
            degrees = (a + b) ** 2 / (a**2 / (k - 1) + b**2 / (old - 1))
        hit |= stdtr(degrees, -mean / error) <= level
    return float(hit.mean())


@pytest.mark.parametrize(("first", "last", "freedom"), [(3, 16, 0), (3, 10, 0), (2, 10, 0), (3, 10, 16)])
def test_all_looks_together_keep_alpha(first: int, last: int, freedom: int) -> None:
    level = maker.level(first, last, freedom)
    # four standard errors of a share of 2.5 % in 200,000 trials: 0.14 %
    assert crossed(level, first, last, freedom) == pytest.approx(ALPHA, abs=0.0014)


def test_uncorrected_looks_would_not_and_a_look_at_two_needs_its_own_level() -> None:
    assert crossed(ALPHA, 3, 10, 0) > 0.08
    assert crossed(LEVELS[3, 10][0], 2, 10, 0) > 0.028


@pytest.mark.parametrize("old", [3, 5, 8])
def test_a_fixed_old_side_errs_no_more_often(old: int) -> None:
    assert 0.01 < crossed(DEFAULT_LOOKS.level(ALPHA), 3, 16, 0, old=old) < ALPHA


@pytest.mark.parametrize(("last", "column"), [(16, 0), (10, 5), (4, 1), (3, 3)])
def test_the_table_is_what_the_maker_computes(last: int, column: int) -> None:
    assert LEVELS[3, last][column] == pytest.approx(maker.level(3, last, alpha=ALPHAS[column]), rel=1e-3)


def test_the_level_of_looks_three_to_ten() -> None:
    """Found before by simulation, facts of November 2026: 0.0060."""
    assert round(Looks(3, 10).level(ALPHA), 4) == 0.0060
    assert Looks(maker.FIRST, maker.LAST) == DEFAULT_LOOKS
    assert list(LEVELS) == [(maker.FIRST, last) for last in range(maker.FIRST, maker.LAST + 1)]


@given(st.floats(1e-9, ALPHA), st.integers(3, 16))
def test_a_level_is_between_bonferroni_s_and_alpha_and_falls_with_it(alpha: float, last: int) -> None:
    looks = Looks(3, last)
    level, count = looks.level(alpha), last - 3 + 1
    assert alpha / count * (1 - 1e-3) <= level <= alpha * (1 + 1e-3)
    assert looks.level(alpha / 2) < level


def test_between_the_table_s_alphas_it_is_interpolated_within_a_per_cent() -> None:
    for alpha in (ALPHA / 3, ALPHA / 28):
        assert DEFAULT_LOOKS.level(alpha) == pytest.approx(maker.level(3, 16, alpha=alpha), rel=0.01)
    with pytest.raises(ValueError, match="above"):
        DEFAULT_LOOKS.level(0.05)


def one(new: list[float], looks: Looks | None) -> ComparisonResult:
    old = [40.0] * len(new)
    return compare_metrics({"tpot.mean": new}, {"tpot.mean": old}, tolerance=0.02, pairs=True, looks=looks)[
        0
    ].outcome


def test_a_look_decides_at_its_own_level_and_prints_it() -> None:
    """Three pairs 1 % faster, sd 0.3 %: t to the limit is ln(1.02 / 0.99) / (0.003 / sqrt(3)) = 17, p 0.0017
    on 2 degrees of freedom; with sd 0.6 % 8.6, p 0.0066: decided by one look, and not by one of fourteen.
    """
    steady = [40 * 0.99 * math.exp(0.003 * place) for place in (-1, 0, 1)]
    unsteady = [40 * 0.99 * math.exp(0.006 * place) for place in (-1, 0, 1)]
    assert one(steady, DEFAULT_LOOKS) is ComparisonResult.HOLDS
    assert one(unsteady, None) is ComparisonResult.HOLDS
    assert one(unsteady, DEFAULT_LOOKS) is ComparisonResult.INCONCLUSIVE
    (metric,) = compare_metrics(
        {"tpot.mean": unsteady}, {"tpot.mean": [40.0] * 3}, tolerance=0.02, pairs=True, looks=DEFAULT_LOOKS
    )
    level = 1 - DEFAULT_LOOKS.level(ALPHA)
    assert metric.interval is not None
    assert (metric.interval.low_level, metric.interval.high_level) == pytest.approx((level, level))
    assert str(metric.message()).endswith(", 3 of at most 16 pairs)")


def test_the_correction_for_metrics_comes_before_that_for_looks() -> None:
    """Two metrics: the first by Holm at 0.0125, which is 0.0020 at each of the looks 3 to 16."""
    new = [40 * 1.03 * math.exp(0.0004 * place) for place in (-1, 0, 1)]
    metrics = compare_metrics(
        {"tpot.mean": new, "ttft.mean": [40.0, 40.1, 40.2]},
        {"tpot.mean": [40.0] * 3, "ttft.mean": [40.0] * 3},
        tolerance=0.02,
        pairs=True,
        looks=DEFAULT_LOOKS,
    )
    assert metrics[0].interval is not None
    assert 1 - metrics[0].interval.low_level == pytest.approx(LEVELS[3, 16][1])
    assert metrics[0].outcome is ComparisonResult.WORSE


@pytest.mark.parametrize("new", [[40.0], [80.0], [40.0, 40.0], [80.0, 80.1]])
def test_nothing_is_decided_before_the_first_look(new: list[float]) -> None:
    """A point of the curve whose decode test ended early has one pair: as a single run it would be judged."""
    assert one(new, DEFAULT_LOOKS) is ComparisonResult.INCONCLUSIVE
    assert one(new, None) is (ComparisonResult.HOLDS if new[0] == 40.0 else ComparisonResult.WORSE)


def test_what_the_time_budget_ended_says_so() -> None:
    """`--repeats=K would decide` is no remedy there."""
    metrics = compare_metrics(
        {"tpot.mean": [40.0, 41.5, 39.0]}, {"tpot.mean": [40.0] * 3}, tolerance=0.02, pairs=True,
        looks=DEFAULT_LOOKS,
    )  # fmt: skip
    assert [metric.outcome for metric in metrics] == [ComparisonResult.INCONCLUSIVE]
    for stopped, words in ((StopReason.TIME_BUDGET, "--time-budget ended after 3 of its pairs"),
                           (StopReason.MOST_REPEATS, "--repeats=")):  # fmt: skip
        looks = LooksTaken(DEFAULT_LOOKS, 3, stopped)
        found = Comparison("old", ComparisonState.COMPARED, metrics=metrics, looks=looks).inconclusive
        assert words in str(found) and "INCONCLUSIVE" in str(found)
