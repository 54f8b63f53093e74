"""`slabench doctor`: tests are collected, and what they need is checked in their place."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.plugin.forms import check_objectives, marked_forms
from slabench.plugin.language import spoken, usage_error
from slabench.plugin.order import is_live
from slabench.plugin.own_tests import check_calls
from slabench.plugin.planned_tests import planned_tests
from slabench.plugin.preflight import NO_URL
from slabench.plugin.stash import SETTINGS

STATUS = pytest.StashKey[int]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """In place of the tests; the command line has --collect-only, so that no run folder is made."""
    from slabench.session.doctor import Doctor

    config = session.config
    settings, live = config.stash[SETTINGS], [item for item in session.items if is_live(item)]
    try:
        if not settings.live:
            raise ConfigError(NO_URL)
        if not live:
            raise ConfigError(Message("option.no_live_test"))
        check_calls(live, settings.slos, settings.goodput)
        forms = marked_forms(session.items, config.option)
        check_objectives(forms, settings.slos, settings.most_repeats)
        with tempfile.TemporaryDirectory(prefix="slabench-doctor-") as folder:
            tests = planned_tests(live, config.option)
            config.stash[STATUS] = Doctor(settings, tests, Path(folder), _say, partial(spoken, config)).run()
    except ConfigError as error:
        raise usage_error(config, error) from error
    return True


def _say(line: str) -> None:
    """A reader that has gone (`| head`) changes nothing of the exit status."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if STATUS in session.config.stash:
        session.exitstatus = session.config.stash[STATUS]
