"""Bounds of percentiles by order statistics, held against scipy's binomial distribution and simulations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from slabench.messages import Message
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Outcome, ok
from slabench.verdict.percentiles import (
    Certified,
    certified,
    fewest,
    lower_rank,
    share_of,
    to_decide,
    upper_rank,
)
from slabench.verdict.sla import Slo, preset, slo

OK = [ok("first_run.no_batch")]
SHARES = st.sampled_from([0.5, 0.9, 0.95, 0.99])
LEVELS = st.sampled_from([0.9, 0.95, 0.99])


@given(st.integers(1, 3000), SHARES, LEVELS)
def test_the_ranks_are_those_of_the_binomial_distribution(n: int, share: float, level: float) -> None:
    chances = binom.cdf(np.arange(n), n, share)  # P(binomial < rank) of the ranks 1 to n
    reached = np.flatnonzero(chances >= level)
    assert upper_rank(n, share, level) == (int(reached[0]) + 1 if reached.size else None)
    above = np.flatnonzero(binom.sf(np.arange(n), n, share) >= level)  # P(binomial >= rank)
    assert lower_rank(n, share, level) == (int(above[-1]) + 1 if above.size else None)


def test_the_fewest_requests() -> None:
    """1 - 0.99^n >= 95 % from 299 on; MLPerf's table begins at 662, where one request may be beyond."""
    assert [fewest(*of) for of in ((0.95, 0.95), (0.99, 0.95), (0.99, 0.99), (0.5, 0.95))] == [
        59,
        299,
        459,
        5,
    ]
    assert upper_rank(298, 0.99, 0.95) is None and upper_rank(299, 0.99, 0.95) == 299
    assert next(n for n in range(459, 1000) if upper_rank(n, 0.99, 0.99) == n - 1) == 662


@given(st.lists(st.floats(0, 1e6), min_size=100, max_size=400), SHARES, LEVELS, st.floats(0, 1e6))
def test_the_value_is_between_its_bounds(
    values: list[float], share: float, level: float, limit: float
) -> None:
    found = certified(values, limit, share, level)
    assert found is not None
    assert found.value == pytest.approx(float(np.percentile(values, share * 100)))
    assert (found.n, found.over) == (len(values), sum(value > limit for value in values))
    slack = 1e-9 * (1 + abs(found.value))
    assert found.low is None or found.low <= found.value + slack
    assert found.high is None or found.value <= found.high + slack


@pytest.mark.parametrize(("beyond", "wrong"), [(0.011, "passed"), (0.009, "failed")])
def test_a_wrong_word_is_rarer_than_the_level_says(beyond: float, wrong: str) -> None:
    """700 requests, 20,000 runs of a server with that share beyond the limit, by scipy's own draws."""
    n, level = 700, 0.95
    over = binom.rvs(n, beyond, size=20_000, random_state=3)
    upper, lower = upper_rank(n, 0.99, level), lower_rank(n, 0.99, level)
    assert upper is not None and lower is not None
    words = {"passed": over <= n - upper, "failed": over >= n - lower + 1}
    assert words[wrong].mean() <= 0.05
    assert words[wrong].mean() > 0


def test_the_number_that_would_decide_does_so_in_four_of_five() -> None:
    for beyond in (0.002, 0.005, 0.02, 0.03):
        n = to_decide(beyond, 0.99, 0.95)
        assert n is not None
        over = binom.rvs(n, beyond, size=20_000, random_state=5)
        upper, lower = upper_rank(n, 0.99, 0.95), lower_rank(n, 0.99, 0.95)
        decided = over <= n - (upper or n + 1) if beyond < 0.01 else over >= n - (lower or 0) + 1
        # it is the first of a saw-tooth's teeth that is high enough, or one beside it
        assert 0.78 < decided.mean() < 0.9, (beyond, n, decided.mean())
    assert to_decide(0.0, 0.99, 0.95) == 299
    assert to_decide(0.01, 0.99, 0.95) is None
    assert to_decide(0.0100001, 0.99, 0.95) is None


