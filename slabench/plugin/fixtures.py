"""What a benchmark test asks for: the server, a load, its verdict.

Their types and all that they do are in slabench.session.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest

from slabench.plugin.forms import marked_forms, most_in_flight
from slabench.plugin.language import language
from slabench.plugin.planned_tests import planned_tests
from slabench.plugin.preflight import campaign_of
from slabench.plugin.reporting import BENCHMARK_OUTPUTS
from slabench.plugin.stash import ENTRY, SCREEN, SETTINGS
from slabench.plugin.terminal import uncaptured
from slabench.session.accuracy import AskQuestions
from slabench.session.curve import JudgeCurve
from slabench.session.judge import Judge
from slabench.session.live_view import LiveView
from slabench.session.pytest_benchmark import Sidecar
from slabench.session.run_load import RunLoad
from slabench.session.screen import Screen
from slabench.session.time_left import TimeLeft
from slabench.verdict.sla import merge

if TYPE_CHECKING:  # what sends loads comes with the first test that asks for it
    from slabench.session.campaign import Campaign
    from slabench.session.capacity import FindCapacity
    from slabench.session.deployment import Deployment
    from slabench.session.prompts import Prompts


@pytest.fixture(scope="session")
def options(pytestconfig: pytest.Config) -> Namespace:
    return pytestconfig.option


@pytest.fixture(scope="session")
def campaign(pytestconfig: pytest.Config) -> Campaign:
    return campaign_of(pytestconfig)


@pytest.fixture(scope="session")
def server(campaign: Campaign) -> Deployment:
    """Asking for it, directly or not, makes a test live."""
    return campaign.open()


@pytest.fixture(scope="session")
def prompts(request: pytest.FixtureRequest, campaign: Campaign) -> Iterator[Prompts]:
    from slabench.session.prompts import Prompts

    made = Prompts(
        campaign.settings,
        campaign.tokenizer,
        lambda: marked_forms(request.session.items, request.config.option),
    )
    yield made
    made.close()


@pytest.fixture(scope="session")
def live_view(request: pytest.FixtureRequest) -> LiveView:
    config = request.config
    how = "off" if hasattr(config, "workerinput") else config.getoption("progress")
    config.stash[SCREEN] = screen = Screen(how, uncaptured(config))
    if screen.off:
        return LiveView(screen)
    from slabench.session.plan_knowledge import by_baseline

    settings, tests = config.stash[SETTINGS], planned_tests(request.session.items, config.option)
    rules = {test.test_id: merge(test.rules, settings.slos) for test in tests}
    times = TimeLeft(tests, by_baseline(tests, settings))
    return LiveView(screen, times, lambda test_id: rules.get(test_id, ()), language(config))


@pytest.fixture
def sidecar(request: pytest.FixtureRequest) -> Sidecar:
    config = request.config
    asked = config.pluginmanager.hasplugin("benchmark") and any(
        config.getoption(name, None) for name in BENCHMARK_OUTPUTS
    )
    return Sidecar(request.getfixturevalue("benchmark") if asked else None)


@pytest.fixture
def run_load(
    request: pytest.FixtureRequest,
    campaign: Campaign,
    server: Deployment,
    live_view: LiveView,
    sidecar: Sidecar,
    prompts: Prompts,
) -> Iterator[RunLoad]:
    from slabench.session.trial import TestParts

    test_ids = [other.nodeid for other in request.session.items]
    live_view.begin_test(request.node.nodeid)
    yield RunLoad(campaign, TestParts(request.node.nodeid, prompts, live_view, sidecar), test_ids)
    live_view.end_test()


@pytest.fixture
def judge(request: pytest.FixtureRequest, campaign: Campaign, server: Deployment, sidecar: Sidecar) -> Judge:
    item = request.node
    test_ids = [other.nodeid for other in item.session.items]
    return Judge(campaign, item.nodeid, test_ids, sidecar, partial(item.stash.__setitem__, ENTRY))


@pytest.fixture
def judge_curve(judge: Judge) -> JudgeCurve:
    return JudgeCurve(judge)


@pytest.fixture
def find_capacity(run_load: RunLoad, judge: Judge) -> FindCapacity:
    from slabench.session.capacity import FindCapacity

    return FindCapacity(run_load, judge)


@pytest.fixture
def ask_questions(request: pytest.FixtureRequest, judge: Judge) -> AskQuestions:
    forms = marked_forms(request.session.items, request.config.option)
    return AskQuestions(judge, in_flight=most_in_flight(form for _, form in forms))
