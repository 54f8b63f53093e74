"""What the method advises to try next: tencent's rule, more prompts while TPOT is well below its limit, a
lower rate and concurrency when it is above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.messages import Message
from slabench.verdict.sla import Slo

WELL_BELOW = 0.9  # of the limit: the server can take more load


def tencent(
    slos: Sequence[Slo], metrics: Mapping[str, float], plan: Mapping[str, Any], *, full: bool = False
) -> tuple[Message, ...]:
    """Messages for the report; none when TPOT is close below its limit, which is the method's aim.

    full: the server retracted requests. Then its KV pool is the limit, and a higher load gives no more.
    """
    rule = next((slo for slo in slos if slo.metric.startswith("tpot.") and slo.metric in metrics), None)
    if rule is None:
        return ()
    limit, observed = rule.limit, metrics[rule.metric]
    if observed > limit:
        rate, concurrency = plan.get("request_rate"), plan.get("max_concurrency")
        if concurrency == 1:  # one request alone: no lower load makes it faster
            return (Message("advice.tpot_alone", limit=limit, observed=observed),)
        return (
            Message(
                "advice.tpot_exceeds", limit=limit, observed=observed, rate=rate, concurrency=concurrency
            ),
        )
    if observed >= WELL_BELOW * limit:
        return ()
    arguments = {
        "share_pct": observed / limit * 100,
        "limit": limit,
        "observed": observed,
        "prompts": plan.get("count"),
    }
    return (Message("advice.pool_full" if full else "advice.tpot_below", **arguments),)
