"""What a run would do: requests, tokens and time of each test and in all, what is asserted, what cannot
fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.messages import Message
from slabench.session.capacity import RANGES
from slabench.session.plan_asserts import asserted
from slabench.session.plan_models import ServerModel, lengths_of
from slabench.session.plan_time import (
    START_S,
    VOCABULARY_S,
    KnownCalibrations,
    ServerTime,
    planned_workload,
)
from slabench.session.planned_load import PlannedLoad, PlannedTest, Repeats
from slabench.session.preflight.registry import Result
from slabench.session.settings import SIM, Settings


@dataclass(frozen=True, slots=True)
class Range:
    """From least to most: equal, but for automatic repeats, a capacity search and A/B's vocabulary."""

    least: float
    most: float

    def __add__(self, other: Range) -> Range:
        return Range(self.least + other.least, self.most + other.most)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all servers together: the measured loads, their requests and tokens; warm-up is not in them."""

    loads: Range
    requests: Range
    prompt_tokens: Range | None  # None: a data set's conversations have the lengths
    output_tokens: Range | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One test. load_s: one measured load (the mean of several); seconds: all of it at all servers.

    stops: why it is refused before any load; then it has no loads and takes no time.
    """

    test: PlannedTest
    counts: Counts
    load_s: float | None
    seconds: Range | None
    asserts: tuple[Message, ...]
    stops: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the servers. models: of the new one, and in an A/B run of the old one.

    stops: of tests that cannot be measured there; None: their limits are not known.
    """

    source: Message
    models: tuple[ServerModel | None, ...]
    stops: tuple[Result, ...] | None = None
    notes: tuple[Message, ...] = ()
    unlike: str = "plan.unlike.baseline"  # why a load may have no time


@dataclass(frozen=True, slots=True)
class RunPlan:
    """servers: their names, the new one first; seconds: of the whole run, None if no test's time is known."""

    rows: tuple[PlannedRow, ...]
    repeats: Repeats
    servers: tuple[Message, ...]
    seconds: Range | None
    by_server: tuple[Range, ...]  # seconds of each server's loads
    notes: tuple[Message, ...]


ZERO = Range(0.0, 0.0)
NOTHING = Counts(ZERO, ZERO, ZERO, ZERO)


def plan_run(tests: Sequence[PlannedTest], settings: Settings, knowledge: Knowledge) -> RunPlan:
    """The tests in the order of the run."""
    repeats = Repeats.of(settings)
    names = (Message("plan.server.new"), Message("plan.server.old"))[: repeats.servers]
    models = (knowledge.models * 2)[: repeats.servers]
    servers = [ServerTime(name.id, model, settings) for name, model in zip(names, models, strict=True)]
    run = _Run(settings, repeats, servers, KnownCalibrations(settings), knowledge)
    rows = tuple(run.row(test) for test in tests)
    timed = [row.seconds for row in rows if row.seconds is not None and row.test.loads]
    begin = START_S * len(servers)
    return RunPlan(
        rows,
        repeats,
        names,
        sum((row.seconds for row in rows if row.seconds is not None), Range(begin, begin)) if timed else None,
        tuple(run.by_server),
        (
            knowledge.source,
            *knowledge.notes,
            *run.unknown(rows),
            *_beside(settings, rows, knowledge),
        ),
    )


