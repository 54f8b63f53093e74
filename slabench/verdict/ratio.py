"""How far apart two sides are that were measured in turns: the ratio with its interval, from the rounds' own
scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.verdict.statistics import paired


@dataclass(frozen=True, slots=True)
class Ratio:
    """estimate is the geometric mean of the rounds' ratios; low and high are None where nothing scatters."""

    estimate: float
    low: float | None
    high: float | None

    @property
    def one_is_inside(self) -> bool | None:
        """True: the difference is within the noise. None: nobody knows."""
        return None if self.low is None or self.high is None else self.low <= 1 <= self.high


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio | None:
    """Round by round, ours / theirs; 95 % interval on the logarithms.

    None where a value is missing or not above 0.
    """
    change = paired(ours, theirs)
    if change is None:
        return None
    low, high = change.interval() or (None, None)
    return Ratio(change.ratio, low, high)
