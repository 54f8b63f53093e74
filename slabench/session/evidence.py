"""Evidence of one run: its part of the deploy logs, and what its checks look at."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from slabench.metrics.answer_contents import contents
from slabench.metrics.curve import clean_tokens, clean_tpots, largest_graph, shares
from slabench.metrics.full_batch import full_batch
from slabench.records import RequestRecord
from slabench.server.info import ServerInfo, incremental
from slabench.server.log.line_types import EventKind
from slabench.server.log.log_window import Mark, spans
from slabench.server.log.merge import Merged, Sample, Since, samples
from slabench.server.log.schedulers import Name
from slabench.server.roles import Roles, agreed, identity
from slabench.server.scrape import OUTPUT_TOKENS, PROMPT_TOKENS, REQUESTS
from slabench.session.gpu_evidence import gpu_evidence
from slabench.session.measurement import Measured
from slabench.verdict.validity import CheckContext, LogEvidence, Margin
from slabench.verdict.validity.context import STALL_LIMIT_S, Behind, Served, Texts
from slabench.verdict.validity.prompts import distorted
from slabench.verdict.validity.streamed import Probe

# #new-seq and #new-token of a health probe; a prompt of ours that was cached but for a token looks the same
PROBE = (1, 1)
LEAST_LINES = 3
CUT_SHARE = 0.9  # of a chunk
FILLING = 2  # Decode lines of a scheduler with a queue while its batch fills


def graph_limit(info: ServerInfo, largest_logged: int | None) -> int | None:
    """Up to which batch a graph is expected: what the server reports as captured, else the largest that the
    log shows with one.
    """
    if info.disable_cuda_graph or info.device == "cpu":
        return None
    reported = max(info.cuda_graph_bs) if info.cuda_graph_bs else info.cuda_graph_max_bs
    return reported if reported is not None else largest_logged


def read_log(load: Measured, metrics: Mapping[str, float]) -> tuple[LogEvidence | None, dict[str, float]]:
    """(evidence, metrics log.*) of a load; (None, none) without a deploy log. metrics: the client's."""
    info, size = load.deployment.info, load.batch_size
    if not load.deployment.logs:
        return None, {}
    merged = Merged(interval=info.decode_log_interval)
    lines = list(samples(load.run.server.log_spans, merged))
    limit = graph_limit(info, largest_graph(lines))
    ranks = max(info.dp or 1, max(merged.dp_ranks, default=0) + 1)
    sizes = shares(size, ranks) if size is not None else ()
    logged: dict[str, float] = {}
    full = metrics.get("full_batch.tpot")
    if size is not None:
        clean = clean_tpots(lines, sizes, graph_up_to=limit)
        logged["log.samples"] = len(clean)
        if info.decode_log_interval:
            logged["log.tokens"] = clean_tokens(lines, info.decode_log_interval)
        if clean:
            logged |= {"log.tpot": statistics.fmean(clean), "log.tpot_median": statistics.median(clean)}
    else:
        clean, full = _at_once(load, lines, ranks, limit)
    accepted = [
        line.accept_len for line in lines if line.accept_len is not None and math.isfinite(line.accept_len)
    ]
    if accepted:
        logged["log.accept_len"] = statistics.fmean(accepted)
    steady = [line for line in lines if not line.since & {Since.PREFILL, Since.FIRST}]
    queues = [line.queue for line in after_filling(lines) if not line.since & {Since.PREFILL, Since.FIRST}]
    inside = [
        line for line in steady if line.graph is not None and limit is not None and line.running <= limit
    ]
    # A line this full may hold a prompt that was cut, whose rest counts as another sequence in the next.
    cut = CUT_SHARE * max(info.chunked_prefill_size or 0, 1)
    shapes = merged.prefill_shapes.items()
    evidence = LogEvidence(
        lines=len(lines),
        rejected={reason.value: count for reason, count in merged.rejected().items()},
        outside=merged.outside,
        retractions=len(merged.events_of(EventKind.RETRACTION)),
        jit=len(merged.events_of(EventKind.JIT)),
        restarts=len(merged.events_of(EventKind.START)),
        batch_size=size,
        samples=len(clean),
        log_tpot=statistics.fmean(clean) if clean else None,
        mean_tpot=metrics.get("tpot.mean"),
        full_tpot=full,
        full_share=metrics.get("full_batch.share"),
        planned=load.form.num_prompts,
        tokens=logged.get("log.tokens"),
        received=metrics.get("output_tokens"),
        at_size=sum(line.running in sizes for line in lines),
        prefill_lines=merged.prefill_lines,
        prompt_tokens=merged.new_tokens + merged.cached_tokens,
        sequences=sum(sequences * count for (sequences, new), count in shapes if (sequences, new) != PROBE),
        cut=sum(count for (_, new), count in shapes if new >= cut),
        steady=len(queues),
        queued=sum(queue > 0 for queue in queues),
        queue_max=max(queues, default=0),
        step_ms=least_step(steady),
        running_max=max((line.running for line in lines), default=0),
        waited_max=max((line.queue for line in lines), default=0),
        waited=sum(line.queue > 0 for line in lines),
        graph_on=sum(line.graph is True for line in inside),
        graph_off=sum(line.graph is False for line in inside),
        graph_above=sum(line.graph is False for line in steady if limit is not None and line.running > limit),
    )
    return evidence, logged


