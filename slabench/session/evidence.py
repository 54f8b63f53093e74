"""One run's part of the deploy logs, read after the run: evidence for the checks and figures beside the
client's.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slabench.server.info import ServerInfo
from slabench.session.deployment import Deployment
from slabench.verdict.validity import LogEvidence

if TYPE_CHECKING:
    from slabench.server.log.log_window import Mark
    from slabench.server.log.merge import Sample
    from slabench.session.measurement import Measured

# #new-seq and #new-token of a health probe; a prompt of ours that the cache had but for a token looks the
# same
PROBE = (1, 1)
LEAST_LINES = 3
CUT_SHARE = 0.9  # of a chunk


def graph_limit(info: ServerInfo, seen: int | None) -> int | None:
    """Up to which batch a graph is expected: what the server says it captured, else the largest that the log
    shows with one.
    """
    if info.disable_cuda_graph or info.device == "cpu":
        return None
    told = max(info.cuda_graph_bs) if info.cuda_graph_bs else info.cuda_graph_max_bs
    return told if told is not None else seen


def read_log(
    measured: Measured, deployment: Deployment, figures: Mapping[str, float]
) -> tuple[LogEvidence | None, dict[str, float]]:
    """(evidence, figures log.*) of this run; (None, none) without a deploy log."""
    from slabench.metrics.curve import clean_tokens, clean_tpots, largest_graph, shares
    from slabench.server.log.line_types import EventKind
    from slabench.server.log.merge import Merged, Since, samples

    run = measured.run
    if not deployment.logs:
        return None, {}
    info = deployment.info
    merged = Merged(interval=info.decode_log_interval)
    read = list(samples(run.server.log_spans, merged))
    limit = graph_limit(info, largest_graph(read))
    steady = [one for one in read if Since.PREFILL not in one.since and Since.FIRST not in one.since]
    inside = [one for one in steady if one.graph is not None and limit is not None and one.running <= limit]
    # A line this full may hold a prompt that was cut, whose rest counts as another sequence in the next.
    chunk = max(info.chunked_prefill_size or 0, 1)
    ranks = max(info.dp or 1, max(merged.dp_ranks, default=0) + 1)
    named = shares(measured.batch_size, ranks) if measured.batch_size is not None else ()
    clean: list[float] = []
    found: dict[str, float] = {}
    if measured.batch_size is not None:
        clean = clean_tpots(read, named, graph_up_to=limit)
        found["log.samples"] = len(clean)
        if info.decode_log_interval:
            found["log.tokens"] = clean_tokens(read, info.decode_log_interval)
        if clean:
            found |= {"log.tpot": statistics.fmean(clean), "log.tpot_median": statistics.median(clean)}
    accepted = [
        one.accept_len for one in read if one.accept_len is not None and math.isfinite(one.accept_len)
    ]
    if accepted:
        found["log.accept_len"] = statistics.fmean(accepted)
    evidence = LogEvidence(
        lines=len(read),
        rejected={reason.value: count for reason, count in merged.rejected().items()},
        outside=merged.outside,
        retractions=len(merged.events_of(EventKind.RETRACTION)),
        jit=len(merged.events_of(EventKind.JIT)),
        restarts=len(merged.events_of(EventKind.START)),
        batch_size=measured.batch_size,
        samples=len(clean),
        log_tpot=found.get("log.tpot"),
        mean_tpot=figures.get("tpot.mean"),
        full_tpot=figures.get("full_batch.tpot"),
        full_share=figures.get("full_batch.share"),
        planned=measured.form.num_prompts,
        tokens=found.get("log.tokens"),
        received=figures.get("output_tokens"),
        at_size=sum(one.running in named for one in read),
        prefill_lines=merged.prefill_lines,
        prompt_tokens=merged.new_tokens + merged.cached_tokens,
        sequences=sum(
            seqs * count for (seqs, new), count in merged.prefill_shapes.items() if (seqs, new) != PROBE
        ),
        cut=sum(count for (_, new), count in merged.prefill_shapes.items() if new >= CUT_SHARE * chunk),
        steady=len(steady),
        queued=sum(one.queue > 0 for one in steady),
        queue_max=max((one.queue for one in steady), default=0),
        step_ms=least_step(steady),
        running_max=max((one.running for one in read), default=0),
        waited_max=max((one.queue for one in read), default=0),
        waited=sum(one.queue > 0 for one in read),
        graph_on=sum(one.graph is True for one in inside),
        graph_off=sum(one.graph is False for one in inside),
        graph_above=sum(one.graph is False for one in steady if limit is not None and one.running > limit),
    )
    return evidence, found


def least_step(steady: Sequence[Sample]) -> float | None:
    """What nine of ten steady Decode lines are above: the ms that each running request waits for a token."""
    steps = sorted(one.running / one.gen_throughput * 1000 for one in steady if one.gen_throughput > 0)
    return steps[len(steps) // 10] if len(steps) >= LEAST_LINES else None


def flush_lines(marks: Sequence[Mark], ranks: int, patience_s: float = 2.0, *, by_file: bool = False) -> int:
    """Data-parallel ranks that say in the log that their cache was flushed; a log may lag behind the answer a
    little.

    by_file: of several servers, each of which numbers its ranks from 0 and has a log of its own.
    """
    from slabench.server.log.line_types import EventKind
    from slabench.server.log.log_window import spans
    from slabench.server.log.merge import Merged, samples

    deadline = time.monotonic() + patience_s
    while True:
        merged = Merged()
        list(samples(spans(marks).spans, merged))
        flushed = [(path, event.rank.dp) for path, event in merged.events if event.kind is EventKind.FLUSHED]
        said = len(set(flushed)) if by_file else len({dp for _, dp in flushed})
        if said >= ranks or time.monotonic() >= deadline:
            return said
        time.sleep(0.05)
