"""--one-after-the-other: where both servers do not fit at once, the old one is measured first and ended.

It is a run of its own inside this run's folder; then the new one is started. What drifted in between is in
the ratios, and every output is labelled NOT_INTERLEAVED.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.report.sanitize import plain_lines
from slabench.session.settings import Settings

if TYPE_CHECKING:
    from slabench.report.stored_runs import StoredSide

# Options of the command that are not the old server's, with the number of words that follow when they are not
# joined by =.
NOT_ITS_OWN = {
    "--launch": 1,
    "--env": 1,
    "--base-url": 1,
    "--deploy-log": 1,
    "--baseline-launch": 1,
    "--baseline-env": 1,
    "--baseline-api-key-env": 1,
    "--api-key-env": 1,
    "--baseline-deploy-log": 1,
    "--one-after-the-other": 0,
    "--save-baseline": 1,
    "--history": 1,
    "--history-version": 1,
    "--require-baseline": 0,
    "--report-dir": 1,
    "--repeats": 1,
    "--gate": 1,
    "--bench-serving-jsonl": 1,
    "--github": 0,
    "--junitxml": 1,
    "--junit-xml": 1,
    "--html": 1,
    "--benchmark-json": 1,
}


def command(words: Sequence[str], settings: Settings, folder: Path) -> list[str]:
    """The same tests and options, at the old server."""
    kept, skip = [], 0
    for word in words:
        if skip:
            skip -= 1
        elif word.partition("=")[0] in NOT_ITS_OWN:
            skip = 0 if "=" in word else NOT_ITS_OWN[word]
        else:
            kept.append(word)
    options = settings.options
    kept += [f"--launch={options.baseline_launch}", *(f"--env={text}" for text in options.baseline_env or ())]
    kept += [f"--deploy-log={','.join(options.baseline_deploy_log)}"] if options.baseline_deploy_log else []
    kept.append(f"--api-key-env={options.baseline_api_key_env or options.api_key_env}")
    kept += ["--gate=quick"] if settings.quick else []
    kept += [f"--report-dir={folder}", f"--repeats={settings.repeats}"]
    return [sys.executable, "-m", "pytest", *kept]


def measure(config: pytest.Config, settings: Settings, run_folder: Path) -> StoredSide:
    """Run it; ConfigError or ServerError, of the baseline server, if it measured nothing."""
    from slabench.report.stored_runs import read_side

    folder = run_folder / "baseline"
    folder.mkdir()
    console = run_folder / "baseline.txt"
    words = command([str(word) for word in config.invocation_params.args], settings, folder)
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLABENCH_BASE_URL"))
    }
    with console.open("wb") as file:
        done = subprocess.run(
            words,
            cwd=config.invocation_params.dir,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    tail = plain_lines("\n".join(console.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]))
    if done.returncode == pytest.ExitCode.USAGE_ERROR:
        raise ConfigError(f"The baseline server could not be measured:\n{tail}")
    if not (folder / "latest" / "run.json").is_file():
        raise ServerError(f"The baseline server was not measured (exit status {done.returncode}):\n{tail}")
    side = read_side(str(folder / "latest"))
    if not side.tests:
        raise ServerError(f"The baseline server was not measured; the whole of it is in {console}:\n{tail}")
    return side