def after_filling(lines: Sequence[Sample]) -> list[Sample]:
    """Without those before a scheduler ran half as many requests as it ever did: what is queued there has
    just come, and runs next. Where more than FILLING of these have a queue it stays, and they are not left
    out.
    """
    most: dict[Name, int] = {}
    for line in lines:
        most[line.scheduler] = max(most.get(line.scheduler, 0), line.running)
    filled, before = set(), dict[Name, list[Sample]]()
    for line in lines:
        if 2 * line.running >= most[line.scheduler]:
            filled.add(line.scheduler)
        if line.scheduler not in filled:
            before.setdefault(line.scheduler, []).append(line)
    left_out = {
        id(line)
        for filling in before.values()
        if sum(line.queue > 0 for line in filling) <= FILLING
        for line in filling
    }
    return [line for line in lines if id(line) not in left_out]


def _at_once(
    load: Measured, lines: Sequence[Sample], ranks: int, limit: int | None
) -> tuple[list[float], float | None]:
    """Of a load that is no batch-size point: the clean lines at as many running as it has in flight, as ms a
    token, and the client's TPOT while so many decoded.
    """
    size = load.form.at_once
    clean = clean_tpots(lines, shares(size, ranks), graph_up_to=limit)
    full = full_batch(load.run.requests, size, None) if clean else {}
    return clean, full.get("full_batch.tpot")


def least_step(steady: Sequence[Sample]) -> float | None:
    """What nine of ten steady Decode lines are above: the ms between two tokens of each running request."""
    steps = sorted(line.running / line.gen_throughput * 1000 for line in steady if line.gen_throughput > 0)
    return steps[len(steps) // 10] if len(steps) >= LEAST_LINES else None


def flush_lines(marks: Sequence[Mark], ranks: int, patience_s: float = 2.0, *, by_file: bool = False) -> int:
    """Data-parallel ranks whose log line confirms that their cache was flushed; a log may lag behind the
    answer a little.

    by_file: of several servers, each of which numbers its ranks from 0 and has a log of its own.
    """
    deadline = time.monotonic() + patience_s
    while True:
        merged = Merged()
        list(samples(spans(marks).spans, merged))
        flushed = [(path, event.rank.dp) for path, event in merged.events if event.kind is EventKind.FLUSHED]
        confirmed = len(set(flushed)) if by_file else len({dp for _, dp in flushed})
        if confirmed >= ranks or time.monotonic() >= deadline:
            return confirmed
        time.sleep(0.05)


def behind(roles: Roles) -> Behind:
    """What answers for the deployment, as the checks look at it."""
    return Behind(roles.router.value, len(roles.workers), roles.unasked, roles.whole)


MOST_TEXTS = 256  # answers: their sum is known well enough by then
Answer = TypeVar("Answer")


def check_context(
    load: Measured,
    *,
    log: LogEvidence | None = None,
    clock: Mapping[str, float] | None = None,
    margins: Sequence[Margin] = (),
    judged: Sequence[str] = (),
    probes: Mapping[str, Probe] | None = None,
    twin: str = "",
    tokenizer: Callable[[], Any] = lambda: None,
    stall_limit_s: float = STALL_LIMIT_S,
) -> CheckContext:
    """log, clock (server.* metrics), margins, judged, probes (by the server's URL): as far as they are known.
    twin: why the two servers of the session may be one process. tokenizer: ours, to count the texts of
    answers without ids.
    """
    run, info, roles = load.run, load.deployment.info, load.deployment.roles
    server = run.server
    began = identity(info.raw)  # with the session: metrics of another server carry its name otherwise
    return CheckContext(
        run=run,
        exact_prompt=load.exact_prompt,
        planned=load.form.num_prompts,
        batch_size=load.batch_size,
        token_capacity=info.token_capacity,
        max_running=info.max_running_requests,
        identity_before=began,
        identity_after=odd_one(
            [began, identity(server.info_before), *server.identities, identity(server.info_after)]
        ),
        throughputs=server.throughputs,
        twin=twin,
        counted=load.counted,
        shared=load.shared,
        ranks=roles.schedulers,
        behind=behind(roles),
        page_size=info.page_size or 1,
        uses_graphs=None if info.device is None else info.device != "cpu" and not info.disable_cuda_graph,
        stall_limit_s=stall_limit_s,
        log=log,
        served=_served(server.counted, clock),
        gpus=gpu_evidence(run),
        contents=contents(run.requests, load.shared),
        margins=margins,
        incremental=agreed(incremental(worker.info.raw) for worker in roles.workers),
        probe=(probes or {}).get(load.deployment.url),
        texts=_texts(run.requests, tokenizer),
        distorted=distorted(
            str(run.workload.get("dataset_name")),
            info.speculative_algorithm,
            info.architectures,
            server.info_after,
        ),
        judged=judged,
    )


def _served(counted: Mapping[str, float] | None, clock: Mapping[str, float] | None) -> Served | None:
    if counted is None:
        return None
    tokens = counted[PROMPT_TOKENS] + counted[OUTPUT_TOKENS]
    return Served(counted[REQUESTS], tokens, dict(clock or {}))


def odd_one(answers: Sequence[Answer]) -> Answer:
    """The first answer that differs from the one before everything; the last where none does."""
    return next((answer for answer in answers if answer != answers[0]), answers[-1])


def _texts(requests: Sequence[RequestRecord], tokenizer: Callable[[], Any]) -> Texts | None:
    """The texts of answers without ids; None where every answer has ids, or no text is known to be whole."""
    known = [
        record
        for record in requests
        if record.ok and record.counted_text is not None and record.counted_tokens > 0
    ]
    known = known[:: -(-len(known) // MOST_TEXTS) or 1]
    if not known:
        return None
    texts = [record.counted_text or "" for record in known]
    loaded = tokenizer()
    tokens = (
        None if loaded is None else sum(len(loaded.encode(text, add_special_tokens=False)) for text in texts)
    )
    return Texts(len(known), sum(record.counted_tokens for record in known), tokens, sum(map(len, texts)))
