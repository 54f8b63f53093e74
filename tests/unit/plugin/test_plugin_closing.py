"""What a test's process could not write travels with its entry, and stands in every output of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.plugin.conftest import Ran

pytest_plugins = ("pytester",)

LOST = """
from dataclasses import replace
from slabench.plugin.stash import ENTRY

def test_x(says, request):
    says("PASSED")
    lost = {"requests-gw1.jsonl.gz": "No space left on device"}
    request.node.stash[ENTRY] = replace(request.node.stash[ENTRY], lost=lost)

def test_y(says):
    says("%s")
"""


@pytest.mark.parametrize(
    ("word", "status", "run"), [("PASSED", 6, "INVALID"), ("FAILED", 1, "FAILED"), ("INVALID", 6, "INVALID")]
)
def test_records_that_a_worker_lost(run_suite: Callable[..., Ran], word: str, status: int, run: str) -> None:
    ran = run_suite(LOST % word)
    assert ran.status == status
    assert ran.words == {"test_x": "PASSED", "test_y": word}
    assert (ran.run["word"], ran.run["exit_status"]) == (run, status)
    assert ran.run["labels"].count("NOT_SAVED") == 1
    sentence = "requests-gw1.jsonl.gz could not be written (No space left on device)"
    assert ran.run["not_saved"] == {"requests-gw1.jsonl.gz": sentence}
    assert ran.folder is not None
    for text in (ran.output, (ran.folder / "summary.md").read_text()):
        assert f"NOT_SAVED: {sentence}; the verdicts stand on the console." in text


def test_a_run_that_lost_nothing_says_nothing(run_suite: Callable[..., Ran]) -> None:
    ran = run_suite("def test_x(says):\n    says('PASSED')\n")
    assert (ran.status, ran.run["word"]) == (0, "PASSED")
    assert "not_saved" not in ran.run and "NOT_SAVED" not in ran.output
