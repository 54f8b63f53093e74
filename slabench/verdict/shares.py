"""A share of requests or questions: what a sample certifies of it, by the binomial distribution.

The requests are taken as independent, as a percentile's are (percentiles.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from slabench.verdict.percentiles import to_decide
from slabench.verdict.statistics import LEVEL

GOOD = "goodput.share"


def interval(right: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """One-sided bounds of Clopper and Pearson, at `level` each, of a sample of at least one."""
    from scipy.special import betaincinv

    low = 0.0 if right == 0 else float(betaincinv(right, n - right + 1, 1 - level))
    high = 1.0 if right == n else float(betaincinv(right + 1, n - right, level))
    return low, high


@dataclass(frozen=True, slots=True)
class CertifiedShare:
    """good of n requests were within every limit of --goodput; bounds of the true share at `level` each."""

    good: int
    n: int
    level: float = LEVEL

    @property
    def value(self) -> float:
        return self.good / self.n

    @property
    def bounds(self) -> tuple[float, float]:
        return interval(self.good, self.n, self.level)

    def requests(self, limit: float) -> int | None:
        """That would decide in four of five cases, if as large a share of them is good as here; None: that
        share is the limit, or too close to it.
        """
        return to_decide((self.n - self.good) / self.n, limit, self.level)
