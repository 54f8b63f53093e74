"""A verdict's reason codes and what they mean; docs/validity.md has the same table.

NOTHING_JUDGED is not here: the line of such a test explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from slabench.messages import Message


class Reason(StrEnum):
    """The codes beside the names of checks; they are stored in run.json, so they stay as they are."""

    NO_FLOOR = "NO_FLOOR"
    NO_BASELINE = "NO_BASELINE"
    NOT_COMPARABLE = "NOT_COMPARABLE"
    INCONCLUSIVE = "INCONCLUSIVE"
    SINGLE_RUN = "SINGLE_RUN"
    NO_SPREAD = "NO_SPREAD"
    NOT_INTERLEAVED = "NOT_INTERLEAVED"
    ONE_LAUNCH = "ONE_LAUNCH"
    ALLOWED_IN_BASELINE = "ALLOWED_IN_BASELINE"
    UNRECORDED = "UNTOLD"


REASONS = {
    Reason.NO_FLOOR: Message("reason.no_floor"),
    Reason.NO_BASELINE: Message("reason.no_baseline"),
    Reason.NOT_COMPARABLE: Message("reason.not_comparable"),
    Reason.INCONCLUSIVE: Message("reason.inconclusive"),
    Reason.SINGLE_RUN: Message("reason.single_run"),
    Reason.NO_SPREAD: Message("reason.no_spread"),
    Reason.NOT_INTERLEAVED: Message("reason.not_interleaved"),
    Reason.ONE_LAUNCH: Message("reason.one_launch"),
    "NOT_MEASURED": Message("reason.not_measured"),
    "REDUCED": Message("reason.reduced"),
    "NOT_JUDGED": Message("reason.not_judged"),
    "OWN_SLO": Message("reason.own_slo"),
    "SIMULATED": Message("reason.simulated"),
    "NOT_REFERENCE": Message("reason.not_reference"),
    "BENCH_SERVING": Message("reason.bench_serving"),
    Reason.ALLOWED_IN_BASELINE: Message("reason.allowed_in_baseline"),
    "CRASHED": Message("reason.crashed"),
    "TEST_ERROR": Message("reason.test_error"),
    "ASSERTION": Message("reason.assertion"),
    Reason.UNRECORDED: Message("reason.unrecorded"),
}
# of a code such as SLO:tpot.mean
PREFIXES = {
    "SLO:": Message("reason.objective"),
    "FLOOR:": Message("reason.floor"),
    "BASELINE:": Message("reason.comparison"),
    "ANSWERS:": Message("reason.answers"),
    "UNDEFINED:": Message("reason.undefined"),
}


def in_words(reasons: Sequence[str]) -> str:
    """`SLO:tpot.mean (objective does not hold), NO_FLOOR (no floor ...)`; a check's name is not explained."""
    return str(Message("reason.joined", reasons=[_explained(code) for code in reasons]))


def _explained(code: str) -> str | Message:
    meaning = REASONS.get(code) or PREFIXES.get(code[: code.find(":") + 1])
    return code if meaning is None else Message("reason.explained", code=code, meaning=meaning)
