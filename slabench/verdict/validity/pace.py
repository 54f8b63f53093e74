"""Checks about the pace of a run: did an answer or the whole server stop, and was something done for the
first time?
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from slabench.metrics.full_batch import pace, windows
from slabench.metrics.pauses import Pause, first_requests, pauses
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok
from slabench.verdict.validity.registry import FILLING, Registration, Stage

FIRST_RUN_SHARE = 0.2
FIRST_RUN_TOKENS = 32
LOST_SHARE_LIMIT, LOST_SHARE_SAID = 0.2, 0.05  # of the time in which requests were in flight
LOST_LEAST_NS = 1e9  # less may be a busy machine's
FIRST_LEAST_MS = 1000.0


@Registration(
    Stage.PACE,
    evidence="arrivals",
    invalid=(
        "more than 20 % of the run (and 1 s) was lost at its beginning: nothing arrived for longer than the pace of the "
        "rest explains, or the first of one-token answers took longer than every later one; more than 5 % is a finding. A "
        "finding too when the first wave is more than 20 % slower a token than the waves after it "
        "(`--prompts-per-batch`), or the first half of the full batch than its second"
    ),
    why=(
        "what is done for the first time is no rate of the server; contexts grow, so steps get slower, not faster. The "
        "warm-up (`--warmup-requests`) does it before"
    ),
)
def first_run(subject: CheckContext) -> Check:
    found, busy_ns = pauses(subject.run.requests)
    early = [one for one in found if one.early]
    lost = _lost(early, busy_ns)
    if lost > LOST_SHARE_SAID:
        text = f"{_pause(max(early, key=lambda one: one.lasted_ns), subject)}: {lost:.0%} of the run"
        return _first_time(text, lost)
    slow = first_requests(subject.run.requests)
    if (
        slow is not None
        and slow.lost_share > LOST_SHARE_SAID
        and slow.longest_ms - slow.later_longest_ms > FIRST_LEAST_MS
    ):
        text = (
            f"{slow.slower} of the first {slow.requests} requests waited longer than any later one, {slow.longest_ms:.0f} ms "
            f"against at most {slow.later_longest_ms:.0f} ms: {slow.lost_share:.0%} of all waiting"
        )
        return _first_time(text, slow.lost_share)
    return _first_batch(subject)


@Registration(
    Stage.PACE,
    evidence="arrivals",
    invalid=(
        "the whole server stopped for longer than `--stall-limit` (5 s), or for 20 % of the run (and 1 s) in all: "
        "requests were in flight and nothing arrived, by every method; or one answer stood still for longer than the "
        "limit, of a batch-size point only while the batch was full"
    ),
    why="a hundred times 50 ms; before that an answer waits for the others' prefills",
    finding_for=FILLING,
    finding_why=(
        "a retracted answer pauses for as long as the queue is; its TPOT and the longest gap say so. That the whole "
        "server stops is INVALID here too"
    ),
)
def stall(subject: CheckContext) -> Check:
    return _server_stopped(subject) or _answer_stopped(subject)


def _server_stopped(subject: CheckContext) -> Check | None:
    """Pauses beyond the limit, or together more than 20 % of the time in which requests were in flight."""
    found, busy_ns = pauses(subject.run.requests)
    if not found:
        return None
    longest, later = max(found, key=lambda one: one.lasted_ns), [one for one in found if not one.early]
    if longest.lasted_ns > subject.stall_limit_s * 1e9:
        limit = f"the limit is {subject.stall_limit_s:g} s (--stall-limit)"
    elif (share := _lost(later, busy_ns)) > LOST_SHARE_LIMIT:
        longest, limit = (
            max(later, key=lambda one: one.lasted_ns),
            f"such pauses are {share:.0%} of the run, at most {LOST_SHARE_LIMIT:.0%} may be",
        )
    else:
        return None
    text = f"The whole server stopped: {_pause(longest, subject)}; {limit}."
    remedy = "Look for compilation, a restart or a suspended machine in the server's log at that time, and run it again."
    return Check("stall", CheckStatus.INVALID, text, remedy, firm=True)


def _lost(found: Sequence[Pause], busy_ns: int) -> float:
    """What pauses cost beyond the run's own pace, as a share of the time in flight;

    0 for what may be a busy machine's.
    """
    lost_ns = sum(one.lost_ns for one in found)
    return lost_ns / busy_ns if lost_ns >= LOST_LEAST_NS else 0.0


def _pause(one: Pause, subject: CheckContext) -> str:
    after = (one.begin_ns - subject.run.began_ns) / 1e9
    return (
        f"{one.in_flight} requests were in flight and nothing arrived for {one.lasted_ns / 1e9:.1f} s (after {after:.1f} s), where "
        f"{one.expected_ns / 1e9:.2f} s are expected at the pace of the rest"
    )


def _answer_stopped(subject: CheckContext) -> Check:
    limit_ns = subject.stall_limit_s * 1e9
    done = [record for record in subject.run.requests if record.ok and len(record.stamps_ns) > 1]
    if not done:
        return ok("stall", "No answer has two arrivals.")
    begin, end = None, None
    if subject.batch_size is not None:
        found = windows(done, subject.batch_size)
        if not found:
            return ok("stall", "The batch was never full.")
        begin, end = found[0].begin, found[-1].end
    gaps = [
        (after - before, record.index)
        for record in done
        for before, after in itertools.pairwise(record.stamps_ns)
        if after - before > limit_ns
        and (begin is None or (before >= begin and end is not None and after <= end))
    ]
    if gaps:
        longest, index = max(gaps)
        many = len({index for _, index in gaps})
        limit = f"{subject.stall_limit_s:g} s"
        text = f"{many} of {len(done)} answers stood still for more than {limit}, the longest for {longest / 1e9:.1f} s"
        remedy = (
            "Look for retractions, compilation or prefills in the log; --stall-limit=S allows longer ones."
        )
        return Check("stall", CheckStatus.INVALID, f"{text} (request {index}).", remedy)
    return ok("stall", f"None of {len(done)} answers stood still for more than {subject.stall_limit_s:g} s.")


def _first_time(text: str, lost: float) -> Check:
    """A finding, or INVALID beyond the limit."""
    text = f"{text[0].upper()}{text[1:]} was spent on something that was done for the first time"
    remedy = (
        "Warm the server up: leave --warmup-requests at its default (as many requests as are in flight) or raise it, and run the "
        "test again at the same server process."
    )
    if lost > LOST_SHARE_LIMIT:
        return Check(
            "first_run",
            CheckStatus.INVALID,
            f"{text}; at most {LOST_SHARE_LIMIT:.0%} may be.",
            remedy,
            firm=True,
        )
    return Check("first_run", CheckStatus.FINDING, f"{text}.", remedy)


def _first_batch(subject: CheckContext) -> Check:
    """The beginning of the full batch is not slower than what follows by more than 20 %.

    Of several waves the first is compared with the rest, which is the same work; of one, its first half with
    its second: contexts only grow, so steps get slower. A beginning that is slower has paid for something
    once: kernels, clocks, caches. A finding, since the mean says how much.
    """
    size = subject.batch_size
    if size is None:
        return ok("first_run", "The run began as fast as it went on.")
    done = [record for record in subject.run.requests if record.ok and record.arrival_ns]
    found = windows(done, size)
    if not found:
        return ok("first_run", "The batch was never full.")
    enough = FIRST_RUN_TOKENS * size
    # Requests that do not go in step fill the batch again and again for a moment: only a wave's own time is
    # long enough.
    waves = [made for one in found if (made := pace(done, one.members, one.begin, one.end))[1] >= enough]
    first, middle = found[0], (found[0].begin + found[0].end) // 2
    halves = pace(done, first.members, first.begin, middle), pace(done, first.members, middle, first.end)
    told: list[tuple[bool, str]] = []
    if len(waves) > 1:
        rest = sum(time for time, _ in waves[1:]), sum(tokens for _, tokens in waves[1:])
        form = f"The first wave took {{:.2f}} ms a token and the {len(waves) - 1} after it {{:.2f}} ms"
        told.append(_slower(waves[0], rest, form))
    if min(tokens for _, tokens in halves) >= enough:
        told.append(_slower(*halves, "The full batch began with {:.2f} ms a token and ended with {:.2f} ms"))
    slow = [text for is_slow, text in told if is_slow]
    if slow:
        text = f"{'; '.join(slow)}: something was done for the first time."
        return Check(
            "first_run", CheckStatus.FINDING, text, "Leave --warmup-requests at its default, or raise it."
        )
    if not told:
        text = f"Fewer than {FIRST_RUN_TOKENS} tokens a request in each half of the full batch: too few to compare."
        return ok("first_run", text)
    return ok("first_run", f"{'; '.join(text for _, text in told)}.")


def _slower(early: tuple[int, int], late: tuple[int, int], form: str) -> tuple[bool, str]:
    """Whether the earlier of two paces is too slow, and both in words."""
    before, after = (time / tokens / 1e6 for time, tokens in (early, late))
    if not after:
        return False, f"{form.format(before, after)}, read at one moment"
    return before > (1 + FIRST_RUN_SHARE) * after, f"{form.format(before, after)} ({before / after - 1:+.0%})"
