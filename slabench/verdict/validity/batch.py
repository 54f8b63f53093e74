"""Checks about a batch-size point: did it fit, was it reached, was it held?"""

from __future__ import annotations

from slabench.metrics.compute import most_at_once
from slabench.metrics.full_batch import full_batch
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok
from slabench.verdict.validity.registry import BATCH, Registration, Stage

HELD_SHARE_LIMIT = 0.5


@Registration(
    Stage.BATCH,
    evidence="server_info",
    invalid=(
        "the KV pools or the running caps of the servers that decode cannot hold the batch size a point is named after; "
        "it is measured and shown all the same"
    ),
    why="the remedy names the largest that fits",
    applies=BATCH,
    client="any",
)
def batch_fits(subject: CheckContext) -> Check:
    size = subject.batch_size or 0
    run = subject.run
    sent = (
        [max(record.input_len, record.prompt_tokens or 0) + record.output_len for record in run.requests]
        if run.told is None
        else [one.input_len + one.output_len for one in run.told.requests]
    )
    longest = max(sent, default=0)
    rooms = [
        room
        for room in (
            subject.max_running,
            subject.token_capacity and subject.token_capacity // max(longest, 1),
        )
        if room is not None
    ]
    fits = min(rooms, default=0)
    remedy = f"Use --batch-sizes up to {fits}" if fits else "Use shorter prompts and answers"
    if subject.max_running is not None and size > subject.max_running:
        text = f"Batch size {size} is over the server's running cap of {subject.max_running}."
        return Check("batch_fits", CheckStatus.INVALID, text, f"{remedy}, or raise --max-running-requests.")
    if subject.token_capacity is None:
        if subject.behind.several:
            text = "The token capacity of the servers that decode is not reported by all of them."
            return Check(
                "batch_fits",
                CheckStatus.NOT_CHECKED,
                text,
                "Use a router that lists its servers, and run where they can be reached.",
            )
        text = "The server does not say its token capacity."
        return Check("batch_fits", CheckStatus.NOT_CHECKED, text, "See that server_info answers.")
    if size * longest > subject.token_capacity:
        text = f"Batch size {size} needs {size * longest} tokens of KV cache, the server has {subject.token_capacity}."
        return Check("batch_fits", CheckStatus.INVALID, text, f"{remedy}, or a server with a larger KV pool.")
    return ok(
        "batch_fits",
        f"Batch size {size} needs {size * longest} of {subject.token_capacity} tokens of KV cache.",
    )


@Registration(
    Stage.BATCH,
    evidence="arrivals, log",
    invalid=(
        "there never were as many requests decoding at once as the point is named after, and no Decode line of the log is "
        "of that batch"
    ),
    applies=BATCH,
)
def batch_reached(subject: CheckContext) -> Check:
    size = subject.batch_size or 0
    peak = most_at_once(
        (span for record in subject.run.requests if record.ok and (span := record.span_ns) is not None),
        touching=True,
    )
    seen = subject.log
    if peak < size and seen is not None and seen.at_size:
        text = f"{seen.at_size} Decode lines of the log have batch size {size}; the client saw at most {peak} decoding at once."
        return ok("batch_reached", text)
    if peak < size:
        text = f"At most {peak} requests were decoding at once; the point is named after {size}."
        return Check(
            "batch_reached",
            CheckStatus.INVALID,
            text,
            "Raise --decode-output-len, or use --batch-sizes that the server holds.",
        )
    return ok("batch_reached", f"All {size} requests were decoding at once.")


@Registration(
    Stage.BATCH,
    evidence="arrivals, log",
    invalid=(
        "less than half of the tokens were made while all of the batch was decoding, and less than half of the log's "
        "Decode lines are of that batch"
    ),
    why="below it a mean TPOT is mostly of smaller batches",
    applies=BATCH,
)
def batch_held(subject: CheckContext) -> Check:
    """By tokens and not by time: prefills at the beginning stop decoding, and say nothing of the batch.

    The log counts as well, since a client that is late (which its own check tells) gathers tokens that were
    made apart.
    """
    size = subject.batch_size or 0
    done = [record for record in subject.run.requests if record.ok and record.arrival_tokens]
    total = sum(record.arrival_tokens[-1] for record in done)
    held = full_batch(done, size, None).get("full_batch.tokens", 0.0)
    if not total:
        return Check(
            "batch_held",
            CheckStatus.INVALID,
            "No token came, so no batch was held.",
            "Look at the failed requests first.",
        )
    text = f"{held:.0f} of {total} tokens ({held / total:.0%}) were made with all {size} requests decoding"
    seen = subject.log
    if seen is not None and seen.lines:
        text += f"; {seen.at_size} of {seen.lines} Decode lines of the log are of that batch"
        if seen.at_size >= HELD_SHARE_LIMIT * seen.lines:
            return ok("batch_held", f"{text}.")
    if held < HELD_SHARE_LIMIT * total:
        remedy = "Raise --decode-output-len, or use --batch-sizes that the server holds."
        return Check("batch_held", CheckStatus.INVALID, f"{text}, less than {HELD_SHARE_LIMIT:.0%}.", remedy)
    return ok("batch_held", f"{text}.")
