"""How often a gate errs, and what it sees, where launches of one version differ: docs/launches.md's tables.

    python tools/launch_power.py            # the tables
    python tools/launch_power.py --sd=0.4   # what is seen at a spread of your own, in per cent

A trial draws the log ratio of one metric: launches a side with the sd s, pairs within each launch with the
noise of the H200 (0.72 % in TPOT). The word is that of compare_metrics(): the whole interval beyond the limit
(FAILED), within it (PASSED), else INCONCLUSIVE; the arithmetic is repeated in numpy, and held against
compare_metrics() for some trials of each cell. The stored spread is drawn anew in each trial, from 8
launches.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from slabench.verdict.compared import ComparisonResult
from slabench.verdict.launch_power import smallest_by_own, smallest_difference
from slabench.verdict.launch_spread import LEAST_OWN, Launches, LaunchSpread, upper_factor
from slabench.verdict.regression import ALPHA, compare_metrics

PAIR_NOISE = 0.0072  # sd of the log ratio of one pair, of TPOT (two equal servers on one H200)
PAIRS = 5  # a launch
LIMIT = 0.02
STORED = 8  # launches of the stored spread
TRIALS = 20_000
CHECKED = 40  # of each cell by compare_metrics()
KEY = "tpot.mean"
WAYS = ("nothing stored", "stored spread", "own launches")
RESULTS = (ComparisonResult.HOLDS, ComparisonResult.INCONCLUSIVE, ComparisonResult.WORSE)


@dataclass(frozen=True, slots=True)
class Cell:
    """Shares of PASSED, INCONCLUSIVE, FAILED."""

    shares: tuple[float, float, float]

    def __str__(self) -> str:
        return " / ".join(f"{share:.1%}"[:-1] for share in self.shares)


def cell(way: str, sd: float, launches: int, slower: float, seed: int, trials: int = TRIALS) -> Cell:
    """way: of WAYS; slower: the true difference, as a share; sd: of ln(TPOT) from launch to launch."""
    dice = np.random.default_rng(seed)
    of_launch = dice.normal(0.0, sd, (trials, 2, launches, 1))
    pairs = np.log1p(slower) + dice.normal(0.0, PAIR_NOISE, (trials, launches, PAIRS))
    logs = pairs + of_launch[:, 0] - of_launch[:, 1]
    within = dice.normal(0.0, PAIR_NOISE / np.sqrt(2 * PAIRS), (trials, STORED))  # of a launch's mean
    stored = np.std(dice.normal(0.0, sd, (trials, STORED)) + within, axis=1, ddof=1)
    words = _words(way, logs, stored)
    for trial in range(min(CHECKED, trials)):
        asked = _asked(way, logs[trial], float(stored[trial]))
        if RESULTS[words[trial]] is not asked:
            raise AssertionError(f"{way}, trial {trial}: {asked} by compare_metrics()")
    counts = [float(np.mean(words == k)) for k in range(3)]
    return Cell((counts[0], counts[1], counts[2]))


def _words(way: str, logs: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """0 PASSED, 1 INCONCLUSIVE, 2 FAILED; logs: trials x launches x pairs."""
    trials, launches, pairs = logs.shape
    mean = logs.mean(axis=(1, 2))
    if way == "own launches":
        error = np.std(logs.mean(axis=2), axis=1, ddof=1) / np.sqrt(launches)
        errors = [(error, np.full(trials, launches - 1.0))]
    else:
        freedom = launches * (pairs - 1)
        v = np.var(logs, axis=2, ddof=1).mean(axis=1) / (launches * pairs)
        errors = [(np.sqrt(v), np.full(trials, float(freedom)))]
        if way == "stored spread":
            u = 2 * stored**2 / launches
            upper, f = u * upper_factor(STORED - 1) ** 2, STORED - 1
            errors = [
                (np.sqrt(v + upper), (v + upper) ** 2 / (v**2 / freedom)),
                (np.sqrt(v + u), (v + u) ** 2 / (v**2 / freedom + u**2 / f)),
            ]
    distance = mean - np.log1p(LIMIT)
    worse = np.max([stdtr(f, -distance / error) for error, f in errors], axis=0) <= ALPHA
    within = np.max([stdtr(f, distance / error) for error, f in errors], axis=0) <= ALPHA
    return np.where(worse, 2, np.where(within, 0, 1))


def _asked(way: str, logs: np.ndarray, stored: float) -> ComparisonResult:
    """The same trial by compare_metrics()."""
    launches = Launches(new=len(logs), old=len(logs))
    if way == "own launches":
        logs, launches = logs.mean(axis=1, keepdims=True), Launches(new=len(logs), own=True)
    elif way == "stored spread":
        launches = Launches(LaunchSpread({KEY: stored}, STORED), len(logs), len(logs))
    new = {KEY: [float(ratio) * 1000 for ratio in np.exp(logs).ravel()]}
    old = {KEY: [1000.0] * logs.size}  # ms: the absolute floor of TPOT does not count
    (metric,) = compare_metrics(new, old, tolerance=LIMIT, pairs=True, launches=launches)
    return metric.outcome


def seen(sd: float, launches: int, *, own: bool) -> float:
    """The smallest slowdown that is FAILED in four of five gates, as a share."""
    if own:
        of_mean = np.hypot(sd, PAIR_NOISE / np.sqrt(2 * PAIRS))
        return smallest_by_own(float(of_mean), launches, tolerance=LIMIT)
    error = PAIR_NOISE / float(np.sqrt(launches * PAIRS))
    return smallest_difference(
        sd, STORED - 1, launches, tolerance=LIMIT, error=error, error_freedom=launches * (PAIRS - 1)
    )


def seen_table(sds: list[float]) -> None:
    counts = (1, 2, 4, 6, 8)
    print("| sd of launches | evidence | " + " | ".join(f"L = {n}" for n in counts) + " |")
    print("|---|---|" + "---|" * len(counts))
    for sd in sds:
        for own in (False, True):
            cells = [
                "refused" if own and n < LEAST_OWN else f"{seen(sd, n, own=own):.1%}"[:-1] + " %"
                for n in counts
            ]
            print(f"| {sd * 100:.2g} % | {WAYS[1 + own]} | " + " | ".join(cells) + " |")


def error_table(slower: float) -> None:
    counts = (1, 2, 4, 6, 8)
    print(f"\nTruly {slower:.0%} slower, PASSED / INCONCLUSIVE / FAILED in %:\n")
    print("| sd of launches | evidence | " + " | ".join(f"L = {n}" for n in counts) + " |")
    print("|---|---|" + "---|" * len(counts))
    for sd in (0.0025, 0.005, 0.01, 0.02):
        for way in WAYS:
            cells = [
                "refused" if way == WAYS[2] and n < LEAST_OWN else str(cell(way, sd, n, slower, seed=n))
                for n in counts
            ]
            print(f"| {sd * 100:.2g} % | {way} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sd", type=float, metavar="PCT", help="a spread of launches, in per cent")
    options = parser.parse_args()
    if options.sd is not None:
        seen_table([options.sd / 100])
        return
    seen_table([0.0025, 0.005, 0.01, 0.02])
    for slower in (0.0, LIMIT, 0.05):
        error_table(slower)


if __name__ == "__main__":
    main()
