"""Plugins that run a test again: refused before anything is sent, since every measurement of a test counts.

An installed plugin is no reason to refuse: an option, an ini value or a mark has to make it act on a live
test. Where a test is repeated in a way that is not known here, its worst outcome counts.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message, Sentence, messages_of, sentences_of
from slabench.plugin.order import is_live
from slabench.verdict.outcome import overall
from slabench.verdict.reasons import Reason, code_of

if TYPE_CHECKING:
    from slabench.run_document.run import FinishedTest

# (option, plugin, the number from which on it repeats)
_COUNTS = (
    ("--reruns", "pytest-rerunfailures", 1),
    ("--force-reruns", "pytest-rerunfailures", 1),
    ("--retries", "pytest-retry", 1),
    ("--count", "pytest-repeat", 2),
)
_SWITCHES = (("--force-flaky", "flaky"), ("--flake-finder", "pytest-flakefinder"))
_INI = {"--reruns": "reruns", "--retries": "retries"}
# The mark `flaky` belongs to whichever of these is there: (its option, its argument for the number, the
# number from which on it repeats)
_OF_FLAKY = (("--reruns", "reruns", 1), ("--retries", "retries", 1), ("--force-flaky", "max_runs", 2))
_REMEDY = Message("part.each_counts")


def check_loop(config: pytest.Config) -> None:
    """ConfigError for xdist's --looponfail where a server is named: it begins before any test is known."""
    named = (
        config.getoption("base_url", None)
        or config.getoption("launch", None)
        or "SLABENCH_BASE_URL" in os.environ
    )
    if config.getoption("looponfail", False) and named:
        raise ConfigError(Message("option.loop_on_fail", remedy=_REMEDY))


def check_repeats(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """ConfigError with the first thing that would run a live test more than once."""
    live = [item for item in items if is_live(item)]
    by_marks = (cause for item in live for cause in _by_marks(config, item))
    for cause in itertools.chain(_by_options(config), by_marks) if live else ():
        raise ConfigError(Message("option.runs_again", cause=cause, remedy=_REMEDY))


def _by_options(config: pytest.Config) -> Iterator[Message]:
    for name, plugin, least in _COUNTS:
        value = config.getoption(name, None)
        spelled = Message("part.by_plugin", option=f"{name}={value}", plugin=plugin)
        if value is None and config.getoption(name, pytest) is not pytest and name in _INI:
            value = _ini(config, _INI[name])
            file = Message("part.ini_file") if config.inipath is None else config.inipath.name
            setting = f"`{_INI[name]} = {value}`"
            spelled = Message("part.in_ini", setting=setting, file=file, plugin=plugin)
        if _number(value) >= least:
            yield spelled
    for name, plugin in _SWITCHES:
        if config.getoption(name, False):
            yield Message("part.by_plugin", option=name, plugin=plugin)


def _by_marks(config: pytest.Config, item: pytest.Item) -> Iterator[Message]:
    test = item.nodeid.rpartition("/")[2]
    for mark in item.iter_markers("repeat"):
        count = _number(mark.args[0] if mark.args else mark.kwargs.get("count"))
        if _has(config, "--count") and count > 1:
            yield Message("part.mark_of", mark=f"repeat({count})", test=f"{test} (pytest-repeat)")
    theirs = [(argument, least) for option, argument, least in _OF_FLAKY if _has(config, option)]
    for mark in item.iter_markers("flaky"):
        for argument, least in theirs:
            value = mark.kwargs.get(argument, mark.args[0] if mark.args else least)
            if _number(value) >= least:
                yield Message("part.mark_of", mark="flaky", test=test)
    if _has(config, "--force-flaky"):
        for holder in (getattr(item, "function", None), getattr(item, "cls", None)):
            if _number(getattr(holder, "_flaky_max_runs", 0)) > 1:
                yield Message("part.decorator_of", test=test)


def _has(config: pytest.Config, option: str) -> bool:
    """Whether the plugin of that option is there."""
    return config.getoption(option, pytest) is not pytest


def _ini(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except (KeyError, ValueError):
        return None


def _number(value: Any) -> int:
    """0 for what is no number: the plugin itself reports it."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


class Attempts:
    """Counts how often each test was begun, and keeps the worst of its entries."""

    def __init__(self) -> None:
        self._begun: dict[str, int] = {}
        self._worst: dict[str, FinishedTest] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        check_repeats(item.config, [item])  # again here, for xdist's workers
        self._begun[item.nodeid] = self._begun.get(item.nodeid, 0) + 1

    def number(self, test_id: str) -> int:
        """Of the current attempt, from 1."""
        return self._begun.get(test_id, 1)

    def worst(self, finished: FinishedTest) -> FinishedTest:
        """The worst of a test's attempts so far; from the second attempt on labelled with their number."""
        test_id = finished.entry.id
        before, number = self._worst.get(test_id), self.number(test_id)
        if before is not None and number > 1:
            worst = overall([before.entry.word, finished.entry.word])
            kept = before if worst is before.entry.word else finished
            entry = kept.entry
            label = Sentence.of("label.repeated", attempts=number)
            known = sentences_of(entry.labels, entry.label_messages)
            others = (text for text in known if code_of(text) != Reason.REPEATED)
            labels = (*others, label)
            reasons = tuple(dict.fromkeys((*entry.reasons, str(Reason.REPEATED))))
            entry = replace(entry, labels=labels, label_messages=messages_of(labels), reasons=reasons)
            finished = replace(kept, entry=entry)
        self._worst[test_id] = finished
        return finished


ATTEMPTS = pytest.StashKey[Attempts]()
