"""Old against new, figure by figure: worse, not worse, or nobody can say. A test's figures are one family of questions.

Worse: the whole interval lies beyond what is allowed, after Holm's correction over the test's figures and the tests that are
points of one curve. Not worse: the whole interval lies within, where no correction is needed, since all of them have to hold.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slabench.metrics.definitions import metric_of
from slabench.verdict.sla import number, spoken
from slabench.verdict.statistics import LEVEL, MOST_REPEATS, Change, holm, paired, unpaired
from slabench.verdict.tolerances import allowed, pair_of


class Outcome(StrEnum):
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
    outcome: Outcome
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
    def how(self) -> str:
        """`+5.1 %, 95 % interval +4.8 % to +5.4 %, 4 pairs`"""
        parts = [f"{(self.change.ratio - 1) * 100:+.1f} %"]
        interval = self.change.interval()
        if interval is not None:
            low, high = ((one - 1) * 100 for one in interval)
            parts.append(f"{LEVEL:.0%} interval {low:+.1f} % to {high:+.1f} %".replace("95%", "95 %"))
            change = self.change
            parts.append(f"{change.new} pairs" if change.paired else f"{change.new} and {change.old} runs")
        elif self.repeated:
            parts.append("no spread between the repeats")
        return ", ".join(parts)

    def text(self, n: int | None = None) -> str:
        verb = {
            Outcome.HOLDS: "is within",
            Outcome.WORSE: "is worse by more than",
            Outcome.INCONCLUSIVE: "may be worse by more than",
        }[self.outcome]
        many = f", n={n}" if n is not None and self.single and not self.repeated else ""
        text = f"{spoken(self.key)} {number(self.observed)} {self.unit} {verb} {self._allowed()} of baseline {number(self.was)} "
        return f"{text}{self.unit} ({self.how}{many})"

    def _allowed(self) -> str:
        pair = pair_of(self.key)
        by_floor = self.was and math.isclose(self.allowed, pair.floor / abs(self.was))
        share = percent(self.allowed)
        return f"{number(pair.floor)} {self.unit} ({share})" if by_floor else share

    @property
    def remedy(self) -> str:
        """What would decide it."""
        if self.outcome is not Outcome.INCONCLUSIVE:
            return ""
        if self.repeats is None:
            return f"more than {MOST_REPEATS} repeats would be needed: for this noise the difference lies too near what is allowed"
        return f"--repeats={self.repeats} would probably decide"

    def as_dict(self) -> dict[str, Any]:
        interval = self.change.interval()
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
            "low": None if interval is None else interval[0],
            "high": None if interval is None else interval[1],
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
    """Every figure that both sides have; values are the repeats. pairs: sample k of both sides belongs together.

    siblings: tests of this run that are points of one curve, this one among them. ValueError: a figure that no valid run has.
    """
    changes: dict[str, Change] = {}
    for key in (one for one in old if one in new):
        change = (paired if pairs else unpaired)(new[key], old[key])
        if change is None:
            raise ValueError(f"{key} has a value that is not above 0, or sides of different length: {new[key]}, {old[key]}")
        changes[key] = change
    limits = {key: _Limit.of(key, statistics.fmean(old[key]), tolerance, change) for key, change in changes.items()}
    alpha = (1 - LEVEL) / 2
    doubts = {key: changes[key].doubt(one.log, upward=one.upward) for key, one in limits.items()}
    known = {key: doubt for key, doubt in doubts.items() if doubt is not None}
    worse = dict(zip(known, holm(list(known.values()), alpha / siblings), strict=True))
    return tuple(_compared(key, new[key], old[key], changes[key], limits[key], worse.get(key), alpha) for key in changes)


def limit_of(key: str, new: Sequence[float], old: Sequence[float], tolerance: float) -> float:
    """The value that new may not be beyond, in the figure's unit; new and old: one value a repeat."""
    was = statistics.fmean(old)
    share = allowed(key, was, tolerance, single=len(new) == 1 and len(old) == 1)
    metric = metric_of(key)
    return was * (1 - share if metric is not None and metric.better == "higher" else 1 + share)


def percent(share: float) -> str:
    """0.0213 -> 2.13 %"""
    return f"{round(share * 100, 2):g} %"


@dataclass(frozen=True, slots=True)
class _Limit:
    """ln(ratio) that is just allowed; upward: larger is worse."""

    share: float
    log: float
    upward: bool

    @classmethod
    def of(cls, key: str, old: float, tolerance: float, change: Change) -> _Limit:
        metric = metric_of(key)
        share = allowed(key, old, tolerance, single=change.error is None)
        if metric is None or metric.better != "higher":
            return cls(share, math.log1p(share), upward=True)
        return cls(share, math.log1p(-share) if share < 1 else -math.inf, upward=False)


def _compared(
    key: str, new: Sequence[float], old: Sequence[float], change: Change, limit: _Limit, worse: bool | None, alpha: float
) -> Compared:
    repeats = None
    if worse is None:  # single runs: the figures as they are, against what a single run can tell
        was = statistics.fmean(old)
        value = statistics.fmean(new)
        holds = value <= was * (1 + limit.share) if limit.upward else value >= was * (1 - limit.share)
        outcome = Outcome.HOLDS if holds else Outcome.WORSE
    elif worse:
        outcome = Outcome.WORSE
    else:
        within = change.doubt(limit.log, upward=not limit.upward)
        assert within is not None, "there is an error where there is a doubt"
        outcome = Outcome.HOLDS if within <= alpha else Outcome.INCONCLUSIVE
        if outcome is Outcome.INCONCLUSIVE:
            repeats = change.repeats_to_decide(limit.log)
            if repeats is not None:
                repeats = max(repeats, change.new + 1)
    metric = metric_of(key)
    unit = metric.unit if metric is not None else ""
    return Compared(key, unit, not limit.upward, tuple(new), tuple(old), change, limit.share, outcome, repeats)
