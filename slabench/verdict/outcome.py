"""The three words, and the small values a verdict is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slabench.messages import Message

NOTHING_JUDGED = "NOTHING_JUDGED"  # reason of a valid test that no objective, floor or comparison applies to


class Outcome(StrEnum):
    """One word a test, the same in every output."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INVALID = "INVALID"


class CheckStatus(StrEnum):
    """What a validity check found."""

    OK = "ok"
    INVALID = "invalid"  # nobody can judge this run
    FINDING = "finding"  # printed beside the verdict, does not change it
    NOT_CHECKED = "not_checked"  # the evidence is missing; the remedy says how to have it


@dataclass(frozen=True, slots=True)
class Check:
    """One validity check's outcome; text is a whole sentence with what was seen, the limit and n."""

    name: str
    state: CheckStatus
    message: Message | str  # str: until its room has its messages in the catalogue
    remedy_message: Message | str = ""
    firm: bool = False  # INVALID whatever the method: none brings it about

    @property
    def text(self) -> str:
        return str(self.message)

    @property
    def remedy(self) -> str:
        return str(self.remedy_message)

    def as_dict(self) -> dict[str, Any]:
        stored: dict[str, Any] = {"name": self.name, "state": self.state.value, "text": self.text}
        stored["remedy"] = self.remedy
        for name, message in (("message", self.message), ("remedy_message", self.remedy_message)):
            if isinstance(message, Message):
                stored[name] = message.as_dict()
        return stored


@dataclass(frozen=True, slots=True)
class Objective:
    """One comparison that carries the verdict: an SLO, a floor or a baseline figure with its tolerance."""

    kind: str  # slo | floor | baseline
    metric: str
    op: str  # <= or >=
    limit: float
    observed: float
    unit: str
    holds: bool
    n: int | None
    text: str

    @property
    def margin_pct(self) -> float | None:
        """Distance from the limit in per cent of it; negative is below. None for a limit of 0."""
        return (self.observed - self.limit) / abs(self.limit) * 100 if self.limit else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "metric": self.metric,
            "op": self.op,
            "limit": self.limit,
            "observed": self.observed,
            "unit": self.unit,
            "holds": self.holds,
            "margin_pct": self.margin_pct,
            "n": self.n,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a test says: the word, one complete line, reason codes, and everything it was concluded from."""

    word: Outcome
    headline: str
    reasons: tuple[str, ...]
    objectives: tuple[Objective, ...] = ()
    checks: tuple[Check, ...] = ()
    advice: tuple[str, ...] = ()


def overall(words: list[Outcome]) -> Outcome | None:
    """A run's word: FAILED wins over INVALID wins over PASSED; None when no test ran."""
    for word in (Outcome.FAILED, Outcome.INVALID, Outcome.PASSED):
        if word in words:
            return word
    return None
