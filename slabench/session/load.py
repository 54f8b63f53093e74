"""run_load: one measured load from a method's form: prompts, plan, warm-up, confirmed flush, load, and the
server's evidence.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.errors import ConfigError
from slabench.methods import Form
from slabench.metrics.bounded import with_tokens
from slabench.records import RequestRecord, RunRecord, ServerEvidence
from slabench.request_extras import identity
from slabench.session import calibration, partial_entry, reference, usage
from slabench.session.deployment import Campaign, Deployment, check_launched
from slabench.session.identities import ask_at_once
from slabench.session.measurement import BASELINE, Measured, Trial, turns
from slabench.session.progress import ProgressLine
from slabench.session.prompts import Prompts
from slabench.session.pytest_benchmark import Sidecar
from slabench.session.warmup import OUTPUT_LEN, Warmup

if TYPE_CHECKING:
    from slabench.capacity.watch import Watch
    from slabench.loadgen.options import ClientOptions
    from slabench.loadgen.plan import Plan
    from slabench.loadgen.run import LoadResult, Progress
    from slabench.records import ReportedRun
    from slabench.workloads.model import Workload

Flushed = tuple[int | None, str, int | None]  # status, text, ranks that confirm it in the log


def from_options(form: Form, options: Namespace) -> Form:
    """The workload options of tests/tencent and tests/serving over a form's defaults."""
    return form.replaced(
        num_prompts=options.num_prompts,
        request_rate=options.request_rate,
        max_concurrency=options.max_concurrency,
        input_len=options.random_input_len,
        output_len=options.random_output_len,
    )


