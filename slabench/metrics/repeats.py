"""Several loads of one test as one: what a figure over all repeats is, and how many requests are behind it.

A mean over the repeats is what most figures are compared and judged by. It is no extreme: the longest gap of
five loads is the longest of them, and a mean of five maxima hides the one that was bad.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from slabench.metrics.definitions import metric_of

Figures = Mapping[str, float]
Sizes = Mapping[str, int]


def together(runs: Sequence[Figures], sizes: Sequence[Sizes]) -> dict[str, float]:
    """Every figure that all repeats have, over all of them.

    `.max`, and what is declared so (gap_max, peaks): the largest. `.min`: the smallest. `.std`: of all
    requests of all repeats (pooled by n, with the distance between the repeats' means); absent where n is not
    known. Everything else: the mean of all.
    """
    if len(runs) == 1:
        return dict(runs[0])
    found: dict[str, float] = {}
    for key in runs[0]:
        if not all(key in run for run in runs):
            continue
        values = [run[key] for run in runs]
        figure, _, statistic = key.rpartition(".")
        metric = metric_of(key)
        if statistic == "max" or (metric is not None and metric.repeats == "largest"):
            found[key] = max(values)
        elif statistic == "min":
            found[key] = min(values)
        elif statistic != "std":
            found[key] = math.fsum(values) / len(values)
        elif (pooled := _pooled(figure, runs, sizes)) is not None:
            found[key] = pooled
    return found


def _pooled(figure: str, runs: Sequence[Figures], sizes: Sequence[Sizes]) -> float | None:
    """sqrt(sum of n_i (s_i^2 + m_i^2) / N - M^2), M the mean of all: the population standard deviation of all
    samples.
    """
    counts = [one.get(figure.removeprefix("classic."), 0) for one in sizes]
    if not all(counts) or not all(f"{figure}.mean" in run for run in runs):
        return None
    total = sum(counts)
    means = [run[f"{figure}.mean"] for run in runs]
    middle = math.fsum(n * mean for n, mean in zip(counts, means, strict=True)) / total
    parts = (
        n * (run[f"{figure}.std"] ** 2 + (mean - middle) ** 2)
        for n, run, mean in zip(counts, runs, means, strict=True)
    )
    return math.sqrt(math.fsum(parts) / total)


def summed(sizes: Sequence[Sizes]) -> dict[str, int]:
    """n of all repeats: what stands beside a figure over them."""
    return {key: sum(one[key] for one in sizes) for key in sizes[0] if all(key in one for one in sizes)}


def fewest(sizes: Sequence[Sizes]) -> dict[str, int]:
    """n of the smallest repeat: a percentile is taken in each, and each has to have enough for it."""
    return {key: min(one[key] for one in sizes) for key in sizes[0] if all(key in one for one in sizes)}
