"""Checks of a run's pace: whether an answer or the whole server stopped, and whether something was done for
the first time.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from slabench.messages import Message
from slabench.metrics.full_batch import pace, windows
from slabench.metrics.pauses import Pause, first_requests, pauses
from slabench.units import NS_PER_MS, NS_PER_S
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import FILLING, Registration, Stage

FIRST_RUN_SHARE = 0.2
FIRST_RUN_TOKENS = 32
LOST_SHARE_LIMIT, LOST_SHARE_FINDING = 0.2, 0.05  # of the time in which requests were in flight
LOST_LEAST_NS = NS_PER_S  # less may be a busy machine's
FIRST_LEAST_MS = 1000.0
FIRST_ANSWERS = 5  # or a twentieth of those that waited
TAKEN_IN_NS = 3 * NS_PER_MS  # a request: sglang 0.5.12 took 0.7 to 1.9 of 512 at once, of 1024 ids each


@Registration(
    Stage.PACE,
    evidence="arrivals",
    invalid=(
        "more than 20 % of the run (and 1 s) was lost at its beginning: nothing arrived for longer than the "
        "pace of the rest explains, or the first of one-token answers took longer than every later one. "
        "Findings: more than 5 %; a first wave more than 20 % slower a token than the waves after it "
        "(`--prompts-per-batch`); a first half of the full batch more than 20 % slower than its second; 20 % "
        "that the server's own times of the answers (`e2e_latency`) show to be taking in the requests"
    ),
    why=(
        "one-time work is not the server's rate; contexts grow, so steps get slower, not faster. The warm-up "
        "(`--warmup-requests`) does it before"
    ),
)
def first_run(context: CheckContext) -> Check:
    all_pauses, busy_ns = pauses(context.run.requests)
    early = [pause for pause in all_pauses if pause.early]
    share, slow = _lost(early, busy_ns), first_requests(context.run.requests)
    if share > LOST_SHARE_FINDING:
        cause = Message("first_run.pause", pause=_longest(early, context), share=share)
    elif (
        slow is not None
        and slow.lost_share > LOST_SHARE_FINDING
        and slow.longest_ms - slow.later_longest_ms > FIRST_LEAST_MS
    ):
        share = slow.lost_share
        cause = Message(
            "first_run.requests",
            slower=slow.slower,
            requests=slow.requests,
            longest_ms=slow.longest_ms,
            later_ms=slow.later_longest_ms,
            share=share,
        )
    else:
        return _first_batch(context)
    bad = share > LOST_SHARE_LIMIT
    taken_in_ns = _taken_in_ns(early, context)
    if bad and early and _lost(early, busy_ns, taken_in_ns) <= LOST_SHARE_LIMIT:
        taken_in_s = taken_in_ns / NS_PER_S
        return finding("first_run.taken_in", cause=cause, taken_in_s=taken_in_s, firm=True)
    return check(
        CheckStatus.INVALID if bad else CheckStatus.FINDING,
        "first_run.lost",
        cause=cause,
        limit=LOST_SHARE_LIMIT,
        finding=LOST_SHARE_FINDING,
        firm=bad,
    )


@Registration(
    Stage.PACE,
    evidence="arrivals",
    invalid=(
        "the whole server stopped for longer than `--stall-limit` (5 s), or for 20 % of the run (and 1 s) in "
        "all: requests were in flight and nothing arrived (for every method); or one answer stalled for "
        "longer than the limit, at a batch-size point only while the batch was full"
    ),
    why="a hundred times 50 ms; a shorter wait may be for the prefills of others",
    finding_for=FILLING,
    finding_why=(
        "a retracted answer pauses for as long as the queue is; its TPOT and the longest gap say so. That "
        "the whole server stops is INVALID here too"
    ),
)
def stall(context: CheckContext) -> Check:
    return _server_stopped(context) or _answer_stopped(context)


def _server_stopped(context: CheckContext) -> Check | None:
    """Pauses beyond the limit, or together more than 20 % of the time in which requests were in flight."""
    all_pauses, busy_ns = pauses(context.run.requests)
    longest_ns = max((pause.lasted_ns for pause in all_pauses), default=0)
    if longest_ns > context.stall_limit_s * NS_PER_S:
        pause = _longest(all_pauses, context)
        return invalid("stall.server", pause=pause, limit_s=context.stall_limit_s, firm=True)
    later = [pause for pause in all_pauses if not pause.early]
    share = _lost(later, busy_ns)
    if share <= LOST_SHARE_LIMIT:
        return None
    pause = _longest(later, context)
    return invalid("stall.server_often", pause=pause, share=share, limit=LOST_SHARE_LIMIT, firm=True)


def _lost(pauses: Sequence[Pause], busy_ns: int, explained_ns: float = 0.0) -> float:
    """The time that pauses cost beyond the run's own pace and what explains it, as a share of the time in
    flight; 0 for what may be a busy machine's.
    """
    lost_ns = sum(pause.lost_ns for pause in pauses) - explained_ns
    return lost_ns / busy_ns if lost_ns >= LOST_LEAST_NS else 0.0


def _taken_in_ns(early: Sequence[Pause], context: CheckContext) -> float:
    """What went by before the server's own clock of the first answers after the longest pause began: their
    median time by our clock less its e2e_latency, which begins when its API server has read the request. 0
    where one does not report it, where it cannot be (longer than the pause for the median of all that waited,
    or than an API server takes to read so many requests), and where a router or a network that loses segments
    may have held them.
    """
    if not early or context.behind.router != "none":
        return 0.0
    longest = max(early, key=lambda pause: pause.lasted_ns)
    waited = sorted(
        (
            record
            for record in context.run.requests
            if record.ok
            and record.sent_ns is not None
            and record.arrival_ns
            and record.sent_ns < longest.end_ns <= record.arrival_ns[0]
        ),
        key=lambda record: record.arrival_ns[0],
    )
    outside = [
        record.arrival_ns[record.grown - 1] - (record.sent_ns or 0) - latency_s * NS_PER_S
        for record in waited
        if (latency_s := record.server.get("e2e_latency", 0.0)) > 0
    ]
    lossy = any(record.out_of_order for record in waited)
    if lossy or len(outside) < len(waited) or statistics.median(outside) > longest.lasted_ns:
        return 0.0
    taken_in = max(0.0, statistics.median(outside[: max(FIRST_ANSWERS, len(waited) // 20)]))
    return taken_in if taken_in <= TAKEN_IN_NS * len(waited) else 0.0


def _longest(pauses: Sequence[Pause], context: CheckContext) -> Message:
    pause = max(pauses, key=lambda pause: pause.lasted_ns)
    return Message(
        "stall.pause",
        in_flight=pause.in_flight,
        lasted_s=pause.lasted_ns / NS_PER_S,
        after_s=(pause.begin_ns - context.run.began_ns) / NS_PER_S,
        expected_s=pause.expected_ns / NS_PER_S,
    )


def _answer_stopped(context: CheckContext) -> Check:
    answers = [record for record in context.answers if len(record.stamps_ns) > 1]
    if not answers:
        return ok("stall.no_gap")
    begin, end = 0.0, float("inf")
    if context.batch_size is not None:
        full = windows(answers, context.batch_size)
        if not full:
            return ok("stall.never_full", size=context.batch_size)
        begin, end = full[0].begin, full[-1].end
    gaps = [
        (after - before, record.index)
        for record in answers
        for before, after in itertools.pairwise(record.stamps_ns)
        if after - before > context.stall_limit_s * NS_PER_S and begin <= before and after <= end
    ]
    if not gaps:
        return ok("stall.none", answers=len(answers), limit_s=context.stall_limit_s)
    longest_ns, index = max(gaps)
    return invalid(
        "stall.answers",
        stalled=len({index for _, index in gaps}),
        answers=len(answers),
        limit_s=context.stall_limit_s,
        longest_s=longest_ns / NS_PER_S,
        index=index,
    )


def _first_batch(context: CheckContext) -> Check:
    """The beginning of the full batch is not slower than what follows by more than 20 %.

    Of several waves the first is compared with the rest, which is the same work; of one, its first half with
    its second: contexts only grow, so steps get slower. A beginning that is slower has paid for something
    once: kernels, clocks, caches. A finding, since the mean says how much.
    """
    if context.batch_size is None:
        return ok("first_run.no_batch")
    answers = [record for record in context.answers if record.arrival_ns]
    full = windows(answers, context.batch_size)
    if not full:
        return ok("first_run.never_full", size=context.batch_size)
    enough = FIRST_RUN_TOKENS * context.batch_size
    # Requests that do not go in step fill the batch again and again for a moment: only a wave's own time is
    # long enough.
    paces = [pace(answers, window.members, window.begin, window.end) for window in full]
    waves = [(time, tokens) for time, tokens in paces if tokens >= enough]
    first, middle = full[0], (full[0].begin + full[0].end) // 2
    early = pace(answers, first.members, first.begin, middle)
    late = pace(answers, first.members, middle, first.end)
    compared: list[tuple[float, Message]] = []
    if len(waves) > 1:
        rest = sum(time for time, _ in waves[1:]), sum(tokens for _, tokens in waves[1:])
        compared.append(_compared("first_run.waves", waves[0], rest, later=len(waves) - 1))
    if min(early[1], late[1]) >= enough:
        compared.append(_compared("first_run.halves", early, late))
    if not compared:
        return ok("first_run.too_short", tokens=FIRST_RUN_TOKENS)
    slow = tuple(message for slower, message in compared if slower > FIRST_RUN_SHARE)
    if slow:
        return finding("first_run.slower", compared=slow, limit=FIRST_RUN_SHARE)
    return ok("first_run.even", compared=tuple(message for _, message in compared))


def _compared(
    id: str, early: tuple[int, int], late: tuple[int, int], **arguments: int
) -> tuple[float, Message]:
    """By what share the earlier of two paces is slower, and the message of both; 0 where the later one was
    read at one moment.
    """
    first_ms, later_ms = (time / tokens / NS_PER_MS for time, tokens in (early, late))
    slower = first_ms / later_ms - 1 if later_ms else 0.0
    return slower, Message(id, first_ms=first_ms, later_ms=later_ms, slower=slower, **arguments)
