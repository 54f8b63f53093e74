"""Checks about a batch-size point: did it fit, was it reached, was it held?"""

from __future__ import annotations

import itertools

from slabench.metrics.full_batch import full_batch, pace, windows
from slabench.verdict.validity.subject import Subject, ok
from slabench.verdict.words import Check, State

HELD_SHARE_LIMIT = 0.5
FIRST_RUN_SHARE = 0.2
FIRST_RUN_TOKENS = 32


def batch_fits(subject: Subject) -> Check:
    """A batch-size point needs room: batch x (in + out) tokens in the KV pool, and the running cap not below the batch.

    It is measured all the same, and its classic figures are shown: published tables hold such points.
    """
    size = subject.batch_size
    if size is None:
        return ok("batch_fits", "Not a batch-size point.")
    run = subject.run
    sent = (
        [max(record.input_len, record.prompt_tokens or 0) + record.output_len for record in run.requests]
        if run.told is None
        else [one.input_len + one.output_len for one in run.told.requests]
    )
    longest = max(sent, default=0)
    rooms = [
        room
        for room in (subject.max_running, subject.token_capacity and subject.token_capacity // max(longest, 1))
        if room is not None
    ]
    fits = min(rooms, default=0)
    remedy = f"Use --batch-sizes up to {fits}" if fits else "Use shorter prompts and answers"
    if subject.max_running is not None and size > subject.max_running:
        text = f"Batch size {size} is over the server's running cap of {subject.max_running}."
        return Check("batch_fits", State.INVALID, text, f"{remedy}, or raise --max-running-requests.")
    if subject.token_capacity is None:
        text = "The server does not say its token capacity."
        return Check("batch_fits", State.NOT_CHECKED, text, "See that server_info answers.")
    if size * longest > subject.token_capacity:
        text = f"Batch size {size} needs {size * longest} tokens of KV cache, the server has {subject.token_capacity}."
        return Check("batch_fits", State.INVALID, text, f"{remedy}, or a server with a larger KV pool.")
    return ok("batch_fits", f"Batch size {size} needs {size * longest} of {subject.token_capacity} tokens of KV cache.")


def batch_reached(subject: Subject) -> Check:
    """At some moment as many requests as the point is named after were between their first and last token, or the log says so."""
    size = subject.batch_size
    if size is None:
        return ok("batch_reached", "Not a batch-size point.")
    moments: list[tuple[int, int]] = []
    for record in subject.run.requests:
        if record.ok and record.span_ns is not None:
            moments += [(record.span_ns[0], 0), (record.span_ns[1], 1)]
    running = peak = 0
    for _, is_end in sorted(moments):
        running += -1 if is_end else 1
        peak = max(peak, running)
    seen = subject.log
    if peak < size and seen is not None and seen.at_size:
        text = f"{seen.at_size} Decode lines of the log have batch size {size}; the client saw at most {peak} decoding at once."
        return ok("batch_reached", text)
    if peak < size:
        text = f"At most {peak} requests were decoding at once; the point is named after {size}."
        return Check("batch_reached", State.INVALID, text, "Raise --decode-output-len, or use --batch-sizes that the server holds.")
    return ok("batch_reached", f"All {size} requests were decoding at once.")


def batch_held(subject: Subject) -> Check:
    """At least half of the tokens, or of the log's Decode lines, were of the full batch; below that TPOT is mostly of smaller ones.

    Tokens and not time: prefills at the beginning stop decoding, and say nothing of the batch. The log counts as well, since a
    client that is late (which its own check tells) gathers tokens that were made apart.
    """
    size = subject.batch_size
    if size is None:
        return ok("batch_held", "Not a batch-size point.")
    done = [record for record in subject.run.requests if record.ok and record.arrival_tokens]
    total = sum(record.arrival_tokens[-1] for record in done)
    held = full_batch(done, size, None).get("full_batch.tokens", 0.0)
    if not total:
        return Check("batch_held", State.INVALID, "No token came, so no batch was held.", "Look at the failed requests first.")
    text = f"{held:.0f} of {total} tokens ({held / total:.0%}) were made with all {size} requests decoding"
    seen = subject.log
    if seen is not None and seen.lines:
        text += f"; {seen.at_size} of {seen.lines} Decode lines of the log are of that batch"
        if seen.at_size >= HELD_SHARE_LIMIT * seen.lines:
            return ok("batch_held", f"{text}.")
    if held < HELD_SHARE_LIMIT * total:
        remedy = "Raise --decode-output-len, or use --batch-sizes that the server holds."
        return Check("batch_held", State.INVALID, f"{text}, less than {HELD_SHARE_LIMIT:.0%}.", remedy)
    return ok("batch_held", f"{text}.")


def stall(subject: Subject) -> Check:
    """No answer stood still for longer than --stall-limit.

    For a batch-size point while the batch was full: before that an answer waits for the prefills of the others by design.
    """
    limit_ns = subject.stall_limit_s * 1e9
    done = [record for record in subject.run.requests if record.ok and len(record.arrival_ns) > 1]
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
        for before, after in itertools.pairwise(record.arrival_ns)
        if after - before > limit_ns and (begin is None or (before >= begin and end is not None and after <= end))
    ]
    if gaps:
        longest, index = max(gaps)
        many = len({index for _, index in gaps})
        limit = f"{subject.stall_limit_s:g} s"
        text = f"{many} of {len(done)} answers stood still for more than {limit}, the longest for {longest / 1e9:.1f} s"
        remedy = "Look for retractions, compilation or prefills in the log; --stall-limit=S allows longer ones."
        return Check("stall", State.INVALID, f"{text} (request {index}).", remedy)
    return ok("stall", f"None of {len(done)} answers stood still for more than {subject.stall_limit_s:g} s.")


def first_run(subject: Subject) -> Check:
    """The beginning of the full batch is not slower than what follows by more than 20 %.

    Of several waves the first is compared with the rest, which is the same work; of one, its first half with its second: contexts
    only grow, so steps get slower. A beginning that is slower has paid for something once: kernels, clocks, caches. A finding,
    since the mean says how much.
    """
    size = subject.batch_size
    if size is None:
        return ok("first_run", "Not a batch-size point.")
    done = [record for record in subject.run.requests if record.ok and record.arrival_ns]
    found = windows(done, size)
    if not found:
        return ok("first_run", "The batch was never full.")
    enough = FIRST_RUN_TOKENS * size
    # Requests that do not go in step fill the batch again and again for a moment: only a wave's own time is long enough.
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
        return Check("first_run", State.FINDING, text, "Use --warmup-requests=batch.")
    if not told:
        text = f"Fewer than {FIRST_RUN_TOKENS} tokens a request in each half of the full batch: too few to compare."
        return ok("first_run", text)
    return ok("first_run", f"{'; '.join(text for _, text in told)}.")


def _slower(early: tuple[int, int], late: tuple[int, int], form: str) -> tuple[bool, str]:
    """Whether the earlier of two paces is too slow, and both in words."""
    before, after = (time / tokens / 1e6 for time, tokens in (early, late))
    return before > (1 + FIRST_RUN_SHARE) * after, f"{form.format(before, after)} ({before / after - 1:+.0%})"
