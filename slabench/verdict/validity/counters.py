"""Other clients by what the server's /metrics counted: the check other_clients where no log has prompts."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.messages import Message
from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import GIVE_LOG

# of a balancer's servers one may answer a few requests, and another one show its /metrics
LEAST_COUNTED = 8
OTHERS_SHARE_LIMIT = 0.01  # of our tokens: a smaller load changes no metric by more than that


def by_counters(context: CheckContext, mine: Sequence[RequestRecord]) -> Check:
    served = context.served
    if served is None:
        return not_checked("other_clients.unknown")
    totals = [
        record.prompt_tokens + record.completion_tokens
        for record in mine
        if record.prompt_tokens is not None and record.completion_tokens is not None
    ]
    if len(totals) < len(mine):
        without = len(mine) - len(totals)
        return not_checked("other_clients.uncounted", remedy=GIVE_LOG, without=without, answers=len(mine))
    tokens = sum(totals)
    counts = Message(
        "other_clients.counters",
        served_requests=served.requests,
        served_tokens=served.tokens,
        requests=len(mine),
        tokens=tokens,
    )
    nothing = not served.requests and not served.tokens
    if nothing and len(mine) >= LEAST_COUNTED and not context.behind.several:
        return invalid("other_clients.none_counted", counts=counts)
    if served.tokens < (1 - OTHERS_SHARE_LIMIT) * tokens:
        return not_checked("other_clients.part_of_counters", remedy=GIVE_LOG, counts=counts)
    if served.tokens - tokens > OTHERS_SHARE_LIMIT * tokens:
        return invalid("other_clients.more_tokens", counts=counts, limit=OTHERS_SHARE_LIMIT)
    if served.requests > len(mine):
        return finding("other_clients.more_requests", counts=counts)
    return ok("other_clients.ok", counts=counts)
