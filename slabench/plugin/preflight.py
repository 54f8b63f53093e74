"""Before the first test: is there a server to measure, and what is known to be impossible of what is asked?

Without a server no live test runs or is skipped. A test that cannot be measured is INVALID at once, and under
a gate all are; the checks are those of slabench/session/preflight/.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slabench.errors import ConfigError, InvalidRun, ServerError
from slabench.exit_status import INVALID
from slabench.messages import Message
from slabench.plugin.forms import check_objectives, marked_forms
from slabench.plugin.gate_tests import choose
from slabench.plugin.language import spoken, usage_error
from slabench.plugin.launches import measure_launches
from slabench.plugin.multi_server import check_same, place, workers
from slabench.plugin.order import is_live
from slabench.plugin.own_tests import check_asked, check_calls, idle_options, unread
from slabench.plugin.plan import planning
from slabench.plugin.planned_tests import planned_tests
from slabench.plugin.recorder import RECORDER
from slabench.plugin.repeats import ATTEMPTS, check_repeats
from slabench.plugin.resume import RESUMED
from slabench.plugin.sequential_baseline import measure
from slabench.plugin.stash import CAMPAIGN, ENTRY, SETTINGS
from slabench.plugin.terminal import say
from slabench.report.sanitize import plain_lines
from slabench.server.secrets import redact_url
from slabench.session.starting import without_port

if TYPE_CHECKING:
    from slabench.session.campaign import Campaign
    from slabench.session.planned_load import PlannedTest
    from slabench.session.preflight.refusals import Refusal

Refused = dict[str, tuple["PlannedTest", "Refusal"]]  # by test id
REFUSED = pytest.StashKey[Refused]()

NO_URL = Message("option.no_url")


def _worker_folder(config: pytest.Config) -> Path:
    """Where a live test's process writes: the run folder, handed over by the controller under xdist."""
    folder = getattr(config, "workerinput", {}).get("slabench_folder")
    if folder is None:
        raise ConfigError(NO_URL)
    return Path(os.fspath(folder))


def campaign_of(config: pytest.Config) -> Campaign:
    """This process's campaign, made on first use."""
    from slabench.session.campaign import Campaign  # with all that sends loads: not for a collection

    if CAMPAIGN not in config.stash:
        recorder = config.stash.get(RECORDER, None)
        config.stash[CAMPAIGN] = Campaign(
            config.stash[SETTINGS],
            recorder.folder.path if recorder is not None else _worker_folder(config),
            lambda sentence: say(config, sentence),
            place(config),
            attempt_of=config.stash[ATTEMPTS].number,
            show_running=(lambda test: None) if recorder is None else recorder.show_running,
        )
    return config.stash[CAMPAIGN]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    config = session.config
    if config.option.collectonly or planning(config) or hasattr(config, "workerinput"):
        return  # a worker's campaign opens with its first live test
    if config.pluginmanager.hasplugin("dsession"):
        _check_spread(config)
        return
    if not any(is_live(item) for item in session.items):
        return
    if config.stash.get(RECORDER, None) is None:
        raise usage_error(config, NO_URL)
    recorder, resumed = config.stash[RECORDER], config.stash.get(RESUMED, None)
    if resumed is not None and resumed.all_kept(session.items):
        return
    try:
        check_repeats(config, session.items)
        settings, live = config.stash[SETTINGS], [item for item in session.items if is_live(item)]
        check_asked(live, config.option)
        check_calls(live, settings.slos, settings.goodput)
        check_objectives(marked_forms(session.items, config.option), settings.slos, settings.most_repeats)
        for sentence in (*idle_options(live, config.option), *unread(live, config.option)):
            recorder.note(sentence)
        _check_command_line(session)
        for line in without_port(settings):
            say(config, line)
        recorder.folder.point_latest()  # else an older run's outcome stands there while a server starts
        campaign = campaign_of(config)
        if config.stash[SETTINGS].options.one_after_the_other and campaign.before is None:
            output = campaign.folder / "baseline.txt"
            say(config, Message("console.baseline_first", output=output))
            campaign.before = measure(config, config.stash[SETTINGS], campaign.folder)
        if settings.launches > 1:
            campaign.earlier = measure_launches(config, settings, campaign.folder)
        deployment = campaign.open()
        if settings.history is not None:
            from slabench.history.file import check_appendable

            check_appendable("--history", str(settings.history), simulated="SIMULATED" in deployment.labels)
        left_out = choose(session, campaign, resumed)
        if left_out is not None:
            recorder.file.set_left_out(left_out)
        recorder.set_planned([item.nodeid for item in session.items if is_live(item)])
        if campaign.earlier:
            recorder.file.update(launches=campaign.launch_rows)
        recorder.add_labels(deployment.labels)  # a run that ends before its first verdict is labelled too
        recorder.write()
        if resumed is not None:
            process = resumed.check_server(campaign, deployment)
            resumed.restore(campaign, session.items)
            recorder.file.set_process(process)
    except ConfigError as error:
        recorder.usage = plain_lines(str(error))
        raise usage_error(config, error) from error
    except ServerError as error:
        _unreachable(config, error)


