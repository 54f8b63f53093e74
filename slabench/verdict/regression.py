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
from dataclasses import replace

from slabench.messages import Message
from slabench.metrics.definitions import declared
from slabench.verdict.compared import Compared, ComparisonResult
from slabench.verdict.interval import Interval
from slabench.verdict.launch_spread import ONE_LAUNCH, Launches
from slabench.verdict.looks import Looks
from slabench.verdict.statistics import LEVEL, Change, held_at, paired, unpaired
from slabench.verdict.tolerances import allowed

ALPHA = (1 - LEVEL) / 2


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
    launches: Launches = ONE_LAUNCH,
    stored: bool = False,
) -> tuple[Compared, ...]:
    """Every metric that both sides have; values are the repeats. pairs: sample k of both sides belongs
    together. of_runs: a sample is a whole run. launches: how many the samples are of, and their spread.
    stored: the old side is of a file, and gets no more repeats.

    siblings: the tests of this run that are points of one curve, this one included. looks: where repeats are
    added until it is decided. NoRatio: a metric has a value that no valid run has.
    """
    changes: dict[str, Change] = {}
    for key in (key for key in old if key in new):
        of = 1 if launches.own else launches.new
        change = paired(new[key], old[key], of) if pairs else unpaired(new[key], old[key])
        if change is None:
            raise NoRatio(key, new[key], old[key])
        changes[key] = replace(change, launch=launches.part(key), per_launch=launches.own)
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
        _compared(
            key, new[key], old[key], change, shares[key], doubts[key], of_alpha.get(key, ALPHA), looks, stored
        )
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
    stored: bool,
) -> Compared:
    """of_alpha: the share of alpha that the family's correction leaves for taking this metric as worse."""
    repeats, both, more, upward = None, None, None, _upward(key)
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
        wanted = 1 - 2 * of_alpha if beyond else LEVEL
        repeats = change.repeats_to_decide(limit, wanted, stored=stored)
        more = change.launches_to_decide(limit, wanted)
        if repeats is None and stored:
            both = change.repeats_to_decide(limit, wanted)
        repeats = None if repeats is None else max(repeats, change.new // change.launches + 1)
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
        launches=more,
        both_repeats=both,
    )
