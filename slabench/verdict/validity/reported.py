"""Do the times and counts that the server reports of itself agree with the client's? Findings: no verdict
depends on them alone.
"""

from __future__ import annotations

from slabench.messages import Message
from slabench.records import RequestRecord
from slabench.units import NS_PER_S
from slabench.verdict.outcome import Check, finding, not_checked, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Registration, Stage

# Parts of one answer's way, in seconds, none of which can be longer than the whole. By their names since 0.4.
TIMES = (
    "e2e_latency",
    "queue_time",
    "queue_time_s",
    "queue_time_seconds",
    "prefill_launch_delay",
    "prefill_launch_latency",
    "inference_time",
)
COUNTS = ("total_retractions", "num_retractions", "spec_verify_ct", "reasoning_tokens")
# two clocks on the way, and a clock that is set meanwhile by as much as NTP does
BEYOND_S, BEYOND_SHARE = 0.1, 0.05


@Registration(
    Stage.ORIGIN,
    evidence="`meta_info`",
    invalid=(
        "never; a finding when a time that an answer reports of itself (`e2e_latency`, `queue_time` ...) is "
        "negative or longer than the client measured by more than 5 % and 0.1 s, or a count is negative"
    ),
    why="verdicts use the client's times; the server's are shown beside them",
)
def reported_times(context: CheckContext) -> Check:
    known = [record for record in context.answers if any(name in record.server for name in (*TIMES, *COUNTS))]
    if not known:
        return not_checked("reported_times.none")
    wrong = [(record, reason) for record in known if (reason := contradiction(record)) is not None]
    if not wrong:
        return ok("reported_times.agree", answers=len(known))
    record, reason = wrong[0]
    return finding(
        "reported_times.impossible",
        wrong=len(wrong),
        answers=len(known),
        index=record.index,
        reason=reason,
    )


def contradiction(record: RequestRecord) -> Message | None:
    """The first number that is not possible, with what it is compared with."""
    reported = record.server
    for name in (*TIMES, *COUNTS):
        if reported.get(name, 0) < 0:
            return Message("reported_times.negative", name=name, value=reported[name])
    if record.end_ns is None or record.start_ns is None:
        return None
    client_s = (record.end_ns - record.start_ns) / NS_PER_S
    for name in TIMES:
        if reported.get(name, 0) > client_s * (1 + BEYOND_SHARE) + BEYOND_S:
            return Message("reported_times.too_long", name=name, value=reported[name], client_s=client_s)
    return None
