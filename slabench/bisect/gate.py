"""The gate as the test of a version: a run of the suites in a process of its own, and what it says."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slabench.bisect.search import Standing
from slabench.errors import ConfigError, InvalidRun
from slabench.exit_status import INTERRUPTED, OUR_CRASH, USAGE
from slabench.messages import Message
from slabench.places import child_environment
from slabench.report.resume import read_run
from slabench.report.sanitize import plain
from slabench.run_document.entry import ComparedMetric, Entry
from slabench.run_document.run import RunDocument, RunState
from slabench.verdict.compared import ComparisonResult
from slabench.verdict.outcome import CheckStatus

# The gate ends its servers, and writes what it has, within this time.
GRACE_S = 90.0
LAST_LINES = 12
# Variables that name another server, or that a surrounding pytest left.
OTHERS = ("PYTEST", "SLABENCH_BASE_URL")


@dataclass(frozen=True, slots=True)
class Result:
    """run: the run folder, if there is one."""

    standing: Standing
    line: str
    run: str | None
    exit_status: int
    repeats: int = 0  # most loads of a test at the new server
    labels: tuple[str, ...] = ()  # the run's


def run_gate(words: Sequence[str], folder: Path) -> Result:
    """words: of `slabench run`, but for its report folder, which is made here; the output goes into it.

    The run ends with this process, with its servers. ConfigError: the suite refused its options, as it would
    for every version; InvalidRun: it crashed.
    """
    folder.mkdir(parents=True)
    console = folder / "console.txt"
    command = [sys.executable, "-m", "slabench", "run", *words, f"--report-dir={folder}", "--progress=off"]
    status = _supervised(command, console)
    tail = "\n".join(
        map(plain, console.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])
    )
    if status == USAGE:
        raise ConfigError(Message("command.suite_refused", tail=tail))
    if status == OUR_CRASH:
        raise InvalidRun(Message("command.suite_crashed", console=console, tail=tail))
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    if not (folder / "latest" / "run.json").is_file():
        raise InvalidRun(Message("command.suite_no_run", status=status, console=console, tail=tail))
    path, document = read_run(str(folder / "latest"), "")
    standing, line = standing_of(document)
    repeats = max((len(entry.runs()) for entry in document.tests), default=0)
    return Result(standing, plain(line), str(path), status, repeats, document.labels)


def standing_of(run: RunDocument) -> tuple[Standing, str]:
    """By the comparisons alone: an objective that a version does not hold says nothing about the one before.

    A metric that is surely worse counts, whatever the other tests are; of a test that is not valid it does
    not, since a busy machine or failed requests make any version slower.
    """
    results = [(entry, metric) for entry in run.tests for metric in _metrics(entry)]
    worse = _first([pair for pair in results if pair[0].valid], ComparisonResult.WORSE)
    if worse is not None:
        return Standing.SLOWER, worse
    if run.unreachable is not None:
        return Standing.UNMEASURED, run.unreachable.splitlines()[0]
    if run.state is not RunState.FINISHED or run.incomplete or not run.tests:
        return Standing.UNMEASURED, "the run did not measure all of its tests"
    for entry in run.tests:
        if not entry.valid:
            checked = any(check.state is CheckStatus.INVALID for check in entry.checks)
            return Standing.INVALID if checked else Standing.UNMEASURED, f"{entry.name}: {entry.headline}"
        if not _metrics(entry):
            return Standing.UNMEASURED, f"{entry.name}: it was not compared with anything"
    open_ones = _first(results, ComparisonResult.INCONCLUSIVE)
    if open_ones is not None:
        return Standing.UNDECIDED, open_ones
    entry, metric = max(results, key=lambda pair: _loss(pair[1]))
    return Standing.NOT_SLOWER, f"{entry.name}: {metric.text}"


def _metrics(entry: Entry) -> Sequence[ComparedMetric]:
    return () if entry.comparison is None else entry.comparison.metrics


def _loss(metric: ComparedMetric) -> float:
    """How much worse it is."""
    return 1 / metric.ratio if metric.better == "higher" else metric.ratio


def _first(results: Sequence[tuple[Entry, ComparedMetric]], wanted: ComparisonResult) -> str | None:
    """Of the metrics with this result the one that is worst, in a line."""
    having = [(entry, metric) for entry, metric in results if metric.outcome == wanted.value]
    if not having:
        return None
    entry, metric = max(having, key=lambda pair: _loss(pair[1]))
    return f"{entry.name}: {metric.text}"


def _supervised(command: Sequence[str], output: Path) -> int:
    """Run a command under a supervisor, so that nothing of it outlives this process; its exit status."""
    supervisor = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "slabench.server.supervise", "--log", str(output)),
            *("--grace", str(GRACE_S), "--parent", str(os.getpid()), "--", *command),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={name: text for name, text in child_environment().items() if not name.startswith(OTHERS)},
        start_new_session=True,  # a Ctrl-C reaches us, and we end the run in order
    )
    assert supervisor.stdin is not None and supervisor.stdout is not None
    status: int | None = None
    try:
        for text in supervisor.stdout:
            event = json.loads(text)
            if "failed" in event:
                raise InvalidRun(Message("command.suite_not_started", why=event["failed"]))
            status = event.get("exited", status)
    finally:
        with contextlib.suppress(OSError):
            supervisor.stdin.close()  # the supervisor ends the run with its standard input
        supervisor.wait()
        supervisor.stdout.close()
    if status is None or status < 0:
        raise InvalidRun(Message("command.suite_signal", status=status, output=output))
    return status
