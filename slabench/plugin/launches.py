"""--launches=N: every test is measured in N launches of the servers.

The first N - 1 are runs of their own inside this run's folder (launch-1/ ...), each with servers that are
started for it and ended after it; the last one is this run, which compares the means of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.messages import Message
from slabench.plugin.gate_tests import SIZES_OF
from slabench.plugin.sub_run import OUTPUTS, run_pytest, without
from slabench.plugin.terminal import say
from slabench.session.settings import Settings

if TYPE_CHECKING:
    from slabench.session.launches import EarlierLaunch

NOT_ITS_OWN = OUTPUTS | {"--launches": 1, "--launch-spread": 1, "--gate": 1}


def command(words: Sequence[str], settings: Settings, folder: Path) -> list[str]:
    """Words of pytest: the same tests, options and servers, launched once."""
    gate = "quick" if settings.quick else "full"
    own = f"--report-dir={folder}", f"--repeats={settings.repeats}", f"--gate={gate}"
    return [*without(words, NOT_ITS_OWN), *own]


def sizes_of_first(launches: Sequence[EarlierLaunch], run_folder: Path) -> dict[str, str]:
    """The first launch sizes a quick gate's tests by the server's speed; the others take its sizes."""
    return {SIZES_OF: str(run_folder / launches[0].run)} if launches else {}


def measure_launches(
    config: pytest.Config, settings: Settings, run_folder: Path
) -> tuple[EarlierLaunch, ...]:
    """Run all but the last; ConfigError or ServerError if one measured nothing."""
    from slabench.report.resume import read_run
    from slabench.session.launches import EarlierLaunch

    if config.pluginmanager.hasplugin("dsession"):
        raise ConfigError(Message("option.launches_xdist"))
    launches: list[EarlierLaunch] = []
    for number in range(1, settings.launches):
        folder, console = run_folder / f"launch-{number}", run_folder / f"launch-{number}.txt"
        say(config, Message("launches.starting", number=number, of=settings.launches, console=console))
        words = command([str(word) for word in config.invocation_params.args], settings, folder)
        who, more = Message("part.launch_subject", number=number), sizes_of_first(launches, run_folder)
        name = run_pytest(config, words, folder, console, who, more=more)
        path, document = read_run(name, "")
        if not document.tests:
            raise ServerError(Message("launches.no_test", number=number, console=console))
        launches.append(EarlierLaunch(number, str(path.relative_to(run_folder.resolve())), document))
        if settings.baseline_url is not None and not all(entry.valid for entry in document.tests):
            say(config, Message("launches.no_further", number=number))
            return tuple(launches)
    say(config, Message("launches.last", launches=settings.launches))
    return tuple(launches)
