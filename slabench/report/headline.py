"""The line of a test's outcome as every output has it: observed, limit, n, and of a red one what to do."""

from __future__ import annotations

from slabench.history import PREFIX
from slabench.messages import Message
from slabench.run_document.entry import CheckEntry, Entry, ObjectiveEntry
from slabench.verdict.outcome import CheckStatus, Outcome
from slabench.verdict.validity.degenerate import METRICS as OF_ONE_SERVER

LOWER_LOAD = "advice.tpot_exceeds"
_REMEDIES = {
    "slo": Message("objective.remedy_slo"),
    "floor": Message("objective.remedy_floor"),
    "baseline": Message("objective.remedy_baseline"),
    "answers": Message("objective.remedy_answers"),
}

ACCURACY_REMEDY = Message("accuracy.remedy_floor")


def headline(entry: Entry) -> str:
    """`tpot mean 62.00 ms > 50 ms (+24 %, n=16). Lower the load ...`; without a remedy the entry's line."""
    todo = remedy(entry)
    if not todo:
        return entry.headline
    stop = "" if entry.headline.endswith((".", "。")) else Message("headline.stop")
    return str(Message("headline.complete", line=entry.headline, stop=stop, remedy=todo))


def first_invalid(entry: Entry) -> CheckEntry | None:
    """The check that the line of an INVALID test is of; the line has it in full."""
    invalid = (check for check in entry.checks if check.state is CheckStatus.INVALID)
    return next(invalid, None) if entry.word is Outcome.INVALID else None


# Lines of a check without its remedy. Another line, such as that of a test that no load was sent to, has it.
_OF_A_CHECK = ("verdict.invalid", "verdict.invalid_more")


def remedy(entry: Entry) -> str:
    """What to do about a red test; empty where its own line says it, or there is nothing to do."""
    if (check := first_invalid(entry)) is not None:
        message = entry.headline_message
        return check.remedy if message is None or message.id in _OF_A_CHECK else ""
    violated = [each for each in entry.objectives if not each.holds]
    if entry.word is not Outcome.FAILED or not violated:
        return ""
    known = zip(entry.advice, entry.advice_messages, strict=False)  # an earlier file has no messages
    advised = [text for text, message in known if message.id == LOWER_LOAD]
    return advised[0] if advised else str(_remedy(entry, violated[0]))


def _remedy(entry: Entry, rule: ObjectiveEntry) -> Message:
    """A lower load raises no throughput and does not help one request alone; a new baseline can be saved
    where a file is compared with, and no server.
    """
    compared, kind = entry.comparison, rule.kind
    if kind == "floor" and rule.metric == "accuracy":  # its floor is an option
        return ACCURACY_REMEDY
    if kind == "answers" and rule.metric in OF_ONE_SERVER:
        return Message("objective.remedy_degenerate")
    if kind == "slo" and rule.op in (">", ">="):
        higher = "throughput" in rule.metric or rule.metric.endswith("qpm")
        return Message("objective.remedy_throughput") if higher else _REMEDIES[kind]
    if kind == "slo" and 1 in (entry.batch_size, entry.plan.get("max_concurrency"), entry.plan.get("count")):
        return Message("objective.remedy_alone")
    if kind == "baseline" and compared is not None:
        if compared.interleaved is not None:
            return Message("objective.remedy_server")
        if str(compared.baseline).startswith(PREFIX):
            return Message("objective.remedy_history")
    return _REMEDIES[kind]
