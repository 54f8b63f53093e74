"""The interval of a probe's metric: from its waves, from neighbours within a wave, and at least as wide as
two runs differ.

    by waves       Student's t over the means of the waves (three or more): the variation from wave to wave
    by neighbours  two standard errors from the differences between consecutive requests of the plan. The
                   place in a wave shifts a request's value (the first waits for the prefills of all others),
                   which is no noise; a plain standard deviation would count it as noise
    floor          the difference between two runs on the same server, which a single run does not show

The floor is the metric's own (run_to_run of its declaration).
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.metrics.definitions import OF_A_REQUEST, declared
from slabench.records import RequestRecord
from slabench.verdict.sla import Slo
from slabench.verdict.statistics import LEVEL, quantile

WAVES_WANTED = 3  # by waves needs as many; with two the t interval is useless (12.7 standard errors)
_PERCENTILES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value, the 95 % interval of its true value, and the number of requests it is from."""

    value: float
    low: float
    high: float
    n: int

    def widened(self, share: float) -> Estimate:
        """The same, further uncertain by a share of its value."""
        more = share * abs(self.value)
        return Estimate(self.value, self.low - more, self.high + more, self.n)

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


def estimate(
    key: str, value: float, counted: Sequence[RequestRecord], wave: int, *, doubt: float = 0.0
) -> Estimate:
    """The interval of a metric over the counted requests, whole waves in plan order.

    doubt: the uncertainty of a value that is not per request, such as a throughput, as a share of it.
    """
    name, _, statistic = key.rpartition(".")
    floor, n = floor_of(key) * abs(value), len(counted)
    # one value a request, in plan order; empty for a metric that has none
    sample = OF_A_REQUEST[name].sample(counted) if name in OF_A_REQUEST else []
    if statistic == "mean" and sample:
        half = math.hypot(max(_by_waves(sample, wave), _by_neighbours(sample, wave)), floor)
        return Estimate(value, value - half, value + half, len(sample))
    if statistic in _PERCENTILES and sample:
        low, high = _order_interval(sorted(sample), _PERCENTILES[statistic])
        return Estimate(value, min(low, value) - floor, max(high, value) + floor, len(sample))
    if key == "goodput.share":
        binomial = max(1.96 * math.sqrt(max(value * (1 - value), 0.0) / n), 1 / n)
        half = 3 / n if value in (0.0, 1.0) else binomial
        return Estimate(value, max(0.0, value - half), min(1.0, value + half), n)
    half = math.hypot(floor, doubt * abs(value))
    return Estimate(value, value - half, value + half, n)


def floor_of(key: str) -> float:
    """Share of a metric's value by which two runs of the same server may differ."""
    return declared(key).run_to_run


def pooled(estimates: Sequence[Estimate], floor: float) -> Estimate:
    """Several probes of one load: the mean weighted by n, its interval at least as wide as the probes differ.

    floor is what single runs differ by (a share); the mean of k runs has 1 / sqrt(k) of it.
    """
    if len(estimates) == 1:
        return estimates[0]
    total = sum(part.n for part in estimates)
    value = sum(part.value * part.n for part in estimates) / total
    single = floor * abs(value)
    parts = [math.sqrt(max(part.half**2 - single**2, 0.0)) * part.n / total for part in estimates]
    apart = (max(part.value for part in estimates) - min(part.value for part in estimates)) / 2
    half = max(math.hypot(math.hypot(*parts), single / math.sqrt(len(estimates))), apart)
    return Estimate(value, value - half, value + half, total)


def hold(estimates: Mapping[str, Estimate], rules: Sequence[Slo], *, by_mean: bool = False) -> bool | None:
    """Whether all rules hold by their intervals (by_mean: by their values); one that certainly does not is
    enough. None: an interval contains its limit, or a metric is not defined.
    """
    known: set[bool | None] = set()
    for rule in rules:
        measured = estimates.get(rule.metric)
        ends = () if measured is None else (measured.value,) if by_mean else (measured.low, measured.high)
        held = {rule.holds(end) for end in ends}
        known.add(held.pop() if len(held) == 1 else None)
    return False if False in known else None if None in known else True


def stress(estimates: Mapping[str, Estimate], rules: Sequence[Slo]) -> float | None:
    """The tightest rule's value as a share of its limit, more than 1 beyond it. None: no rule's is known."""
    shares = [
        measured.value / rule.limit if rule.op == "<=" else rule.limit / measured.value
        for rule in rules
        if (measured := estimates.get(rule.metric)) is not None and measured.value > 0 and rule.limit > 0
    ]
    return max(shares, default=None)


def _by_waves(sample: Sequence[float], wave: int) -> float:
    means = [statistics.fmean(sample[at : at + wave]) for at in range(0, len(sample) - wave + 1, wave)]
    if len(means) < WAVES_WANTED:
        return 0.0
    return quantile(len(means) - 1, LEVEL) * statistics.stdev(means) / math.sqrt(len(means))


def _by_neighbours(sample: Sequence[float], wave: int) -> float:
    """Pairs inside one wave: its last request and the next one's first are no neighbours."""
    pairs = [pair for k, pair in enumerate(itertools.pairwise(sample), 1) if k % wave]
    if not pairs:
        return 0.0
    variance = sum((after - before) ** 2 for before, after in pairs) / (2 * len(pairs))
    return 2 * math.sqrt(variance / len(sample))


def _order_interval(ordered: Sequence[float], p: float) -> tuple[float, float]:
    """The distribution-free interval of a percentile: the order statistics 1.96 binomial deviations around
    its rank.
    """
    n = len(ordered)
    spread = 1.96 * math.sqrt(n * p * (1 - p))
    low, high = math.floor(n * p - spread), math.ceil(n * p + spread)
    return ordered[max(0, low - 1)], ordered[min(n - 1, high)]
