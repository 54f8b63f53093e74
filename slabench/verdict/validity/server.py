"""Checks of the server around a run: its prefix cache, retractions, queue, CUDA graphs, other clients."""

from __future__ import annotations

from slabench.loadgen.backends import backend_of
from slabench.messages import Message
from slabench.metrics.ttft_breakdown import RETRACTED
from slabench.records import RequestRecord, ServerEvidence
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import Behind, CheckContext, unreported
from slabench.verdict.validity.counters import OTHERS_SHARE_LIMIT, by_counters
from slabench.verdict.validity.registry import (
    BATCH_OR_LOG,
    FILLING,
    GIVE_LOG,
    ONE_SERVER,
    RETRACTS,
    Registration,
    Stage,
)

# of the input; one shared first token a prompt stays far below it at the methods' lengths
CACHED_SHARE_LIMIT = 0.01
FLUSH_CAUSES = {
    206: Message("flush.some_busy"),
    400: Message("flush.busy"),
    401: Message("flush.admin_key"),
    403: Message("flush.admin_key"),
    404: Message("flush.not_found"),
}


@Registration(
    Stage.CACHE,
    evidence="`cached_tokens`",
    invalid=(
        "more than 1 % of the input came from the prefix cache, or one prompt had more of its beginning "
        "there than it shares with others of this run; or some answers of `/generate` report cached tokens "
        "and others do not (`/v1` leaves a count of 0 out)"
    ),
    why="the cache was flushed: what this run did not put there was there before",
    unreported=True,
)
def prefix_cache(context: CheckContext) -> Check:
    """Every tokenizer with a first token of its own makes prompts share that.

    A retracted request finds its own tokens again.
    """
    counts = [
        (record, record.cached_tokens)
        for record in context.run.requests
        if record.ok and record.cached_tokens is not None
    ]
    if not counts:
        return not_checked("prefix_cache.not_reported")
    without, answers = unreported(context, lambda record: record.cached_tokens)
    if without and not backend_of(context.run.plan).omits_zero_cached:
        return invalid("prefix_cache.partly_reported", remedy=ONE_SERVER, without=without, answers=answers)
    status = context.run.server.flush_status
    unflushed, leave_out = _unflushed(status), Message("prefix_cache.leave_out") if status is None else None
    cached, total = sum(cached for _, cached in counts), sum(_prompt_tokens(record) for record, _ in counts)
    if total and cached / total > CACHED_SHARE_LIMIT:
        return invalid(
            "prefix_cache.cached",
            cached=cached,
            total=total,
            share=cached / total,
            limit=CACHED_SHARE_LIMIT,
            unflushed=unflushed,
            leave_out=leave_out,
        )
    shared = context.shared
    whole = [(record.index, cached) for record, cached in counts if (retractions_of(record) or 0) <= 0]
    odd = [(index, cached) for index, cached in whole if shared and cached > shared[index]]
    if odd:
        index, cached = odd[0]
        return invalid(
            "prefix_cache.cached_before",
            prompts=len(odd),
            answers=len(whole),
            index=index,
            cached=cached,
            shared=shared[index],
            unflushed=unflushed,
            leave_out=leave_out,
        )
    return ok("prefix_cache.ok", cached=cached, total=total)


def _unflushed(status: int | None) -> Message | None:
    """Why the cache had earlier contents, where that is known: part of the first line."""
    if status is None:
        return Message("prefix_cache.no_flush")
    return Message("prefix_cache.flush_refused", status=status) if status != 200 else None


def _prompt_tokens(record: RequestRecord) -> int:
    """As the server counts them, else as they were sent."""
    return record.input_len if record.prompt_tokens is None else record.prompt_tokens


@Registration(
    Stage.CACHE,
    evidence="status, log",
    invalid=(
        "the flush before the run was not answered with 200 (by a router: for all servers; mini_lb's 200 "
        "proves nothing and is not checked); with data parallelism, a rank does not log `Cache flushed "
        "successfully!` (one rank: a finding)"
    ),
    why="0.5.7 answers for the first rank alone",
    client="any",
    unreported=True,
)
def flush(context: CheckContext) -> Check:
    """By the status: the text says `flushed` even when it was refused."""
    return confirmed(context.run.server, context.ranks, context.behind)


def confirmed(evidence: ServerEvidence, ranks: int, behind: Behind) -> Check:
    """What a flush's answer and its lines in the log prove of a deployment; also known before a load."""
    status, lines = evidence.flush_status, evidence.flush_lines
    if status is None:
        return not_checked("flush.not_requested")
    if status != 200:
        flushed, servers = evidence.flush_workers or (None, None)
        return invalid(
            "flush.refused",
            status=status,
            workers=servers and Message("flush.workers", flushed=flushed, servers=servers),
            cause=FLUSH_CAUSES.get(status, Message("flush.see_log")),
        )
    if behind.several:
        return _confirmed_behind(evidence, ranks, behind)
    if lines is not None and lines < ranks:
        severity = CheckStatus.INVALID if ranks > 1 else CheckStatus.FINDING
        return check(severity, "flush.ranks_missing", lines=lines, ranks=ranks)
    if lines is None and ranks > 1:
        return not_checked("flush.first_rank", remedy=GIVE_LOG, ranks=ranks)
    return ok("flush.confirmed" if lines is None else "flush.confirmed_by_log")


