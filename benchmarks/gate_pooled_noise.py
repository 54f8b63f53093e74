"""Why each point of a curve is decided by its own noise alone: a noise level pooled over the points that were
measured before decides earlier, and does not keep its rate.

Run by hand: python benchmarks/gate_pooled_noise.py. Three points, 3 to 16 pairs each, one metric, limit 2 %.
The third point's variance is pooled with that of the two before it (as limma's moderated t; its levels are
those of tools/make_look_levels.py for as many degrees of freedom known before, rounded down). For the third
point's noise beside the others', and for the share of it that is common to pair k of every point: how often a
server exactly at the limit is called worse (2.5 % is claimed), and how many pairs equal servers take.
"""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import stdtr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from slabench.verdict.looks import DEFAULT_LOOKS  # noqa: E402
from tools.make_look_levels import level as level_of  # noqa: E402

TRIALS = 40_000
NOISE, LIMIT = 0.0072, math.log(1.02)
FREEDOMS = (0, 4, 16, 64)


def level(known: np.ndarray) -> np.ndarray:
    """Of each trial, for its degrees of freedom known before; the levels rise with them."""
    columns = np.searchsorted(FREEDOMS, known, side="right") - 1
    return _levels()[columns]


@cache
def _levels() -> np.ndarray:
    return np.array([level_of(DEFAULT_LOOKS.first, DEFAULT_LOOKS.last, freedom) for freedom in FREEDOMS])


def third_point(times: float, effect: float, shared: float, *, pooled: bool) -> tuple[float, float]:
    """(share of trials that call it worse, mean pairs). effect: ln of its true ratio."""
    dice, last = np.random.default_rng(11), DEFAULT_LOOKS.last
    common = dice.standard_normal((TRIALS, last))
    squares, known = np.zeros(TRIALS), np.zeros(TRIALS)
    for noise, true in ((NOISE, 0.0), (NOISE, 0.0), (NOISE * times, effect)):
        own = dice.standard_normal((TRIALS, last))
        logs = true + noise * (math.sqrt(shared) * common + math.sqrt(1 - shared) * own)
        worse, open_, used = np.zeros(TRIALS, bool), np.ones(TRIALS, bool), np.full(TRIALS, last)
        its_own = np.zeros(TRIALS)
        for pairs in range(DEFAULT_LOOKS.first, last + 1):
            seen = logs[:, :pairs]
            its_own = np.where(open_, pairs * seen.var(axis=1), its_own)
            degrees = known + pairs - 1
            t = (seen.mean(axis=1) - LIMIT) / np.sqrt((squares + its_own) / degrees / pairs)
            beyond, within = stdtr(degrees, -t) <= level(known), stdtr(degrees, t) <= level(known)
            worse |= open_ & beyond
            used[open_ & (beyond | within)] = pairs
            open_ &= ~(beyond | within)
        if pooled:
            squares, known = squares + its_own, known + used - 1
    return float(worse.mean()), float(used.mean())


def main() -> None:
    print("| noise of the third | shared | at the limit WORSE | pooled | pairs of equal servers | pooled |")
    print("|---|---|---|---|---|---|")
    for times in (1.0, 1.5, 2.0, 3.0):
        for shared in (0.0, 1.0):
            alone, pooled = (
                [third_point(times, effect, shared, pooled=pool) for effect in (LIMIT, 0.0)]
                for pool in (False, True)
            )
            errs = f"{alone[0][0]:.1%} | {pooled[0][0]:.1%}"
            takes = f"{alone[1][1]:.1f} | {pooled[1][1]:.1f}"
            print(f"| x {times:g} | {shared:.0%} | {errs} | {takes} |", flush=True)


if __name__ == "__main__":
    main()
