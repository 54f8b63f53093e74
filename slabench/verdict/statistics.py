"""How far a new value is from an old one, from a few repeats: log ratios, Student's t, Holm's correction.

A run is one sample. The scatter between the requests of one run comes mostly from their place in a queue, and
requests of one batch share their noise, so it does not predict what a second run would give. Only repeats
have a spread; a single run has none.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from slabench.verdict.launch_spread import LaunchPart

LEVEL = 0.95
POWER = 0.8  # the advised number of repeats decides in four of five cases
# Of log values: timestamps are whole nanoseconds, and times are milliseconds. Repeats that differ by less
# have no measured spread: the values were rounded, or they are one run under two names.
RESOLUTION = 1e-6
MOST_REPEATS = 100  # beyond it the difference is at the limit, and no number of repeats is advised
MOST_LAUNCHES = 20  # the same of launches, each of which takes two starts


@dataclass(frozen=True, slots=True)
class Change:
    """ln(new / old) with its standard error; error and freedom are None where no repeats differ.

    launch: what the stored spread of launches adds to the error. launches: that the samples are of, the same
    on both sides; per_launch: a sample is the mean of a launch.
    """

    log_ratio: float
    error: float | None
    freedom: float | None
    new: int  # samples of each side
    old: int
    paired: bool
    launch: LaunchPart | None = None
    launches: int = 1
    per_launch: bool = False

    @property
    def ratio(self) -> float:
        return math.exp(self.log_ratio)

    @property
    def errors(self) -> tuple[tuple[float, float], ...]:
        """(standard error, degrees of freedom), of which the one with the wider interval counts; empty: no
        repeats differ.
        """
        if self.error is None or self.freedom is None:
            return ()
        if self.launch is None:
            return ((self.error, self.freedom),)
        return self.launch.added_to(self.error, self.freedom)

    def interval(self, level: float = LEVEL) -> tuple[float, float] | None:
        """Of the ratio, two-sided. None: no repeats differ."""
        half = self._half(level)
        return None if half is None else (math.exp(self.log_ratio - half), math.exp(self.log_ratio + half))

    def end(self, level: float, *, upper: bool) -> float | None:
        """The one-sided bound of the ratio at this level: at 0.975 on both sides it is interval()'s. None: no
        repeats differ.
        """
        half = self._half(2 * level - 1)
        return None if half is None else math.exp(self.log_ratio + half if upper else self.log_ratio - half)

    def _half(self, level: float) -> float | None:
        return max((quantile(freedom, level) * error for error, freedom in self.errors), default=None)

    def doubt(self, limit: float, *, upward: bool) -> float | None:
        """One-sided p-value of `the true ln(ratio) is not beyond limit`; upward: beyond means above it."""
        if not self.errors:
            return None
        distance = self.log_ratio - limit if upward else limit - self.log_ratio
        if math.isinf(limit):
            return 0.0 if distance > 0 else 1.0
        from scipy.special import stdtr

        return max(float(stdtr(freedom, -distance / error)) for error, freedom in self.errors)

    def least_distance(self, level: float = LEVEL) -> float | None:
        """Of ln(ratio) from a limit, that is decided with POWER. None: no repeats differ."""
        return max(
            (
                (quantile(freedom, level) + quantile(freedom, 2 * POWER - 1)) * error
                for error, freedom in self.errors
            ),
            default=None,
        )

    def repeats_to_decide(self, limit: float, level: float = LEVEL, *, stored: bool = False) -> int | None:
        """Repeats that would separate this difference from limit; None: more than MOST_REPEATS.

        Of both sides. stored: of the new one alone, since the old one stays as it is; its own error is the
        least that there can be, so that of a single old run often no number would. Of several launches:
        repeats in each of them; where a sample is a launch, launches.
        """
        distance = abs(self.log_ratio - limit)
        if self.error is None or math.isinf(limit) or distance == 0:
            return None
        # the spread of one sample, or of one pair's difference
        spread = self.error / math.sqrt(1 / self.new + (0 if self.paired else 1 / self.old))
        for repeats in range(2, MOST_REPEATS + 1):
            n = repeats * self.launches
            old = self.old if stored else n
            share, freedom = 1 / n + 1 / old, _freedom(n, old)
            if self.paired:
                share, freedom = 1 / n, n - self.launches
            error = spread * math.sqrt(share)
            least = replace(self, error=error, freedom=freedom).least_distance(level)
            if least is not None and least <= distance:
                return repeats
        return None

    def launches_to_decide(self, limit: float, level: float = LEVEL) -> int | None:
        """Launches that would separate this difference from limit, each with as many repeats as these have;
        None: no spread of launches is stored, or more than MOST_LAUNCHES.
        """
        distance = abs(self.log_ratio - limit)
        if self.error is None or self.freedom is None or self.launch is None or math.isinf(limit):
            return None
        for launches in range(self.launches + 1, MOST_LAUNCHES + 1):
            share = self.launches / launches
            more = replace(
                self,
                error=self.error * math.sqrt(share),
                freedom=self.freedom / share,
                launch=replace(self.launch, variance=self.launch.variance * share),
            )
            least = more.least_distance(level)
            if least is not None and least <= distance:
                return launches
        return None


def _freedom(new: int, old: int) -> float:
    """Welch's, of two sides with one spread; a side of one run takes the other's."""
    if min(new, old) == 1:
        return max(new, old) - 1
    a, b = 1 / new, 1 / old
    return (a + b) ** 2 / (a**2 / (new - 1) + b**2 / (old - 1))


def quantile(freedom: float, level: float) -> float:
    """Two-sided: 2.776 for 4 degrees of freedom at 95 %."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))


