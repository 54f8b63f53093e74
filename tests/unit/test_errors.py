"""What a benchmark's own code may raise."""

from __future__ import annotations

import pytest

from slabench.errors import ConfigError, InvalidRun
from slabench.messages import Message, from_dict, in_language


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InvalidRun(), ""),
        (InvalidRun("no answer"), "no answer"),
        (InvalidRun("no answer", 3), "no answer, 3"),
        (InvalidRun(ValueError("it is odd")), "it is odd"),
    ],
)
def test_an_error_takes_what_any_exception_takes(error: InvalidRun, text: str) -> None:
    assert str(error) == text
    assert error.as_message().as_dict()["arguments"] == {"text": text}


def test_an_error_in_a_stored_message_keeps_its_own() -> None:
    inner = ConfigError(Message("reach.port_taken", url="http://localhost:1"))
    stored = Message("reach.launched_not_ready", why=inner, no_port=None, end="").as_dict()
    with in_language("zh"):
        assert str(inner) in str(from_dict(stored))
