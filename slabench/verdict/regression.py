"""Old against new, figure by figure: worse, not worse, or inconclusive. A test's figures are one family of
questions.

Worse: the whole interval lies beyond what is allowed. Not worse: the whole interval lies within. The end that
decides the former has the level of Holm's correction over the test's figures and the tests that are points of
one curve; the other end is not corrected, since all figures have to hold (interval.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slabench.messages import metric_name, number
from slabench.metrics.definitions import declared
from slabench.verdict.interval import Interval, Printed, levels, printed
from slabench.verdict.statistics import LEVEL, MOST_REPEATS, Change, held_at, holm, paired, unpaired
from slabench.verdict.tolerances import allowed, floor_share


class ComparisonResult(StrEnum):
    """What a comparison says of one figure."""

    HOLDS = "holds"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both sides. limit is the value that new may not be beyond."""

    key: str
    unit: str
    higher_is_better: bool
    new: Sequence[float]
    old: Sequence[float]
    change: Change
    allowed: float  # a share
    outcome: ComparisonResult
    interval: Interval | None = None  # None: no repeats differ, or there are none
    repeats: int | None = None  # that would decide it; None: not wanted, or too many

    @property
    def single(self) -> bool:
        """No repeats differ, or there are none: there is no interval."""
        return self.change.error is None

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
        return self.was * (1 - self.allowed if self.higher_is_better else 1 + self.allowed)

    @property
    def limit_ratio(self) -> float:
        """new / old that is just allowed."""
        return 1 - self.allowed if self.higher_is_better else 1 + self.allowed

    @property
    def how(self) -> str:
        """`+5.1 %, interval +4.8 % to +5.4 % (one-sided levels 98.75 % and 97.5 %), 4 pairs`"""
        ends = self._printed
        if self.interval is None:
            return f"{ends.low}, no spread between the repeats" if self.repeated else ends.low
        named = levels(self.interval.low_level, self.interval.high_level)
        many = (
            f"{self.change.new} pairs"
            if self.change.paired
            else f"{self.change.new} and {self.change.old} runs"
        )
        change = f"{(self.change.ratio - 1) * 100:+.1f} %"
        return f"{change}, interval {ends.low} to {ends.high} (one-sided levels {named}), {many}"

    @property
    def _printed(self) -> Printed:
        """Where there is no interval the change itself decides."""
        found, ratio = self.interval, self.observed / self.was
        return printed(*((ratio, ratio) if found is None else (found.low, found.high)), self.limit_ratio)

    def text(self, n: int | None = None) -> str:
        verb = {
            ComparisonResult.HOLDS: "is within",
            ComparisonResult.WORSE: "is worse by more than",
            ComparisonResult.INCONCLUSIVE: "may be worse by more than",
        }[self.outcome]
        many = f", n={n}" if n is not None and self.single and not self.repeated else ""
        text = f"{metric_name(self.key)} {number(self.observed)} {self.unit} {verb} {self._allowed()} of baseline {number(self.was)} "
        return f"{text}{self.unit} ({self.how}{many})"

    def _allowed(self) -> str:
        share = self._printed.limit[1:]
        by_floor = math.isclose(self.allowed, floor_share(self.key, self.was))
        return f"{number(self.allowed * self.was)} {self.unit} ({share})" if by_floor else share

    @property
    def remedy(self) -> str:
        """What would decide it."""
        if self.outcome is not ComparisonResult.INCONCLUSIVE:
            return ""
        if self.repeats is None:
            return f"more than {MOST_REPEATS} repeats would be needed: for this noise the difference lies too near what is allowed"
        return f"--repeats={self.repeats} would probably decide"

    def as_dict(self) -> dict[str, Any]:
        found = self.interval
        return {
            "metric": self.key,
            "unit": self.unit,
            "better": "higher" if self.higher_is_better else "lower",
            "new": self.observed,
            "old": self.was,
            "new_samples": list(self.new),
            "old_samples": list(self.old),
            "paired": self.change.paired,
            "ratio": self.change.ratio,
            "low": None if found is None else found.low,
            "high": None if found is None else found.high,
            "low_level": None if found is None else found.low_level,
            "high_level": None if found is None else found.high_level,
            "allowed": self.allowed,
            "outcome": self.outcome.value,
            "repeats_to_decide": self.repeats,
            "text": self.text(),
            "remedy": self.remedy,
        }


