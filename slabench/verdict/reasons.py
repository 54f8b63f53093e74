"""A verdict's reason codes and what they mean; docs/validity.md says more of each.

NOTHING_JUDGED is not here: the line of such a test explains it. Reasons in lower case are names of checks, or
say that a test ended before its verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from slabench.messages import Message, Sentence


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
    NOT_MEASURED = "NOT_MEASURED"
    # of labels
    REDUCED = "REDUCED"
    LATER_FORM = "LATER_FORM"
    NOT_JUDGED = "NOT_JUDGED"
    OWN_SLO = "OWN_SLO"
    SIMULATED = "SIMULATED"
    NOT_REFERENCE = "NOT_REFERENCE"
    BENCH_SERVING = "BENCH_SERVING"
    TPOT_BOUNDED = "TPOT_BOUNDED"
    REPEATED = "REPEATED"
    # of what ended a test
    CRASHED = "CRASHED"
    TEST_ERROR = "TEST_ERROR"
    ASSERTION = "ASSERTION"
    TIMEOUT = "TIMEOUT"
    # of `slabench compare` alone
    NOT_VALID = "NOT_VALID"
    NOT_GATED = "NOT_GATED"
    UNCHECKED = "UNCHECKED"
    SERVER_FAILED = "SERVER_FAILED"
    NO_RESULT = "NO_RESULT"


REASONS: Mapping[str, Message] = {
    Reason.NO_FLOOR: Message("reason.no_floor"),
    Reason.NO_BASELINE: Message("reason.no_baseline"),
    Reason.NOT_COMPARABLE: Message("reason.not_comparable"),
    Reason.INCONCLUSIVE: Message("reason.inconclusive"),
    Reason.SINGLE_RUN: Message("reason.single_run"),
    Reason.NO_SPREAD: Message("reason.no_spread"),
    Reason.NOT_INTERLEAVED: Message("reason.not_interleaved"),
    Reason.ONE_LAUNCH: Message("reason.one_launch"),
    Reason.NOT_MEASURED: Message("reason.not_measured"),
    Reason.REDUCED: Message("reason.reduced"),
    Reason.LATER_FORM: Message("reason.later_form"),
    Reason.NOT_JUDGED: Message("reason.not_judged"),
    Reason.OWN_SLO: Message("reason.own_slo"),
    Reason.SIMULATED: Message("reason.simulated"),
    Reason.NOT_REFERENCE: Message("reason.not_reference"),
    Reason.BENCH_SERVING: Message("reason.bench_serving"),
    Reason.TPOT_BOUNDED: Message("reason.tpot_bounded"),
    Reason.REPEATED: Message("reason.repeated"),
    Reason.ALLOWED_IN_BASELINE: Message("reason.allowed_in_baseline"),
    Reason.CRASHED: Message("reason.crashed"),
    Reason.TEST_ERROR: Message("reason.test_error"),
    Reason.ASSERTION: Message("reason.assertion"),
    Reason.TIMEOUT: Message("reason.timeout"),
    Reason.UNRECORDED: Message("reason.unrecorded"),
    Reason.NOT_VALID: Message("reason.not_valid"),
    Reason.NOT_GATED: Message("reason.not_gated"),
    Reason.UNCHECKED: Message("reason.unchecked"),
    # slabench.capacity.search.Kind
    "FOUND": Message("reason.found"),
    "SERVER_LIMIT": Message("reason.server_limit"),
    "RANGE_END": Message("reason.range_end"),
    "NONE_HOLDS": Message("reason.none_holds"),
    "UNRESOLVED": Message("reason.unresolved"),
    Reason.SERVER_FAILED: Message("reason.server_failed"),
    Reason.NO_RESULT: Message("reason.no_result"),
}
# The codes of our own labels, by their messages.
LABELS: Mapping[str, Reason] = {
    "methods.reduced": Reason.REDUCED,
    "label.not_judged": Reason.NOT_JUDGED,
    "label.own_slo": Reason.OWN_SLO,
    "label.bench_serving": Reason.BENCH_SERVING,
    "label.repeated": Reason.REPEATED,
    "bounded.label": Reason.TPOT_BOUNDED,
}
# as earlier versions stored them
EARLIER = {"ServerError": Reason.SERVER_FAILED, "InvalidRun": Reason.NO_RESULT}
# of a code such as SLO:tpot.mean
PREFIXES = {
    "SLO:": Message("reason.objective"),
    "FLOOR:": Message("reason.floor"),
    "BASELINE:": Message("reason.comparison"),
    "ANSWERS:": Message("reason.answers"),
    "UNDEFINED:": Message("reason.undefined"),
}


def code_of(label: str) -> str:
    """A label's reason code. What a test's own code passes as labels= has the form `CODE: why`."""
    known = LABELS.get(label.message.id) if isinstance(label, Sentence) else None
    return known or label.partition(":")[0]


def in_words(reasons: Sequence[str]) -> str:
    """`SLO:tpot.mean (objective does not hold), NO_FLOOR (no floor ...)`; a check's name is not explained."""
    return str(Message("reason.joined", reasons=[_explained(code) for code in reasons]))


def _explained(code: str) -> str | Message:
    code = EARLIER.get(code, code)
    meaning = REASONS.get(code) or PREFIXES.get(code[: code.find(":") + 1])
    return code if meaning is None else Message("reason.explained", code=code, meaning=meaning)
