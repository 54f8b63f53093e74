"""The interval that decides a comparison, printed with enough decimals to show the same result.

Each end has its own level, since each answers its own question. The end on the better side decides whether
the metric is worse, at the level that Holm's correction leaves for it; the end on the worse side decides
whether it is within the limit, where every metric has to be and no correction applies.
"""

from __future__ import annotations

from dataclasses import dataclass

from slabench.messages import Message

MOST_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of new / old; the levels are one-sided."""

    low: float
    high: float
    low_level: float
    high_level: float

    def contains(self, ratio: float) -> bool:
        return self.low <= ratio <= self.high


@dataclass(frozen=True, slots=True)
class Printed:
    """`+4.5 %`, `+5.5 %` and what is allowed, `+2 %`."""

    low: str
    high: str
    limit: str


def printed(low: float, high: float, limit: float) -> Printed:
    """Ratios in per cent, with as many decimals as each end needs to be on its own side of the limit in print
    too."""
    for decimals in range(1, MOST_DECIMALS + 1):
        shown = round((limit - 1) * 100, max(2, decimals))
        ends = [round((end - 1) * 100, decimals) for end in (low, high)]
        if all(
            _side(rounded, shown) == _side(end, limit) for rounded, end in zip(ends, (low, high), strict=True)
        ):
            break
    first, second = (f"{end:+.{decimals}f} %" for end in ends)
    return Printed(first, second, f"{f'{shown:+.{max(2, decimals)}f}'.rstrip('0').rstrip('.')} %")


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def levels(low_level: float, high_level: float) -> Message:
    """`98.75 % and 97.5 %`"""
    low, high = (f"{round(level * 100, 3):g} %" for level in (low_level, high_level))
    return Message("compared.levels", low=low, high=high)
