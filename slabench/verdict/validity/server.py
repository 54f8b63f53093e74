"""Checks about the server around a run: its prefix cache, retractions, a queue, CUDA graphs, other clients."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.loadgen.backends import backend_of
from slabench.metrics.ttft_breakdown import RETRACTED
from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok, unreported
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
FLUSH_REMEDIES = {
    400: "Requests were still running: stop other clients, so that the server is idle between two tests.",
    206: "Requests were still running at some servers: stop other clients, so that all are idle between two tests.",
    401: "The server wants its admin key for /flush_cache: start it without --admin-api-key, or give that key.",
    403: "The server wants its admin key for /flush_cache: start it without --admin-api-key, or give that key.",
    404: "Nothing answers /flush_cache at this address: give the SGLang server's own, or a gateway's that passes it on.",
}
WITHOUT_FLUSH = (
    "--no-flush-cache measures without a flush; then what is in the cache from before makes the test INVALID."
)
OTHERS_SHARE_LIMIT = 0.01  # of our tokens: less moves no figure by more than that


@Registration(
    Stage.CACHE,
    evidence="`cached_tokens`",
    invalid=(
        "more than 1 % of the input came from the prefix cache, or one prompt had more of its beginning there than it "
        "shares with others of this run; or some answers of `/generate` say how much and others do not (`/v1` leaves a "
        "count of 0 out)"
    ),
    why="the cache was flushed: what this run did not put there is from before",
    unreported=True,
)
def prefix_cache(subject: CheckContext) -> Check:
    """Every tokenizer with a first token of its own makes prompts share that.

    A retracted request finds its own tokens again.
    """
    known = [record for record in subject.run.requests if record.ok and record.cached_tokens is not None]
    if not known:
        text = "The server reports no cached_tokens."
        return Check("prefix_cache", CheckStatus.NOT_CHECKED, text, "Use a server that reports meta_info.")
    silent, answers = unreported(subject, lambda record: record.cached_tokens)
    if silent and not backend_of(subject.run.plan).omits_zero_cached:
        text = f"{silent} of {answers} answers report no cached_tokens, the others do: nobody can say what was cached."
        return Check("prefix_cache", CheckStatus.INVALID, text, ONE_SERVER)
    remedy = "Flush the cache before the run, use distinct prompts, or start the server with --disable-radix-cache."
    if subject.run.server.flush_status is None:
        remedy = f"The cache was not flushed: leave out --no-flush-cache. {remedy}"
    cached = sum(record.cached_tokens for record in known if record.cached_tokens is not None)
    total = sum(
        record.input_len if record.prompt_tokens is None else record.prompt_tokens for record in known
    )
    text = f"{cached} of {total} prompt tokens came from the prefix cache"
    if total and cached / total > CACHED_SHARE_LIMIT:
        return Check(
            "prefix_cache",
            CheckStatus.INVALID,
            f"{text} ({cached / total:.1%}), more than {CACHED_SHARE_LIMIT:.0%}.",
            remedy,
        )
    if subject.shared:
        whole = [record for record in known if (retractions_of(record) or 0) <= 0]
        odd = [
            one
            for one in whole
            if one.cached_tokens is not None and one.cached_tokens > subject.shared[one.index]
        ]
        if odd:
            one = odd[0]
            first = f"request {one.index}: {one.cached_tokens} cached, at most {subject.shared[one.index]} shared with the others"
            text = f"{len(odd)} of {len(whole)} prompts had more of their beginning in the cache than this run put there ({first})."
            return Check("prefix_cache", CheckStatus.INVALID, text, remedy)
    return ok("prefix_cache", f"{text}.")


@Registration(
    Stage.CACHE,
    evidence="status, log",
    invalid=(
        "the flush before the run was not answered with 200 (by a router: for all servers; mini_lb's 200 proves nothing "
        "and is not checked); with data parallelism, a rank does not say `Cache flushed successfully!` in the log (one "
        "rank: a finding)"
    ),
    why="0.5.7 answers for the first rank alone",
    client="any",
    unreported=True,
)
def flush(subject: CheckContext) -> Check:
    """By the status: the text says `flushed` even when it was refused."""
    evidence = subject.run.server
    status, lines = evidence.flush_status, evidence.flush_lines
    if status is None:
        return Check(
            "flush", CheckStatus.NOT_CHECKED, "No cache flush was asked for.", "Leave out --no-flush-cache."
        )
    if status != 200:
        text = f"The server answered the cache flush with HTTP {status}; it must be 200."
        if evidence.flush_workers is not None:
            done, every = evidence.flush_workers
            text = f"The router answered the cache flush with HTTP {status}: {done} of {every} servers flushed; all must."
        remedy = f"{FLUSH_REMEDIES.get(status, 'Look into the log of the server.')} {WITHOUT_FLUSH}"
        return Check("flush", CheckStatus.INVALID, text, remedy)
    if subject.behind.several:
        return _flush_behind(subject)
    if lines is not None and lines < subject.ranks:
        text = f"The log says of {lines} of {subject.ranks} data-parallel ranks that their cache was flushed, after the status 200."
        state = CheckStatus.INVALID if subject.ranks > 1 else CheckStatus.FINDING
        return Check(
            "flush", state, text, "Name the log of every node in --deploy-log; see that it is this server's."
        )
    if lines is None and subject.ranks > 1:
        text = f"The status 200 speaks of the first of {subject.ranks} data-parallel ranks; what the others did is in the log alone."
        return Check("flush", CheckStatus.NOT_CHECKED, text, GIVE_LOG)
    return ok(
        "flush",
        "The server confirmed the cache flush."
        if lines is None
        else "Status and log confirm the cache flush.",
    )


def _flush_behind(subject: CheckContext) -> Check:
    """Status 200 of a router: what it is worth depends on the router."""
    evidence, behind = subject.run.server, subject.behind
    lines, counted = evidence.flush_lines, evidence.flush_workers
    if lines is not None and lines >= subject.ranks and behind.whole:
        return ok("flush", f"The logs confirm the cache flush of all {subject.ranks} schedulers.")
    if (
        counted is not None
        and counted[0] == counted[1] >= behind.workers
        and subject.ranks <= behind.workers
        and behind.whole
    ):
        return ok("flush", f"The router reports that all {counted[1]} servers flushed their cache.")
    if counted is not None:
        text = f"The router reports a flush of {counted[0]} of {counted[1]} servers"
        why = f"{text}; of the {subject.ranks} data-parallel ranks the status speaks of each server's first alone."
    elif behind.router == "mini_lb":
        why = "mini_lb hands the flush to every server and answers 200 whatever they answer."
    else:
        why = "The status 200 speaks of the server that was asked; whether the others behind it flushed is not reported."
    return Check("flush", CheckStatus.NOT_CHECKED, why, "Name the log of every server in --deploy-log.")


def retractions_of(record: RequestRecord) -> float | None:
    """How often a request was retracted; None: the server does not say."""
    return max((record.server[key] for key in RETRACTED if key in record.server), default=None)


@Registration(
    Stage.LOAD,
    evidence="meta_info",
    invalid="the server retracted requests, or only some answers say whether; a negative number is a finding",
    why="they wait again and are computed twice",
    unreported=True,
    finding_for=FILLING,
    finding_why=RETRACTS,
)
def retraction(subject: CheckContext) -> Check:
    counts = [retractions_of(record) for record in subject.run.requests if record.ok]
    known = [count for count in counts if count is not None]
    if not known:
        text = "The server's answers count no retractions."
        return Check(
            "retraction", CheckStatus.NOT_CHECKED, text, "sglang 0.5.4 and newer report them in meta_info."
        )
    if len(known) < len(counts):
        text = f"{len(counts) - len(known)} of {len(counts)} answers count no retractions, the others do."
        return Check("retraction", CheckStatus.INVALID, text, ONE_SERVER)
    negative = sum(count < 0 for count in known)
    total = sum(count for count in known if count > 0)
    if negative and not total:
        text = f"{negative} of {len(known)} answers count a negative number of retractions (the least is {min(known):g})."
        return Check(
            "retraction",
            CheckStatus.FINDING,
            text,
            "Do not trust this server's count of retractions; see its log for them.",
        )
    if total:
        many = sum(count > 0 for count in known)
        text = f"The server retracted {many} of {len(known)} requests, {total:.0f} times in all: its KV pool was full."
        return Check(
            "retraction",
            CheckStatus.INVALID,
            text,
            "Lower the concurrency, or give the server a larger KV pool.",
        )
    return ok("retraction", f"None of {len(known)} requests was retracted.")


@Registration(
    Stage.LOAD,
    evidence="log",
    invalid="requests waited on a Decode line with no prefill since the line before",
    why="a queue beside prefills is on its way in",
    applies=BATCH_OR_LOG,
    finding_for=FILLING,
    finding_why="more is offered than runs at once",
)
def queueing(subject: CheckContext) -> Check:
    seen = subject.log
    if seen is None:
        return Check(
            "queueing",
            CheckStatus.NOT_CHECKED,
            "Whether requests waited at the server is not known.",
            GIVE_LOG,
        )
    if not seen.steady:
        text = "The log has no Decode line without a prefill before it."
        return Check(
            "queueing",
            CheckStatus.NOT_CHECKED,
            text,
            "Start the server with a smaller --decode-log-interval.",
        )
    if seen.queued:
        text = f"Up to {seen.queue_max} requests waited on {seen.queued} of {seen.steady} undisturbed Decode lines"
        remedy = f"Lower the batch size or concurrency to what runs at once ({seen.running_max}), or give the server more room."
        return Check(
            "queueing",
            CheckStatus.INVALID,
            f"{text}, while at most {seen.running_max} ran; none may wait.",
            remedy,
        )
    return ok("queueing", f"Nobody waited on {seen.steady} undisturbed Decode lines.")


@Registration(
    Stage.LOAD,
    evidence="log",
    invalid=(
        "most Decode lines at captured batch sizes ran without their CUDA graph; a batch above the largest captured one "
        "is a finding"
    ),
    why="with dp-attention a rank's prefill turns the others' graphs off for a line",
    applies=BATCH_OR_LOG,
)
def graph(subject: CheckContext) -> Check:
    seen = subject.log
    if subject.uses_graphs is False:
        return ok("graph", "This server uses no CUDA graphs.")
    if seen is None or not seen.graph_on + seen.graph_off + seen.graph_above:
        text = "Whether the server decoded with CUDA graphs is not known."
        return Check("graph", CheckStatus.NOT_CHECKED, text, GIVE_LOG)
    inside = seen.graph_on + seen.graph_off
    if inside and 2 * seen.graph_off > inside:
        text = f"{seen.graph_off} of {inside} Decode lines at captured batch sizes ran without their CUDA graph; at most half may."
        return Check(
            "graph",
            CheckStatus.INVALID,
            text,
            "See in the server's log why: memory, LoRA, or a return of hidden states.",
        )
    if seen.graph_above:
        text = f"{seen.graph_above} Decode lines had more requests than the largest captured CUDA graph, and ran without one."
        return Check(
            "graph", CheckStatus.FINDING, text, "Start the server with a larger --cuda-graph-max-bs."
        )
    return ok("graph", f"{seen.graph_on} of {inside} Decode lines ran with their CUDA graph.")


@Registration(
    Stage.LOAD,
    evidence="log, or `/metrics`",
    invalid=(
        "the server computed more than 1 % more tokens than we sent, or another sequence, that neither pages, cut "
        "prompts, retractions nor health probes explain"
    ),
    why="one foreign request can hold a slot for the whole run",
)
def other_clients(subject: CheckContext) -> Check:
    seen, mine = subject.log, [record for record in subject.run.requests if record.sent_ns is not None]
    if seen is None or not seen.prefill_lines:
        return _by_counters(subject, mine)
    again = [(record, max(count, 0)) for record in mine if (count := retractions_of(record)) is not None]
    if seen.retractions and len(again) < len(mine):
        silent = f"{len(mine) - len(again)} of {len(mine)} answers do not say of how many"
        text = f"The log tells of {seen.retractions} retractions, and {silent}: work done again and another client's look the same."
        return Check(
            "other_clients", CheckStatus.NOT_CHECKED, text, "sglang 0.5.4 and newer report them in meta_info."
        )
    twice = sum(count * (record.input_len + record.output_len) for record, count in again)
    tokens = sum(
        record.input_len if record.prompt_tokens is None else record.prompt_tokens for record in mine
    )
    rounded = seen.sequences * (subject.page_size - 1)
    more = seen.sequences - len(mine) - seen.cut - sum(count for _, count in again)
    beyond = seen.prompt_tokens - tokens - twice - rounded
    text = f"The log has {seen.prompt_tokens} prompt tokens in {seen.sequences} sequences, this run sent {tokens} in {len(mine)}"
    if tokens - seen.prompt_tokens > OTHERS_SHARE_LIMIT * tokens:
        lost = sum(not record.ok for record in mine)
        if lost:
            text = f"{text}: {lost} of them failed, and the server may have computed nothing of those."
            return Check(
                "other_clients", CheckStatus.NOT_CHECKED, text, "Look at the requests that failed first."
            )
        text = f"{text}: the log is not all of this server's."
        return Check(
            "other_clients", CheckStatus.NOT_CHECKED, text, "Name the log of every node in --deploy-log."
        )
    if more > 0 or beyond > OTHERS_SHARE_LIMIT * tokens:
        told = f"{more:.0f} requests and {max(0.0, beyond):.0f} tokens more than this run can explain"
        return Check("other_clients", CheckStatus.INVALID, f"{text}: {told}.", _ALONE)
    return ok("other_clients", f"{text}.")


def _by_counters(subject: CheckContext, mine: Sequence[RequestRecord]) -> Check:
    served = subject.served
    if served is None:
        text = "Whether other clients used the server during the run is not known."
        return Check(
            "other_clients",
            CheckStatus.NOT_CHECKED,
            text,
            f"{GIVE_LOG} Or start the server with --enable-metrics.",
        )
    counts = [
        record.prompt_tokens + record.completion_tokens
        for record in mine
        if record.prompt_tokens is not None and record.completion_tokens is not None
    ]
    if len(counts) < len(mine):
        text = (
            f"{len(mine) - len(counts)} of {len(mine)} answers have no counts to be taken from the server's."
        )
        return Check("other_clients", CheckStatus.NOT_CHECKED, text, GIVE_LOG)
    tokens = sum(counts)
    grown = f"{served.requests:.0f} requests and {served.tokens:.0f} tokens"
    text = f"The server's counters grew by {grown}, ours are {len(mine)} and {tokens}"
    if served.tokens < (1 - OTHERS_SHARE_LIMIT) * tokens:
        return Check(
            "other_clients",
            CheckStatus.NOT_CHECKED,
            f"{text}: they do not count all of this server.",
            GIVE_LOG,
        )
    if served.tokens - tokens > OTHERS_SHARE_LIMIT * tokens:
        return Check(
            "other_clients",
            CheckStatus.INVALID,
            f"{text}; more than {OTHERS_SHARE_LIMIT:.0%} beyond ours is another client.",
            _ALONE,
        )
    if served.requests > len(mine):
        return Check("other_clients", CheckStatus.FINDING, f"{text}: probes, or a small client.", _ALONE)
    return ok("other_clients", f"{text}.")


_ALONE = "Measure a server that nobody else uses: stop other clients, and health probes that generate."
