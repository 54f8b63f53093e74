"""What the method says to try next: tencent's rule, more prompts if TPOT has room, less rate and concurrency
if it has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slabench.messages import number
from slabench.verdict.sla import Slo

ROOM = 0.9  # below 90 % of the limit there is room


def tencent(
    slos: Sequence[Slo], figures: Mapping[str, float], plan: Mapping[str, object], *, full: bool = False
) -> tuple[str, ...]:
    """Sentences for the report; none when TPOT is close below its limit, which is where the method wants to
    be.

    full: the server retracted requests. Then its KV pool is the limit, and more load gives no more.
    """
    rules = [one for one in slos if one.metric.startswith("tpot.") and one.metric in figures]
    if not rules:
        return ()
    rule = rules[0]
    seen = figures[rule.metric]
    at = f"({number(seen)} of {rule.limit:g} ms)"
    load = f"request-rate {plan.get('request_rate')}, max-concurrency {plan.get('max_concurrency')}"
    if seen > rule.limit:
        return (f"TPOT has no room {at}: try a lower --request-rate and --max-concurrency than {load}.",)
    if seen < ROOM * rule.limit and full:
        return (
            f"TPOT has room {at}, and the server's KV pool has none: a larger pool, or more servers, would use it. More prompts "
            f"(--num-prompts) than {plan.get('count')} only make the run longer; more rate or concurrency queues.",
        )
    if seen < ROOM * rule.limit:
        return (
            f"TPOT has room {at}: try more prompts (--num-prompts) than {plan.get('count')}, then more rate and concurrency.",
        )
    return ()
