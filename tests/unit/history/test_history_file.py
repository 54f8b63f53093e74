"""A history on disk: lines stay whole under parallel writers, a broken line is reported, and what may be in a
file.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.history.file import append, check_appendable, read
from slabench.history.lines import SCHEMA, AcceptLine, line_of
from slabench.history.series import series
from slabench.plugin.outputs import append_to_history
from slabench.report.history import as_text
from slabench.run_document.write import stored
from tests.unit.history.lines import run_line
from tests.unit.report.samples import document, entry

ACCEPT = AcceptLine(accept="0.5.7", utc="2026-11-03T00:00:00Z")


def filled(path: Path, runs: int) -> list[bytes]:
    """The file's lines."""
    for number in range(runs):
        append(str(path), run_line(number, day=number + 1))
    return path.read_bytes().splitlines(keepends=True)


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    lines = [run_line(1, (40.0, 41.0)), run_line(2, version="0.5.8")]
    append(str(path), lines[0])
    append(str(path), ACCEPT)
    append(str(path), lines[1])
    history = read(str(path))
    assert history.runs == tuple(lines)
    assert (history.accepted, history.skipped, history.simulated) == ({"0.5.7": 1}, (), False)


def test_the_version_that_was_accepted_last_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    filled(path, 2)
    for version in ("a", "b", "a"):
        append(str(path), AcceptLine(accept=version, utc="x"))
    append(str(path), run_line(9))
    assert [*read(str(path)).accepted.items()] == [("b", 2), ("a", 2)]


def test_a_run_that_was_appended_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    for line in (run_line(1, (40.0,)), run_line(2), run_line(1, (44.0,))):
        append(str(path), line)
    runs = read(str(path)).runs
    assert [run.run_id for run in runs] == ["run-1", "run-2"]
    (test,) = runs[0].tests.values()
    assert test.samples["tpot.mean"] == (44.0,)


@pytest.mark.parametrize("version", ["0.5.7", "0.5.8"])
def test_an_accepted_run_stays_as_it_was_accepted(tmp_path: Path, version: str) -> None:
    path = tmp_path / "h.jsonl"
    for line in (run_line(1, (40.0,)), run_line(2), ACCEPT, run_line(1, (20.0,), version=version)):
        append(str(path), line)
    history = read(str(path))
    assert [run.run_id for run in history.runs] == ["run-1", "run-2"] and history.accepted == {"0.5.7": 2}
    (test,) = history.runs[0].tests.values()
    assert test.samples["tpot.mean"] == (40.0,)
    assert history.skipped == (
        f"{path}, line 4 is the run run-1 once more, below the acceptance of 0.5.7 that took it: it is left "
        "out, and what was accepted stays as it was.",
    )
    assert history.skipped[0] in as_text(history, series(history))


def test_a_continued_run_that_no_acceptance_took_stands_where_its_last_line_does(tmp_path: Path) -> None:
    """Its first line, of 0.5.8, is above the acceptance of 0.5.7, and its last one is of 0.5.7."""
    path = tmp_path / "h.jsonl"
    for line in (run_line(1, version="0.5.8"), run_line(2), ACCEPT, run_line(1, (20.0,))):
        append(str(path), line)
    history = read(str(path))
    assert [run.run_id for run in history.runs] == ["run-2", "run-1"]
    assert history.accepted == {"0.5.7": 1} and history.skipped == ()


@given(st.data())
def test_a_file_that_was_cut_anywhere_loses_the_cut_line_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "h.jsonl"
    lines = filled(path, 3)
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    # by counting: a line is there if all of it but its newline is
    ends = [sum(map(len, lines[: k + 1])) - 1 for k in range(3)]
    kept = sum(end <= cut for end in ends)
    rest = cut - sum(map(len, lines[:kept]))
    history = read(str(path))
    assert [run.run_id for run in history.runs] == [f"run-{k}" for k in range(kept)]
    assert len(history.skipped) == (rest > 0)
    if rest > 0:
        assert f"line {kept + 1} is no whole line ({rest:,} byte" in history.skipped[0]
    # the next writer's line is whole again
    append(str(path), run_line(77))
    again = read(str(path))
    assert [run.run_id for run in again.runs][-1] == "run-77"
    assert len(again.runs) == kept + 1 and len(again.skipped) == (rest > 0)


def _write(path: str, writer: int) -> None:
    for k in range(25):
        append(path, run_line(100 * writer + k, [40.0 + k] * 200))


def test_parallel_writers_leave_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(str(path), writer)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    history = read(str(path))
    assert not history.skipped
    assert {run.run_id for run in history.runs} == {
        f"run-{100 * writer + k}" for writer in range(4) for k in range(25)
    }


