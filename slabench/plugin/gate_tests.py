"""Which of the collected tests a gate measures, and in which form: --gate, --time-budget.

A quick gate's tests have ids and forms of their own. All published batch sizes are collected, since the
server has not answered by then; three are kept when it has. The decode curve, made of all batch sizes, is
left to the full gate.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from slabench.errors import ConfigError, InvalidRun
from slabench.messages import Message
from slabench.places import suite_id
from slabench.plugin.order import is_live
from slabench.plugin.planned_tests import planned_tests
from slabench.plugin.resume import RESUMED, Resumed
from slabench.plugin.stash import NOT_CHOSEN, SETTINGS
from slabench.plugin.terminal import say
from slabench.session.gate_quick import MARK, SIZES, QuickSizes, is_quick
from slabench.session.setting_checks import SIM

if TYPE_CHECKING:
    from slabench.run_document.run import LeftOut, RunDocument
    from slabench.session.campaign import Campaign
    from slabench.session.plan import Knowledge
    from slabench.session.planned_load import PlannedTest
    from slabench.session.settings import Settings

SIZES_OF = (
    "SLABENCH_SIZES_OF"  # environment variable: the run folder of a launch whose sizes are taken (--launches)
)
Workloads = Mapping[str, Mapping[str, Any]]  # by test id, of an old side


def pytest_sessionstart(session: pytest.Session) -> None:
    """After the options were recorded and before tests are collected."""
    config = session.config
    settings = config.stash.get(SETTINGS, None)
    if settings is not None and settings.quick:
        setattr(config.option, SIZES, QuickSizes())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a run that is continued its choice stands: what it left out is not collected."""
    resumed = config.stash.get(RESUMED, None)
    planned = () if resumed is None else resumed.planned
    if planned and getattr(config.option, "time_budget", None) is not None:
        others = [item.nodeid for item in items if is_live(item) and item.nodeid not in planned]
        _deselect(config, items, others)
    if is_quick(config.option):
        curves = [item for item in items if "judge_curve" in _fixtures(item) and suite_id(item.path)]
        others = [item.nodeid for item in items if MARK in item.nodeid and planned]
        left = [*(item.nodeid for item in curves), *(set(others) - set(planned))]
        _deselect(config, items, left)


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def _deselect(config: pytest.Config, items: list[pytest.Item], test_ids: Collection[str]) -> None:
    left = [item for item in items if item.nodeid in test_ids]
    if left:
        items[:] = [item for item in items if item.nodeid not in test_ids]
        for item in left:
            item.stash[NOT_CHOSEN] = True
        config.hook.pytest_deselected(items=left)


class Choice:
    """What is measured of a session. ask: tests -> what is known of the server's time, asked once at most.

    stops: tests -> ids of those that cannot be measured.
    """

    def __init__(
        self,
        session: pytest.Session,
        settings: Settings,
        ask: Callable[[Sequence[PlannedTest]], Knowledge | None],
        stops: Callable[[Sequence[PlannedTest]], Collection[str]],
    ) -> None:
        self.session, self.config, self.settings = session, session.config, settings
        self._ask, self.stops = ask, stops
        self.asked: list[Knowledge | None] = []
        self.left_out: LeftOut | None = None

    @property
    def tests(self) -> list[PlannedTest]:
        return planned_tests(self.session.items, self.config.option)

    def knowledge(self) -> Knowledge | None:
        if not self.asked:
            self.asked.append(self._ask(self.tests))
        return self.asked[0]

    def make(self, workloads: Workloads, before: Collection[str], resumed: Resumed | None = None) -> Settings:
        """The settings of the run. workloads: whose sizes are kept; before: ids of an old side, or of the run
        that is continued (resumed). ConfigError where nothing is left.
        """
        from slabench.session.gate_choice import has_short_form

        if any(map(has_short_form, self.tests)):
            self._quick(workloads, before)
        budget = self.settings.options.time_budget
        return self.settings if budget is None else self._within(budget, resumed)

    def _quick(self, workloads: Workloads, before: Collection[str]) -> None:
        from slabench.session.gate_choice import Sizing, chosen_points, given, needed, sizes_of
        from slabench.session.gate_text import summary

        stored = sizes_of(workloads)
        sizes, wanted = QuickSizes(**stored), needed(self.tests, {*stored, *given(self.settings)})
        knowledge = self.knowledge() if wanted else None
        if knowledge is not None:
            models = [model for model in knowledge.models if model is not None]
            sizes = Sizing(self.settings, models).sizes(self.tests, wanted, sizes)
        setattr(self.config.option, SIZES, sizes)
        tests = self.tests
        self._keep(chosen_points(tests, self.settings, self.stops(tests), before))
        self._say(*summary(self.tests, self.settings.options))

    def _within(self, budget: float, resumed: Resumed | None = None) -> Settings:
        from slabench.session.time_budget import budget_text, left_out, most_pairs, timed, within
        from slabench.units import duration

        knowledge, tests = self.knowledge(), self.tests
        knowledge = None if knowledge is None else replace(knowledge, stops=())
        if knowledge is None or not timed(tests, self.settings, knowledge):
            self._say(Message("gate.budget_unknown", budget=duration(budget)))
            return self.settings
        stopped = self.stops(tests)
        if resumed is not None and resumed.planned:
            left = [test for test in tests if test.test_id not in {*resumed.kept, *stopped} and test.loads]
            most = most_pairs(left, self.settings, knowledge, budget)
            self._say(Message("gate.budget_again", budget=duration(budget), tests=len(left), most=most))
            return replace(self.settings, most_pairs=most)
        measurable = [test for test in tests if test.test_id not in stopped]
        chosen = within(measurable, self.settings, knowledge, budget)
        # what cannot be measured takes no time, and what it is refused for is shown; so are questions asked
        asked = [test.test_id for test in tests if test.accuracy or test.test_id in stopped]
        self._keep([*chosen.test_ids, *asked])
        tests = [test for test in tests if test.test_id not in asked]
        self.left_out = left_out(chosen, tests, self.settings, knowledge, budget)
        self._say(*budget_text(chosen, tests, self.settings, budget, self.left_out))
        return replace(self.settings, most_pairs=chosen.most_pairs)

    def _keep(self, test_ids: Collection[str]) -> None:
        if not test_ids:
            raise ConfigError(Message("gate.nothing_left"))
        left = [test.test_id for test in self.tests if test.test_id not in test_ids]
        _deselect(self.config, self.session.items, left)

    def _say(self, *messages: Message) -> None:
        for message in messages:
            say(self.config, message)


