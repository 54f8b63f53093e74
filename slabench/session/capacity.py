"""find_capacity: probes the deployment as the search asks, keeps every probe, and measures the answer with
the full workload.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.errors import InvalidRun
from slabench.methods import TENCENT, Form, reduced
from slabench.records import RunRecord
from slabench.session import partial_entry
from slabench.session.evaluate import Judge
from slabench.session.load import RunLoad
from slabench.session.measurement import Measured
from slabench.session.partial_entry import bare_entry
from slabench.verdict.sla import Slo

if TYPE_CHECKING:
    from slabench.capacity.probe import Probe, Watch
    from slabench.capacity.search import Ask, Mark, Search, SearchResult
    from slabench.verdict.outcome import Check

METHOD = "tencent-capacity"
RANGES = {"concurrency": (1.0, 256.0), "rate": (0.1, 16.0)}
PROMPTS = 128  # of the last run, the published number, in whole waves
LEAST_WAVE = 8  # requests of a wave where the load is a rate
WAVES = 4
FRONTIER = "frontier.csv"


class FindCapacity:
    """Callable handed to a test: the search, then the run that is judged. InvalidRun where nobody can say."""

    def __init__(self, run_load: RunLoad, judge: Judge) -> None:
        self.run_load, self.judge = run_load, judge
        self.campaign, self.deployment = run_load.campaign, run_load.deployment
        self.given = self.campaign.settings.given
        self.kind: str = self.given.capacity_load
        self.whys: list[str] = []
        self.rules: tuple[Slo, ...] = ()

    def __call__(self, form: Form, *rules: Slo) -> Measured:
        from slabench.capacity.probe import bounding
        from slabench.capacity.search import Ask, Kind
        from slabench.capacity.sentences import as_dict, remedy, sentence
        from slabench.verdict import sla

        self.rules = bounding(sla.merge(rules, self.campaign.settings.slos))
        search = self._search(form)
        outcome: SearchResult | None = None
        try:
            while isinstance(step := search.next(), Ask):
                self.whys.append(step.why)
                search.tell(self._probe(form, search, step))
                self._keep_probes(search)
            outcome = step
            capacity = as_dict(search, outcome, self.kind, self.whys)
            if outcome.kind is Kind.UNRESOLVED:
                line = f"UNRESOLVED: {capacity['text']} {remedy(search, outcome)}"
                self._invalid(search, outcome, line, "UNRESOLVED")
            return self._last(
                form,
                search,
                outcome,
                capacity,
                (sentence(search, outcome, self.kind), remedy(search, outcome)),
            )
        except KeyboardInterrupt:
            self._interrupted(search, outcome)
            raise

    def _search(self, form: Form) -> Search:
        from slabench.capacity.search import Search, grid

        given, marks = self.given, self._marks(form)
        low, high = given.capacity_range or RANGES[self.kind]
        marks = [mark for mark in marks if low <= mark.load <= high]
        loads: Sequence[float] = given.capacity_grid or ()
        if not loads:
            whole = self.kind == "concurrency"
            named_by_server = [*(mark.load for mark in marks), *self._graph_sizes()]
            loads = grid(low, high, given.capacity_step / 100, whole=whole, marks=named_by_server)
        named = bool(given.capacity_grid)
        return Search(
            loads,
            self.rules,
            marks=() if named else marks,
            sizes=self._graph_sizes(),
            budget_s=given.capacity_budget,
            named=named,
        )

    # one probe

    def _probe(self, form: Form, search: Search, ask: Ask) -> Probe:
        from slabench.capacity.probe import Watch
        from slabench.capacity.sentences import load_text

        number, wave, waves = len(search.probes) + 1, self._wave(form, ask.load), self.given.capacity_waves
        watch = Watch(
            ask.load, wave, waves, self.rules, (form.input_len, form.output_len), closed=self.kind == "concurrency",
            rule_out=ask.rule_out, gpus=self.deployment.gpus, limits=self.campaign.settings.goodput,
        )  # fmt: skip
        run = self.run_load.probe(self._form(form, ask.load, wave * waves), number, watch)
        bad = [check for check in self._checks(run, watch) if check.state.value == "invalid"]
        found = watch.measured(run)
        if bad or found is None:
            why = (
                f"{bad[0].name}: {bad[0].text}"
                if bad
                else "completed: the data set gives fewer prompts than one wave needs."
            )
            where = f"probe {number} at {load_text(ask.load, self.kind)}"
            self._invalid(
                search,
                None,
                f"{why} This was {where}, so the search cannot go on.",
                bad[0].name if bad else "completed",
            )
        assert found is not None
        return found

    def _checks(self, run: RunRecord, watch: Watch) -> tuple[Check, ...]:
        """Whether a probe's answers and our own client can be trusted; what the client cut off itself is left
        out.
        """
        from slabench.capacity.probe import STOPPED
        from slabench.verdict.validity import CheckContext, examine

        whole = [record for record in run.requests if not (watch.stopped and record.error in STOPPED)]
        exact = run.workload.get("prompt_form") == "ids"
        subject = CheckContext(
            run=replace(run, requests=whole),
            exact_prompt=exact,
            planned=len(whole),
            judged=[rule.metric for rule in self.rules],
        )
        return examine(subject, METHOD, allow=self.given.allow, probe=True)

    def _form(self, form: Form, load: float, count: int) -> Form:
        """The method's lengths at this load."""
        if self.kind == "concurrency":
            return replace(
                form, method=METHOD, num_prompts=count, request_rate=math.inf, max_concurrency=int(load)
            )
        return replace(
            form,
            method=METHOD,
            num_prompts=count,
            request_rate=load,
            max_concurrency=self.given.max_concurrency,
        )

    def _wave(self, form: Form, load: float) -> int:
        """Requests of a wave: those in flight; of a rate, those in flight when an answer takes as long as
        TPOT's limit allows.
        """
        if self.kind == "concurrency":
            return int(load)
        tpot = next((rule.limit for rule in self.rules if rule.metric.startswith("tpot.")), 50.0)
        return max(LEAST_WAVE, math.ceil(load * form.output_len * tpot / 1000))

    def _marks(self, form: Form) -> list[Mark]:
        """Loads that the server's own description names: its largest CUDA graph, its KV pool's room, its
        running cap.
        """
        from slabench.capacity.search import Mark

        info = self.deployment.info
        if self.kind != "concurrency":
            return []
        marks = []
        cap = info.max_running_requests
        if info.token_capacity:
            length = form.input_len + form.output_len
            fits = info.token_capacity // length
            text = f"The server's KV pool of {info.token_capacity:,} tokens holds {fits} requests of {length:,} tokens at once."
            marks.append(Mark(fits, text, queues=True))
        if cap:
            marks.append(
                Mark(
                    cap,
                    f"The server runs at most {cap} requests at once (--max-running-requests).",
                    queues=True,
                )
            )
        room = min((mark.load for mark in marks), default=math.inf)
        graph = max(self._graph_sizes(), default=0)
        if 0 < graph < room:
            marks.append(
                Mark(
                    graph,
                    f"The server's largest CUDA graph is of {graph} requests (--cuda-graph-max-bs).",
                    cliff=True,
                )
            )
        return [mark for mark in marks if mark.load <= room]

    def _graph_sizes(self) -> tuple[int, ...]:
        """Batch sizes with a CUDA graph, of all data-parallel ranks together."""
        info = self.deployment.info
        sizes = info.cuda_graph_bs or ((info.cuda_graph_max_bs,) if info.cuda_graph_max_bs else ())
        return () if info.disable_cuda_graph else tuple(size * (info.dp or 1) for size in sizes)

    # the end

    def _last(
        self,
        form: Form,
        search: Search,
        outcome: SearchResult,
        capacity: dict[str, Any],
        texts: tuple[str, ...],
    ) -> Measured:
        """The full workload at the answer: only this run is judged.

        Where requests run together one wave is like the next.
        """
        from slabench.capacity.agrees import agrees

        assert outcome.load is not None
        wave = self._wave(form, outcome.load)
        at = search.points().get(outcome.load)
        together = self.kind == "concurrency" and at is not None and at.together
        waves = max(round(PROMPTS / wave), 1 if together else self.given.capacity_waves)
        count = self.given.num_prompts or waves * wave
        last = self._form(form, outcome.load, count)
        differences = list(
            last.differences(replace(last, input_len=TENCENT.input_len, output_len=TENCENT.output_len))
        )
        if self.given.capacity_waves < WAVES:
            differences.append(f"waves {self.given.capacity_waves} instead of {WAVES}")
        labels = reduced(tuple(differences))
        measured = self.run_load(last, point={"load": outcome.load, "load_kind": self.kind}, labels=labels)
        advice = tuple(text for text in texts if text)

        def beside(figures: Mapping[str, float]) -> tuple[Check, ...]:
            return (agrees(outcome, search.points(), search.rules, figures),)

        return replace(
            measured,
            reasons=(outcome.kind.value,),
            advice=advice,
            extra={"capacity": capacity},
            beside=beside,
        )

    def _entry(self, search: Search, outcome: SearchResult | None, line: str, reason: str) -> dict[str, Any]:
        from slabench.capacity.sentences import as_dict

        entry = bare_entry(self.run_load.test_id, "INVALID", line, reason)
        capacity = as_dict(search, outcome, self.kind, self.whys)
        return entry | {"method": METHOD, "capacity": capacity, "duration_s": search.spent_s}

    def _invalid(self, search: Search, outcome: SearchResult | None, line: str, reason: str) -> None:
        entry = self._entry(search, outcome, line, reason)
        self.judge.keep({"entry": entry, "server": self.campaign.as_dict(), "labels": self.deployment.labels})
        raise InvalidRun(line)

    def _interrupted(self, search: Search, outcome: SearchResult | None) -> None:
        """Ctrl-C: the probes that had ended become part of what is kept."""
        line = f"interrupted: Ctrl-C after {len(search.probes)} probes of the capacity search; they are kept"
        mine = self._entry(search, outcome, line, "interrupted")
        if self.campaign.interrupted is None:  # between two loads
            partial_entry.hand_over(self.campaign, self.deployment, mine, ())
        assert self.campaign.interrupted is not None
        self.campaign.interrupted["entry"] |= {"method": METHOD, "capacity": mine["capacity"]}

    def _keep_probes(self, search: Search) -> None:
        """On disk after every probe: a search that is killed leaves its points, and the best of them."""
        from slabench.capacity.sentences import as_dict
        from slabench.report.frontier import probe_rows, write_frontier

        capacity = as_dict(search, None, self.kind, self.whys)
        self.campaign.show_running({"id": self.run_load.test_id, "method": METHOD, "capacity": capacity})
        with suppress(OSError):  # the run document holds them too, and says itself that the disk is full
            write_frontier(probe_rows(capacity), self.campaign.folder / FRONTIER)
