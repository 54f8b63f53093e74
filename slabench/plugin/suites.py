"""The benchmarks themselves: their tests have the same ids in a clone and in a wheel, and their marks are
known.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench.places import suite_id

MARKS = (
    "sends(form): the load that a live test will send, so that prompts are made once and in advance: "
    "form(options, **parameters)",
    "stage(n): order of the ali tests, whatever other plugins reorder",
    "after_loads: a live test that runs after all others",
)


def pytest_configure(config: pytest.Config) -> None:
    for mark in MARKS:
        config.addinivalue_line("markers", mark)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """pytest names a file by its path from the root, which differs between machines for an installed suite.

    Ids are the keys of run.json, baselines and --resume.
    """
    test_id = suite_id(module_path)
    return None if test_id is None else pytest.Module.from_parent(parent, path=module_path, nodeid=test_id)
