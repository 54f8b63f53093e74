"""The looks of a sequential comparison: repeats are added from the first look to the last until it is
decided, and each look is held to a level at which all of them together keep alpha.

The levels are for Student's t of pairs whose ratios are independent; Welch's t of a fixed old side and a
growing new one errs more rarely at them. tools/make_look_levels.py makes the table and has the method.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from slabench.verdict.look_levels import ALPHAS, LEVELS


class StopReason(StrEnum):
    """Why no further repeat was measured."""

    DECIDED = "decided"  # every metric is within its limit
    WORSE = "worse"  # a metric is beyond its limit, so that the test is FAILED whatever the others are
    MOST_REPEATS = "most_repeats"  # it was not decided by the last look
    TIME_BUDGET = "time_budget"  # --time-budget was over before it was decided
    INVALID = "invalid"  # a load is INVALID, and with it the test
    NOT_COMPARED = "not_compared"  # there is nothing to compare with, or it is not comparable


@dataclass(frozen=True, slots=True)
class Looks:
    """first, last: repeats of the new side at the first and at the last look; there is one after each."""

    first: int = 3
    last: int = 16

    def level(self, alpha: float) -> float:
        """The one-sided level of each look, so that the chance that any of them errs is alpha.

        Between the table's alphas by interpolation of the logarithms; below them alpha shared by the looks.
        """
        if alpha > ALPHAS[0] * (1 + 1e-9):
            raise ValueError(f"alpha {alpha} is above {ALPHAS[0]}, the largest that the table has")
        alpha = min(alpha, ALPHAS[0])
        known = LEVELS[self.first, self.last]
        for (high, above), (low, below) in pairwise(zip(ALPHAS, known, strict=True)):
            if low <= alpha:
                share = math.log(alpha / low) / math.log(high / low)
                return math.exp(share * math.log(above) + (1 - share) * math.log(below))
        return alpha / (self.last - self.first + 1)


DEFAULT_LOOKS = Looks()  # of --repeats=auto


@dataclass(frozen=True, slots=True)
class LooksTaken:
    """How a sequential comparison went. repeats: measured at the new server."""

    looks: Looks
    repeats: int
    stopped: StopReason

    def as_dict(self, alpha: float) -> dict[str, Any]:
        """As run.json has it; alpha: one-sided, of all looks together."""
        level = self.looks.level(alpha)
        taken = {"repeats": self.repeats, "stopped": self.stopped.value, "level": level}
        return asdict(self.looks) | taken | {"first_pair": "warmed"}
