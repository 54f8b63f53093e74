"""The progress line: its text, and that it is rewritten on a terminal only."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.session.progress import PLAIN_EVERY_S, ProgressLine, line

ID = "tests/tencent/test_sla.py::test_sla[np128]"


def progress(**more: int) -> Any:
    return SimpleNamespace(**({"done": 0, "running": 0, "failed": 0, "output_tokens": 0} | more))


@pytest.mark.parametrize(
    ("more", "elapsed", "text"),
    [
        (
            {"done": 32, "running": 64, "output_tokens": 8120},
            10.0,
            "test_sla[np128] 32/128 done, 64 running, 812 output tok/s, about 30 s left",
        ),
        ({"running": 3}, 2.0, "test_sla[np128] 0/128 done, 3 running, 0 output tok/s"),
        ({"running": 3}, 0.0, "test_sla[np128] 0/128 done, 3 running"),
        (
            {"done": 128, "output_tokens": 1000},
            4.0,
            "test_sla[np128] 128/128 done, 0 running, 250 output tok/s",
        ),
        (
            {"done": 64, "failed": 2},
            6.0,
            "test_sla[np128] 64/128 done, 0 running, 2 FAILED, 0 output tok/s, about 6 s left",
        ),
    ],
)
def test_the_line(more: dict[str, int], elapsed: float, text: str) -> None:
    assert line(ID, progress(**more), 128, elapsed) == text


def drawn(how: str, monkeypatch: pytest.MonkeyPatch, times: list[float]) -> str:
    """What is written when the load begins at 0 and tells its progress at these times."""
    made = ProgressLine(how)
    made.stream = io.StringIO()
    clock = iter([0.0, *times])
    monkeypatch.setattr("slabench.session.progress.time.monotonic", lambda: next(clock))
    made.begin(ID, 2)
    for k in range(len(times)):
        made.update(progress(done=k))
    made.end()
    return made.stream.getvalue()


def test_a_terminals_line_is_rewritten_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn("live", monkeypatch, [1.0, 2.0])
    assert text.count("\r\x1b[K") == 3 and "\n" not in text
    assert text.endswith("\r\x1b[K")


def test_elsewhere_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn("plain", monkeypatch, [1.0, PLAIN_EVERY_S + 1, PLAIN_EVERY_S + 2])
    assert text == "test_sla[np128] 1/2 done, 0 running, 0 output tok/s, about 16 s left\n"


def test_off_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn("off", monkeypatch, [1.0]) == ""
