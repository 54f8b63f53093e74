"""What the stored spread of launches adds to an interval, held against tables and arithmetic by hand."""

from __future__ import annotations

import math
import re
import statistics
from typing import Any

import numpy as np
import pytest
from scipy import stats

from slabench.run_document.entry import ComparisonEntry, LaunchesEntry
from slabench.run_document.read import parse
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.compared import Compared, ComparisonResult
from slabench.verdict.comparison import Comparison, compare
from slabench.verdict.launch_power import smallest_by_own, smallest_difference
from slabench.verdict.launch_spread import Launches, LaunchSpread, spread_of, upper_factor
from slabench.verdict.regression import compare_metrics
from slabench.verdict.statistics import paired
from slabench.verdict.stored_launches import stored_spread, with_spread, wrong_spread

KEY = "tpot.mean"
NEW = [1010.0, 1012.0, 1008.0, 1011.0, 1009.0]  # ms, so that the absolute floor does not count
OLD = [1000.0, 1001.0, 999.0, 1000.0, 1000.0]


def metric(launches: Launches, new: list[float] = NEW, old: list[float] = OLD, **more: Any) -> Compared:
    return compare_metrics({KEY: new}, {KEY: old}, tolerance=0.02, pairs=True, launches=launches, **more)[0]


def stored(sd: float, launches: int = 8, new: int = 1, old: int = 1) -> Launches:
    return Launches(LaunchSpread({KEY: sd}, launches), new, old, source="spread.json")


@pytest.mark.parametrize(("freedom", "quantile"), [(5, 2.343), (7, 3.822), (10, 6.179), (20, 14.578)])
def test_the_upper_bound_is_that_of_the_printed_chi_square_table(freedom: int, quantile: float) -> None:
    """Its column 0.80, the chance above."""
    assert upper_factor(freedom) == pytest.approx(math.sqrt(freedom / quantile), rel=2e-4)


def test_a_spread_is_that_of_the_logarithms() -> None:
    """ln 100, ln 102, ln 104 have the mean 4.624845 and the deviations -0.019675, 0.000128, 0.019546."""
    assert spread_of([100.0, 102.0, 104.0]) == pytest.approx(
        math.sqrt((0.019675**2 + 0.000128**2 + 0.019546**2) / 2), rel=1e-3
    )


def test_at_97_5_per_cent_the_upper_bound_taken_as_known_decides() -> None:
    logs = np.log(NEW) - np.log(OLD)
    v = logs.var(ddof=1) / 5
    u = 2 * 0.004**2 * 7 / 3.8223
    freedom = (v + u) ** 2 / (v**2 / 4)
    half = stats.t(freedom).ppf(0.975) * math.sqrt(v + u)
    interval = metric(stored(0.004)).interval
    assert interval is not None
    assert interval.high == pytest.approx(math.exp(logs.mean() + half), rel=1e-6)
    assert interval.low == pytest.approx(math.exp(logs.mean() - half), rel=1e-6)


def test_far_in_the_tail_the_spread_as_measured_with_its_freedom_decides() -> None:
    """Of 28 tests of one curve: 99.91 %."""
    logs = np.log(NEW) - np.log(OLD)
    v, u = logs.var(ddof=1) / 5, 2 * 0.004**2
    freedom = (v + u) ** 2 / (v**2 / 4 + u**2 / 7)
    half = stats.t(freedom).ppf(1 - 0.025 / 28) * math.sqrt(v + u)
    interval = metric(stored(0.004), siblings=28).interval
    assert interval is not None
    assert interval.low == pytest.approx(math.exp(logs.mean() - half), rel=1e-6)
    upper = math.sqrt(v + u * 7 / 3.8223)
    assert half > stats.norm.ppf(1 - 0.025 / 28) * upper  # what the first form alone would give


@pytest.mark.parametrize(("new", "old", "share"), [(1, 1, 2.0), (1, 8, 1.125), (4, 4, 0.5)])
def test_the_variance_goes_with_the_launches_of_each_side(new: int, old: int, share: float) -> None:
    part = stored(0.01, new=new, old=old).part(KEY)
    assert part is not None and part.variance == pytest.approx(share * 1e-4)


def test_a_difference_that_the_next_launch_may_take_back_is_not_failed() -> None:
    """3.5 % slower by pairs that agree: FAILED without a spread, open where launches differ by 1 %."""
    slower = [value * 1.035 for value in OLD]
    slower[0] *= 1.001
    alone, known = metric(Launches(), slower), metric(stored(0.01), slower)
    assert alone.outcome is ComparisonResult.WORSE
    assert known.outcome is ComparisonResult.INCONCLUSIVE
    assert known.repeats is None  # no number of repeats makes launches more alike
    assert known.launches is not None and known.launches > 2
    assert f"--launches={known.launches} would probably decide" in str(known.remedy)
    assert metric(stored(0.001), slower).outcome is ComparisonResult.WORSE


