"""`slabench baseline launches`: how launches of one version differ, from runs of a launch each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slabench.cli.baseline_parts import refuse_others, refuse_the_same, writing
from slabench.errors import ConfigError
from slabench.exit_status import INVALID
from slabench.history.lines import LaunchLine, line_of
from slabench.messages import Message, metric_name, number, percent
from slabench.output_file import locked
from slabench.report.resume import read_run
from slabench.report.text_table import table
from slabench.run_document.run import RunDocument
from slabench.verdict.baseline_file import build, load, save
from slabench.verdict.baseline_merge import merge
from slabench.verdict.launch_power import smallest_difference
from slabench.verdict.launch_spread import LEAST_STORED, LaunchSpread, upper_factor
from slabench.verdict.stored_launches import OF_LAUNCHES, SPREAD, with_spread
from slabench.verdict.tolerances import DEFAULT

LAUNCHES = (
    f"Store how launches of one version differ, from {LEAST_STORED} launches on. Each run is of a launch of "
    "its own; a run of\n--launches=N holds N. A baseline that exists gets the spread beside its samples; "
    "else the launches become its samples."
)
Document = Mapping[str, Any]  # a baseline file's content
Part = tuple[str, Document]
SUB_RUNS = "launch-*/latest"  # in the folder of a run of --launches


def add_launches(names: Sequence[str], target: str) -> int:
    """0, or 6 where no test has enough launches."""
    runs = [run for name in names for run in _runs(name)]
    _refuse_one_process(runs)
    # a launch that failed, or the last run of --launches after one, has nothing to give
    parts: list[Part] = [(name, document) for name, run in runs if (document := build(run))["tests"]]
    refuse_the_same(parts)
    if parts:
        refuse_others(parts)
    launches = [document for _, document in parts]
    counts = {
        test_id: sum(test_id in launch["tests"] for launch in launches)
        for test_id in dict.fromkeys(test_id for launch in launches for test_id in launch["tests"])
    }
    few = {test_id: count for test_id, count in counts.items() if count < LEAST_STORED}
    if len(few) == len(counts):
        most = max(counts.values(), default=0)
        print(Message("baseline.no_spread_written", least=LEAST_STORED, most=most))
        return INVALID
    with writing(target), locked(target):
        document = with_spread(_base(target, parts), launches)
        save(target, document)
    rows = [row for test_id in counts if test_id not in few for row in _rows(document, test_id)]
    print(table(HEAD, rows, left=(0, 1)))
    for test_id, count in few.items():
        print(Message("baseline.no_spread", test=test_id, valid=count, launches=len(launches)))
    print(Message("baseline.spread", launches=len(launches), target=target))
    return 0


COLUMNS = ("test", "metric", "mean", "launches", "launch_sd", "launch_bound", "launch_seen")
HEAD = tuple(Message(f"column.{name}") for name in COLUMNS)


def _rows(document: Document, test_id: str) -> Iterator[tuple[str, ...]]:
    entry = document["tests"][test_id]
    spread = LaunchSpread(entry[SPREAD]["sd"], entry[SPREAD]["launches"])
    for key, sd in spread.sd.items():
        seen = smallest_difference(sd, spread.freedom, 1, tolerance=DEFAULT)
        yield (
            test_id.rpartition("/")[2],
            metric_name(key),
            number(entry["figures"][key]) if key in entry["figures"] else "",
            str(spread.launches),
            percent(sd, ".2%"),
            percent(sd * upper_factor(spread.freedom), ".2%"),
            percent(seen, ".1%"),
        )


def _runs(name: str) -> list[tuple[str, RunDocument]]:
    """A run, and those of the earlier launches in its folder."""
    path = Path(name)
    if not path.is_dir() and path.name != "run.json":
        raise ConfigError(Message("command.launches_no_run", name=name))
    folder = path if path.is_dir() else path.parent
    names = [*(str(earlier) for earlier in sorted(folder.glob(SUB_RUNS))), name]
    runs = [(each, read_run(each, "")[1]) for each in names]
    for each, run in runs:
        if run.resumed:
            raise ConfigError(Message("command.launches_resumed", run=each))
    return runs


def _refuse_one_process(runs: Sequence[tuple[str, RunDocument]]) -> None:
    """Several runs at one process would show no difference between launches at all."""
    known: dict[int, str] = {}
    for name, run in runs:
        launch: LaunchLine = line_of(run).launch
        if launch.by_slabench:
            continue
        if launch.random_seed is None:
            raise ConfigError(Message("command.launches_unknown", name=name))
        if launch.random_seed in known:
            raise ConfigError(
                Message(
                    "command.launches_same",
                    name=name,
                    known=known[launch.random_seed],
                    random_seed=launch.random_seed,
                )
            )
        known[launch.random_seed] = name


def _base(target: str, parts: Sequence[Part]) -> Document:
    """What gets the spread: the baseline that is there, with the tests that it lacks, or the runs as one."""
    of_runs = merge(parts)
    tests = {}
    for test_id, entry in of_runs["tests"].items():
        count = sum(test_id in document["tests"] for _, document in parts)
        tests[test_id] = {**entry, OF_LAUNCHES: count}
    if not Path(target).is_file():
        return {**of_runs, "tests": tests}
    load(target, option="-o ")  # never over something else
    document: Document = json.loads(Path(target).read_text(encoding="utf-8"))
    refuse_others(
        [(target, {**document, "fingerprint": _any_version(document, of_runs)}), ("the runs", of_runs)]
    )
    return {**document, "tests": {**tests, **document["tests"]}}


def _any_version(document: Document, runs: Document) -> Document:
    """The fingerprint with the version of the runs: the spread of an older version is still a spread."""
    fingerprint, version = document["fingerprint"], runs["fingerprint"].get("server", {}).get("version")
    return {**fingerprint, "server": {**fingerprint.get("server", {}), "version": version}}
