"""A run of its own inside the run folder, by the same command with other options: of the old server alone, or
of an earlier launch.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.messages import Message
from slabench.report.sanitize import plain_lines

# Options of where a run's results go, with the number of words that follow when they are not joined by =.
OUTPUTS = {
    "--save-baseline": 1,
    "--history": 1,
    "--history-version": 1,
    "--report-dir": 1,
    "--repeats": 1,
    "--bench-serving-jsonl": 1,
    "--github": 0,
    "--junitxml": 1,
    "--junit-xml": 1,
    "--html": 1,
    "--benchmark-json": 1,
}
LAST_LINES = 15


def without(words: Sequence[str], options: Mapping[str, int]) -> list[str]:
    """The words without these options and their values."""
    kept, skip = [], 0
    for word in words:
        if skip:
            skip -= 1
        elif word.partition("=")[0] in options:
            skip = 0 if "=" in word else options[word]
        else:
            kept.append(word)
    return kept


def run_pytest(
    config: pytest.Config,
    words: Sequence[str],
    folder: Path,
    console: Path,
    who: Message,
    *drop: str,
    more: Mapping[str, str] | None = None,
) -> str:
    """Run it; the name of its run. folder: its --report-dir; console: takes its output; who: is measured;
    drop: environment variables that it does not get, by their beginning; more: those it gets besides.

    ConfigError or ServerError if it measured nothing.
    """
    folder.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", *drop))}
    environment |= more or {}
    with console.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=config.invocation_params.dir,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    lines = console.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    tail = plain_lines("\n".join(lines))
    if done.returncode == pytest.ExitCode.USAGE_ERROR:
        raise ConfigError(Message("command.sub_run_refused", who=who, tail=tail))
    if not (folder / "latest" / "run.json").is_file():
        raise ServerError(Message("command.sub_run_unmeasured", who=who, status=done.returncode, tail=tail))
    return str(folder / "latest")
