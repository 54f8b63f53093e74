"""Checks of a batch-size point: did it fit, was it reached, was it held?"""

from __future__ import annotations

from slabench.messages import Message
from slabench.metrics.compute import most_at_once
from slabench.metrics.full_batch import full_batch
from slabench.verdict.outcome import Check, CheckStatus, check, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import BATCH, Registration, Stage

HELD_SHARE_LIMIT = 0.5


@Registration(
    Stage.BATCH,
    evidence="server_info",
    invalid=(
        "the KV pools, or the limits on running requests, of the servers that decode cannot hold the point's "
        "batch size; known from the server's answers, it is sent no load (with --allow=batch_fits it is)"
    ),
    why="the remedy names the largest that fits",
    applies=BATCH,
    client="any",
)
def batch_fits(context: CheckContext) -> Check:
    run = context.run
    lengths = (
        [max(record.input_len, record.prompt_tokens or 0) + record.output_len for record in run.requests]
        if run.reported is None
        else [request.input_len + request.output_len for request in run.reported.requests]
    )
    return fits(
        context.batch_size or 0,
        max(lengths, default=0),
        capacity=context.token_capacity,
        max_running=context.max_running,
        several=context.behind.several,
    )


def fits(
    size: int, longest: int, *, capacity: int | None, max_running: int | None, several: bool = False
) -> Check:
    """A batch of requests that hold up to `longest` tokens each; also known before the load.

    several: the capacity is of several servers.
    """
    largest = (max_running, capacity and capacity // max(longest, 1))
    most = min((limit for limit in largest if limit is not None), default=0)
    use = Message("batch_fits.largest", fits=most) if most else Message("batch_fits.shorter")
    if max_running is not None and size > max_running:
        return invalid("batch_fits.running", size=size, max_running=max_running, use=use)
    if capacity is None:
        return not_checked("batch_fits.unknown_of_several" if several else "batch_fits.unknown")
    if size * longest > capacity:
        return invalid("batch_fits.tokens", size=size, needed=size * longest, capacity=capacity, use=use)
    return ok("batch_fits.fits", size=size, needed=size * longest, capacity=capacity)


@Registration(
    Stage.BATCH,
    evidence="arrivals, log",
    invalid=(
        "never as many requests were decoding at once as the point's batch size, and no Decode line of the "
        "log has that batch"
    ),
    why="the point would be that of a smaller batch",
    applies=BATCH,
)
def batch_reached(context: CheckContext) -> Check:
    size, log = context.batch_size or 0, context.log
    spans = [record.span_ns for record in context.answers]
    peak = most_at_once((span for span in spans if span is not None), touching=True)
    if peak >= size:
        return ok("batch_reached.reached", size=size)
    if log is not None and log.at_size:
        return ok("batch_reached.in_log", size=size, lines=log.at_size, peak=peak)
    return invalid("batch_reached.never", size=size, peak=peak)


@Registration(
    Stage.BATCH,
    evidence="arrivals, log",
    invalid=(
        "less than half of the tokens were generated while the whole batch was decoding, and less than half "
        "of the log's Decode lines have that batch"
    ),
    why="below it a mean TPOT is mostly that of smaller batches",
    applies=BATCH,
)
def batch_held(context: CheckContext) -> Check:
    """By tokens and not by time: prefills at the beginning stop decoding, and do not change the batch.

    The log counts as well, since a client that reads late (which has a check of its own) gathers tokens that
    were made apart.
    """
    size, log = context.batch_size or 0, context.log
    answers = [record for record in context.answers if record.arrival_tokens]
    tokens = sum(record.arrival_tokens[-1] for record in answers)
    held = full_batch(answers, size, None).get("full_batch.tokens", 0.0)
    if not tokens:
        return invalid("batch_held.no_token")
    in_log, lines = (log.at_size, log.lines) if log is not None else (0, 0)
    by_log = lines > 0 and in_log >= HELD_SHARE_LIMIT * lines
    return check(
        CheckStatus.OK if by_log or held >= HELD_SHARE_LIMIT * tokens else CheckStatus.INVALID,
        "batch_held.share",
        size=size,
        held=held,
        tokens=tokens,
        share=held / tokens,
        limit=HELD_SHARE_LIMIT,
        log=Message("batch_held.lines", at_size=in_log, lines=lines) if lines else None,
    )
