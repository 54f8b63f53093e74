"""The validity checks: each registers itself with what is known of it, and docs/validity.md is made from
that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from slabench.messages import Message
from slabench.verdict.outcome import Check, CheckStatus, not_checked

if TYPE_CHECKING:
    from slabench.verdict.validity.context import CheckContext

RECORDED = Message("remedy.use_own_client")
GIVE_LOG = Message("remedy.give_log")
ONE_SERVER = Message("remedy.one_server")
SERVER_LOG = Message("remedy.server_log")


# The order in which checks are made and reported, causes first: a test's line names the first check that is
# INVALID. Those of LOG read LogEvidence and those of CURVE CurveEvidence; those of TEST are made from all
# loads of a test.
Stage = IntEnum(
    "Stage", "ANSWERS STREAM ORIGIN PROMPTS CACHE SERVER BATCH PACE LOAD CLIENT RATE WORKLOAD LOG CURVE TEST"
)


@dataclass(frozen=True, slots=True)
class Applies:
    """The loads that a check applies to; text: as the documentation has it."""

    text: str
    to: Callable[[Any], bool]


EVERY = Applies("", lambda evidence: True)
BATCH = Applies("batch-size points", lambda context: context.batch_size is not None)
BATCH_OR_LOG = Applies(
    "batch-size points; others where their log shows it",
    lambda context: context.batch_size is not None or context.log is not None,
)
# They offer more than the server runs at once, so that they fill it by design.
FILLING = ("tencent", "tencent-capacity", "serving", "ali-saturation")
RETRACTS = "the method fills the KV pool by design; the published run retracts 7 of 128"

Function = TypeVar("Function", bound=Callable[[Any], Check])


def _made_elsewhere(evidence: object) -> Check:
    raise AssertionError("this check is made from all loads of a test")


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of a check: a decorator, as in @Registration(Stage.ANSWERS, "records", "an answer ended
    otherwise", "why").
    """

    stage: Stage
    evidence: str  # this and the next two are its row in docs/validity.md
    invalid: str
    why: str = ""
    applies: Applies = EVERY
    client: Literal["ours", "other", "any"] = "ours"  # whose loads it is made for
    # Another client does not report it: its loads are NOT_CHECKED, with the message NAME.unreported.
    unreported: bool = False
    # Of Stage.LOG: NOT_CHECKED without a log, with the message NAME.without_log; else it is left out then.
    without_log: bool = False
    probe: bool = False  # a probe of the capacity search needs it
    finding_for: tuple[str, ...] = ()  # the methods that cause it by design, and why they do
    finding_why: str = ""
    by_design: tuple[str, ...] = ()  # the methods whose finding it stays under --strict-validity
    allowed_with: str = ""  # the check whose --allow allows this one too
    name: str = ""
    function: Callable[[Any], Check] = _made_elsewhere  # of LogEvidence, CurveEvidence or CheckContext

    def __call__(self, function: Function) -> Function:
        REGISTERED.append(replace(self, name=function.__name__, function=function))
        return function

    def evaluate(self, context: CheckContext) -> Check | None:
        """Of one load; None where the check does not apply to it."""
        reported, of_log = context.run.reported, self.stage is Stage.LOG
        if not self.applies.to(context):
            return None
        if reported is not None and self.client == "ours" and self.unreported:
            return not_checked(f"{self.name}.unreported", source=reported.client, remedy=RECORDED)
        if self.client == ("other" if reported is None else "ours"):
            return None
        if of_log and context.log is None:
            return not_checked(f"{self.name}.without_log", remedy=GIVE_LOG) if self.without_log else None
        check = self.function(context.log if of_log else context)
        left_out = check.state is CheckStatus.NOT_CHECKED and self.applies is BATCH_OR_LOG
        return None if left_out and context.batch_size is None else check


REGISTERED: list[Registration] = []


def registered(*stages: Stage) -> list[Registration]:
    """Of these stages, or all, in the order in which they are made: in one stage by their place in the
    source.

    The check of another client's loads stands where ours of the same name does.
    """
    order = sorted(
        REGISTERED,
        key=lambda check: (check.client == "other", check.stage, check.function.__module__),
    )
    names = list(dict.fromkeys(check.name for check in order))
    return sorted(
        (check for check in order if not stages or check.stage in stages),
        key=lambda check: names.index(check.name),
    )
