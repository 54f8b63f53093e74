"""Accuracy: the share of right answers, with the interval of Clopper and Pearson; a floor, and two sides.

An interval's ends are exact one-sided bounds, whatever the share and however few the questions. The questions
are taken as a sample of those that could be asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from slabench.messages import Message
from slabench.verdict.bounded import Undecided
from slabench.verdict.outcome import Objective
from slabench.verdict.percentiles import MOST_REQUESTS, to_decide
from slabench.verdict.regression import ALPHA
from slabench.verdict.shares import interval
from slabench.verdict.statistics import LEVEL, POWER

METRIC = "accuracy"
RIGHT, WRONG, NONE = "1", "0", "-"  # NONE: the question has no answer


@dataclass(frozen=True, slots=True)
class Answers:
    """One side's answers: results has RIGHT, WRONG or NONE for each question in the file's order; sha256 is
    the file's.
    """

    sha256: str
    results: str

    @property
    def n(self) -> int:
        """Questions with an answer."""
        return len(self.results) - self.results.count(NONE)

    @property
    def right(self) -> int:
        return self.results.count(RIGHT)


def against_floor(answers: Answers, floor: float) -> Objective | Undecided:
    """PASSED where the interval's lower end holds, FAILED where its upper end does not."""
    right, n = answers.right, answers.n
    low, high = interval(right, n)
    arguments = {"share": right / n, "floor": floor, "low": low, "high": high, "n": n}
    if low >= floor or high < floor:
        id = "accuracy.floor_holds" if low >= floor else "accuracy.below_floor"
        return Objective(
            "floor", METRIC, ">=", floor, right / n, "share", low >= floor, n, Message(id, **arguments)
        )
    # the share of wrong answers is allowed to be 1 - floor: what a percentile is of values beyond its limit
    questions = to_decide((n - right) / n, floor, LEVEL)
    message = Message("accuracy.floor_inconclusive", **arguments, remedy=_remedy(questions, n))
    return Undecided(message, inconclusive=True)


def _remedy(questions: int | None, n: int) -> Message:
    if questions is None:
        return Message("accuracy.no_number")
    return Message("accuracy.questions_decide", questions=max(questions, n + 1))


@dataclass(frozen=True, slots=True)
class Paired:
    """The questions that both sides answered: lost are right of old alone, gained of new alone.

    Tango's score test for the difference of two shares of the same questions (Statistics in Medicine 17,
    1998), which is McNemar's where no difference is allowed. It is asymptotic, so that a loss besides has to
    show in the exact sign test of lost against gained.
    """

    n: int
    old: int
    lost: int
    gained: int

    @classmethod
    def of(cls, old: Answers, new: Answers) -> Paired:
        """Of the same questions."""
        pairs = [pair for pair in zip(old.results, new.results, strict=True) if NONE not in pair]
        return cls(
            len(pairs),
            sum(was == RIGHT for was, _ in pairs),
            pairs.count((RIGHT, WRONG)),
            pairs.count((WRONG, RIGHT)),
        )

    @property
    def change(self) -> float:
        """New minus old, a share."""
        return (self.gained - self.lost) / self.n

    def score(self, loss: float) -> float:
        """Standard normal where the true loss is as large as this; above 0 where the seen one is larger."""
        spread = math.sqrt(max(0.0, self.n * (2 * self._gain_at(loss) + loss * (1 - loss))))
        distance = self.lost - self.gained - self.n * loss
        return distance / spread if spread else math.copysign(math.inf, distance) if distance else 0.0

    def _gain_at(self, loss: float) -> float:
        """The most likely share of gained questions where the true loss is this."""
        a = 2 * self.n
        b = (2 * self.n - self.lost + self.gained) * loss - self.lost - self.gained
        c = -self.gained * loss * (1 - loss)
        return (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)

    def interval(self) -> tuple[float, float]:
        """Of the change, at one-sided levels of 1 - ALPHA."""
        return -self._end(-_z(ALPHA)), -self._end(_z(ALPHA))

    def _end(self, score: float) -> float:
        """The loss that has this score: it falls as the loss grows."""
        low, high = -1.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.score(middle) > score else (low, middle)
        return (low + high) / 2

    def sign_test(self) -> float:
        """One-sided p-value of `new loses no more questions than it gains`."""
        from scipy.special import bdtr

        return float(bdtr(self.gained, self.lost + self.gained, 0.5))

    def against(self, tolerance: float) -> Objective | Message:
        """tolerance: by how much the share may fall. A message: inconclusive."""
        score = self.score(tolerance)
        holds, worse = score <= -_z(ALPHA), score >= _z(ALPHA) and self.sign_test() <= ALPHA
        was, now = self.old / self.n, (self.old - self.lost + self.gained) / self.n
        low, high = self.interval()
        arguments = {
            "share": now,
            "baseline": was,
            "points": tolerance * 100,
            "change": self.change * 100,
            "low": low * 100,
            "high": high * 100,
            "level_pct": (1 - ALPHA) * 100,
            "lost": self.lost,
            "gained": self.gained,
            "n": self.n,
        }
        if holds or worse:
            id = "accuracy.within" if holds else "accuracy.worse"
            message = Message(id, **arguments)
            return Objective("baseline", METRIC, ">=", was - tolerance, now, "share", holds, self.n, message)
        remedy = _remedy(self.questions(tolerance), self.n)
        return Message("accuracy.inconclusive", **arguments, remedy=remedy)

    def questions(self, tolerance: float) -> int | None:
        """That would decide in four of five cases, if as large shares change as here; None: too many."""
        distance = abs(self.change + tolerance)
        if math.isclose(distance, 0, abs_tol=1e-9):
            return None
        null = 2 * self._gain_at(tolerance) + tolerance * (1 - tolerance)
        there = max(0.0, (self.lost + self.gained) / self.n - self.change**2)
        wanted = ((_z(ALPHA) * math.sqrt(null) + _z(1 - POWER) * math.sqrt(there)) / distance) ** 2
        return math.ceil(wanted) if wanted <= MOST_REQUESTS else None


def _z(share: float) -> float:
    """The standard normal value that this share is above."""
    from scipy.special import ndtri

    return float(ndtri(1 - share))
