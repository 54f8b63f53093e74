"""The exit status: every row of the table, worked from the words; and what the recorder keeps of a command
line.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.plugin.recorder import Recorder
from slabench.session.redact import redact_command, redact_options
from tests.unit.report.samples import document, entry


def recorder(words: list[str], **more: Any) -> Recorder:
    """A recorder whose run ended with these words, without a folder on disk."""
    made = object.__new__(Recorder)
    made.live_items = more.get("live_items", len(words))
    tests = [entry(str(k), word) for k, word in enumerate(words)]
    not_run = [str(k) for k in range(len(words), made.live_items)]
    made.file = SimpleNamespace(document=document(*tests, not_run=not_run))  # type: ignore[assignment]
    made.reported = {test.id for test in tests}
    made.deselected = more.get("deselected", 0)
    made.unreachable = more.get("unreachable")
    made.usage = more.get("usage")
    made.crashed = more.get("crashed", False)
    made.stopped = more.get("stopped", False)
    return made


PASSED, FAILED, INVALID = "PASSED", "FAILED", "INVALID"


@pytest.mark.parametrize(
    ("words", "pytests", "tests_failed", "more", "status"),
    [
        ([PASSED, PASSED], 0, 0, {}, 0),
        ([FAILED, PASSED], 1, 1, {}, 1),
        ([FAILED, INVALID], 1, 2, {}, 1),
        ([FAILED, PASSED], 1, 1, {"live_items": 5}, 1),
        ([PASSED], 1, 1, {}, 1),  # another test than a live one failed
        ([INVALID], 1, 2, {}, 1),  # and beside an INVALID one
        ([PASSED], 2, 0, {}, 2),
        ([FAILED], 2, 1, {}, 2),
        ([FAILED], 2, 1, {"stopped": True, "live_items": 3}, 1),  # --stepwise
        ([INVALID], 2, 1, {"stopped": True, "live_items": 3}, 6),
        ([PASSED], 2, 0, {"stopped": True}, 2),
        ([PASSED], 3, 0, {}, 3),
        ([FAILED], 3, 1, {}, 3),
        ([INVALID], 1, 1, {"crashed": True}, 3),
        ([FAILED, INVALID], 1, 2, {"crashed": True}, 3),
        ([], 4, 0, {}, 4),
        ([], 2, 1, {"usage": "--tokenizer=x is no tokenizer.", "live_items": 2}, 4),
        ([PASSED], 2, 1, {"usage": "late", "live_items": 2}, 4),
        ([], 5, 0, {}, 5),
        ([], 5, 0, {"deselected": 3}, 6),
        ([INVALID], 1, 1, {}, 6),
        ([PASSED, INVALID], 1, 1, {}, 6),
        ([], 0, 0, {"live_items": 2}, 6),  # everything skipped
        ([PASSED], 0, 0, {"live_items": 2}, 6),  # something skipped
        ([], 6, 0, {"unreachable": "http://x:1 does not answer.", "live_items": 2}, 6),
        ([], 0, 0, {"live_items": 0, "deselected": 1}, 6),
    ],
)
def test_the_exit_status(
    words: list[str], pytests: int, tests_failed: int, more: dict[str, Any], status: int
) -> None:
    session: Any = SimpleNamespace(testsfailed=tests_failed)
    assert recorder(words, **more).exit_status(session, pytests) == status


KEY = "s3cr3t-of-mine"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["tests/tencent", "--seed=7"], ["pytest", "tests/tencent", "--seed=7"]),
        ([f"--base-url=http://me:{KEY}@host:1"], ["pytest", "--base-url=http://***@host:1"]),
        (["--launch=run --api-key " + KEY], ["pytest", "--launch=run --api-key ***"]),
        (["--launch=run --api-key=" + KEY + " --tp 8"], ["pytest", "--launch=run --api-key=*** --tp 8"]),
        ([f"--launch=HF_TOKEN={KEY} run"], ["pytest", "--launch=HF_TOKEN=*** run"]),
        (["--api-key-env=MY_KEY"], ["pytest", "--api-key-env=***"]),
        (["--tokenizer=/models/x"], ["pytest", "--tokenizer=/models/x"]),
        ([f"--header=X-Tenant: {KEY}"], ["pytest", "--header=X-Tenant: ***"]),
        (["--header", f"X-Tenant:{KEY}"], ["pytest", "--header", "X-Tenant:***"]),
    ],
)
def test_a_command_is_kept_without_its_secrets(given: list[str], kept: list[str]) -> None:
    assert redact_command(given) == kept


def test_options_are_kept_without_their_secrets() -> None:
    options = {
        "base_url": [f"https://me:{KEY}@host:1/v1?api_key={KEY}"],
        "launch": f"HF_TOKEN={KEY} run --api-key {KEY} --port {{port}}",
        "request_rate": float("inf"),
        "batch_sizes": (1, 2),
        "seed": 123,
        "strict_validity": True,
        "another_plugins": KEY,
        "header": [f"X-Tenant: {KEY}", "X-Short: a"],
    }
    kept = redact_options(options)
    assert KEY not in repr(kept)
    assert kept["base_url"] == ["https://***@host:1/v1?api_key=***"]
    assert kept["header"] == ["X-Tenant: ***", "X-Short: ***"]
    assert kept["launch"] == "HF_TOKEN=*** run --api-key *** --port {port}"
    assert (kept["request_rate"], kept["batch_sizes"], kept["seed"], kept["strict_validity"]) == (
        "inf",
        [1, 2],
        123,
        True,
    )
    assert "another_plugins" not in kept
