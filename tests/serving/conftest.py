"""The questions are asked only where a file of them is named."""

from pathlib import Path

import pytest

QUESTIONS = "test_accuracy.py"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without --accuracy-file it is not part of the run, and not a skip."""
    return True if collection_path.name == QUESTIONS and not config.getoption("accuracy_file") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file that is named is collected all the same."""
    if not config.getoption("accuracy_file") and any(item.path.name == QUESTIONS for item in items):
        raise pytest.UsageError(
            f"tests/serving/{QUESTIONS} asks the questions of --accuracy-file=FILE; name one, or "
            "--accuracy-file=smoke for the small one that ships."
        )