def _confirmed_behind(evidence: ServerEvidence, ranks: int, behind: Behind) -> Check:
    """Status 200 of a router: what it proves depends on the router."""
    lines = evidence.flush_lines
    flushed, servers = evidence.flush_workers or (None, None)
    if lines is not None and lines >= ranks and behind.whole:
        return ok("flush.confirmed_by_logs", ranks=ranks)
    if servers is not None and flushed == servers >= behind.workers >= ranks and behind.whole:
        return ok("flush.confirmed_by_router", servers=servers)
    if servers is not None:
        return not_checked("flush.router_ranks", flushed=flushed, servers=servers, ranks=ranks)
    return not_checked("flush.mini_lb" if behind.router == "mini_lb" else "flush.other_servers")


def retractions_of(record: RequestRecord) -> float | None:
    """How often a request was retracted; None: the server does not report it."""
    return max((record.server[key] for key in RETRACTED if key in record.server), default=None)


@Registration(
    Stage.LOAD,
    evidence="meta_info",
    invalid="the server retracted requests, or only some answers report it; a negative number is a finding",
    why="they are queued again and computed twice",
    unreported=True,
    finding_for=FILLING,
    finding_why=RETRACTS,
)
def retraction(context: CheckContext) -> Check:
    answers = [retractions_of(record) for record in context.run.requests if record.ok]
    counts = [count for count in answers if count is not None]
    if not counts:
        return not_checked("retraction.not_reported")
    if len(counts) < len(answers):
        without = len(answers) - len(counts)
        return invalid("retraction.partly_reported", remedy=ONE_SERVER, without=without, answers=len(answers))
    retracted = [count for count in counts if count > 0]
    if retracted:
        return invalid(
            "retraction.retracted", retracted=len(retracted), answers=len(counts), times=sum(retracted)
        )
    negative = sum(count < 0 for count in counts)
    if negative:
        return finding("retraction.negative", negative=negative, answers=len(counts), smallest=min(counts))
    return ok("retraction.none", answers=len(counts))


@Registration(
    Stage.LOAD,
    evidence="log",
    invalid=(
        "requests were queued in a Decode line with no prefill since the line before, once half as many ran "
        "as ever"
    ),
    why="a queue beside prefills, or while the batch still fills, is about to be prefilled",
    applies=BATCH_OR_LOG,
    finding_for=FILLING,
    finding_why="more is offered than runs at once",
)
def queueing(context: CheckContext) -> Check:
    log = context.log
    if log is None:
        return not_checked("queueing.no_log", remedy=GIVE_LOG)
    if not log.steady:
        return not_checked("queueing.no_steady_line")
    if log.queued:
        return invalid(
            "queueing.queued",
            most=log.queue_max,
            queued=log.queued,
            lines=log.steady,
            running=log.running_max,
        )
    return ok("queueing.none", lines=log.steady)


@Registration(
    Stage.LOAD,
    evidence="log",
    invalid=(
        "most Decode lines at captured batch sizes ran without their CUDA graph; a batch above the largest "
        "captured one is a finding"
    ),
    why="with dp-attention a rank's prefill turns the others' graphs off for a line",
    applies=BATCH_OR_LOG,
)
def graph(context: CheckContext) -> Check:
    log = context.log
    if context.uses_graphs is False:
        return ok("graph.not_used")
    if log is None or not log.graph_on + log.graph_off + log.graph_above:
        return not_checked("graph.no_line", remedy=GIVE_LOG)
    captured = log.graph_on + log.graph_off
    if captured and 2 * log.graph_off > captured:
        return invalid("graph.off", off=log.graph_off, lines=captured)
    if log.graph_above:
        return finding("graph.above", above=log.graph_above)
    return ok("graph.on", on=log.graph_on, lines=captured)


@Registration(
    Stage.LOAD,
    evidence="log, or `/metrics`",
    invalid=(
        "the server computed more than 1 % more tokens than we sent, or another sequence, that neither "
        "pages, cut prompts, retractions nor health probes explain; or its `/metrics` counted none of ours"
    ),
    why="one foreign request can hold a slot for the whole run",
)
def other_clients(context: CheckContext) -> Check:
    log, mine = context.log, [record for record in context.run.requests if record.sent_ns is not None]
    if log is None or not log.prefill_lines:
        return by_counters(context, mine)
    again = [(record, max(count, 0)) for record in mine if (count := retractions_of(record)) is not None]
    if log.retractions and len(again) < len(mine):
        without = len(mine) - len(again)
        return not_checked(
            "other_clients.retractions_uncounted",
            retractions=log.retractions,
            without=without,
            answers=len(mine),
        )
    twice = sum(count * (record.input_len + record.output_len) for record, count in again)
    tokens = sum(map(_prompt_tokens, mine))
    rounded = log.sequences * (context.page_size - 1)
    more = log.sequences - len(mine) - log.cut - sum(count for _, count in again)
    beyond = log.prompt_tokens - tokens - twice - rounded
    counts = Message(
        "other_clients.log",
        logged=log.prompt_tokens,
        sequences=log.sequences,
        tokens=tokens,
        requests=len(mine),
    )
    failed = sum(not record.ok for record in mine)
    if tokens - log.prompt_tokens > OTHERS_SHARE_LIMIT * tokens:
        if failed:
            return not_checked("other_clients.failed", counts=counts, failed=failed)
        return not_checked("other_clients.part_of_log", counts=counts)
    if more > 0 or beyond > OTHERS_SHARE_LIMIT * tokens:
        return invalid("other_clients.others", counts=counts, more=more, beyond=max(0.0, beyond))
    return ok("other_clients.ok", counts=counts)
