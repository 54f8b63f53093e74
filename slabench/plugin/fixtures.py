"""What a benchmark test asks for: the server, a load, its verdict.

Their types and all that they do are in slabench.session.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import pytest

from slabench.errors import ConfigError
from slabench.plugin.forms import marked_forms
from slabench.plugin.preflight import campaign_of
from slabench.plugin.reporting import BENCHMARK_OUTPUTS
from slabench.plugin.stash import ENTRY
from slabench.session.capacity import FindCapacity
from slabench.session.curve import JudgeCurve
from slabench.session.deployment import Campaign, Deployment
from slabench.session.evaluate import Judge
from slabench.session.load import RunLoad
from slabench.session.progress import ProgressLine
from slabench.session.prompts import Prompts
from slabench.session.pytest_benchmark import Sidecar


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
    found = Prompts(campaign, lambda: marked_forms(request.session.items, request.config.option))
    yield found
    found.close()


@pytest.fixture
def progress_line(pytestconfig: pytest.Config) -> ProgressLine:
    how = "off" if hasattr(pytestconfig, "workerinput") else pytestconfig.getoption("progress")
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    return ProgressLine(how, nullcontext if capture is None else capture.global_and_fixture_disabled)


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
    progress_line: ProgressLine,
    sidecar: Sidecar,
    prompts: Prompts,
) -> RunLoad:
    if not campaign.settings.live:
        raise ConfigError("A live test needs --base-url.")
    return RunLoad(campaign, server, request.node.nodeid, progress_line, sidecar, prompts)


@pytest.fixture
def judge(request: pytest.FixtureRequest, campaign: Campaign, server: Deployment, sidecar: Sidecar) -> Judge:
    item = request.node
    test_ids = [one.nodeid for one in item.session.items]
    return Judge(item.nodeid, test_ids, campaign, server, sidecar, partial(item.stash.__setitem__, ENTRY))


@pytest.fixture
def judge_curve(judge: Judge) -> JudgeCurve:
    return JudgeCurve(judge)


@pytest.fixture
def find_capacity(run_load: RunLoad, judge: Judge) -> FindCapacity:
    return FindCapacity(run_load, judge)
