"""Old against new, metric by metric: worse, not worse, or inconclusive. The metrics of a test are one family.

Worse: the whole interval is beyond the allowed limit. Not worse: the whole interval is within it. The end
that decides the former has the level of Holm's correction over the test's metrics and the tests that are
points of one curve; the other end is not corrected, since all metrics have to hold (interval.py). Where
repeats are added until it is decided, both levels are besides those of one of several looks (looks.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from slabench.messages import Message
from slabench.metrics.definitions import declared
from slabench.verdict.interval import Interval, Printed, printed
from slabench.verdict.looks import Looks
from slabench.verdict.statistics import LEVEL, MOST_REPEATS, Change, held_at, paired, unpaired
from slabench.verdict.tolerances import allowed, floor_share

ALPHA = (1 - LEVEL) / 2


class ComparisonResult(StrEnum):
    """The result of comparing one metric; also the end of its message's id."""

    HOLDS = "holds"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


MESSAGES = {
    ComparisonResult.HOLDS: "comparison.holds",
    ComparisonResult.WORSE: "comparison.worse",
    ComparisonResult.INCONCLUSIVE: "comparison.inconclusive",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of both sides. limit is the value that new may not be beyond."""

    key: str
    unit: str
    higher_is_better: bool
    new: Sequence[float]
    old: Sequence[float]
    change: Change
    allowed: float  # a share
    outcome: ComparisonResult
    interval: Interval | None = None  # None: no repeats differ, or there are none
    repeats: int | None = None  # that would decide it; None: not needed, or too many
    looks: Looks | None = None  # None: the number of repeats was fixed
    of_runs: bool = False  # a sample is a whole run: repeats within one decide nothing

    @property
    def single(self) -> bool:
        """No repeats differ, or there are none."""
        return self.interval is None

    @property
    def repeated(self) -> bool:
        return len(self.new) > 1 or len(self.old) > 1

    @property
    def observed(self) -> float:
        return statistics.fmean(self.new)

    @property
    def was(self) -> float:
        return statistics.fmean(self.old)

    @property
    def limit(self) -> float:
        return self.was * self.limit_ratio

    @property
    def limit_ratio(self) -> float:
        """new / old that is just allowed."""
        return 1 - self.allowed if self.higher_is_better else 1 + self.allowed

    @property
    def _printed(self) -> Printed:
        """Where there is no interval the change itself decides."""
        ratio = self.observed / self.was
        ends = (ratio, ratio) if self.interval is None else (self.interval.low, self.interval.high)
        return printed(*ends, self.limit_ratio)

    def message(self, n: int | None = None) -> Message:
        return Message(
            MESSAGES[self.outcome],
            metric=self.key,
            observed=self.observed,
            unit=self.unit,
            allowed=self._allowed(),
            baseline=self.was,
            change=self._change(n),
        )

    def _change(self, n: int | None) -> Message:
        """`+5.1 %, interval +4.8 % to +5.4 % at one-sided levels 98.75 % and 97.5 %, 4 pairs`"""
        ends = self._printed
        if self.interval is None and self.repeated:
            return Message("comparison.change_no_spread", change=ends.low)
        if self.interval is None:
            counted = None if n is None else Message("comparison.n", n=n)
            return Message("comparison.change_single", change=ends.low, n=counted)
        most = None if self.looks is None else Message("comparison.at_most", most=self.looks.last)
        pairs = Message("comparison.pairs", pairs=self.change.new, most=most)
        runs = Message("comparison.runs", new=self.change.new, old=self.change.old, most=most)
        return Message(
            "comparison.change_interval",
            change_pct=(self.change.ratio - 1) * 100,
            low=ends.low,
            high=ends.high,
            low_level_pct=round(self.interval.low_level * 100, 3),
            high_level_pct=round(self.interval.high_level * 100, 3),
            samples=pairs if self.change.paired else runs,
        )

    def _allowed(self) -> Message | str:
        share = self._printed.limit[1:]
        if not math.isclose(self.allowed, floor_share(self.key, self.was)):
            return share
        return Message("comparison.floor", floor=self.allowed * self.was, unit=self.unit, share=share)

    @property
    def remedy(self) -> Message | None:
        """What would decide it."""
        if self.outcome is not ComparisonResult.INCONCLUSIVE:
            return None
        if self.of_runs:
            return Message("comparison.runs_decide")
        if self.repeats is None:
            return Message("comparison.repeats_too_many", most=MOST_REPEATS)
        return Message("comparison.repeats_decide", repeats=self.repeats)

    def as_dict(self) -> dict[str, Any]:
        interval, remedy = self.interval, self.remedy
        stored = {
            "metric": self.key,
            "unit": self.unit,
            "better": "higher" if self.higher_is_better else "lower",
            "new": self.observed,
            "old": self.was,
            "new_samples": list(self.new),
            "old_samples": list(self.old),
            "paired": self.change.paired,
            "ratio": self.change.ratio,
            "low": None if interval is None else interval.low,
            "high": None if interval is None else interval.high,
            "low_level": None if interval is None else interval.low_level,
            "high_level": None if interval is None else interval.high_level,
            "allowed": self.allowed,
            "outcome": self.outcome.value,
            "repeats_to_decide": self.repeats,
            "text": str(self.message()),
            "message": self.message().as_dict(),
            "remedy": "" if remedy is None else str(remedy),
        }
        return stored if remedy is None else stored | {"remedy_message": remedy.as_dict()}


class NoRatio(ValueError):
    """A metric has a value that no valid run has, so that new / old does not exist."""

    def __init__(self, key: str, new: Sequence[float], old: Sequence[float]) -> None:
        self.message = Message("comparison.no_ratio", metric=key, new=tuple(new), old=tuple(old))
        super().__init__(str(self.message))


def compare_metrics(
    new: Mapping[str, Sequence[float]],
    old: Mapping[str, Sequence[float]],
    *,
    tolerance: float,
    pairs: bool,
    siblings: int = 1,
    looks: Looks | None = None,
    of_runs: bool = False,
) -> tuple[Compared, ...]:
    """Every metric that both sides have; values are the repeats. pairs: sample k of both sides belongs
    together. of_runs: a sample is a whole run.

    siblings: the tests of this run that are points of one curve, this one included. looks: where repeats are
    added until it is decided. NoRatio: a metric has a value that no valid run has.
    """
    changes: dict[str, Change] = {}
    for key in (key for key in old if key in new):
        change = (paired if pairs else unpaired)(new[key], old[key])
        if change is None:
            raise NoRatio(key, new[key], old[key])
        changes[key] = change
    shares = {
        key: allowed(key, statistics.fmean(old[key]), tolerance, single=change.error is None)
        for key, change in changes.items()
    }
    doubts = {
        key: change.doubt(_log_limit(shares[key], _upward(key)), upward=_upward(key))
        for key, change in changes.items()
    }
    family = {key: doubt for key, doubt in doubts.items() if doubt is not None}
    level = _fixed if looks is None else looks.level
    of_alpha = dict(zip(family, held_at([*family.values()], ALPHA / siblings, level), strict=True))
    compared = (
        _compared(key, new[key], old[key], change, shares[key], doubts[key], of_alpha.get(key, ALPHA), looks)
        for key, change in changes.items()
    )
    return tuple(replace(metric, of_runs=True, repeats=None) if of_runs else metric for metric in compared)


def _fixed(share: float) -> float:
    """The level of the only look."""
    return share


def limit_of(key: str, new: Sequence[float], old: Sequence[float], tolerance: float) -> float:
    """The value that new may not be beyond, in the metric's unit; new and old: one value a repeat."""
    was = statistics.fmean(old)
    share = allowed(key, was, tolerance, single=len(new) == 1 and len(old) == 1)
    return was * (1 - share if declared(key).better == "higher" else 1 + share)


def _upward(key: str) -> bool:
    """Whether larger is worse."""
    return declared(key).better != "higher"


def _log_limit(share: float, upward: bool) -> float:
    """ln(new / old) that is just allowed."""
    if upward:
        return math.log1p(share)
    return math.log1p(-share) if share < 1 else -math.inf


def _compared(
    key: str,
    new: Sequence[float],
    old: Sequence[float],
    change: Change,
    share: float,
    doubt: float | None,
    of_alpha: float,
    looks: Looks | None,
) -> Compared:
    """of_alpha: the share of alpha that the family's correction leaves for taking this metric as worse."""
    repeats, upward = None, _upward(key)
    level, level_within = (of_alpha, ALPHA) if looks is None else map(looks.level, (of_alpha, ALPHA))
    limit = _log_limit(share, upward)
    within = change.doubt(limit, upward=not upward)
    if looks is not None and change.new < looks.first:
        # its repeats ended before the first look, since a load was INVALID
        outcome, repeats = ComparisonResult.INCONCLUSIVE, looks.first
    elif (
        doubt is None or within is None
    ):  # no interval: the values themselves, held to the limit of a single run
        was, value = statistics.fmean(old), statistics.fmean(new)
        holds = value <= was * (1 + share) if upward else value >= was * (1 - share)
        outcome = ComparisonResult.HOLDS if holds else ComparisonResult.WORSE
    elif doubt <= level:
        outcome = ComparisonResult.WORSE
    elif within <= level_within:
        outcome = ComparisonResult.HOLDS
    else:
        outcome = ComparisonResult.INCONCLUSIVE
        beyond = change.log_ratio > limit if upward else change.log_ratio < limit
        repeats = change.repeats_to_decide(limit, 1 - 2 * of_alpha if beyond else LEVEL)
        repeats = None if repeats is None else max(repeats, change.new + 1)
    # the end on the better side decides worse, the other one decides within
    levels = 1 - level, 1 - level_within
    low_level, high_level = levels if upward else levels[::-1]
    low, high = change.end(low_level, upper=False), change.end(high_level, upper=True)
    return Compared(
        key,
        declared(key).unit,
        not upward,
        tuple(new),
        tuple(old),
        change,
        share,
        outcome,
        None if low is None or high is None else Interval(low, high, low_level, high_level),
        repeats,
        looks,
    )
