"""Whether a comparison's load lies past the hardware's knee, where more load adds queue and little
throughput.

Two things show it. Directly, the server's log: requests waited on Decode lines that had no prefill before
them, so that the batch was as full as it could be. Without a log, the client's own count of requests in
flight against what the server reports that it can hold.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from slabench.messages import Message
from slabench.session.measurement import BASELINE, Evaluated
from slabench.verdict.validity import CheckContext

# Of the Decode lines: at the start of a load and where requests come together a line or two have a queue
# below the knee too.
QUEUED_SHARE = 0.1


def knee_notes(evaluated: Sequence[Evaluated]) -> list[Message]:
    """One note a side, of its load that is furthest past the knee; none where nothing shows it."""
    sides = dict.fromkeys(load.side for load in evaluated)
    notes = ([note for load in evaluated if load.side == side and (note := _note(load))] for side in sides)
    return [max(each, key=_severity) for each in notes if each]


def _severity(note: Message) -> float:
    value = note.arguments["queued" if "queued" in note.arguments else "peak"]
    assert isinstance(value, int)
    return value


def _note(load: Evaluated) -> Message | None:
    context = load.context
    where = Message("comparison.at_baseline") if load.side == BASELINE else None
    if (log := context.log) is not None and log.steady:
        if log.queued < QUEUED_SHARE * log.steady:
            return None
        return Message(
            "comparison.note_queued",
            load=where,
            queued=log.queued,
            steady=log.steady,
            most=log.queue_max,
        )
    peak = int(load.metrics.get("concurrency.peak", 0))
    limits = _limits(context)
    if not limits:
        return None
    holds, limit = min(limits, key=lambda pair: pair[0])
    if peak <= holds:
        return None
    return Message("comparison.note_beyond", load=where, peak=peak, holds=holds, limit=limit)


def _limits(context: CheckContext) -> list[tuple[int, Message]]:
    """(requests, what limits them); none where several servers share the load, since no number is theirs."""
    if context.behind.several or context.ranks > 1:
        return []
    limits = []
    if context.max_running is not None:
        limits.append((context.max_running, Message("comparison.holds_running")))
    tokens = [record.input_len + (record.completion_tokens or 0) for record in context.answers]
    if context.token_capacity is not None and tokens:
        mean = round(statistics.fmean(tokens))
        capacity = context.token_capacity
        why = Message("comparison.holds_pool", capacity=capacity, tokens=mean)
        limits.append((capacity // mean, why))
    return limits