def compare_figures(
    new: Mapping[str, Sequence[float]],
    old: Mapping[str, Sequence[float]],
    *,
    tolerance: float,
    pairs: bool,
    siblings: int = 1,
) -> tuple[Compared, ...]:
    """Every figure that both sides have; values are the repeats. pairs: sample k of both sides belongs
    together.

    siblings: tests of this run that are points of one curve, this one among them. ValueError: a figure that
    no valid run has.
    """
    changes: dict[str, Change] = {}
    for key in (one for one in old if one in new):
        change = (paired if pairs else unpaired)(new[key], old[key])
        if change is None:
            raise ValueError(
                f"{key} has a value that is not above 0, or sides of different length: {new[key]}, {old[key]}"
            )
        changes[key] = change
    limits = {
        key: _Limit.of(key, statistics.fmean(old[key]), tolerance, change) for key, change in changes.items()
    }
    alpha = (1 - LEVEL) / 2
    doubts = {key: changes[key].doubt(one.log, upward=one.upward) for key, one in limits.items()}
    known = {key: doubt for key, doubt in doubts.items() if doubt is not None}
    family = list(known.values())
    worse = dict(zip(known, holm(family, alpha / siblings), strict=True))
    against = dict(zip(known, held_at(family, alpha / siblings), strict=True))
    return tuple(
        _compared(key, new[key], old[key], changes[key], limits[key], worse.get(key), against.get(key, alpha))
        for key in changes
    )


def limit_of(key: str, new: Sequence[float], old: Sequence[float], tolerance: float) -> float:
    """The value that new may not be beyond, in the figure's unit; new and old: one value a repeat."""
    was = statistics.fmean(old)
    share = allowed(key, was, tolerance, single=len(new) == 1 and len(old) == 1)
    return was * (1 - share if declared(key).better == "higher" else 1 + share)


@dataclass(frozen=True, slots=True)
class _Limit:
    """ln(ratio) that is just allowed; upward: larger is worse."""

    share: float
    log: float
    upward: bool

    @classmethod
    def of(cls, key: str, old: float, tolerance: float, change: Change) -> _Limit:
        share = allowed(key, old, tolerance, single=change.error is None)
        if declared(key).better != "higher":
            return cls(share, math.log1p(share), upward=True)
        return cls(share, math.log1p(-share) if share < 1 else -math.inf, upward=False)


def _compared(
    key: str,
    new: Sequence[float],
    old: Sequence[float],
    change: Change,
    limit: _Limit,
    worse: bool | None,
    against: float,
) -> Compared:
    """against: the doubt up to which the family's correction calls this figure worse."""
    repeats, alpha = None, (1 - LEVEL) / 2
    if worse is None:  # single runs: the figures as they are, against what a single run can tell
        was = statistics.fmean(old)
        value = statistics.fmean(new)
        holds = value <= was * (1 + limit.share) if limit.upward else value >= was * (1 - limit.share)
        outcome = ComparisonResult.HOLDS if holds else ComparisonResult.WORSE
    elif worse:
        outcome = ComparisonResult.WORSE
    else:
        within = change.doubt(limit.log, upward=not limit.upward)
        assert within is not None, "there is an error where there is a doubt"
        outcome = ComparisonResult.HOLDS if within <= alpha else ComparisonResult.INCONCLUSIVE
        if outcome is ComparisonResult.INCONCLUSIVE:
            beyond = change.log_ratio > limit.log if limit.upward else change.log_ratio < limit.log
            repeats = change.repeats_to_decide(limit.log, 1 - 2 * against if beyond else LEVEL)
            if repeats is not None:
                repeats = max(repeats, change.new + 1)
    interval = _interval(change, 1 - against, 1 - alpha, upward=limit.upward)
    return Compared(
        key,
        declared(key).unit,
        not limit.upward,
        tuple(new),
        tuple(old),
        change,
        limit.share,
        outcome,
        interval,
        repeats,
    )


def _interval(change: Change, worse: float, within: float, *, upward: bool) -> Interval | None:
    """worse, within: the levels of the end that says worse, and of the one that says within."""
    low_level, high_level = (worse, within) if upward else (within, worse)
    low, high = change.end(low_level, upper=False), change.end(high_level, upper=True)
    return None if low is None or high is None else Interval(low, high, low_level, high_level)
