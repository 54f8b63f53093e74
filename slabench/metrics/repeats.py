"""Several loads of one test as one: what a metric over all repeats is, and how many requests are behind it.

A mean over the repeats is what most metrics are compared and judged by. It is no extreme: the longest gap of
five loads is the longest of them, and a mean of five maxima hides the one that was bad.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from slabench.metrics.definitions import metric_of

Metrics = Mapping[str, float]
Sizes = Mapping[str, int]


def together(runs: Sequence[Metrics], sizes: Sequence[Sizes]) -> dict[str, float]:
    """Every metric that all repeats have, over all of them.

    `.max`, and what is declared so (gap_max, peaks): the largest. `.min`: the smallest. `.std`: of all
    requests of all repeats (pooled by n, with the distance between the repeats' means); absent where n is not
    known. Everything else: the mean of all.
    """
    if len(runs) == 1:
        return dict(runs[0])
    combined = {key: _combined(key, runs, sizes) for key in runs[0] if all(key in run for run in runs)}
    return {key: value for key, value in combined.items() if value is not None}


def _combined(key: str, runs: Sequence[Metrics], sizes: Sequence[Sizes]) -> float | None:
    values, metric = [run[key] for run in runs], metric_of(key)
    name, _, statistic = key.rpartition(".")
    if statistic == "std":
        return _pooled(name, runs, sizes)
    if statistic == "max" or (metric is not None and metric.repeats == "largest"):
        return max(values)
    return min(values) if statistic == "min" else math.fsum(values) / len(values)


def _pooled(name: str, runs: Sequence[Metrics], sizes: Sequence[Sizes]) -> float | None:
    """sqrt(sum of n_i (s_i^2 + m_i^2) / N - M^2), M the mean of all: the population standard deviation of all
    samples.
    """
    counts = [sample_sizes.get(name.removeprefix("classic."), 0) for sample_sizes in sizes]
    if not all(counts) or not all(f"{name}.mean" in run for run in runs):
        return None
    weighted = list(zip(counts, runs, strict=True))
    middle = math.fsum(n * run[f"{name}.mean"] for n, run in weighted) / sum(counts)
    parts = (n * (run[f"{name}.std"] ** 2 + (run[f"{name}.mean"] - middle) ** 2) for n, run in weighted)
    return math.sqrt(math.fsum(parts) / sum(counts))


def summed(sizes: Sequence[Sizes]) -> dict[str, int]:
    """n of all repeats: what stands beside a metric over them."""
    return _of_all(sum, sizes)


def fewest(sizes: Sequence[Sizes]) -> dict[str, int]:
    """n of the smallest repeat: a percentile is taken in each, and each has to have enough for it."""
    return _of_all(min, sizes)


def _of_all(combine: Callable[[Sequence[int]], int], sizes: Sequence[Sizes]) -> dict[str, int]:
    return {
        key: combine([repeat[key] for repeat in sizes])
        for key in sizes[0]
        if all(key in repeat for repeat in sizes)
    }