def test_a_write_that_the_disk_cuts_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "h.jsonl"
    before = b"".join(filled(path, 2))
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:100]))
    with pytest.raises(OSError, match="only 100 of"):
        append(str(path), run_line(3))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"schema": "slabench.run/1"}', "line 1 is no line of a history (its schema is 'slabench.run/1'"),
        ("[1, 2]", "its schema is None"),
        (json.dumps({"schema": SCHEMA, "run_id": 5}), "run_id is 5, not str"),
        (json.dumps({"schema": SCHEMA, "accept": None, "utc": ""}), "accept is None, not str"),
    ],
)
def test_another_file_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError) as error:
        read(str(path))
    assert words in str(error.value)
    with pytest.raises(ConfigError):
        check_appendable("--history", str(path), simulated=False)


@pytest.mark.parametrize("value", [0, -1.0, 1e99])
def test_a_value_that_no_run_has_is_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "h.jsonl"
    append(str(path), run_line(1))
    path.write_text(path.read_text().replace("[40.0]", f"[{json.dumps(value)}]"))
    with pytest.raises(ConfigError, match=r"has tpot\.mean="):
        read(str(path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.data())
def test_whatever_stands_in_a_line_it_is_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One value of a good line is replaced by any other; what is read can be shown and compared with."""
    line: Any = stored(run_line(1, (40.0, 41.0)))
    place = line
    while True:
        key = data.draw(st.sampled_from([*place] if isinstance(place, dict) else [*range(len(place))]))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = inner
    path = tmp_path_factory.mktemp("any") / "h.jsonl"
    path.write_text(json.dumps(line) + "\n")
    refused = None
    try:
        history = read(str(path))
        as_text(history, series(history))
    except ConfigError as error:
        refused = str(error)
    assert refused is None or ("line 1 is no line of a history (" in refused and "\n" not in refused)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_file_is_of_real_servers_or_of_embedded_ones(tmp_path: Path, simulated: bool) -> None:
    path = str(tmp_path / "h.jsonl")
    check_appendable("--history", path, simulated=simulated)  # a new file takes either
    append(path, run_line(1, labels=("SIMULATED",) if simulated else ()))
    check_appendable("--history", path, simulated=simulated)
    check_appendable("--history", path, simulated=None)  # not known before the server has answered
    with pytest.raises(ConfigError, match=r"holds runs of .*: its figures mean something else"):
        check_appendable("--history", path, simulated=not simulated)


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "h.jsonl"):
        with pytest.raises(ConfigError, match="is no file to append to"):
            check_appendable("--history", str(path), simulated=False)


METRICS = {"tpot.mean": 40.0, "ttft.mean": 900.0, "total_throughput": 1800.0}
INVALID = {"checks": [{"name": "completed", "state": "invalid"}]}


def test_what_a_run_leaves_in_a_history(tmp_path: Path) -> None:
    """Valid tests alone. One whose comparison alone is inconclusive was measured well, and stays."""
    run = document(
        entry("a", metrics=METRICS),
        entry("b", "INVALID", metrics=METRICS, **INVALID),
        entry("c", "INVALID", metrics=METRICS, reasons=["INCONCLUSIVE"]),
        entry("d", "FAILED", metrics=METRICS),
        server={"version": "0.5.7", "info": {"random_seed": 42}},
        options={"launch": "sglang"},
    )
    line = line_of(run)
    assert [*line.tests] == ["a", "c", "d"]
    assert line.tests["a"].samples == {
        "tpot.mean": (40.0,),
        "ttft.mean": (900.0,),
        "total_throughput": (1800.0,),
    }
    assert (line.version, line.server_version) == ("0.5.7", "0.5.7")
    assert (line.launch.random_seed, line.launch.by_slabench) == (42, True)
    assert line_of(run, "my-image:7").version == "my-image:7"
    path = tmp_path / "h.jsonl"
    said = append_to_history(run, path, None)
    assert str(said) == f"3 tests of version 0.5.7 appended to {path}; 1 that were INVALID were left out."
    assert read(str(path)).runs == (line,)


def test_nothing_is_appended_of_a_run_without_a_valid_test_or_that_was_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    for run, words in (
        (document(entry("b", "INVALID", metrics=METRICS, **INVALID)), "no test of this run was valid"),
        (document(entry("a", metrics=METRICS), state="interrupted"), "the run did not end by itself"),
    ):
        assert words in str(append_to_history(run, path, None))
    assert not path.exists()


def test_a_launched_embedded_server_is_not_appended_to_real_ones(tmp_path: Path) -> None:
    """Its command does not show what it is, so the check before the load lets it pass."""
    path = tmp_path / "h.jsonl"
    append(str(path), run_line(1))
    with pytest.raises(ConfigError, match="holds runs of real servers"):
        append_to_history(document(entry("a", metrics=METRICS), labels=["SIMULATED"]), path, None)
    assert len(read(str(path)).runs) == 1
