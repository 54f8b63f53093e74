"""Where the level of a series of runs changed: the largest CUSUM, held against its permutations.

The series' logarithms are split where the standardized difference of the two means is largest. The p-value is
the share of random orders of the same values whose largest difference is no smaller (a permutation test,
exact where runs could stand in any order, whatever their distribution: Phipson and Smyth 2010). Holm's
correction over all series keeps the chance of any false change at ALPHA; the two parts of a series with a
change are searched again, each at half of its share (binary segmentation, Vostrikova 1981).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slabench.verdict.statistics import RESOLUTION, held_at

if TYPE_CHECKING:
    import numpy as np

ALPHA = 0.05  # chance of any false change over all series that are searched together
# With fewer no order is rare enough: of 8 runs, 4 and 4, 2 in 70 orders are as extreme.
LEAST_RUNS = 8
LEAST_SIDE = 2  # runs on each side of a change: a single odd run at an end is no new level
ORDERS = (999, 20_000)  # random orders drawn at least, and at most
PER_SHARE = 4  # orders for each 1 / share, so that p-values below the share exist


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """ratio: the level from `index` on, against the level before it, up to the neighbouring changes."""

    index: int  # of the first value of the new level
    ratio: float
    before: int  # values of the old level
    after: int  # of the new one
    p: float


def change_points(series: Sequence[Sequence[float]]) -> list[tuple[ChangePoint, ...]]:
    """Of each series, in its order of time; none of a series shorter than LEAST_RUNS. Values are above 0.

    The same values give the same answer: the random orders are seeded.
    """
    searched = [place for place, values in enumerate(series) if len(values) >= LEAST_RUNS]
    found: list[tuple[ChangePoint, ...]] = [() for _ in series]
    if not searched:
        return found
    logs = [[math.log(value) for value in series[place]] for place in searched]
    first = [_split(values, ALPHA / len(searched)) for values in logs]
    for place, values, share, split in zip(
        searched, logs, held_at([p for p, _ in first], ALPHA), first, strict=True
    ):
        splits = dict(_splits(values, 0, share, split))
        ends = [0, *sorted(splits), len(values)]
        means = [_mean(values[begin:end]) for begin, end in itertools.pairwise(ends)]
        found[place] = tuple(
            ChangePoint(
                ends[k],
                math.exp(means[k] - means[k - 1]),
                ends[k] - ends[k - 1],
                ends[k + 1] - ends[k],
                splits[ends[k]],
            )
            for k in range(1, len(means))
        )
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _splits(
    values: Sequence[float], begin: int, share: float, first: tuple[float, int] | None = None
) -> list[tuple[int, float]]:
    """(index, p) of the changes of values, which begin at this index of the series."""
    p, index = _split(values, share) if first is None else first
    if p > share:
        return []
    before, after = values[:index], values[index:]
    return [
        *_splits(before, begin, share / 2),
        (begin + index, p),
        *_splits(after, begin + index, share / 2),
    ]


def _split(values: Sequence[float], share: float) -> tuple[float, int]:
    """(p, index) of the likeliest change; p is 1 where there can be none. share: what p is to be held
    against.
    """
    n = len(values)
    if n < LEAST_RUNS or max(values) - min(values) <= RESOLUTION:
        return 1.0, 0
    import numpy as np

    centred = np.asarray(values) - _mean(values)
    own = _differences(centred[np.newaxis, :])[0]
    index = int(own.argmax())
    orders = min(max(ORDERS[0], math.ceil(PER_SHARE / share) - 1), ORDERS[1])
    shuffled = np.random.default_rng(n).permuted(np.tile(centred, (orders, 1)), axis=1)
    # The observed order counts as one of them, so that p is never 0; the margin is for sums in another order.
    as_large = int((_differences(shuffled).max(axis=1) >= own[index] * (1 - 1e-9)).sum())
    return (1 + as_large) / (1 + orders), index + LEAST_SIDE


def _differences(centred: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """One row a series with mean 0: the CUSUM after k values, over its standard deviation under no change,
    but for a factor that all orders share. k from LEAST_SIDE to n - LEAST_SIDE.
    """
    import numpy as np

    n = centred.shape[1]
    k = np.arange(LEAST_SIDE, n - LEAST_SIDE + 1)
    sums: np.ndarray[Any, Any] = np.abs(np.cumsum(centred, axis=1)[:, k - 1])
    scaled: np.ndarray[Any, Any] = sums / np.sqrt(k * (n - k))
    return scaled
