"""tencent's points: 128, 256 and 512 prompts, or the one of --num-prompts; the capacity search only where it
is asked for.
"""

from pathlib import Path

import pytest

from slabench.methods import TENCENT_COUNTS

SEARCH = "test_capacity.py"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "num_prompts" in metafunc.fixturenames:
        given = metafunc.config.getoption("num_prompts")
        metafunc.parametrize("num_prompts", TENCENT_COUNTS if given is None else (given,), ids="np{}".format)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The search takes long: without --find-capacity it is not part of the run, and not a skip."""
    return True if collection_path.name == SEARCH and not config.getoption("find_capacity") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file that is named is collected all the same."""
    if not config.getoption("find_capacity") and any(item.path.name == SEARCH for item in items):
        raise pytest.UsageError(
            f"tests/tencent/{SEARCH} searches for as long as it takes: it runs with --find-capacity only."
        )
