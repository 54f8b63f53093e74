"""Was the request rate that the plan names the one that the server saw?"""

from __future__ import annotations

from statistics import fmean

from slabench.metrics.definitions import METRICS
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok
from slabench.verdict.validity.registry import Registration, Stage

REACHED_SHARE_LIMIT = 0.9  # of the rate at which requests were due


@Registration(
    Stage.RATE,
    evidence="due and sent times",
    invalid=(
        "never (a finding): with a finite rate and a cap, requests left at less than 90 % of the rate at which they were "
        "due, since they waited for a slot"
    ),
    why=(
        "the load is the cap's and not the rate's, and TTFT leaves the wait out: `ttft_due` has it. tencent's own form "
        "has its cap below its rate, so there it stays a finding under `--strict-validity`"
    ),
    by_design=("tencent", "tencent-capacity"),
)
def rate_reached(subject: CheckContext) -> Check:
    plan, sent = subject.run.plan, [one for one in subject.run.requests if one.sent_ns is not None]
    cap = plan.get("max_concurrency")
    if plan.get("kind") != "open_loop" or cap is None or len(sent) < 2:
        return ok("rate_reached", "No cap stands between a request rate and the server.")
    due_s = (max(one.due_ns for one in sent) - min(one.due_ns for one in sent)) / 1e9
    stamps = [one.sent_ns for one in sent if one.sent_ns is not None]
    sent_s = (max(stamps) - min(stamps)) / 1e9
    waited = [one for one in sent if one.start_ns is not None and one.start_ns > one.due_ns]
    if due_s <= 0 or sent_s <= 0:
        return ok("rate_reached", "All requests were due at one moment.")
    offered, reached = (len(sent) - 1) / due_s, (len(sent) - 1) / sent_s
    text = f"{reached:.3g} requests/s left where {offered:.3g} were due (--request-rate={plan.get('request_rate'):g})"
    if reached >= REACHED_SHARE_LIMIT * offered or not waited:
        return ok("rate_reached", f"{text}.")
    whole = [one for one in sent if one.ok]
    ttft, due = (METRICS[name].sample(whole) for name in ("ttft", "ttft_due"))
    beside = ""
    if ttft and due:
        beside = f" TTFT is {fmean(ttft):,.1f} ms on average from when a request was sent, {fmean(due):,.1f} ms from when it was due."
    text = f"{text}: --max-concurrency={cap} let {reached / offered:.0%} of the rate through (n={len(sent)}).{beside}"
    remedy = "Read the figures as the cap's; judge ttft_due where waiting counts, raise --max-concurrency, or lower the rate."
    return Check("rate_reached", CheckStatus.FINDING, text, remedy)
