"""The word and the reason of a test that raised."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import InvalidRun, NoAnswer, ServerError, SLAViolation
from slabench.plugin import reporting
from slabench.session.measurement import StillRunning


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ServerError("answers 500"), "ServerError"),
        (NoAnswer("closed the connection"), "ServerError"),
        (InvalidRun("no verdict"), "InvalidRun"),
        (StillRunning("3 requests"), "InvalidRun"),
        (SLAViolation("too slow"), ""),
    ],
)
def test_the_reason_is_of_the_side_at_fault(error: Exception, reason: str) -> None:
    call: Any = SimpleNamespace(excinfo=SimpleNamespace(value=error))
    word, headline, kept = reporting._without_verdict(call, call, judged=False)
    assert (word, headline, kept) == ("FAILED" if not reason else "INVALID", str(error), reason)
