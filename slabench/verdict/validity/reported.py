"""Do the times and counts that the server reports of itself fit what the client saw? Nothing is judged by
them alone: findings."""

from __future__ import annotations

from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok
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
        "never: a finding when a time that an answer reports of itself (`e2e_latency`, `queue_time` ...) is negative or "
        "longer than the client waited by more than 5 % and 0.1 s, or a count is negative"
    ),
    why="the client's own times are judged; what the server adds is shown beside them",
)
def reported_times(subject: CheckContext) -> Check:
    known = [
        record
        for record in subject.run.requests
        if record.ok and any(name in record.server for name in (*TIMES, *COUNTS))
    ]
    if not known:
        text = "The answers report no times of their own."
        return Check(
            "reported_times", CheckStatus.NOT_CHECKED, text, "Start the server with --enable-metrics."
        )
    odd = [(record, said) for record in known if (said := contradiction(record)) is not None]
    if not odd:
        return ok(
            "reported_times",
            f"The times and counts that {len(known)} answers report of themselves fit what the client saw.",
        )
    record, said = odd[0]
    text = f"{len(odd)} of {len(known)} answers report what cannot be (request {record.index}: {said})."
    remedy = "Do not read the server's own times and counts of this run; see that its clock is not set while it serves."
    return Check("reported_times", CheckStatus.FINDING, text, remedy)


def contradiction(record: RequestRecord) -> str | None:
    """The first number that cannot be, with what it is held against."""
    for name in (*TIMES, *COUNTS):
        value = record.server.get(name)
        if value is not None and value < 0:
            return f"{name} is {value:g}"
    if record.end_ns is None or record.start_ns is None:
        return None
    seen = (record.end_ns - record.start_ns) / 1e9
    for name in TIMES:
        value = record.server.get(name)
        if value is not None and value > seen * (1 + BEYOND_SHARE) + BEYOND_S:
            return f"{name} is {value:g} s, the client saw {seen:.3g} s"
    return None
