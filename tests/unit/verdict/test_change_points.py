"""Changes of a series: where they are, how large, and how often there is one where nothing changed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from slabench.verdict.change_points import ALPHA, LEAST_RUNS, change_points
from slabench.verdict.statistics import RESOLUTION


def noise(rng: np.random.Generator, runs: int, sd: float = 0.01) -> np.ndarray:
    return np.exp(rng.normal(math.log(40.0), sd, runs))


def test_a_step_is_found_where_it_is_with_its_size() -> None:
    values = noise(np.random.default_rng(1), 20)
    values[12:] *= 1.05
    (found,) = change_points([list(values)])
    (change,) = found
    assert (change.index, change.before, change.after) == (12, 12, 8)
    # by hand: the ratio of the geometric means of the two parts
    assert change.ratio == pytest.approx(stats.gmean(values[12:]) / stats.gmean(values[:12]))
    assert change.p <= ALPHA


def test_up_and_down_again_are_two_changes_each_against_its_neighbour() -> None:
    values = noise(np.random.default_rng(2), 45, sd=0.005)
    values[15:30] *= 1.10
    (found,) = change_points([list(values)])
    assert [(change.index, change.before, change.after) for change in found] == [(15, 15, 15), (30, 15, 15)]
    assert [round(change.ratio, 1) for change in found] == [1.1, 0.9]


def test_the_p_value_of_a_clean_step_is_the_share_of_orders_by_counting() -> None:
    """4 and 4: of 70 orders those with the four largest together at an end are as extreme, so p is 2 / 70."""
    values = [1.0, 1.001, 1.002, 1.003, 2.0, 2.001, 2.002, 2.003]
    ((change,),) = change_points([values])
    assert change.index == 4
    assert change.p == pytest.approx(2 / 70, abs=0.015)


@pytest.mark.parametrize(
    "values",
    [
        [40.0] * 30,
        [40.0 * (1 + RESOLUTION / 4 * (k % 2)) for k in range(30)],  # rounded values
        [40.0] * 3 + [80.0] * 4,  # too few runs to be rare by chance
        [40.0, 40.1, 39.9, 40.05, 39.95, 40.02, 40.08, 39.97, 39.93, 48.0],  # one odd run at the end
    ],
)
def test_no_change(values: list[float]) -> None:
    assert change_points([values]) == [()]


def test_the_rate_of_false_alarms_of_one_series_is_the_stated_one() -> None:
    """600 series of 20 runs without a change, each searched by itself: the count is binomial with ALPHA."""
    rng = np.random.default_rng(7)
    alarms = sum(bool(change_points([list(noise(rng, 20))])[0]) for _ in range(600))
    low, high = stats.binom(600, ALPHA).ppf([0.005, 0.995])
    assert low <= alarms <= high, alarms


def test_the_rate_over_all_series_searched_together_is_the_stated_one() -> None:
    """150 families of 10 series of 12 runs, heavy tails: no more than ALPHA of them have any change."""
    rng = np.random.default_rng(8)
    families = [[list(np.exp(0.01 * rng.standard_t(3, 12))) for _ in range(10)] for _ in range(150)]
    alarms = sum(any(change_points(family)) for family in families)
    assert alarms <= stats.binom(150, ALPHA).ppf(0.995), alarms
    # without Holm's correction two of five families have one
    alone = sum(any(change_points([series])[0] for series in family) for family in families[:40])
    assert alone >= 8, alone


def test_a_change_of_two_per_cent_at_one_per_cent_noise_is_seen_in_most_series() -> None:
    rng, seen = np.random.default_rng(9), 0
    for _ in range(100):
        values = noise(rng, 20)
        values[10:] *= 1.02
        seen += bool(change_points([list(values)])[0])
    assert seen >= 90, seen


def test_short_series_take_nothing_from_the_others_share() -> None:
    step = [1.0, 1.001, 1.002, 1.003, 2.0, 2.001, 2.002, 2.003]
    short = [[1.0, 1.1]] * 50
    assert len(step) == LEAST_RUNS
    assert change_points([*short, step])[-1]
