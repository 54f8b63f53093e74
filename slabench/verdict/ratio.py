"""How far apart two sides are that were measured in turns: the ratio with its interval, from the rounds' own scatter."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom; beyond the table the normal distribution's.
T95 = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
    2.120,
    2.110,
    2.101,
)
T95_MANY = 2.086  # 20 degrees of freedom: wider than needed beyond


@dataclass(frozen=True, slots=True)
class Ratio:
    """estimate is the geometric mean of the rounds' ratios; low and high are None with one round, which has no scatter."""

    estimate: float
    low: float | None
    high: float | None

    @property
    def one_is_inside(self) -> bool | None:
        """True: the difference is within the noise. None: nobody knows."""
        return None if self.low is None or self.high is None else self.low <= 1 <= self.high


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio | None:
    """Round by round, ours / theirs; 95 % interval on the logarithms. None where a value is missing or not above 0."""
    if not ours or len(ours) != len(theirs) or min(*ours, *theirs) <= 0:
        return None
    logs = [math.log(a / b) for a, b in zip(ours, theirs, strict=True)]
    middle = statistics.fmean(logs)
    if len(logs) < 2:
        return Ratio(math.exp(middle), None, None)
    freedom = len(logs) - 1
    t = T95[freedom - 1] if freedom <= len(T95) else T95_MANY
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half))
