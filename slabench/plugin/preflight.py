"""Before the first test: is there a server to measure? Without one no live test is tried, and none is skipped."""

from __future__ import annotations

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.plugin.campaign import CAMPAIGN, Campaign, worker_folder
from slabench.plugin.order import is_live
from slabench.plugin.recorder import EXIT_INVALID, RECORDER, say
from slabench.plugin.resume import RESUMED
from slabench.plugin.settings import SETTINGS
from slabench.report.plain import plain_lines

NO_URL = (
    "Live tests need a server: give --base-url=URL (or SLABENCH_BASE_URL), --launch=CMD, or --base-url=sim: for the embedded one. "
    "They are not skipped without it."
)


def campaign_of(config: pytest.Config) -> Campaign:
    """This process's campaign, made on first use."""
    found = config.stash.get(CAMPAIGN, None)
    if found is None:
        recorder = config.stash.get(RECORDER, None)
        folder = recorder.folder.path if recorder is not None else worker_folder(config)
        found = config.stash[CAMPAIGN] = Campaign(config.stash[SETTINGS], folder, lambda sentence: say(config, sentence))
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    config = session.config
    if config.option.collectonly or hasattr(config, "workerinput") or config.pluginmanager.hasplugin("dsession"):
        return  # a worker's campaign opens with its first live test
    if not any(is_live(item) for item in session.items):
        return
    if config.stash.get(RECORDER, None) is None:
        raise pytest.UsageError(NO_URL)
    recorder, resumed = config.stash[RECORDER], config.stash.get(RESUMED, None)
    if resumed is not None and resumed.all_kept(session.items):
        return
    try:
        campaign = campaign_of(config)
        deployment = campaign.open()
        if resumed is not None:
            process = resumed.check_server(campaign, deployment)
            resumed.restore(campaign)
            recorder.document.data["resumed"][-1]["server"] = process
    except ConfigError as error:
        recorder.usage = plain_lines(str(error))
        raise pytest.UsageError(recorder.usage) from error
    except ServerError as error:
        told = plain_lines(str(error))
        recorder.unreachable = told
        recorder.document.data["unreachable"] = told
        say(config, f"INVALID: {told} No test was tried.")
        pytest.exit(told, returncode=EXIT_INVALID)


def pytest_sessionfinish(session: pytest.Session) -> None:
    campaign = session.config.stash.get(CAMPAIGN, None)
    if campaign is not None:
        campaign.close()