def choose(session: pytest.Session, campaign: Campaign, resumed: Resumed | None) -> LeftOut | None:
    """Before the first load, with servers that have answered. What --time-budget leaves out."""
    config, settings = session.config, campaign.settings
    budget = settings.options.time_budget
    if budget is not None:
        campaign.deadline = time.monotonic() + budget
    elif not is_quick(config.option):
        _say_hours(session, campaign)
        return None

    def stops(tests: Sequence[PlannedTest]) -> set[str]:
        from slabench.session.gate_choice import stopped_tests
        from slabench.session.preflight import PreflightContext

        return stopped_tests(PreflightContext(settings, tests, campaign))

    old = old_side(campaign, settings)
    kept = {} if resumed is None else {test_id: entry.workload for test_id, entry in resumed.kept.items()}
    before = sorted(old) or ([] if resumed is None else sorted(resumed.planned))
    choice = Choice(session, settings, lambda tests: _knowledge(config, campaign, tests), stops)
    campaign.settings = config.stash[SETTINGS] = choice.make({**old, **kept}, before, resumed)
    return choice.left_out


def _say_hours(session: pytest.Session, campaign: Campaign) -> None:
    """How long a full gate takes, before it begins."""
    config, settings = session.config, campaign.settings
    if settings.options.gate is None or settings.looks is None:
        return
    from slabench.session.plan import plan_run
    from slabench.units import duration

    tests = [test for test in planned_tests(session.items, config.option) if test.loads]
    knowledge = _knowledge(config, campaign, tests) if tests else None
    plan = None if knowledge is None else plan_run(tests, settings, knowledge)
    line = Message("gate.full_unknown")
    if plan is not None and plan.seconds is not None:
        least, most = duration(plan.seconds.least), duration(plan.seconds.most)
        line = Message("gate.full", least=least, most=most)
    say(config, line)


def old_side(campaign: Campaign, settings: Settings) -> Workloads:
    """The quick tests of the run at the old server, of the first launch, or of the baseline file or that of
    --launch-spread.
    """
    from slabench.report.resume import read_run

    workloads: dict[str, Mapping[str, Any]] = {}
    if campaign.earlier:
        workloads = _workloads(campaign.earlier[0].document)
    elif SIZES_OF in os.environ:
        workloads = _workloads(read_run(os.environ[SIZES_OF], "")[1])
    elif campaign.before is not None:
        workloads = {test_id: test.workload for test_id, test in campaign.before.tests.items()}
    elif settings.baseline is not None:
        workloads = {test_id: test.workload for test_id, test in settings.baseline.tests.items()}
    elif settings.launch_spread is not None:
        workloads = {test_id: test.workload for test_id, test in settings.launch_spread.tests.items()}
    return {test_id: workload for test_id, workload in workloads.items() if f"{MARK}]" in test_id}


def _workloads(document: RunDocument) -> dict[str, Mapping[str, Any]]:
    return {entry.id: entry.workload for entry in document.tests}


def _knowledge(config: pytest.Config, campaign: Campaign, tests: Sequence[PlannedTest]) -> Knowledge | None:
    """None where the server's time could not be asked; the test itself will report what is wrong there."""
    from slabench.session.plan_knowledge import offline
    from slabench.session.plan_probe import probe_servers

    if not any(test.loads for test in tests):
        return None
    if campaign.settings.base_urls[0].startswith(SIM):
        return offline(campaign.settings, tests)
    say(config, Message("gate.probe"))
    try:
        return probe_servers(campaign, tests, [campaign.servers.new])
    except InvalidRun as error:
        say(config, Message("gate.no_probe", why=error))
        return None