def _check_command_line(session: pytest.Session) -> None:
    """ConfigError for what no server can change, where that leaves nothing to be measured."""
    from slabench.session.preflight import PreflightContext, Stage, examine
    from slabench.session.preflight.refusals import check_command_line

    config = session.config
    context = PreflightContext(config.stash[SETTINGS], planned_tests(session.items, config.option))
    with spoken(config):
        for sentence in check_command_line(examine(context, Stage.COMMAND_LINE), context):
            say(config, sentence)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The server has been identified by now, and no load was sent."""
    campaign = item.config.stash.get(CAMPAIGN, None)
    if campaign is None or campaign.opened is None or not is_live(item):
        return
    if REFUSED not in item.config.stash:
        item.config.stash[REFUSED] = _refused(item.session, campaign)
    test, refusal = item.config.stash[REFUSED].get(item.nodeid, (None, None))
    if test is not None and refusal is not None:
        entry = refusal.entry(test)
        if entry.method == "ali-decode" and entry.batch_size is not None:
            campaign.refused_sizes.append(entry.batch_size)
        item.stash[ENTRY] = campaign.finished(entry)
        raise InvalidRun(str(refusal.message))


def _refused(session: pytest.Session, campaign: Campaign) -> Refused:
    from slabench.session.preflight import PreflightContext, Stage, examine
    from slabench.session.preflight.refusals import lines, refusals

    settings = campaign.settings
    context = PreflightContext(settings, planned_tests(session.items, session.config.option), campaign)
    results = examine(context, Stage.COMMAND_LINE, Stage.SERVER)
    refused = refusals(results, context.tests, settings.gate)
    with spoken(session.config):
        for line in lines(refused):
            campaign.say(line)
    return {test.test_id: (test, refused[test.test_id]) for test in context.tests if test.test_id in refused}


def _check_spread(config: pytest.Config) -> None:
    """In the controller, before its workers get their tests."""
    recorder, settings = config.stash.get(RECORDER, None), config.stash[SETTINGS]
    if recorder is None or len(settings.base_urls) < 2:
        return
    servers = tuple(redact_url(url) for url in settings.base_urls[: workers(config)])
    recorder.file.update(servers=servers)
    try:
        twin = check_same(settings)
        if twin:
            recorder.file.update(servers_alike=twin)
    except ConfigError as error:
        raise usage_error(config, error) from error
    except ServerError as error:
        _unreachable(config, error)


def _unreachable(config: pytest.Config, error: ServerError) -> None:
    recorder, sentence = config.stash[RECORDER], plain_lines(str(error))
    recorder.unreachable = sentence
    message = error.as_message() if plain_lines(str(error)) == str(error) else None  # else it has a secret
    recorder.file.update(unreachable=sentence, unreachable_message=message)
    recorder.folder.point_latest()  # else an older run's outcome stands there
    say(config, Message("preflight.unreachable", why=message or sentence))
    with spoken(config):
        pytest.exit(str(message or sentence), returncode=INVALID)


def pytest_sessionfinish(session: pytest.Session) -> None:
    campaign = session.config.stash.get(CAMPAIGN, None)
    if campaign is not None:
        campaign.close()
