"""The ratio of two sides that were measured alternately, with its interval from the repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.verdict.statistics import paired


@dataclass(frozen=True, slots=True)
class Ratio:
    """estimate: geometric mean of the repeats' ratios; low, high: None where no repeats differ."""

    estimate: float
    low: float | None
    high: float | None

    @property
    def one_is_inside(self) -> bool | None:
        """True: the difference is within the noise. None: there is no interval."""
        return None if self.low is None or self.high is None else self.low <= 1 <= self.high


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio | None:
    """Repeat by repeat, ours / theirs; 95 % interval on the logarithms.

    None where a value is missing or not above 0.
    """
    change = paired(ours, theirs)
    return None if change is None else Ratio(change.ratio, *(change.interval() or (None, None)))
