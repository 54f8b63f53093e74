"""run.json: whole on disk at any moment, and a word that a run which did not end cannot borrow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.exit_status import INTERRUPTED, OUR_CRASH
from slabench.report.document import RunFile, RunFolder, in_lines
from slabench.report.resume import finished
from slabench.strict_json import finite
from tests.unit.report.samples import entry

A, B = "tests/tencent/test_sla.py::test_sla[np128]", "tests/tencent/test_sla.py::test_sla[np256]"


@pytest.fixture
def made(tmp_path: Path) -> RunFile:
    return RunFile(RunFolder.create(str(tmp_path)), environment=None, slabench="0.1.0")


def on_disk(file: RunFile) -> dict[str, object]:
    content: dict[str, object] = json.loads((file.folder.path / "run.json").read_text())
    return content


def test_the_schemas_keys(made: RunFile) -> None:
    """Those of docs/run-json.md, in its order; the file is an interface."""
    made.write()
    assert " ".join(on_disk(made)) == (
        "schema run_id state word exit_status created_utc updated_utc slabench labels environment command "
        "options server client planned not_run units tests"
    )
    assert on_disk(made)["schema"] == "slabench.run/1"


@pytest.mark.parametrize(
    ("state", "words", "planned", "word"),
    [
        ("finished", ["PASSED", "PASSED"], 2, "PASSED"),
        ("finished", ["PASSED", "FAILED"], 2, "FAILED"),
        ("finished", ["INVALID", "FAILED"], 2, "FAILED"),
        ("finished", ["PASSED", "INVALID"], 2, "INVALID"),
        ("finished", ["PASSED"], 2, "INVALID"),  # one was planned and did not run
        ("finished", [], 2, None),
        ("interrupted", ["PASSED", "PASSED"], 2, "INVALID"),
        ("interrupted", ["FAILED"], 2, "FAILED"),
        ("crashed", ["PASSED", "PASSED"], 2, "INVALID"),
        ("running", ["PASSED", "PASSED"], 2, None),  # killed now, this is the file that stays
        ("running", ["FAILED"], 2, "FAILED"),
        ("running", ["INVALID"], 2, "INVALID"),
    ],
)
def test_the_runs_word(made: RunFile, state: str, words: list[str], planned: int, word: str | None) -> None:
    made.set_planned([A, B][:planned])
    for test_id, each in zip((A, B), words, strict=False):
        made.add_test(entry(test_id, each))
    if state == "running":
        made.write()
    else:
        made.finish({"finished": 0, "interrupted": INTERRUPTED, "crashed": OUR_CRASH}[state])
    assert on_disk(made)["word"] == word
    assert on_disk(made)["state"] == state
    assert on_disk(made)["not_run"] == [A, B][len(words) : planned]


def test_an_unreachable_server_is_invalid(made: RunFile) -> None:
    made.set_planned([A])
    made.update(unreachable="http://127.0.0.1:1 does not answer.")
    made.finish(6)
    assert (on_disk(made)["word"], on_disk(made)["exit_status"], on_disk(made)["not_run"]) == (
        "INVALID",
        6,
        [A],
    )


@pytest.mark.parametrize(
    ("besides", "status", "word"), [(A, 1, "FAILED"), ("tests/b.py::t", 1, "FAILED"), (None, 4, "INVALID")]
)
def test_a_run_that_does_not_end_with_0_has_not_passed(
    made: RunFile, besides: str | None, status: int, word: str
) -> None:
    """What failed in pytest beside a green verdict; a file that could not be collected."""
    made.set_planned([A])
    made.add_test(entry(A, "PASSED", checks=[{}]))
    assert list(finished(made.document)) == [A]
    if besides is not None:
        made.add_failed_besides(besides)
    made.finish(status)
    assert on_disk(made)["word"] == word
    assert list(finished(made.document)) == ([] if besides == A else [A])  # what --resume keeps


def test_a_second_entry_of_the_same_test_replaces_the_first(made: RunFile) -> None:
    made.set_planned([A])
    made.add_test(entry(A, "PASSED"))
    made.add_test(entry(A, "INVALID"))
    made.finish(6)
    tests = on_disk(made)["tests"]
    assert isinstance(tests, list)
    assert [test["word"] for test in tests] == ["INVALID"]
    assert on_disk(made)["word"] == "INVALID"


def test_units_are_those_of_the_metrics_that_are_there(made: RunFile) -> None:
    made.add_test(entry(metrics={"tpot.mean": 35.98, "qpm": 22.8, "curve.8": 432.87}))
    assert made.document.units == {"tpot.mean": "ms", "qpm": "req/min", "curve.8": "tok/s"}


def test_a_write_that_fails_leaves_the_last_whole_file(
    made: RunFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.set_planned([A])
    made.write()
    made.add_test(entry(A))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        made.write()
    assert on_disk(made)["tests"] == []
    monkeypatch.undo()
    made.write()
    tests = on_disk(made)["tests"]
    assert isinstance(tests, list) and len(tests) == 1
    assert sorted(path.name for path in made.folder.path.iterdir()) == ["run.json"]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"a": [1, -2.5, 1e-07], "b": "[\n 1\n]"}, '"a": [1,-2.5,1e-07],'),
        ({"a": [[1, 2], [3]]}, "  [1,2],"),
        ({"a": [1, "2"]}, "  1,"),
        ({"a": [1, None]}, "  1,"),
        ({"a": []}, '"a": []'),
    ],
)
def test_numbers_stand_in_one_line(value: object, line: str) -> None:
    text = in_lines(json.dumps(value, indent=1))
    assert json.loads(text) == value
    assert line.strip() in [each.strip() for each in text.split("\n")]


def test_a_metric_that_is_not_finite_is_absent() -> None:
    nan, inf = float("nan"), float("inf")
    assert finite({"tpot.mean": nan, "qpm": 22.8, "inner": {"x": -inf}}) == {"qpm": 22.8, "inner": {}}
    assert finite([1.0, nan, (inf, 2)]) == [1.0, None, [None, 2]]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_whatever_comes_is_json_without_nan(value: object) -> None:
    text = json.dumps(finite({"value": value}), allow_nan=False)
    assert json.loads(text) == finite({"value": value})


def test_the_folder_is_new_each_time_and_latest_points_to_the_newest_that_has_a_test(tmp_path: Path) -> None:
    first, second = RunFolder.create(str(tmp_path)), RunFolder.create(str(tmp_path))
    assert first.path != second.path
    assert not (tmp_path / "latest").exists()
    first.point_latest()
    second.point_latest()
    assert (tmp_path / "latest").resolve() == second.path.resolve()
    assert not (tmp_path / "latest").readlink().is_absolute()  # the reports can be moved as a whole


def test_a_folder_called_latest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    RunFolder.create(str(tmp_path)).point_latest()
    assert (tmp_path / "latest").is_dir() and not (tmp_path / "latest").is_symlink()


def test_a_report_folder_that_cannot_be_is_your_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--report-dir=.*cannot be written"):
        RunFolder.create(str(tmp_path / "file" / "reports"))
