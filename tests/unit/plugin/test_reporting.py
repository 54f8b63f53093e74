"""The word and the reason of a test that raised."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import InvalidRun, NoAnswer, ServerError, SLAViolation
from slabench.messages import Message
from slabench.plugin import reporting
from slabench.session.measurement import StillRunning
from slabench.verdict.reasons import in_words


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ServerError("answers 500"), "SERVER_FAILED"),
        (NoAnswer("closed the connection"), "SERVER_FAILED"),
        (InvalidRun("no verdict"), "NO_RESULT"),
        (StillRunning("3 requests"), "NO_RESULT"),
        (InvalidRun(Message("curve.no_decode_run")), "no_decode_run"),
        (SLAViolation("too slow"), ""),
    ],
)
def test_the_reason_is_of_the_side_at_fault(error: Exception, reason: str) -> None:
    call: Any = SimpleNamespace(excinfo=SimpleNamespace(value=error))
    word, headline, kept = reporting._without_verdict(call, call, judged=False)
    assert (word, headline, kept) == ("FAILED" if not reason else "INVALID", str(error), reason)


def test_codes_of_an_earlier_version_are_explained() -> None:
    assert in_words(["ServerError"]) == in_words(["SERVER_FAILED"])
    assert in_words(["InvalidRun"]).startswith("NO_RESULT (it could not be measured")
