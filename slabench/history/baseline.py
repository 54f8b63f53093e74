"""`--baseline=history:FILE`: the last runs of the accepted version as the old side.

A run is one sample: its repeats' geometric mean. What a further run of that version would give is predicted
from the spread of these runs, s of k of them: the new run's difference from their mean has the standard error
s sqrt(1 + 1/k) with k - 1 degrees of freedom (a prediction interval), so that days, launches and neighbours
are in it as far as they are in these runs. The new run has as many repeats as are taken of each old one.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from slabench.errors import ConfigError
from slabench.history import PREFIX
from slabench.history.file import History, read
from slabench.history.lines import MeasuredTest, RunLine
from slabench.messages import Message
from slabench.program import slabench_program
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.differences import either_way
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.launch_spread import ONE_LAUNCH, Launches
from slabench.verdict.statistics import geometric_mean

MOST = 10  # the last runs that are taken
LEAST = 5  # with 4 degrees of freedom a run has to be 3.0 s from their mean to be beyond it, with 2 it is 5.0


def load(path: str, repeats: int) -> Baseline:
    """repeats: of the new run. ConfigError where no test can be compared, before anything is measured."""
    history = read(path, option=f"--baseline={PREFIX}")
    if not history.accepted:
        raise ConfigError(
            Message(
                "file.history_none_accepted",
                prefix=PREFIX,
                path=path,
                held=held(history),
                program=shlex.join(slabench_program()),
            )
        )
    version = [*history.accepted][-1]
    runs = of_version(history, version, history.accepted[version])
    tests: dict[str, BaselineTest] = {}
    refused: dict[str, Message] = {}
    for name in dict.fromkeys(name for run in runs for name in run.tests):
        chosen = _chosen(runs, name)
        if len(chosen) < LEAST:
            refused[name] = Message(
                "comparison.history_too_few", version=version, runs=len(chosen), least=LEAST, file=path
            )
        else:
            tests[name] = _test(chosen, name, repeats, version)
    if not tests:
        most = max((len(_chosen(runs, name)) for name in refused), default=0)
        raise ConfigError(
            Message(
                "file.history_few",
                prefix=PREFIX,
                path=path,
                runs=Message("part.runs", runs=most),
                version=version,
                least=LEAST,
            )
        )
    return Baseline(
        f"{PREFIX}{path}", f"{version} in {path}", runs[-1].fingerprint, tests, refused=refused, of_runs=True
    )


def of_version(history: History, version: str, above: int | None = None) -> list[RunLine]:
    """Its runs on the deployment of the newest of them, oldest first. above: of the first so many runs."""
    runs = [run for run in history.runs[:above] if run.version == version and run.tests]
    return [run for run in runs if not either_way(runs[-1].fingerprint, run.fingerprint)]


def usable(history: History, version: str) -> int:
    """The most runs that any test of a version could be compared with."""
    runs = of_version(history, version)
    return max((len(_chosen(runs, name)) for run in runs for name in run.tests), default=0)


def taken_failed(history: History, version: str) -> list[str]:
    """The ids of the FAILED runs among those that the version would be compared by, oldest first."""
    runs = of_version(history, version)
    names = dict.fromkeys(name for run in runs for name in run.tests)
    taken = {run.run_id for name in names for run in _chosen(runs, name)}
    return [run.run_id for run in runs if run.failed and run.run_id in taken]


def held(history: History) -> tuple[Message, ...]:
    """`0.5.7 (8 runs), 0.5.8 (1 run)`"""
    versions = [run.version for run in history.runs]
    counted = {version: versions.count(version) for version in dict.fromkeys(versions)}
    listed = (Message("part.version_runs", version=name, runs=runs) for name, runs in counted.items())
    return tuple(listed) or (Message("part.no_run"),)


def _chosen(runs: Sequence[RunLine], name: str) -> list[RunLine]:
    """The last MOST that measured this test with the workload of the newest of them."""
    having = [run for run in runs if name in run.tests]
    work = having[-1].tests[name].workload if having else {}
    return [run for run in having if run.tests[name].workload == work][-MOST:]


def _test(runs: Sequence[RunLine], name: str, repeats: int, version: str) -> BaselineTest:
    tests = [run.tests[name] for run in runs]
    newest = tests[-1]
    # only then a further launch is within what these runs show
    of_launches = _processes_of(runs) == len(runs)
    keys = dict.fromkeys(key for test in tests for key in (*test.samples, *test.lacking))
    without = {key: sum(key not in test.samples for test in tests) for key in keys}
    accepted = [test.accept_length for test in tests if test.accept_length is not None]
    return BaselineTest(
        Gathered(
            {
                key: [geometric_mean(test.samples[key][:repeats]) for test in tests]
                for key, absent in without.items()
                if not absent
            },
            {key: f"{absent} of {len(tests)} runs" for key, absent in without.items() if absent},
        ),
        newest.workload,
        allowed=_allowed(tests),
        accept_length=sum(accepted) / len(accepted) if accepted else None,
        method=newest.method,
        launches=Launches(old=len(runs), in_samples=True) if of_launches else ONE_LAUNCH,
        notes=(
            Message(
                "comparison.note_history",
                runs=len(runs),
                version=version,
                first=runs[0].utc[:10],
                last=runs[-1].utc[:10],
                processes=_processes(runs),
                freedom=len(runs) - 1,
            ),
        ),
    )


def _allowed(tests: Sequence[MeasuredTest]) -> dict[str, str]:
    return {check: text for test in tests for check, text in test.allowed.items()}


def _processes(runs: Sequence[RunLine]) -> Message:
    """Of how many server processes these runs are, as far as is known."""
    processes = _processes_of(runs)
    if processes is None:
        return Message("comparison.processes_unknown")
    return Message("comparison.processes", processes=processes)


def _processes_of(runs: Sequence[RunLine]) -> int | None:
    seeds = [run.launch.random_seed for run in runs]
    known = {seed for seed in seeds if seed is not None}
    if all(run.launch.by_slabench for run in runs):
        return len(runs)
    return None if None in seeds or not known else len(known)
