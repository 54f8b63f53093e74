"""A long series as a short one: some of its own points, with the least and the greatest of every stretch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MOST = 240  # points of a series in run.json


def thinned(
    at: Sequence[float] | np.ndarray, values: Sequence[float] | np.ndarray, most: int = MOST
) -> np.ndarray:
    """Places of the points to keep, ascending, at most `most` (of 4 and more): the first, the last, and the
    least and the greatest value of each of equally long stretches of `at`, which ascends.
    """
    import numpy as np

    moments, heights = np.asarray(at, dtype=float), np.asarray(values, dtype=float)
    if moments.size <= most:
        return np.arange(moments.size)
    stretches = (most - 2) // 2
    bounds = np.linspace(moments[0], moments[-1], stretches + 1)[1:-1]
    starts = [0, *np.searchsorted(moments, bounds).tolist(), moments.size]
    kept = {0, moments.size - 1}
    for begin, end in pairwise(starts):
        if end > begin:
            part = heights[begin:end]
            kept |= {begin + int(part.argmin()), begin + int(part.argmax())}
    return np.array(sorted(kept))
