"""--one-after-the-other: where both servers do not fit at once, the old one is measured first and ended.

It is a run of its own inside this run's folder; then the new one is started. What drifted in between is in
the ratios, and every output is labelled NOT_INTERLEAVED.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slabench.errors import ServerError
from slabench.messages import Message
from slabench.plugin.sub_run import OUTPUTS, run_pytest, without
from slabench.session.settings import Settings

if TYPE_CHECKING:
    from slabench.report.stored_runs import StoredSide

# Options of the command that are not the old server's, with the number of words that follow when they are not
# joined by =.
NOT_ITS_OWN = OUTPUTS | {
    "--launch": 1,
    "--env": 1,
    "--base-url": 1,
    "--deploy-log": 1,
    "--baseline-launch": 1,
    "--baseline-env": 1,
    "--baseline-api-key-env": 1,
    "--api-key-env": 1,
    "--baseline-deploy-log": 1,
    "--gpu-index": 1,
    "--baseline-gpu-index": 1,
    "--one-after-the-other": 0,
    "--launch-spread": 1,
    "--keep-answers": 1,
    "--require-baseline": 0,
    "--gate": 1,
}


def command(words: Sequence[str], settings: Settings, folder: Path) -> list[str]:
    """Words of pytest: the same tests and options, at the old server."""
    options = settings.options
    kept = without(words, NOT_ITS_OWN)
    kept += [f"--launch={options.baseline_launch}", *(f"--env={text}" for text in options.baseline_env or ())]
    kept += [f"--deploy-log={','.join(options.baseline_deploy_log)}"] if options.baseline_deploy_log else []
    indices = ",".join(map(str, options.baseline_gpu_index))
    kept += [f"--gpu-index={indices}"] if indices else []
    # the new server scores them
    kept.append(f"--keep-answers={'ids' if options.keep_answers == 'no' else options.keep_answers}")
    kept.append(f"--api-key-env={options.baseline_api_key_env or options.api_key_env}")
    kept += ["--gate=quick"] if settings.quick else []
    return [*kept, f"--report-dir={folder}", f"--repeats={settings.repeats}"]


def measure(config: pytest.Config, settings: Settings, run_folder: Path) -> StoredSide:
    """Run it; ConfigError or ServerError, of the baseline server, if it measured nothing."""
    from slabench.report.stored_runs import read_side

    folder, console = run_folder / "baseline", run_folder / "baseline.txt"
    words = command([str(word) for word in config.invocation_params.args], settings, folder)
    run = run_pytest(config, words, folder, console, Message("part.baseline_subject"), "SLABENCH_BASE_URL")
    side = read_side(run)
    if not side.tests:
        raise ServerError(Message("console.baseline_unmeasured", console=console))
    return side
