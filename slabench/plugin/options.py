"""The command line: the options of the table become pytest's, and options that contradict each other are
refused before any test.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message, asked_language, in_language
from slabench.options.other_spellings import hint, loose_limits
from slabench.options.table import OPTIONS
from slabench.places import CLONE
from slabench.plugin import multi_server
from slabench.plugin.language import usage_error
from slabench.plugin.repeats import check_loop
from slabench.plugin.stash import SETTINGS
from slabench.session.settings import Settings


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    before = "general"  # in --help ours follow pytest's first group, in one piece; other plugins come after
    for option in OPTIONS:
        if option.name == "--base-url" and pluginmanager.hasplugin("base_url"):
            continue  # pytest-base-url's, which browser plugins pull in: its value is ours
        name = f"slabench-{option.group.split()[0]}"
        group = parser.getgroup(name, f"slabench: {option.group}", after=before)
        before = name
        action: dict[str, Any] = {"action": "store_true", "default": False}
        if option.parse is not None:
            kind, default = ("append", None) if option.append else ("store", option.default)
            action = {"action": kind, "default": default, "type": option.reader}
            if option.alone is not None:
                action |= {"nargs": "?", "const": option.alone}
            action |= {"metavar": option.metavar}
        try:
            group.addoption(option.name, dest=option.dest, help=option.described.replace("%", "%%"), **action)
        except (ValueError, argparse.ArgumentError):
            # Another plugin's: pytest raises ValueError for an option of the same group, argparse its own
            # error for an option of another group.
            if option.name != "--base-url":
                raise


def explain_unknown(parser: pytest.Parser, args: list[str]) -> None:
    """Before pytest refuses an unknown option: its name here, where it is known."""
    sentence = loose_limits(args)
    if sentence is None:
        unknown = parser.parse_known_and_unknown_args(args)[1]
        sentence = hint(unknown, [option.name.removeprefix("--") for option in OPTIONS], args)
    if sentence is not None:
        with in_language(asked_language(args)):
            raise pytest.UsageError(str(sentence))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    try:
        check_loop(config)
    except ConfigError as error:
        raise usage_error(config, error) from error


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    try:
        _check_rootdir(config)
        settings = Settings.of(config.option, os.environ, worker=hasattr(config, "workerinput"))
        multi_server.check_numbers(config, settings)
        _check_paths(config)
        config.stash[SETTINGS] = settings
        if settings.live and multi_server.workers(config):
            config.pluginmanager.register(multi_server.Spread(), "slabench-multi-server")
        workerinput = getattr(config, "workerinput", {})
        if "slabench_folder" in workerinput:
            worker = multi_server.Worker(Path(workerinput["slabench_folder"]), workerinput["workerid"])
            config.pluginmanager.register(worker, "slabench-worker")
    except ConfigError as error:
        if hasattr(config, "workerinput"):
            raise  # the controller has reported it already
        raise usage_error(config, error) from error


def _check_rootdir(config: pytest.Config) -> None:
    """A folder given as an option's separate value is taken for a test path: it can become the root, and its
    conftest.py runs.
    """
    names = {option.name for option in OPTIONS if option.parse is not None}
    joined, rest, folder = [], iter([str(part) for part in config.invocation_params.args]), None
    for part in rest:
        value = next(rest, None) if part in names else None
        if value is not None and Path(value).is_dir():
            folder = value
        joined.append(part if value is None else f"{part}={value}")
    inside = CLONE is not None and config.invocation_params.dir.is_relative_to(CLONE)
    if folder is None and (not inside or config.getoption("rootdir") or config.rootpath == CLONE):
        return
    paths = [part for part in joined if not part.startswith("-")]
    command = " ".join(["pytest", *paths, *(part for part in joined if part.startswith("-"))])
    problem = Message("part.root_taken", root=config.rootpath, clone=CLONE)
    if folder:
        problem = Message("part.folder_taken", folder=folder)
    raise ConfigError(Message("option.value_not_joined", problem=problem, command=command))


def _check_paths(config: pytest.Config) -> None:
    """Without a test path pytest takes, in a clone, the project's own tests, which need no server."""
    named = config.getoption("base_url") or config.getoption("launch")
    if named and config.rootpath == CLONE and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        raise ConfigError(Message("option.no_test_named"))