def test_which_keys_are_percentiles_over_requests() -> None:
    keys = ("ttft.p99", "classic.tpot.median", "itl.p99", "ttft.mean", "ttft.max", "qpm", "gap_max")
    assert [share_of(key) for key in keys] == [0.99, 0.5, None, None, None, None, None]


RULE = slo("tpot", "p99", "<=", 50)


def verdict(values: list[float], rule: Slo = RULE, **more: float):
    found = certified(values, rule.limit, 0.99, rule.level)
    assert found is not None
    metrics = {"tpot.p99": found.value, "ttft.mean": 9.0} | more
    rules = (rule, slo("ttft", "mean", "<=", 10))
    return judge(Case(metrics, {"tpot": len(values)}, OK, rules, certified={rule: found}))


def test_two_of_a_hundred_over_the_limit_are_no_longer_green() -> None:
    """128 requests of a server where 2 % are over: at most one is in 27 % of runs, and p99 was green."""
    found = verdict([40.0] * 127 + [60.0])
    assert (found.word, "INCONCLUSIVE" in found.reasons) == (Outcome.INVALID, True)
    assert found.headline.startswith(
        "INCONCLUSIVE: tpot p99 40.00 ms may be above 50 ms (95 % bounds 40.00 ms and none, n=128): above it "
        "are 1, allowed are 1 %; about 11,799 requests would probably decide"
    )
    assert "NOTHING_JUDGED" not in found.reasons


def test_a_percentile_passes_and_fails_by_its_bounds() -> None:
    good = verdict([40.0] * 400)
    assert good.word is Outcome.PASSED
    assert good.headline.startswith(
        "tpot p99 40.00 ms <= 50 ms (-20 %, n=400, 95 % bounds 40.00 ms and 40.00 ms)"
    )
    bad = verdict([40.0] * 376 + [60.0] * 24)
    assert (bad.word, bad.reasons[0]) == (Outcome.FAILED, "SLO:tpot.p99")
    assert "> 50 ms" in bad.headline and "95 % bounds 60.00 ms and 60.00 ms" in bad.headline
    # 400 without one beyond are enough at 95 %, and not at 99 %
    strict = verdict([40.0] * 400, Slo("tpot.p99", "<=", 50, 0.99))
    assert strict.word is Outcome.INVALID
    assert "99 % bounds 40.00 ms and none" in strict.headline and "about 459 requests" in strict.headline


def test_what_surely_fails_beside_it_is_failed() -> None:
    found = verdict([40.0] * 128, **{"ttft.mean": 11.0})
    assert (found.word, found.reasons[0]) == (Outcome.FAILED, "SLO:ttft.mean")
    assert "INCONCLUSIVE" in found.reasons


def test_a_tpot_within_bounds_is_certified_by_the_better_and_the_worse_end() -> None:
    low, high = [40.0] * 400, [45.0] * 400

    def word(limit: float) -> Outcome:
        rule = slo("tpot", "p99", "<=", limit)
        found = certified(low, limit, 0.99, 0.95, highest=high)
        assert isinstance(found, Certified)
        metrics = {"tpot_low.p99": 40.0, "tpot_high.p99": 45.0}
        return judge(Case(metrics, {"tpot_high": 400}, OK, (rule,), certified={rule: found})).word

    assert [word(46.0), word(42.0), word(39.0)] == [Outcome.PASSED, Outcome.INVALID, Outcome.FAILED]


def test_mlperf_s_presets() -> None:
    assert preset("mlperf-server") == (Slo("tpot.p99", "<=", 80, 0.99), Slo("ttft.p99", "<=", 2000, 0.99))
    assert [rule.limit for rule in preset("mlperf-interactive")] == [15, 1500]
    assert str(Message("objective.no_bound")) == "none"
