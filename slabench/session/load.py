"""A load: how it is sent, the server made ready for it, and the load itself with evidence around it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slabench.loadgen import ClientOptions, LoadResult, Plan, Progress, Target, prepare_requests, run_load
from slabench.loadgen.transports.base import LoadHosts
from slabench.messages import Message
from slabench.methods import Form
from slabench.metrics.bounded import with_tokens
from slabench.records import RequestRecord, RunRecord, ServerEvidence
from slabench.reported_records import ReportedRun
from slabench.request_extras import identity
from slabench.server.control import flush, workers_flushed
from slabench.server.log.log_window import mark, spans
from slabench.server.scrape import grown
from slabench.session.deployment import Deployment
from slabench.session.evidence import flush_lines
from slabench.session.gpu_telemetry import Watched
from slabench.session.measurement import Measured
from slabench.session.observation import observe
from slabench.session.settings import Settings
from slabench.session.stream_probe import ShortPrompt, probe
from slabench.session.warmup import BATCH, OUTPUT_LEN, Shapes, WarmUp
from slabench.verdict.validity.streamed import Probe
from slabench.workloads.model import Workload
from slabench.workloads.shared_prefix import longest_shared


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the command line says of how requests are sent, and of what comes before a load."""

    client: ClientOptions = field(default_factory=ClientOptions)
    backend: str = "sglang"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # beside the API key's
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)  # merged into every request
    place: LoadHosts | None = None  # that send it; None: this machine
    arrivals: str = "poisson"
    warmup_requests: int | str = BATCH
    flush_cache: bool = True

    @classmethod
    def of(cls, settings: Settings) -> LoadOptions:
        options = settings.options
        client = ClientOptions(
            connections=options.connections,
            connect_timeout_s=options.connect_timeout,
            first_byte_timeout_s=options.first_byte_timeout,
            idle_timeout_s=options.idle_timeout,
            total_timeout_s=options.total_timeout,
            keep_text=options.retokenize,
            workers=None if options.load_workers == "auto" else options.load_workers,
        )
        return cls(
            client=client,
            backend=options.backend,
            headers=settings.headers,
            body=settings.body,
            place=_place(settings),
            arrivals=options.arrivals,
            warmup_requests=options.warmup_requests,
            flush_cache=not options.no_flush_cache,
        )

    @property
    def quiet(self) -> LoadOptions:
        """The same for requests that are not part of a load: their texts are not kept."""
        return replace(self, client=replace(self.client, keep_text=False))

    def plan(self, form: Form, workload: Workload) -> Plan:
        """When each of the workload's requests is due."""
        count = len(workload.prompts)
        if form.request_rate != float("inf"):
            return Plan.open_loop(
                count,
                form.request_rate,
                arrivals=self.arrivals,
                cap=form.max_concurrency,
                unit_gaps=workload.unit_gaps,
            )
        if form.max_concurrency is None:
            return Plan.at_once(count)
        return Plan.closed_loop(count, form.max_concurrency)

    def describe(self, warmup_requests: int) -> dict[str, Any]:
        """What run.json's `plan` has of it; warmup_requests: those of the load."""
        sent = {
            "backend": self.backend,
            "warmup_requests": warmup_requests,
            "flush_cache": self.flush_cache,
        }
        return sent | identity(self.headers, self.body)


def _place(settings: Settings) -> LoadHosts | None:
    options = settings.options
    if not options.load_hosts and options.load_cluster is None:
        return None
    return LoadHosts(
        names=options.load_hosts,
        command=options.load_command or "",
        cluster=options.load_cluster or "",
        python=options.load_python or sys.executable,
    )


def target_of(deployment: Deployment) -> Target:
    return Target(deployment.url, headers=deployment.headers, ca_file=deployment.ca_file)


