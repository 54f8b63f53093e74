"""Percentiles over requests: what a run certifies of them, by order statistics.

The requests are taken as independent. The number of n values at or below the true percentile is binomial, so
the r-th smallest value is an upper bound of it at the level P(binomial < r), and a lower one at P(binomial
>= r), whatever the distribution (David and Nagaraja, Order Statistics, section 7.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.metrics.definitions import OF_A_REQUEST, declared
from slabench.verdict.statistics import POWER

SHARES = {"p50": 0.50, "median": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
MOST_REQUESTS = 1_000_000  # beyond it no number of requests is advised


def share_of(key: str) -> float | None:
    """The share of requests that a percentile's key names, such as 0.99 of `ttft.p99`; None for any other."""
    share = SHARES.get(key.rpartition(".")[2])
    return share if share is not None and declared(key).ours in OF_A_REQUEST else None


def upper_rank(n: int, share: float, level: float) -> int | None:
    """The smallest rank, from 1, whose value is an upper bound of the percentile; None: not even the n-th."""
    from scipy.special import bdtr, bdtrik

    if share**n > 1 - level:
        return None
    # bdtr(k) = P(binomial <= k): the smallest r with bdtr(r - 1) >= level, which rounding may put beside it
    rank: int = max(1, math.floor(bdtrik(level, n, share)) - 1)
    while bdtr(rank - 1, n, share) < level:
        rank += 1
    return rank


def lower_rank(n: int, share: float, level: float) -> int | None:
    """The largest rank whose value is a lower bound of the percentile; None: not even the first."""
    mirrored = upper_rank(n, 1 - share, level)
    return None if mirrored is None else n + 1 - mirrored


@dataclass(frozen=True, slots=True)
class Certified:
    """A percentile of a sample: its value (linear, as everywhere), and one-sided bounds of the true one at
    `level`. low, high: None where n values give no such bound. over: values beyond the limit that it is held
    against, of n.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    over: int
    share: float
    level: float

    @property
    def requests(self) -> int | None:
        """That would decide in four of five cases, if as large a share of them is beyond the limit as here;
        None: that share is the allowed one, or too close to it.
        """
        return to_decide(self.over / self.n, self.share, self.level)


def certified(
    values: Sequence[float],
    limit: float,
    share: float,
    level: float,
    *,
    highest: Sequence[float] | None = None,
) -> Certified | None:
    """Of values of which smaller is better; None of an empty sample.

    highest: what each may be at most, where values are what each is at least.
    """
    import numpy as np

    low, high = np.sort(np.asarray(values, dtype=float)), np.sort(np.asarray(highest or values, dtype=float))
    n = len(low)
    if n == 0:
        return None
    first, last = lower_rank(n, share, level), upper_rank(n, share, level)
    return Certified(
        value=float(np.percentile(high, share * 100)),
        low=None if first is None else float(low[first - 1]),
        high=None if last is None else float(high[last - 1]),
        n=n,
        over=int((high > limit).sum()),
        share=share,
        level=level,
    )


def fewest(share: float, level: float) -> int:
    """Requests of a sample that has an upper bound: 59 for p95 and 299 for p99 at 95 %, 459 at 99 %."""
    n = max(1, math.ceil(math.log(1 - level) / math.log(share)) - 1)
    while share**n > 1 - level:
        n += 1
    return n


def to_decide(over: float, share: float, level: float) -> int | None:
    """Requests that decide with POWER where this share of them is beyond the limit; None: more than
    MOST_REQUESTS.
    """
    if over == 0:
        return fewest(share, level)
    if math.isclose(over, 1 - share):
        return None
    low, high = 1, fewest(share, level)
    while not _decides(high, over, share, level):
        low, high = high, high * 2
        if low > MOST_REQUESTS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _decides(middle, over, share, level) else (middle, high)
    return high


def _decides(n: int, over: float, share: float, level: float) -> bool:
    """Whether n requests show on which side the percentile is, with POWER, if `over` of them are beyond."""
    from scipy.special import bdtr, bdtrc

    if over < 1 - share:
        rank = upper_rank(n, share, level)
        # passed: at most n - rank are beyond the limit
        return rank is not None and bool(bdtr(n - rank, n, over) >= POWER)
    rank = lower_rank(n, share, level)
    # failed: the value at this rank is beyond it, so at least n - rank + 1 are
    return rank is not None and bool(bdtrc(n - rank, n, over) >= POWER)
