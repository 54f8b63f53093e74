"""tencent's points: 128, 256 and 512 prompts, or the one of --num-prompts; the capacity search only where it
is asked for.
"""

from pathlib import Path

import pytest

from slabench.methods import TENCENT_COUNTS
from slabench.session.gate_quick import is_quick, point_id

SEARCH = "test_capacity.py"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "num_prompts" not in metafunc.fixturenames:
        return
    options = metafunc.config.option
    if options.num_prompts is None and is_quick(options):
        metafunc.parametrize("num_prompts", (None,), ids=("quick",))
        return
    counts = TENCENT_COUNTS if options.num_prompts is None else (options.num_prompts,)
    metafunc.parametrize("num_prompts", counts, ids=point_id("np{}", options))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The search takes long: without --find-capacity it is not part of the run, and not a skip."""
    return True if collection_path.name == SEARCH and not config.getoption("find_capacity") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file that is named is collected all the same."""
    if not config.getoption("find_capacity") and any(item.path.name == SEARCH for item in items):
        raise pytest.UsageError(
            f"tests/tencent/{SEARCH} searches for as long as it takes: it runs with --find-capacity only."
        )
