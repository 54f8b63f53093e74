"""A test's outcome, and the small values that it is concluded from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from slabench.messages import Argument, Message, remedy_of, stored_message

NOTHING_JUDGED = "NOTHING_JUDGED"  # reason of a valid test that no objective, floor or comparison applies to


class Outcome(StrEnum):
    """One word a test, the same in every output."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INVALID = "INVALID"


class CheckStatus(StrEnum):
    """The result of a validity check."""

    OK = "ok"
    INVALID = "invalid"  # no verdict is possible for this run
    FINDING = "finding"  # printed beside the verdict, does not change it
    NOT_CHECKED = "not_checked"  # the evidence is missing; the remedy says how to provide it


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one validity check; its text is a whole sentence with what was observed, the limit and n.

    Made by check(), ok(), finding(), invalid() and not_checked() below.
    """

    name: str
    state: CheckStatus
    message: Message | str  # str: of a file that was stored before messages had ids
    remedy_message: Message | str = ""
    firm: bool = False  # INVALID for every method: no method causes it by design
    allowed: bool = False  # INVALID, and a finding by --allow

    @property
    def text(self) -> str:
        return str(Message("check.allowed", check=self.message) if self.allowed else self.message)

    @property
    def remedy(self) -> str:
        return str(self.remedy_message)

    def as_dict(self) -> dict[str, Any]:
        """As run.json stores it; read() is the way back."""
        messages = {"message": self.message, "remedy_message": self.remedy_message}
        return {
            "name": self.name,
            "state": self.state.value,
            "text": self.text,
            "remedy": self.remedy,
            "allowed": self.allowed,
            **{name: each.as_dict() for name, each in messages.items() if isinstance(each, Message)},
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Check:
        """One of run.json's `checks`. Older files have no ids, and mark what --allow permits in the
        sentence."""
        text = stored["text"].replace(_ALLOWED, "")
        return cls(
            stored["name"],
            CheckStatus(stored["state"]),
            stored_message(stored.get("message"), text),
            stored_message(stored.get("remedy_message"), stored["remedy"]),
            allowed=stored.get("allowed", text != stored["text"]),
        )


_ALLOWED = str(Message("check.allowed", check=""))


def check(
    status: CheckStatus,
    id: str,
    /,
    *,
    remedy: Message | None = None,
    firm: bool = False,
    **arguments: Argument,
) -> Check:
    """`completed.failed` is a result of the check `completed`, and its message.

    Its remedy, unless it is OK, is the catalogue's `completed.failed.remedy`, with the same arguments, where
    it has that and no other is passed.
    """
    message = Message(id, **arguments)
    beside = None if status is CheckStatus.OK else remedy_of(message)
    return Check(id.partition(".")[0], status, message, remedy or beside or "", firm)


ok = partial(check, CheckStatus.OK)
finding = partial(check, CheckStatus.FINDING)
invalid = partial(check, CheckStatus.INVALID)
not_checked = partial(check, CheckStatus.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class Objective:
    """One comparison that decides the outcome: an SLO, a floor, or a baseline metric with its tolerance."""

    kind: str  # slo | floor | baseline | answers
    metric: str
    op: str  # <= or >=
    limit: float
    observed: float
    unit: str
    holds: bool
    n: int | None
    message: Message

    @property
    def text(self) -> str:
        return str(self.message)

    @property
    def margin_pct(self) -> float | None:
        """Distance from the limit in per cent of it; negative is below. None for a limit of 0."""
        return (self.observed - self.limit) / abs(self.limit) * 100 if self.limit else None

    def as_dict(self) -> dict[str, Any]:
        stored = asdict(self) | {"margin_pct": self.margin_pct, "text": self.text}
        return stored | {"message": self.message.as_dict()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A test's outcome with one complete line, reason codes, and everything it was concluded from."""

    word: Outcome
    message: Message
    reasons: tuple[str, ...]
    objectives: tuple[Objective, ...] = ()
    checks: tuple[Check, ...] = ()
    advice: tuple[Message, ...] = ()
    absent: tuple[str, ...] = ()  # codes of what the test could not be judged by: NO_FLOOR, NO_BASELINE

    @property
    def headline(self) -> str:
        return str(self.message)

    def as_dict(self) -> dict[str, Any]:
        """As a test's entry in run.json has it."""
        return {
            "word": self.word.value,
            "headline": self.headline,
            "headline_message": self.message.as_dict(),
            "reasons": [str(reason) for reason in self.reasons],
            "absent": [str(code) for code in self.absent],
            "objectives": [objective.as_dict() for objective in self.objectives],
            "checks": [check.as_dict() for check in self.checks],
            "advice": [str(message) for message in self.advice],
            "advice_messages": [message.as_dict() for message in self.advice],
        }


def overall(words: list[Outcome]) -> Outcome | None:
    """A run's word: FAILED wins over INVALID wins over PASSED; None when no test ran."""
    for word in (Outcome.FAILED, Outcome.INVALID, Outcome.PASSED):
        if word in words:
            return word
    return None