def test_beside_a_stored_side_launches_of_both_are_advised() -> None:
    """--launches is combined neither with --baseline nor with --one-after-the-other."""
    slower = [value * 1.035 for value in OLD]
    (found,) = compare_metrics(
        {KEY: slower}, {KEY: OLD}, tolerance=0.02, pairs=False, launches=stored(0.01), stored=True
    )
    assert found.outcome is ComparisonResult.INCONCLUSIVE and found.launches is not None
    assert str(found.remedy).startswith(
        f"--launches={found.launches} of both servers in turns (--launch and --baseline-launch) would"
    )


def test_at_the_limit_the_advice_ends() -> None:
    found = metric(stored(0.02), [value * 1.0201 for value in NEW], NEW[::-1])
    assert found.outcome is ComparisonResult.INCONCLUSIVE
    assert "more than 20 launches would be needed" in str(found.remedy) and "2 % (sd)" in str(found.remedy)


def test_pairs_of_several_launches_have_the_variance_within_them() -> None:
    """Two launches whose ratios are 1.00 and 1.04: how they differ is in the launches' spread, not in it."""
    new = [100.0, 101.0, 99.0, 104.0, 105.04, 102.96]
    change = paired(new, [100.0] * 6, 2)
    assert change is not None and change.error is not None
    groups = [np.log(new[:3]), np.log(new[3:])]
    variance = sum(group.var(ddof=1) for group in groups) / 2
    assert change.error == pytest.approx(math.sqrt(variance / 6) * 1.0, rel=1e-3)
    assert (change.freedom, change.log_ratio) == (4, pytest.approx(np.log(new).mean() - math.log(100)))
    whole = paired(new, [100.0] * 6)
    assert whole is not None and whole.error is not None and whole.error > 2 * change.error
    assert paired(new, [100.0] * 6, 4) is None  # no equal number of pairs a launch


def test_own_launches_need_no_stored_spread() -> None:
    own = Launches(new=6, old=6, own=True, spread=LaunchSpread({KEY: 0.05}, 8))
    found = metric(own, [1001.0, 1000.0, 999.0, 1002.0, 998.0, 1000.0], [1000.0] * 6)
    assert found.change.launch is None and found.outcome is ComparisonResult.HOLDS
    assert "6 launches)" in str(found.message())


def test_repeats_that_are_advised_count_in_each_launch() -> None:
    noisy = [1000.0, 1030.0, 1015.0, 1042.0, 1000.0, 1030.0, 1015.0, 1042.0]
    found = metric(stored(0.0001, new=2, old=2), noisy, [1000.0] * 8)
    assert found.outcome is ComparisonResult.INCONCLUSIVE
    assert found.repeats is None or found.repeats > 4


WORK = {"num_prompts": 12}
PRINT: dict[str, dict[str, Any]] = {"hardware": {"gpu": "H20"}, "model": {"name": "m"}}


def against(launches: Launches | None, entry: dict[str, Any] | None = None) -> Comparison:
    test = BaselineTest.read(
        {"workload": WORK, "figures": {KEY: 1000.0}, "samples": {KEY: OLD}} | (entry or {}),
        "old.json",
    )
    known = Baseline("old.json", "old", PRINT, {"t": test})
    return compare(known, "t", {KEY: NEW}, {}, PRINT, WORK, tolerance=0.02, launches=launches)


def launches_of(comparison: Comparison) -> LaunchesEntry:
    entry = parse(ComparisonEntry, comparison.as_dict(), strict=True)
    assert entry.launches is not None
    return entry.launches


def test_without_a_stored_spread_the_label_says_how_to_measure_it() -> None:
    found = against(None)
    assert found.reasons == ("ONE_LAUNCH",) and [each.holds for each in found.objectives] == [True]
    entry = launches_of(found)
    assert (entry.evidence, entry.new, entry.old, entry.spread_from) == ("none", 1, 1, None)
    assert not re.search(
        r"\d %", entry.text
    )  # figures of some numbers of pairs and tolerances are not this run's
    assert "slabench baseline launches RUN -o FILE" in entry.text and "--launch-spread=FILE" in entry.text


def test_with_it_there_is_no_label_and_the_document_names_the_file() -> None:
    found = against(stored(0.001))
    assert found.reasons == ()
    entry = launches_of(found)
    assert (entry.evidence, entry.spread_from, entry.spread_launches) == ("stored", "spread.json", 8)
    assert "8 launches in spread.json, with 7 degrees of freedom" in entry.text
    (figure,) = found.as_dict()["figures"]
    assert (figure["launch_sd"], figure["launch_freedom"]) == (0.001, 7)


