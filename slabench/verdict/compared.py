"""One metric of both sides as compared: its result, and what is said of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slabench.messages import Message
from slabench.verdict.interval import Interval, Printed, printed
from slabench.verdict.looks import Looks
from slabench.verdict.statistics import MOST_LAUNCHES, MOST_REPEATS, Change
from slabench.verdict.tolerances import floor_share


class ComparisonResult(StrEnum):
    """The result of comparing one metric."""

    HOLDS = "holds"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


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
    launches: int | None = None  # that would decide it, each with as many repeats as these have
    # of both sides, where the old one is stored and repeats of the new one alone would not decide
    both_repeats: int | None = None

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
    def _result(self) -> str:
        """The end of its message's id. Of one that holds and differs by more than is allowed to the worse,
        `within` would be untrue, and `better` too where its interval contains no difference.
        """
        gain = (self.observed / self.was - 1) * (1 if self.higher_is_better else -1)
        if self.outcome is not ComparisonResult.HOLDS or gain <= self.allowed:
            return self.outcome.value
        return "not_worse" if self.interval is not None and self.interval.contains(1) else "better"

    @property
    def _printed(self) -> Printed:
        """Where there is no interval the change itself decides."""
        ratio = self.observed / self.was
        ends = (ratio, ratio) if self.interval is None else (self.interval.low, self.interval.high)
        return printed(*ends, self.limit_ratio)

    def message(self, n: int | None = None) -> Message:
        return Message(
            f"comparison.{self._result}",
            metric=self.key,
            observed=self.observed,
            unit=self.unit,
            allowed=self._allowed(),
            baseline=self.was,
            change=self._change(n),
        )

    def _change(self, n: int | None) -> Message:
        """`+5.1 %, interval +4.8 % to +5.4 %, 4 pairs`; the levels stand in the table."""
        ends = self._printed
        if self.interval is None and self.repeated:
            return Message("comparison.change_no_spread", change=ends.low)
        if self.interval is None:
            counted = None if n is None else Message("comparison.n", n=n)
            return Message("comparison.change_single", change=ends.low, n=counted)
        most = None if self.looks is None else Message("comparison.at_most", most=self.looks.last)
        pairs = Message("comparison.pairs", pairs=self.change.new, most=most)
        if self.change.per_launch:
            pairs = Message("comparison.launches", launches=self.change.new)
        elif self.change.launches > 1:
            pairs = Message(
                "comparison.pairs_of_launches", pairs=self.change.new, launches=self.change.launches
            )
        runs = Message("comparison.runs", new=self.change.new, old=self.change.old, most=most)
        return Message(
            "comparison.change_interval",
            change_pct=(self.change.ratio - 1) * 100,
            low=ends.low,
            high=ends.high,
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
        if self.change.per_launch:
            return _of_launches(self.repeats)
        if self.repeats is None and self.change.launch is not None:
            return _of_launches(self.launches, self.change.launch.sd, in_turns=self.change.paired)
        if self.repeats is not None:
            return Message("comparison.repeats_decide", repeats=self.repeats)
        if self.both_repeats is not None:
            return Message("comparison.baseline_repeats", old=self.change.old, repeats=self.both_repeats)
        return Message("comparison.repeats_too_many", most=MOST_REPEATS)

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
        stored |= {"per_launch": True} if self.change.per_launch else {}
        if (launch := self.change.launch) is not None:
            stored |= {"launch_sd": launch.sd, "launch_freedom": launch.freedom}
        return stored if remedy is None else stored | {"remedy_message": remedy.as_dict()}


def _of_launches(launches: int | None, sd: float | None = None, *, in_turns: bool = True) -> Message:
    """sd: the stored spread of launches, which no number of repeats makes smaller. in_turns: both servers are
    in this run, as --launches has them; it is combined with no file, and not with --one-after-the-other.
    """
    beside = "" if sd is None else Message("comparison.launches_differ", sd_pct=sd * 100)
    if launches is None or launches > MOST_LAUNCHES:
        return Message("comparison.launches_too_many", most=MOST_LAUNCHES, spread=beside)
    decide = "comparison.launches_decide" if in_turns else "comparison.launches_in_turns"
    return Message(decide, launches=launches, spread=beside)