class RunLoad:
    """Callable handed to a test; one object a test, and one more for each of its loads."""

    def __init__(
        self,
        campaign: Campaign,
        deployment: Deployment,
        test_id: str,
        progress: ProgressLine,
        sidecar: Sidecar,
        prompts: Prompts,
        turn: Trial | None = None,
    ) -> None:
        self.campaign = campaign
        self.prompts = prompts
        self.deployment = deployment
        self.test_id = test_id
        self.progress = progress
        self.sidecar = sidecar
        self.turn = Trial() if turn is None else turn
        self.labels: tuple[str, ...] = ()  # of the load that is on

    def __call__(
        self,
        form: Form,
        *,
        point: Mapping[str, Any] | None = None,
        labels: tuple[str, ...] = (),
        batch_size: int | None = None,
    ) -> Measured:
        """Measure, --repeats times and on both servers of an A/B run.

        point has no default that means anything: usage.py says what it is where it is missing.
        """
        point = usage.check_load(form, point, labels, batch_size)
        other = self.campaign.other
        found = []
        for turn in turns(self.campaign.settings.repeats, both=other is not None):
            deployment = other if other is not None and turn.side == BASELINE else self.deployment
            one = RunLoad(
                self.campaign, deployment, self.test_id, self.progress, self.sidecar, self.prompts, turn
            )
            found.append(one.once(form, point=point, labels=labels, batch_size=batch_size))
        return replace(next(one for one in found if one.turn.side != BASELINE), turns=tuple(found))

    def once(
        self, form: Form, *, point: dict[str, Any], labels: tuple[str, ...], batch_size: int | None
    ) -> Measured:
        """One load at one server."""
        from slabench.report.document import utc_now
        from slabench.workloads.shared_prefix import longest_shared

        check_launched(self.campaign)
        self.labels = labels
        workload = self._workload(form)
        plan = self._plan(form, workload)
        calibrate = calibration.begin(
            self.campaign, self._options(quiet=True), plan, one_token=form.output_len == 1
        )
        warmup = Warmup(self.campaign, self.deployment, workload, plan)
        flushed, notes = self._make_ready(workload, form, warmup)
        began_utc = utc_now()
        run = calibrate(self._measure(workload, plan, warmup.requests, flushed, notes))
        exact = workload.spec.prompt_form == "ids"
        return Measured(
            run,
            form,
            point,
            labels,
            began_utc,
            self.deployment.gpus,
            exact,
            batch_size=batch_size,
            counted=() if exact else tuple(map(len, workload.own_ids)),
            shared=longest_shared(workload.own_ids),
            turn=self.turn,
            deployment=self.deployment,
        )

    @property
    def fresh(self) -> int:
        """0 for a test's first prompts, the ones that every run has; a repeat has others, unless
        --same-prompts.
        """
        return 0 if self.campaign.settings.given.same_prompts else self.turn.repeat - 1

    def probe(self, form: Form, number: int, watch: Watch) -> RunRecord:
        """A load that carries no verdict: prompts of its own, ended when `watch` has enough. number: from 1;
        names its records.
        """
        from slabench.report.records_file import PROBE

        check_launched(self.campaign)
        workload = self._workload(form, number)
        plan, name = self._plan(form, workload), f"{self.test_id}{PROBE}{number}"
        # A search begins at its largest load, and what that warms up serves the smaller ones.
        warmup = Warmup(self.campaign, self.deployment, workload, plan)
        _, notes = self._make_ready(workload, form, warmup, first_counts=False)

        def keep(record: RequestRecord) -> None:
            self.campaign.records.append(name, record)
            watch.keep(record)

        def progress(report: Progress) -> None:
            watch.progress(report.elapsed_s, report.output_tokens)

        self.progress.begin(name, len(workload.prompts))
        try:
            result = self._load(
                workload.prompts, plan, on_record=keep, on_progress=progress, until=watch.enough
            )
        finally:
            self.progress.end()
            self.campaign.flush_records()
        evidence = ServerEvidence(notes=tuple(notes))
        return RunRecord(
            result.requests,
            result.began_ns,
            result.began_unix,
            workload.describe(),
            plan.describe(),
            result.client,
            evidence,
        )

    def _workload(self, form: Form, number: int = 0) -> Workload:
        """number: of a probe, whose prompts are others than the test's own, as a repeat's are."""
        salt = self.test_id if not self.fresh else f"{self.test_id}#{self.turn.repeat}"
        return self.prompts.workload(form, salt=salt, further=self.fresh + number)

    def _plan(self, form: Form, workload: Workload) -> Plan:
        from slabench.loadgen.plan import Plan

        count, arrivals = len(workload.prompts), self.campaign.settings.given.arrivals
        if form.request_rate != float("inf"):
            return Plan.open_loop(
                count,
                form.request_rate,
                arrivals=arrivals,
                cap=form.max_concurrency,
                unit_gaps=workload.unit_gaps,
            )
        if form.max_concurrency is None:
            return Plan.at_once(count)
        return Plan.closed_loop(count, form.max_concurrency)

    def _probe_stream(self, workload: Workload, form: Form) -> None:
        """Once for each server, before anything else is sent to it; not for a session of one-token answers."""
        from slabench.session.stream_probe import ShortPrompt, probe

        found, url = self.campaign.stream_probes, self.deployment.url
        if url in found or form.output_len == 1 or not workload.prompts:
            return

        def send(prompt: ShortPrompt, output_len: int) -> LoadResult:
            return self._load([prompt], None, output_len=output_len, quiet=True)

        found[url] = probe(workload.prompts[0], send)

    def _make_ready(
        self, workload: Workload, form: Form, warmup: Warmup, *, first_counts: bool = True
    ) -> tuple[Flushed, list[str]]:
        """Warm up with some of the run's own prompts, then flush them away; what came of the flush, and
        notes.
        """
        from slabench.server.control import flush
        from slabench.server.log.log_window import mark
        from slabench.session.evidence import flush_lines

        given, notes = self.campaign.settings.given, list(workload.notes)
        self._probe_stream(workload, form)
        output_len = min(form.output_len, OUTPUT_LEN)
        notes += warmup.run(
            lambda some: self._load(some, None, output_len=output_len, quiet=True), first_counts=first_counts
        )
        if given.no_flush_cache:
            return (None, "", None), notes
        url, headers, ca_file = self.deployment.url, self.deployment.headers, self.deployment.ca_file
        marks = mark(self.deployment.logs)
        status, text = flush(url, headers, ca_file=ca_file, say=self.campaign.say)
        roles, lines = self.deployment.roles, None
        if status == 200 and marks:
            lines = flush_lines(marks, roles.schedulers, by_file=len(roles.workers) > 1)
        return (status, text, lines), notes

    def _options(self, *, quiet: bool) -> ClientOptions:
        from slabench.loadgen import ClientOptions

        given = self.campaign.settings.given
        return ClientOptions(
            connections=given.connections,
            connect_timeout_s=given.connect_timeout,
            first_byte_timeout_s=given.first_byte_timeout,
            idle_timeout_s=given.idle_timeout,
            total_timeout_s=given.total_timeout,
            keep_text=given.retokenize and not quiet,
            workers=None if given.load_workers == "auto" else given.load_workers,
        )

    def _load(
        self,
        wanted: Any,
        plan: Plan | None,
        *,
        output_len: int | None = None,
        quiet: bool = False,
        on_record: Callable[[RequestRecord], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        until: Callable[[], bool] | None = None,
    ) -> LoadResult:
        from slabench.loadgen import Plan, Target, prepare_requests, run_load

        given, options = self.campaign.settings.given, self._options(quiet=quiet)
        target = Target(self.deployment.url, headers=self.deployment.headers, ca_file=self.deployment.ca_file)
        extra, model = self.campaign.settings.body, self.deployment.model_name
        requests = prepare_requests(
            wanted, output_len=output_len, extra=extra, backend=given.backend, model=model
        )
        if quiet:
            return run_load(target, requests, plan or Plan.at_once(len(requests)), options)
        from slabench.report.records_file import ATTEMPT

        records, attempt = self.campaign.records, self.campaign.attempt_of(self.test_id)
        name = self.test_id if attempt == 1 else f"{self.test_id}{ATTEMPT}{attempt}"
        assert plan is not None

        def progress(report: Progress) -> None:
            self._progress(report)
            if on_progress is not None:
                on_progress(report)

        return run_load(
            target,
            requests,
            plan,
            options,
            on_record=on_record
            or (lambda record: records.append(name, record, self.turn.side, self.turn.repeat)),
            on_progress=progress,
            until=until,
        )

    def _drive(self, workload: Workload, plan: Plan) -> tuple[LoadResult, ReportedRun | None]:
        """The load by the client that --client names."""
        if self.campaign.settings.given.client == "bench_serving":
            return reference.drive(self.campaign, self.deployment, self.test_id, workload, plan)
        return self._load(workload.prompts, plan), None

    def _progress(self, progress: Progress) -> None:
        self.campaign.records.tick()
        self.progress.update(progress)

    def _measure(
        self, workload: Workload, plan: Plan, warmups: int, flushed: Flushed, notes: list[str]
    ) -> RunRecord:
        from slabench.errors import ServerError
        from slabench.loadgen.run import LoadInterrupted
        from slabench.server.control import workers_flushed
        from slabench.server.identify import identify
        from slabench.server.log.log_window import mark, spans
        from slabench.server.roles import Roles

        answered: list[int] = []

        def ask() -> Roles | None:
            where, roles = self.deployment, self.deployment.roles
            try:
                return identify(
                    where.url,
                    where.headers,
                    ca_file=where.ca_file,
                    like=roles,
                    on_answer=lambda: answered.append(time.perf_counter_ns()),
                )
            except ServerError as error:
                notes.append(str(error))
                return None

        before, others, counted = ask(), [ask_at_once(self.deployment)], self._counters()
        marks = mark(self.deployment.logs)
        told_turn = f" ({self.turn.told})" if self.turn.told else ""
        settings, given = self.campaign.settings, self.campaign.settings.given
        way = {"backend": given.backend, "warmup_requests": warmups, "flush_cache": not given.no_flush_cache}
        way |= identity(settings.headers, settings.body)
        self.progress.begin(self.test_id + told_turn, len(workload.prompts))
        try:
            result, told = self.sidecar.time(lambda: self._drive(workload, plan))
        except LoadInterrupted as stop:
            entry = partial_entry.entry(
                self.test_id, self.turn, stop.result, workload, plan, self.deployment.gpus
            )
            partial_entry.hand_over(self.campaign, self.deployment, entry, self.labels)
            raise
        except KeyboardInterrupt:
            entry = partial_entry.entry_of_another_client(self.test_id, workload, plan)
            partial_entry.hand_over(self.campaign, self.deployment, entry, self.labels)
            raise
        finally:
            self.progress.end()
            self.campaign.flush_records()
        notes += [
            f"{name} could not be written ({why}): records are missing from it."
            for name, why in self.campaign.lost.items()
        ]
        after = ask()
        after_end_ns = answered[-1] if after is not None else None
        others.append(ask_at_once(self.deployment))
        grown = self._counters() if counted is not None else None
        log_spans, log_notes = spans(marks)
        return RunRecord(
            requests=with_tokens(result.requests, self._tokens),
            began_ns=result.began_ns,
            began_unix=result.began_unix,
            workload=workload.describe(),
            plan={**plan.describe(), **way},
            client=result.client,
            reported=told,
            server=ServerEvidence(
                info_before=before.raw if before is not None else None,
                info_after=after.raw if after is not None else None,
                identities=tuple(one for asked in others for one in asked.identities),
                throughputs=tuple(asked.throughputs for asked in others),
                info_after_end_ns=after_end_ns,
                flush_status=flushed[0],
                flush_text=flushed[1],
                flush_workers=workers_flushed(flushed[1]),
                flush_lines=flushed[2],
                served=None
                if counted is None or grown is None
                else (grown[0] - counted[0], grown[1] - counted[1]),
                log_spans=log_spans,
                notes=(*notes, *log_notes),
            ),
            interrupted=result.interrupted,
        )

    def _tokens(self, text: str) -> int | None:
        """Of a text, by our own tokenizer; None where there is none."""
        try:
            tokenizer = self.campaign.tokenizer()
        except ConfigError:
            return None
        return None if tokenizer is None else len(tokenizer.encode(text, add_special_tokens=False))

    def _counters(self) -> tuple[float, float] | None:
        """The server's counters, where no log tells the same."""
        from slabench.server.scrape import counters

        if self.deployment.logs:
            return None
        return counters(self.deployment.url, self.deployment.headers, ca_file=self.deployment.ca_file)