def test_a_metric_without_a_stored_spread_keeps_the_label() -> None:
    other = Launches(LaunchSpread({"ttft.mean": 0.001}, 8), source="spread.json")
    found = against(other)
    assert found.reasons == ("ONE_LAUNCH",)
    assert "a side was compared for tpot.mean" in launches_of(found).text


def test_a_baseline_file_brings_its_own_spread() -> None:
    spread = {"launches": 9, "freedom": 8, "sd": {KEY: 0.002}}
    found = against(None, {"launch_spread": spread, "launches": 9})
    assert found.reasons == ()
    entry = launches_of(found)
    assert (entry.new, entry.old, entry.spread_from, entry.spread_launches) == (1, 9, "old.json", 9)


def test_the_spread_is_that_of_the_launches_means() -> None:
    """Of eight launches with two repeats each; by hand from the geometric means."""
    pairs = [(99.0, 101.0), (100.0, 104.0), (98.0, 98.0), (103.0, 101.0)] * 2
    launches = [{"tests": {"t": {"samples": {KEY: list(pair), "qpm": [3.0, 3.0]}}}} for pair in pairs]
    logs = [math.log(a * b) / 2 for a, b in pairs]
    spread = stored_spread(launches, "t")
    assert spread == {
        "launches": 8,
        "freedom": 7,
        "sd": {KEY: pytest.approx(statistics.stdev(logs)), "qpm": 0.0},
    }
    assert stored_spread(launches[:7], "t") is None
    document = with_spread({"tests": {"t": {"figures": {}}, "other": {}}}, launches)
    assert (
        document["tests"]["t"]["launch_spread"] == spread
        and "launch_spread" not in document["tests"]["other"]
    )
    assert wrong_spread(document["tests"]["t"]) is None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"launches": 0}, "no number of launches"),
        ({"launch_spread": {"launches": 7, "freedom": 6, "sd": {}}}, "needs 8"),
        ({"launch_spread": {"launches": 8, "freedom": 8, "sd": {}}}, "one degree of freedom fewer"),
        ({"launch_spread": {"launches": 8, "freedom": 7, "sd": [1]}}, "no sd by metric"),
        ({"launch_spread": {"launches": 8, "freedom": 7, "sd": {"speed": 0.1}}}, "not a known metric"),
        (
            {"launch_spread": {"launches": 8, "freedom": 7, "sd": {KEY: -0.1}}},
            "not a known metric with its sd",
        ),
        (
            {"launch_spread": {"launches": 8, "freedom": 7, "sd": {KEY: True}}},
            "not a known metric with its sd",
        ),
    ],
)
def test_a_spread_that_cannot_be_is_refused(entry: dict[str, Any], words: str) -> None:
    wrong = wrong_spread(entry)
    assert wrong is not None and words in str(wrong)


def test_what_is_seen_by_hand() -> None:
    """s = 0.5 % of 8 launches, one launch a side, no other noise: (1.960 + 0.842) x 1.3533 x 0.5 % x sqrt(2)
    beyond 2 %; six own launches: (2.571 + 0.920) x 0.5 % x sqrt(2 / 6).
    """
    expected = 1.02 * math.exp((1.95996 + 0.84162) * 1.3533 * 0.005 * math.sqrt(2)) - 1
    assert smallest_difference(0.005, 7, 1, tolerance=0.02) == pytest.approx(expected, rel=1e-3)
    expected = 1.02 * math.exp((2.5706 + 0.9195) * 0.005 * math.sqrt(2 / 6)) - 1
    assert smallest_by_own(0.005, 6, tolerance=0.02) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("sd", [0.002, 0.01])
def test_a_server_at_the_limit_is_failed_no_more_often_than_the_level_says(sd: float) -> None:
    """400 gates, in whose every one the spread is measured anew from 8 launches; tools/launch_power.py has
    20,000. Without the spread the same gates err in a fifth and a third.
    """
    dice = np.random.default_rng(17)
    failed = {True: 0, False: 0}
    for _ in range(400):
        spread = float(np.std(dice.normal(0, sd, 8), ddof=1))
        shift = math.log(1.02) + dice.normal(0, sd) - dice.normal(0, sd)
        new = [1000.0 * math.exp(shift + noise) for noise in dice.normal(0, 0.002, 5)]
        for known in failed:
            launches = stored(spread) if known else Launches()
            failed[known] += metric(launches, new, [1000.0] * 5).outcome is ComparisonResult.WORSE
    assert failed[True] <= 18  # 2.5 % of 400 is 10; 19 or more have a chance of 0.5 %
    assert failed[False] > 60