def _logs(values: Sequence[float]) -> list[float] | None:
    return [math.log(value) for value in values] if values and min(values) > 0 else None


def geometric_mean(values: Sequence[float]) -> float:
    """Of values above 0."""
    return math.exp(statistics.fmean(map(math.log, values)))


def _spread(logs: Sequence[float]) -> float | None:
    """Standard deviation; None of one run, or of runs that do not differ: they count as one."""
    return statistics.stdev(logs) if len(logs) > 1 and max(logs) - min(logs) > RESOLUTION else None


def paired(new: Sequence[float], old: Sequence[float], launches: int = 1) -> Change | None:
    """Repeat k of one side against repeat k of the other, so that a drift affects both alike.

    launches: that the repeats are of, equally many of each, one launch after the other; the error is then of
    the pairs within the launches (their pooled variance), which says nothing of how launches differ. None
    where a value is missing or not above 0.
    """
    mine, theirs = _logs(new), _logs(old)
    if mine is None or theirs is None or len(mine) != len(theirs) or len(mine) % launches:
        return None
    logs = [a - b for a, b in zip(mine, theirs, strict=True)]
    n = len(logs)
    size, freedom = n // launches, n - launches
    groups = [logs[k : k + size] for k in range(0, n, size)]
    error: float | None = None
    if any(_spread(group) is not None for group in groups):
        squares = sum(statistics.variance(group) * (size - 1) for group in groups)
        error = math.sqrt(squares / freedom / n)
    within = None if error is None else freedom
    return Change(statistics.fmean(logs), error, within, n, n, paired=True, launches=launches)


def unpaired(new: Sequence[float], old: Sequence[float]) -> Change | None:
    """Two sets of runs, Welch's t. A side of one run takes the other's spread: same method, same hardware."""
    mine, theirs = _logs(new), _logs(old)
    if mine is None or theirs is None:
        return None
    m, n = len(mine), len(theirs)
    difference = statistics.fmean(mine) - statistics.fmean(theirs)
    ours, other = _spread(mine), _spread(theirs)
    error: float | None = None
    freedom: float | None = None
    if ours is not None and other is not None:
        a, b = ours**2 / m, other**2 / n
        error, freedom = math.sqrt(a + b), (a + b) ** 2 / (a**2 / (m - 1) + b**2 / (n - 1))
    elif (spread := other if ours is None else ours) is not None:
        count = n if ours is None else m
        error, freedom = spread * math.sqrt(1 / count + 1), count - 1
    return Change(difference, error, freedom, m, n, paired=False)


def held_at(
    doubts: Sequence[float], alpha: float, level: Callable[[float], float] = lambda share: share
) -> list[float]:
    """The share of alpha that each p-value is held against: Holm's correction, so that the chance of
    rejecting any true null hypothesis stays below alpha (Holm 1979).

    Smallest p-value first; after the first that is not rejected all others have its share. So a hypothesis is
    rejected if and only if its p-value is at most the level of its share. level: of a p-value that is one of
    several looks, for a share of alpha; the share itself where there is one look.
    """
    shares = [0.0] * len(doubts)
    rejected = 0
    for rank, index in enumerate(sorted(range(len(doubts)), key=doubts.__getitem__)):
        shares[index] = alpha / (len(doubts) - rejected)
        rejected += rejected == rank and doubts[index] <= level(shares[index])
    return shares


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