def send(
    deployment: Deployment,
    options: LoadOptions,
    prompts: Sequence[Any],
    plan: Plan | None = None,
    *,
    output_len: int | None = None,
    on_record: Callable[[RequestRecord], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    until: Callable[[], bool] | None = None,
) -> LoadResult:
    """One load by our client; without a plan all prompts at once. output_len: instead of the prompts' own."""
    requests = prepare_requests(
        prompts,
        output_len=output_len,
        extra=options.body,
        backend=options.backend,
        model=deployment.model_name,
    )
    return run_load(
        target_of(deployment),
        requests,
        plan or Plan.at_once(len(requests)),
        options.client,
        on_record=on_record,
        on_progress=on_progress,
        until=until,
        place=options.place,
    )


@dataclass(frozen=True, slots=True)
class Load:
    """A load before it is sent: where, how, what and when."""

    deployment: Deployment
    options: LoadOptions
    workload: Workload
    plan: Plan

    def measured(self, run: RunRecord, form: Form, **test: Any) -> Measured:
        """The run with what its evaluation needs; test: further fields of Measured."""
        ids, exact = self.workload.own_ids, self.workload.spec.prompt_form == "ids"
        return Measured(
            run=run,
            form=form,
            deployment=self.deployment,
            exact_prompt=exact,
            counted=() if exact else tuple(map(len, ids)),
            shared=longest_shared(ids),
            **test,
        )


@dataclass(frozen=True, slots=True)
class ServerHistory:
    """What this session has sent to its servers before their loads: each is done once for a server."""

    shapes: Shapes = field(default_factory=set)
    stream_probes: dict[str, Probe] = field(default_factory=dict)  # by the server's URL


@dataclass(frozen=True, slots=True)
class Ready:
    """What came of it. warmup_requests: as many as the load's shape asks for, sent now or before."""

    warmup_requests: int
    notes: tuple[str, ...] = ()
    flush_status: int | None = None  # None: the cache was not flushed
    flush_text: str = ""
    flush_lines: int | None = None  # data-parallel ranks that confirm it in their log; None: there is no log


def make_ready(
    load: Load,
    history: ServerHistory,
    *,
    first_counts: bool = True,
    say: Callable[[Message | str], None] = lambda sentence: None,
) -> Ready:
    """Warm up, then flush the prefix cache. first_counts=False: a warm-up of any size serves this load."""
    deployment, options, workload = load.deployment, load.options, load.workload
    _probe_stream(load, history)
    warmup = WarmUp.of(options.warmup_requests, deployment.url, options.backend, workload, load.plan)
    shorter = min(workload.spec.output_len, OUTPUT_LEN)
    notes = warmup.run(
        history.shapes,
        lambda prompts: send(deployment, options.quiet, prompts, output_len=shorter),
        first_counts=first_counts,
    )
    notes = [*workload.notes, *notes]
    if not options.flush_cache:
        return Ready(warmup.requests, tuple(notes))
    return Ready(warmup.requests, tuple(notes), *flushed(deployment, say=say))


def flushed(deployment: Deployment, **how: Any) -> tuple[int, str, int | None]:
    """Flush the prefix cache of a deployment: (status, text, ranks that confirm it in their log, None without
    a log). how: say and busy_s of control.flush().
    """
    marks = mark(deployment.logs)
    status, text = flush(deployment.url, deployment.headers, ca_file=deployment.ca_file, **how)
    lines, roles = None, deployment.roles
    if status == 200 and marks:
        lines = flush_lines(marks, roles.schedulers, by_file=len(roles.workers) > 1)
    return status, text, lines


def _probe_stream(load: Load, history: ServerHistory) -> None:
    """Before anything else is sent to a server; with many tokens before the first load that has them."""
    url, prompts, one_token = load.deployment.url, load.workload.prompts, load.workload.spec.output_len == 1
    known = history.stream_probes.get(url)
    if not prompts or (known is not None and (one_token or known.pairs or known.failure)):
        return

    def send_short(prompt: ShortPrompt, tokens: int) -> LoadResult:
        return send(load.deployment, load.options.quiet, [prompt], output_len=tokens)

    probed = probe(prompts[0], send_short, one_token=one_token)
    if not (one_token and probed.failure):  # then the next load asks again
        history.stream_probes[url] = probed


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client brought back. reported: what another client than ours wrote of its load."""

    result: LoadResult
    reported: ReportedRun | None = None
    notes: tuple[str, ...] = ()


def measure(
    load: Load,
    ready: Ready,
    drive: Callable[[], Sent],
    *,
    count_tokens: Callable[[str], int | None] = lambda text: None,
    watch: Callable[[Deployment], Callable[[], Watched]] = lambda deployment: Watched,
) -> RunRecord:
    """drive: sends the load. count_tokens: by our own tokenizer, None without one. watch: reads the GPUs of a
    deployment until what it returns is called.
    """
    watched = watch(load.deployment)
    before = observe(load.deployment)
    marks = mark(load.deployment.logs)
    sent = drive()
    after = observe(load.deployment)
    log_spans, log_notes = spans(marks)
    gpus = watched()
    notes = (*ready.notes, before.note, *sent.notes, after.note, *log_notes, gpus.note)
    result = sent.result
    return RunRecord(
        requests=with_tokens(result.requests, count_tokens),
        began_ns=result.began_ns,
        began_unix=result.began_unix,
        workload=load.workload.describe(),
        plan={**load.plan.describe(), **load.options.describe(ready.warmup_requests)},
        client=result.client,
        reported=sent.reported,
        server=ServerEvidence(
            info_before=before.info,
            info_after=after.info,
            identities=(*before.identities, *after.identities),
            throughputs=(before.throughputs, after.throughputs),
            info_after_end_ns=after.answered_ns,
            flush_status=ready.flush_status,
            flush_text=ready.flush_text,
            flush_workers=workers_flushed(ready.flush_text),
            flush_lines=ready.flush_lines,
            counted=grown(before.counters, after.counters),
            log_spans=log_spans,
            notes=tuple(note for note in notes if note),
        ),
        interrupted=result.interrupted,
        gpus=gpus.gpus,
    )