class _Run:
    """The state of a run while its tests are gone through."""

    def __init__(
        self,
        settings: Settings,
        repeats: Repeats,
        servers: Sequence[ServerTime],
        calibrations: KnownCalibrations,
        knowledge: Knowledge,
    ) -> None:
        self.settings, self.repeats, self.servers = settings, repeats, servers
        self.calibrations, self.knowledge = calibrations, knowledge
        self.by_server = [ZERO] * len(servers)
        self.vocabulary_stored = False

    def row(self, test: PlannedTest) -> PlannedRow:
        known = self.knowledge.stops or ()
        stops = tuple(stop for stop in known if not stop.tests or test.test_id in stop.tests)
        asserts = asserted(test, self.settings)
        if stops:
            return PlannedRow(test, NOTHING, None, ZERO, asserts, stops)
        seconds, loads, timed = ZERO, list[float](), True
        for load in test.loads:
            took = self._search(load, test) if load.search else self._load(load, test)
            if took is None:
                timed = False
                continue
            seconds += took[0] + self._answers(load)
            loads.append(took[1])
        return PlannedRow(
            test,
            self._counts(test),
            sum(loads) / len(loads) if loads else None,
            seconds if timed else None,
            asserts,
        )

    def _answers(self, load: PlannedLoad) -> Range:
        """That both servers of an A/B run are asked for after a test's load."""
        if len(self.servers) == 1 or self.settings.options.answers == "off":
            return ZERO
        simulated = any(url.startswith(SIM) for url in self.settings.base_urls)
        vocabulary = Range(0.0, 0.0 if simulated or self.vocabulary_stored else VOCABULARY_S)
        self.vocabulary_stored = self.settings.options.one_after_the_other  # then once a run
        return sum((Range(*server.answers_s(load.form)) for server in self.servers), vocabulary)

    def _load(self, load: PlannedLoad, test: PlannedTest) -> tuple[Range, float] | None:
        """(seconds of all its trials at all servers, of one load alone)"""
        made = planned_workload(self.settings, load.form)
        if made is None:
            return None
        total, measured = ZERO, list[float]()
        for k, server in enumerate(self.servers):
            first, further = (server.load(test.test_id, *made, self.calibrations) for _ in range(2))
            if first is None or further is None:
                return None
            least, most = (first.whole_s + further.whole_s * (count - 1) for count in self.repeats.each[k])
            self.by_server[k] += Range(least, most)
            total += Range(least, most)
            measured.append(further.load_s)
        return total, sum(measured) / len(measured)

    def _search(self, load: PlannedLoad, test: PlannedTest) -> tuple[Range, float] | None:
        """Up to the budget, and the judged run as it would be at the highest load."""
        options = self.settings.options
        last = max(options.capacity_grid or options.capacity_range or RANGES[options.capacity_load])
        closed = options.capacity_load == "concurrency"
        form = load.form.replaced(
            num_prompts=options.num_prompts or max(128, int(last) * options.capacity_waves),
            max_concurrency=int(last) if closed else None,
            request_rate=float("inf") if closed else last,
        )
        judged = self._load(PlannedLoad(form), test)
        if judged is None:
            return None
        return Range(0.0, options.capacity_budget) + judged[0], judged[1]

    def _counts(self, test: PlannedTest) -> Counts:
        """At all servers together."""
        loads = [load for load in test.loads if not load.search]
        made = [planned_workload(self.settings, load.form) for load in loads]
        each = [lengths_of(pair[0]) for pair in made if pair is not None]
        known = len(each) == len(made)
        requests = sum(load.form.num_prompts for load in loads)
        prompt, output = (sum(pair[k] for pairs in each for pair in pairs) for k in range(2))
        return Counts(
            self._all(len(loads)),
            self._all(requests),
            self._all(prompt) if known else None,
            self._all(output) if known else None,
        )

    def _all(self, single: float) -> Range:
        least, most = (sum(repeats) for repeats in zip(*self.repeats.each, strict=True))
        return Range(single * least, single * most)

    def unknown(self, rows: Sequence[PlannedRow]) -> list[Message]:
        """A sentence on the tests without a time, where others have one."""
        if self.knowledge.models[0] is None:
            return []
        names = [row.test.test_id.rpartition("::")[2] for row in rows if row.seconds is None]
        sharegpt = self.settings.dataset_name == "sharegpt"
        why = Message("plan.unlike.sharegpt" if sharegpt else self.knowledge.unlike)
        return [Message("plan.unlike", tests=", ".join(names), why=why)] if names else []


def _beside(settings: Settings, rows: Sequence[PlannedRow], knowledge: Knowledge) -> list[Message]:
    options = settings.options
    started = [command for command in (options.launch, options.baseline_launch) if command is not None]
    shared = len(settings.base_urls)
    searches = [row.test.test_id for row in rows if any(load.search for load in row.test.loads)]
    notes = [Message("plan.search", test=test, budget_s=options.capacity_budget) for test in searches]
    if started:
        servers = Message("plan.one_server" if len(started) == 1 else "plan.two_servers")
        notes.append(Message("plan.launch", servers=servers, timeout_s=options.launch_timeout))
    if settings.launches > 1:
        notes.append(Message("plan.launches", launches=settings.launches, repeats=settings.repeats))
    if shared > 1:
        notes.append(Message("plan.spread", servers=shared, share=f"1/{shared}"))
    batches = any(load.batch_size is not None for row in rows for load in row.test.loads)
    if knowledge.stops is None and batches:
        notes.append(Message("plan.limits_unknown"))
    if settings.gate is not None and any(row.stops for row in rows):
        notes.append(Message("plan.gate", gate=settings.gate))
    return notes
