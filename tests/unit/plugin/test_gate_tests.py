"""Which tests a time budget leaves, and which it may not take away."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.messages import Message
from slabench.plugin.gate_tests import Choice, pytest_collection_modifyitems
from slabench.plugin.left_out import deselected
from slabench.plugin.resume import RESUMED, Resumed
from slabench.session.planned_load import PlannedTest
from slabench.session.settings import Settings
from tests.unit.session.test_time_budget import R1, TESTS, knowledge, settings


class Chosen(Choice):
    """Of tests that are given; what it keeps is recorded."""

    def __init__(self, made: Settings, tests: list[PlannedTest], stopped: Collection[str]) -> None:
        session: Any = SimpleNamespace(config=SimpleNamespace(option=Namespace()), items=[])
        super().__init__(session, made, lambda tests: knowledge(made), lambda tests: stopped)
        self.given, self.kept, self.said = tests, list[str](), ""

    @property
    def tests(self) -> list[PlannedTest]:
        return self.given

    def _keep(self, test_ids: Collection[str]) -> None:
        self.kept = list(test_ids)

    def _say(self, *messages: Message) -> None:
        self.said += "".join(map(str, messages))


def test_what_cannot_be_measured_and_questions_stay_in_a_budget() -> None:
    """They take no time by the plan; left out, a server that lost its KV pool would be green."""
    asked = replace(
        TESTS[0], test_id="tests/serving/test_accuracy.py::test_accuracy", loads=(), accuracy=True
    )
    stopped = TESTS[-1].test_id
    chosen = Chosen(settings(plan=R1), [*TESTS, asked], [stopped])
    chosen._within(600.0)
    assert {stopped, asked.test_id} <= set(chosen.kept) and len(chosen.kept) < len(TESTS) + 1
    assert "Left out" in chosen.said
    assert "test_accuracy" not in chosen.said and "test_prefill" not in chosen.said
    assert chosen.left_out is not None
    assert not {stopped, asked.test_id, *chosen.kept} & set(chosen.left_out.tests)
    assert len(chosen.left_out.tests) + len(chosen.kept) == len(TESTS) + 1


def test_a_run_that_is_continued_keeps_its_choice_and_takes_the_pairs_that_fit() -> None:
    """A second choice would count what the first one left out as planned and not run."""
    planned = [test.test_id for test in TESTS[:3]]
    resumed = Resumed("run", {planned[0]: Any}, None, planned)  # type: ignore[dict-item]
    chosen = Chosen(settings(plan=R1), TESTS[:3], [])
    made = chosen._within(600.0, resumed)
    assert chosen.kept == [] and made.most_pairs is not None and 3 <= made.most_pairs <= 10
    assert chosen.said.startswith("Time budget 10 min 00 s for 2 tests that are left of the run's choice")
    assert chosen._within(1.0, resumed).most_pairs == 3  # the clock ends it


def test_what_a_budget_left_out_is_not_collected_again() -> None:
    items: Any = [
        SimpleNamespace(nodeid=name, fixturenames=["server", "campaign"], stash=pytest.Stash())
        for name in ("a", "b")
    ]
    left: list[Any] = []
    hook = SimpleNamespace(pytest_deselected=lambda items: left.extend(items))
    config: Any = SimpleNamespace(
        stash={RESUMED: Resumed("run", {}, None, ["a"])},
        option=Namespace(time_budget=600.0),
        hook=hook,
    )
    pytest_collection_modifyitems(config, items)
    assert [item.nodeid for item in items] == ["a"] and [item.nodeid for item in left] == ["b"]
    assert deselected(left) == [], "by a gate, and not by -k"
