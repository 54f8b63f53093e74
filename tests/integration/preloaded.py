"""A process that has imported what a run of the suite imports, and forks one process for each run.

More than half of the CPU of a small run's own process is imports, and these tests start hundreds. Nothing but
imports is done before the fork: a run has its arguments, environment, folder, outputs and exit status as from
a shell. slabench.plugin and the tests are imported by each run, since pytest changes their assertions.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from runpy import run_module
from typing import NoReturn

PACKAGES = ("slabench.session", "slabench.report", "slabench.verdict.validity")
OTHERS = (
    "numpy",
    "pytest",
    "xdist.plugin",
    "xdist.newhooks",
    "pytest_html.plugin",
    "pytest_benchmark.plugin",
)


class Preloaded:
    """The process; it ends with this one, whose end of its standard input it sees."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=dict(environment),
        )
        atexit.register(self.end)

    def end(self) -> None:
        self.process.communicate()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, limit_s: int
    ) -> subprocess.CompletedProcess[str]:
        """`python -m pytest ARGUMENTS` in the folder; one that takes longer than limit_s is killed."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        with tempfile.TemporaryDirectory() as outputs:
            out, err = Path(outputs, "stdout"), Path(outputs, "stderr")
            job = (limit_s, list(arguments), dict(environment), str(folder), str(out), str(err))
            print(json.dumps(job), file=stdin, flush=True)
            status = int(stdout.readline())
            if status == -signal.SIGKILL:
                raise subprocess.TimeoutExpired(list(arguments), limit_s, out.read_bytes(), err.read_bytes())
            return subprocess.CompletedProcess(arguments, status, out.read_text(), err.read_text())


def main() -> None:
    """A job a line on standard input; on standard output its exit status, negative for a signal."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    for name in OTHERS:
        # pytest warns of a plugin that it can no longer change, unless its docstring refuses that
        plugin = import_module(name.partition(".")[0])
        plugin.__doc__ = f"{plugin.__doc__} PYTEST_DONT_REWRITE"
        import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    for line in sys.stdin:
        limit_s, *job = json.loads(line)
        child = os.fork()
        if not child:
            run(*job)
        signal.signal(signal.SIGALRM, lambda *_, child=child: end(child))
        signal.alarm(limit_s)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(child, signal.SIGKILL)


def run(arguments: list[str], environment: dict[str, str], folder: str, *outputs: str) -> NoReturn:
    """The rest of a forked process's life."""
    for number, path in enumerate((os.devnull, *outputs)):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - of the whole process
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["pytest", *arguments]
    sys.orig_argv = [sys.executable, "-m", "pytest", *arguments]
    run_module("pytest", run_name="__main__", alter_sys=True)  # as -m does; it ends with SystemExit
    raise AssertionError("pytest has not ended the process")


if __name__ == "__main__":
    main()
