"""find_capacity: probes the deployment as the search asks, and measures the answer with the full workload."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

from slabench.capacity.gaps import Ask, Mark
from slabench.capacity.probe import Probe, ProbePlan, bounding
from slabench.capacity.search import Kind, Search, SearchResult, grid
from slabench.capacity.watch import STOPPED, Watch
from slabench.errors import InvalidRun, interrupted_by
from slabench.messages import Message, Sentence
from slabench.methods import TENCENT, Form, reduced
from slabench.report import capacity_entry
from slabench.report.frontier import FILE, probe_rows, write_frontier
from slabench.run_document.capacity import RunningTest
from slabench.run_document.entry import Entry
from slabench.session.judge import Judge
from slabench.session.measurement import Measured, StillRunning
from slabench.session.partial_entry import bare_entry, hand_over
from slabench.session.run_load import RunLoad
from slabench.verdict.outcome import Check, CheckStatus, Outcome
from slabench.verdict.sla import Slo, merge
from slabench.verdict.validity import CheckContext, examine
from slabench.verdict.validity.capacity import SearchEvidence, capacity_agrees

METHOD = "tencent-capacity"
RANGES = {"concurrency": (1.0, 256.0), "rate": (0.1, 16.0)}
LEAST_WAVE = 8  # requests of a wave where the load is a rate
WAVES = 4


def _with_remedy(check: Check) -> Message:
    sentences = [text for text in (check.message, check.remedy_message) if text]
    return Message("capacity.sentences", sentences=sentences)


class FindCapacity:
    """Callable handed to a test: the search, then the judged run. InvalidRun if there is no answer."""

    def __init__(self, run_load: RunLoad, judge: Judge) -> None:
        self.run_load, self.judge, self.campaign = run_load, judge, run_load.campaign
        self.options = run_load.campaign.settings.options
        self.kind: str = self.options.capacity_load
        self.closed = self.kind == "concurrency"

    def __call__(self, form: Form, *rules: Slo) -> Measured:
        search = self._search(form, bounding(merge(rules, self.campaign.settings.slos)))
        result: SearchResult | None = None
        try:
            while isinstance(step := search.next(), Ask):
                search.add(self._probe(form, search, step), step.why)
                self._keep_probes(search)
            result = step
            advice = capacity_entry.advice(search, result, self.kind)
            if result.kind is Kind.UNRESOLVED:
                self._invalid(search, result, " ".join(map(str, advice)), result.kind.value)
            return self._last(form, search, result, advice)
        except KeyboardInterrupt as stop:
            probes = len(search.probes)
            line = Sentence.of("capacity.interrupted", signal=interrupted_by(stop), probes=probes)
            entry = self._entry(search, result, line, "interrupted")
            if left := self.campaign.interrupted:
                kept = replace(left.entry, method=METHOD, capacity=entry.capacity)
                self.campaign.interrupted = replace(left, entry=kept)
            else:  # between two loads
                hand_over(self.campaign, self.run_load.deployment, entry, ())
            raise

    def _search(self, form: Form, rules: tuple[Slo, ...]) -> Search:
        options, sizes, named = self.options, self._graph_sizes(), self.options.capacity_grid
        low, high = options.capacity_range or RANGES[self.kind]
        usable = self.closed and not named
        marks = [mark for mark in self._marks(form) if usable and low <= mark.load <= high]
        reported = [*(mark.load for mark in marks), *sizes]
        loads = named or grid(low, high, options.capacity_step / 100, whole=self.closed, marks=reported)
        budget_s = options.capacity_budget
        return Search(loads, rules, marks=marks, sizes=sizes, budget_s=budget_s, named=bool(named))

    def _marks(self, form: Form) -> list[Mark]:
        """The loads beyond which something changes, by what the server reports."""
        info, length, marks = self.run_load.deployment.info, form.input_len + form.output_len, []
        cap, graph = info.max_running_requests, max(self._graph_sizes(), default=0)
        if tokens := info.token_capacity:
            message = Message("capacity.mark.pool", tokens=tokens, fits=tokens // length, length=length)
            marks.append(Mark(tokens // length, message, queues=True))
        if cap:
            marks.append(Mark(cap, Message("capacity.mark.running_cap", cap=cap), queues=True))
        room = min((mark.load for mark in marks), default=math.inf)
        if 0 < graph < room:
            marks.append(Mark(graph, Message("capacity.mark.graph", size=graph), cliff=True))
        return [mark for mark in marks if mark.load <= room]

    def _graph_sizes(self) -> tuple[int, ...]:
        """Batch sizes with a CUDA graph, of all data-parallel ranks together."""
        info = self.run_load.deployment.info
        sizes = info.cuda_graph_bs or ((info.cuda_graph_max_bs,) if info.cuda_graph_max_bs else ())
        return () if info.disable_cuda_graph else tuple(size * (info.dp or 1) for size in sizes)

    def _probe(self, form: Form, search: Search, ask: Ask) -> Probe:
        wave, waves = self._wave(form, search, ask.load), self.options.capacity_waves
        number, rules, lengths = len(search.probes) + 1, search.rules, (form.input_len, form.output_len)
        gpus, goodput = self.run_load.deployment.gpus, self.campaign.settings.goodput
        plan = ProbePlan(ask.load, wave, waves, rules, lengths, self.closed, ask.rule_out, gpus, goodput)
        watch = Watch(plan)
        try:
            run = self.run_load.probe(self._form(form, ask.load, wave * waves), number, watch)
        except StillRunning as error:
            self._invalid(search, None, str(error), "flush")
        # what the client cut off itself is left out
        whole = [record for record in run.requests if not (watch.stopped and record.error in STOPPED)]
        context = CheckContext(
            run=replace(run, requests=whole),
            exact_prompt=run.workload.get("prompt_form") == "ids",
            planned=len(whole),
            judged=[rule.metric for rule in rules],
        )
        checks = examine(context, METHOD, allow=self.options.allow, probe=True)
        bad = [(check.name, _with_remedy(check)) for check in checks if check.state is CheckStatus.INVALID]
        probe = watch.measured(run)
        if bad or probe is None:
            name, problem = [*bad, ("completed", Message("capacity.few_prompts"))][0]
            load = capacity_entry.load_message(ask.load, self.kind)
            why: dict[str, Message | str] = {"check": name, "problem": problem}
            line = Sentence.of("capacity.probe_invalid", number=number, load=load, **why)
            self._invalid(search, None, line, name)
        return probe

    def _form(self, form: Form, load: float, count: int) -> Form:
        """The method's lengths at this load."""
        rate, cap = (math.inf, int(load)) if self.closed else (load, self.options.max_concurrency)
        return replace(form, method=METHOD, num_prompts=count, request_rate=rate, max_concurrency=cap)

    def _wave(self, form: Form, search: Search, load: float) -> int:
        """Requests in flight; of a rate, as many as there are if each answer takes what TPOT may be."""
        if self.closed:
            return int(load)
        tpot = next((rule.limit for rule in search.rules if rule.metric.startswith("tpot.")), 50.0)
        return max(LEAST_WAVE, math.ceil(load * form.output_len * tpot / 1000))

    def _last(
        self, form: Form, search: Search, result: SearchResult, advice: tuple[Message, ...]
    ) -> Measured:
        """The full workload at the answer, in whole waves: only this run is judged."""
        assert result.load is not None
        load, at, waves = result.load, search.points.get(result.load), self.options.capacity_waves
        wave = self._wave(form, search, load)
        least = 1 if self.closed and at is not None and at.together else waves
        count = self.options.num_prompts or max(round(TENCENT.num_prompts / wave), least) * wave
        last = self._form(form, load, count)
        published = replace(last, input_len=TENCENT.input_len, output_len=TENCENT.output_len)
        fewer = [f"waves {waves} instead of {WAVES}"] if waves < WAVES else []
        labels = reduced((*last.differences(published), *fewer))
        measured = self.run_load(last, point={"load": load, "load_kind": self.kind}, labels=labels)

        def beside(metrics: Mapping[str, float]) -> tuple[Check, ...]:
            probes, none_held = {} if at is None else at.estimates, result.kind is Kind.NONE_HOLDS
            return (capacity_agrees(SearchEvidence(load, none_held, search.rules, probes, metrics)),)

        parts = {"capacity": capacity_entry.capacity_entry(search, result, self.kind)}
        measured = replace(measured, reasons=(result.kind.value,), advice=advice)
        return replace(measured, entry_parts=parts, further_checks=beside)

    def _entry(self, search: Search, result: SearchResult | None, line: str, reason: str) -> Entry:
        capacity = capacity_entry.capacity_entry(search, result, self.kind)
        entry = bare_entry(self.run_load.test_id, Outcome.INVALID, line, reason)
        return replace(entry, method=METHOD, capacity=capacity, duration_s=search.spent_s)

    def _invalid(self, search: Search, result: SearchResult | None, line: str, reason: str) -> NoReturn:
        self.judge.keep(self.campaign.finished(self._entry(search, result, line, reason)))
        raise InvalidRun(line)

    def _keep_probes(self, search: Search) -> None:
        """On disk after every probe: a search that is killed leaves its points, and the best of them."""
        capacity = capacity_entry.capacity_entry(search, None, self.kind)
        self.campaign.show_running(RunningTest(id=self.run_load.test_id, method=METHOD, capacity=capacity))
        with suppress(OSError):  # the run document holds them too, and reports that the disk is full
            labels = self.campaign.servers.new.labels
            write_frontier(probe_rows(capacity), self.campaign.folder / FILE, labels)
