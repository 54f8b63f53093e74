"""Under --plan: what tests ask for records what they would do, and no server is asked.

A plugin of its own, registered after fixtures.py: its fixtures of the same names come before those.
"""

from __future__ import annotations

from typing import Any

import pytest

from slabench.session.planned_load import NotMeasured, Recorders

RECORDERS = pytest.StashKey[Recorders]()  # on the item


@pytest.fixture(scope="session")
def campaign() -> NotMeasured:
    return NotMeasured("campaign")


@pytest.fixture(scope="session")
def server(campaign: NotMeasured) -> NotMeasured:
    return NotMeasured("server")


@pytest.fixture(scope="session")
def prompts(campaign: NotMeasured) -> NotMeasured:
    return NotMeasured("prompts")


@pytest.fixture
def recorders(request: pytest.FixtureRequest, server: NotMeasured) -> Recorders:
    made: Recorders = request.node.stash.setdefault(RECORDERS, Recorders())
    return made


@pytest.fixture
def run_load(recorders: Recorders) -> Any:
    return recorders.run_load


@pytest.fixture
def judge(recorders: Recorders) -> Any:
    return recorders.judge


@pytest.fixture
def judge_curve(recorders: Recorders) -> Any:
    return recorders.judge_curve


@pytest.fixture
def find_capacity(recorders: Recorders) -> Any:
    return recorders.find_capacity


@pytest.fixture
def ask_questions(recorders: Recorders) -> Any:
    return recorders.ask_questions
