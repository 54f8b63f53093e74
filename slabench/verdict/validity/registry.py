"""The validity checks there are: each registers itself with what is known of it, and docs/validity.md is made
from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from slabench.verdict.outcome import Check, CheckStatus

if TYPE_CHECKING:
    from slabench.verdict.validity.context import CheckContext

RECORDED = "Use --client=slabench, which records it."
GIVE_LOG = "Give the server's log with --deploy-log=FILE, or let slabench start the server with --launch=CMD."


# The order in which checks are made and reported, causes first: a test's line names the first one that is
# INVALID. Those of LOG read LogEvidence and those of CURVE CurveEvidence; those of TEST are made where a
# test's loads meet.
Stage = IntEnum(
    "Stage", "ANSWERS STREAM ORIGIN PROMPTS CACHE SERVER BATCH PACE LOAD CLIENT RATE WORKLOAD LOG CURVE TEST"
)


@dataclass(frozen=True, slots=True)
class Applies:
    """Which loads a check is about; text: as the documentation has it."""

    text: str
    to: Callable[[Any], bool]


EVERY = Applies("", lambda evidence: True)
BATCH = Applies("batch-size points", lambda subject: subject.batch_size is not None)
BATCH_OR_LOG = Applies(
    "batch-size points; others where their log shows it",
    lambda subject: subject.batch_size is not None or subject.log is not None,
)
# They offer more than the server runs at once, so that a full server is their own doing.
FILLING = ("tencent", "tencent-capacity", "serving", "ali-saturation")
RETRACTS = "a full KV pool is a state that the method brings about; the published run retracts 7 of 128"

Function = TypeVar("Function", bound=Callable[[Any], Check])


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of a check: a decorator, as in @Registration(Stage.ANSWERS, "records", "an answer ended
    otherwise", "why").
    """

    stage: Stage
    looks_at: str  # this and the next two are its row in docs/validity.md
    invalid: str
    why: str = ""
    applies: Applies = EVERY
    client: Literal["ours", "other", "any"] = "ours"  # whose loads it can be made of
    unreported: str = ""  # what another client does not report: its loads are then NOT_CHECKED
    without_log: str = ""  # of Stage.LOG: what is NOT_CHECKED without a log; empty: nothing
    probe: bool = False  # a probe of the capacity search needs it
    finding_for: tuple[str, ...] = ()  # the methods that bring about what it sees, and why they do
    finding_why: str = ""
    by_design: tuple[str, ...] = ()  # the methods whose finding it stays under --strict-validity
    allowed_with: str = ""  # the check whose --allow lets it pass too
    name: str = ""
    function: Callable[[Any], Check] | None = None

    def __call__(self, function: Function) -> Function:
        REGISTERED.append(replace(self, name=function.__name__, function=function))
        return function

    def look(self, evidence: object) -> Check:
        assert self.function is not None, f"{self.name} is made elsewhere"
        return self.function(evidence)

    def outcome(self, subject: CheckContext) -> Check | None:
        """Of one load; None where the check is not about it."""
        another, of_log = subject.run.told, self.stage is Stage.LOG
        if not self.applies.to(subject):
            return None
        if another is not None and self.client == "ours" and self.unreported:
            return Check(
                self.name,
                CheckStatus.NOT_CHECKED,
                f"{another.client} does not tell {self.unreported}.",
                RECORDED,
            )
        if self.client == ("other" if another is None else "ours"):
            return None
        if of_log and subject.log is None:
            return (
                Check(self.name, CheckStatus.NOT_CHECKED, self.without_log, GIVE_LOG)
                if self.without_log
                else None
            )
        check = self.look(subject.log if of_log else subject)
        unseen = (
            check.state is CheckStatus.NOT_CHECKED
            and self.applies is BATCH_OR_LOG
            and subject.batch_size is None
        )
        return None if unseen else check


REGISTERED: list[Registration] = []


def registered(*stages: Stage) -> list[Registration]:
    """Of these stages, or all, in the order in which they are made: in one stage by their place in the
    source.

    The check of another client's loads stands where ours of the same name does.
    """
    order = sorted(
        REGISTERED,
        key=lambda each: (each.client == "other", each.stage, getattr(each.function, "__module__", "")),
    )
    names = list(dict.fromkeys(each.name for each in order))
    return sorted(
        (each for each in order if not stages or each.stage in stages),
        key=lambda each: names.index(each.name),
    )
