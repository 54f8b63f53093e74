"""How far a new figure is from an old one, with the doubt of a few repeats: ratios on logarithms, Student's
t, Holm's correction.

A run is one sample. What scatters between the requests of one run is mostly their place in a queue, and
requests of one batch share their noise: it says nothing of what a second run would give. So only repeats have
a spread, and one run alone has none.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
POWER = 0.8  # of the number of repeats that is advised: four in five times it will do
# Of two figures: stamps are whole nanoseconds, of times of milliseconds. Repeats that differ by less have no
# spread that anybody measured: the figures were rounded, or they are one run under two names.
RESOLUTION = 1e-6
MOST_REPEATS = 100  # beyond it the difference lies at the limit, and no number of repeats is advised


@dataclass(frozen=True, slots=True)
class Change:
    """ln(new / old) with its standard error; error and freedom are None where no repeats differ, so that
    nobody knows.
    """

    log_ratio: float
    error: float | None
    freedom: float | None
    new: int  # samples of each side
    old: int
    paired: bool

    @property
    def ratio(self) -> float:
        return math.exp(self.log_ratio)

    def interval(self, level: float = LEVEL) -> tuple[float, float] | None:
        """Of the ratio, two-sided. None: no repeats differ, so nobody knows."""
        if self.error is None or self.freedom is None:
            return None
        half = quantile(self.freedom, level) * self.error
        return math.exp(self.log_ratio - half), math.exp(self.log_ratio + half)

    def end(self, level: float, *, upper: bool) -> float | None:
        """The one-sided bound of the ratio at this level: at 0.975 on both sides it is interval()'s. None:
        nobody knows.
        """
        if self.error is None or self.freedom is None:
            return None
        half = quantile(self.freedom, 2 * level - 1) * self.error
        return math.exp(self.log_ratio + half if upper else self.log_ratio - half)

    def doubt(self, limit: float, *, upward: bool) -> float | None:
        """One-sided p-value of `the true ln(ratio) is not beyond limit`; upward: beyond means above it."""
        if self.error is None or self.freedom is None:
            return None
        distance = self.log_ratio - limit if upward else limit - self.log_ratio
        if math.isinf(limit):
            return 0.0 if distance > 0 else 1.0
        from scipy.special import stdtr

        return float(stdtr(self.freedom, -distance / self.error))

    def repeats_to_decide(self, limit: float, level: float = LEVEL) -> int | None:
        """Repeats a side with which this difference would be told from limit; None: more than MOST_REPEATS."""
        if self.error is None or math.isinf(limit):
            return None
        distance = abs(self.log_ratio - limit)
        if distance == 0:
            return None
        from scipy.special import stdtrit

        # The spread of one sample's contribution, so that n of them have spread / sqrt(n).
        many = self.new if self.paired else 2 / (1 / self.new + 1 / self.old)
        spread = self.error * math.sqrt(many)
        for repeats in range(2, MOST_REPEATS + 1):
            freedom = repeats - 1 if self.paired else 2 * repeats - 2
            wanted = quantile(freedom, level) + float(stdtrit(freedom, POWER))
            if wanted * spread / math.sqrt(repeats) <= distance:
                return repeats
        return None


def quantile(freedom: float, level: float) -> float:
    """Two-sided: 2.776 for 4 degrees of freedom at 95 %."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))


def _logs(values: Sequence[float]) -> list[float] | None:
    return [math.log(one) for one in values] if values and min(values) > 0 else None


def _spread(logs: Sequence[float]) -> float | None:
    """Standard deviation; None of one run, or of several that do not differ, which tell no more than one."""
    return statistics.stdev(logs) if len(logs) > 1 and max(logs) - min(logs) > RESOLUTION else None


def paired(new: Sequence[float], old: Sequence[float]) -> Change | None:
    """Round by round on both sides, so that what drifts hits both alike.

    None where a value is missing or not above 0.
    """
    mine, theirs = _logs(new), _logs(old)
    if mine is None or theirs is None or len(mine) != len(theirs):
        return None
    logs = [a - b for a, b in zip(mine, theirs, strict=True)]
    n, spread = len(logs), _spread(logs)
    if spread is None:
        return Change(statistics.fmean(logs), None, None, n, n, paired=True)
    return Change(statistics.fmean(logs), spread / math.sqrt(n), n - 1, n, n, paired=True)


def unpaired(new: Sequence[float], old: Sequence[float]) -> Change | None:
    """Two sets of runs, Welch's t. A side of one run borrows the other's spread: it is the same method on the
    same hardware.
    """
    mine, theirs = _logs(new), _logs(old)
    if mine is None or theirs is None:
        return None
    m, n = len(mine), len(theirs)
    difference = statistics.fmean(mine) - statistics.fmean(theirs)
    ours, other = _spread(mine), _spread(theirs)
    if ours is None and other is None:
        return Change(difference, None, None, m, n, paired=False)
    if ours is None or other is None:
        known, count = (ours, m) if ours is not None else (other, n)
        assert known is not None, "one of them is known"
        return Change(difference, known * math.sqrt(1 / count + 1), count - 1, m, n, paired=False)
    a, b = ours**2 / m, other**2 / n
    freedom = (a + b) ** 2 / (a**2 / (m - 1) + b**2 / (n - 1))
    return Change(difference, math.sqrt(a + b), freedom, m, n, paired=False)


def holm(doubts: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses fall if the chance of felling any true one is to stay below alpha. Holm 1979: smallest
    first, stop at the first that holds."""
    fallen = [False] * len(doubts)
    order = sorted(range(len(doubts)), key=doubts.__getitem__)
    for rank, index in enumerate(order):
        if doubts[index] > alpha / (len(doubts) - rank):
            break
        fallen[index] = True
    return fallen


def held_at(doubts: Sequence[float], alpha: float) -> list[float]:
    """The share of alpha that holm() holds each against: of those that fall their own, of the others what the
    first of them had.

    So a hypothesis falls if and only if its doubt is at most its share.
    """
    fallen = holm(doubts, alpha)
    order = sorted(range(len(doubts)), key=doubts.__getitem__)
    shares = [0.0] * len(doubts)
    for rank, index in enumerate(order):
        shares[index] = alpha / (len(doubts) - (rank if fallen[index] else sum(fallen)))
    return shares
