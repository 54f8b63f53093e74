"""Did requests leave at the request rate of the plan?"""

from __future__ import annotations

from statistics import fmean

from slabench.messages import Message
from slabench.metrics.definitions import METRICS
from slabench.units import NS_PER_S
from slabench.verdict.outcome import Check, finding, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Registration, Stage

REACHED_SHARE_LIMIT = 0.9  # of the rate at which requests were due


@Registration(
    Stage.RATE,
    evidence="due and sent times",
    invalid=(
        "never; a finding when, with a finite rate and a limit on concurrency, requests were sent at less "
        "than 90 % of the rate at which they were due, since they waited for a slot"
    ),
    why=(
        "the load is then that of the concurrency limit, and TTFT leaves the wait out: `ttft_due` includes "
        "it. tencent's own form has its limit below its rate, so there it stays a finding under "
        "`--strict-validity`"
    ),
    by_design=("tencent", "tencent-capacity"),
)
def rate_reached(context: CheckContext) -> Check:
    plan, cap = context.run.plan, context.run.plan.get("max_concurrency")
    sent = [(record, record.sent_ns) for record in context.run.requests if record.sent_ns is not None]
    if plan.get("kind") != "open_loop" or cap is None or len(sent) < 2:
        return ok("rate_reached.no_cap")
    due_s, sent_s = (
        (max(stamps) - min(stamps)) / NS_PER_S
        for stamps in ([record.due_ns for record, _ in sent], [stamp for _, stamp in sent])
    )
    if due_s <= 0 or sent_s <= 0:
        return ok("rate_reached.at_once")
    offered, reached = (len(sent) - 1) / due_s, (len(sent) - 1) / sent_s
    rate = plan.get("request_rate")
    waited = any(record.start_ns is not None and record.start_ns > record.due_ns for record, _ in sent)
    if reached >= REACHED_SHARE_LIMIT * offered or not waited:
        return ok("rate_reached.reached", reached=reached, offered=offered, rate=rate, requests=len(sent))
    ttft, ttft_due = (METRICS[name].sample(context.answers) for name in ("ttft", "ttft_due"))
    times = (
        Message("rate_reached.ttft", sent_ms=fmean(ttft), due_ms=fmean(ttft_due))
        if ttft and ttft_due
        else None
    )
    return finding(
        "rate_reached.capped",
        reached=reached,
        offered=offered,
        rate=rate,
        cap=cap,
        share=reached / offered,
        limit=REACHED_SHARE_LIMIT,
        requests=len(sent),
        ttft=times,
    )
