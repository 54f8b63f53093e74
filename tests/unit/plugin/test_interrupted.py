"""Which ends of a session a signal made."""

from __future__ import annotations

import pytest

from slabench.errors import Interrupted
from slabench.plugin.interrupted import by_signal


class OfXdist(KeyboardInterrupt):
    """As xdist's own, under -x."""


@pytest.mark.parametrize(
    ("error", "signal"),
    [
        (KeyboardInterrupt(), True),
        (Interrupted("SIGTERM"), True),
        (pytest.Session.Interrupted("1 error"), False),
        (OfXdist("stopping after 1 failures"), False),
        (pytest.exit.Exception("over", 6), False),
    ],
)
def test_only_a_signal_is_one(error: BaseException, signal: bool) -> None:
    assert by_signal(error) is signal
