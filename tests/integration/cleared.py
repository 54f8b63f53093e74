"""A pytest plugin for runs of the suite: the reports are deleted when the first test is judged."""

from __future__ import annotations

import shutil

import pytest

from slabench.plugin.recorder import RECORDER


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    shutil.rmtree(item.config.stash[RECORDER].folder.path.parent)
