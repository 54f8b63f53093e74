"""--launches: the command of an earlier launch, made of the one that was given."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from slabench.plugin.launches import command


def test_an_earlier_launch_is_the_same_run_launched_once() -> None:
    settings: Any = SimpleNamespace(repeats=3)
    words = (
        "tests/ali", "--launch=new --port {port}", "--baseline-launch", "old --port {port}", "--env", "A=1",
        "--launches", "6", "--launch-spread=x.json", "--launch-timeout=60", "--save-baseline=x.json",
        "--github", "--history", "h.jsonl", "-k", "bs8", "--report-dir=reports", "--junitxml=j.xml",
    )  # fmt: skip
    assert command(words, settings, Path("run/launch-1")) == [
        "tests/ali", "--launch=new --port {port}", "--baseline-launch", "old --port {port}", "--env", "A=1",
        "--launch-timeout=60", "-k", "bs8", "--report-dir=run/launch-1", "--repeats=3",
    ]  # fmt: skip
