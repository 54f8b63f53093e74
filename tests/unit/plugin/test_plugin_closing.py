"""What a test's process could not write travels with its entry, and stands in every output of the run;
run.json has the exit status that the run ends with.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slabench.report.document import RunFile
from tests.unit.plugin.conftest import Ran

pytest_plugins = ("pytester",)

LOST = """
from dataclasses import replace
from slabench.plugin.stash import ENTRY

def test_x(says, request):
    says("PASSED")
    lost = {"requests-gw1.jsonl.gz": "No space left on device"}
    request.node.stash[ENTRY] = replace(request.node.stash[ENTRY], lost=lost)

def test_y(says):
    says("%s")
"""


@pytest.mark.parametrize(
    ("word", "status", "run"), [("PASSED", 6, "INVALID"), ("FAILED", 1, "FAILED"), ("INVALID", 6, "INVALID")]
)
def test_records_that_a_worker_lost(run_suite: Callable[..., Ran], word: str, status: int, run: str) -> None:
    ran = run_suite(LOST % word)
    assert ran.status == status
    assert ran.words == {"test_x": "PASSED", "test_y": word}
    assert (ran.run["word"], ran.run["exit_status"]) == (run, status)
    assert ran.run["labels"].count("NOT_SAVED") == 1
    sentence = "requests-gw1.jsonl.gz could not be written (No space left on device)"
    assert ran.run["not_saved"] == {"requests-gw1.jsonl.gz": sentence}
    assert ran.folder is not None
    for text in (ran.output, (ran.folder / "summary.md").read_text()):
        assert f"NOT_SAVED: {sentence}; the verdicts stand on the console." in text


def test_a_run_that_lost_nothing_says_nothing(run_suite: Callable[..., Ran]) -> None:
    ran = run_suite("def test_x(says):\n    says('PASSED')\n")
    assert (ran.status, ran.run["word"]) == (0, "PASSED")
    assert "not_saved" not in ran.run and "NOT_SAVED" not in ran.output


GREEN = "def test_x(says):\n    says('PASSED')\n"


def full(monkeypatch: pytest.MonkeyPatch, taken: Callable[[Path], bool]) -> None:
    """No room for run.json while `taken` of the run folder."""
    write = RunFile.write

    def write_or_fail(file: RunFile) -> None:
        if taken(file.folder.path):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file)

    monkeypatch.setattr(RunFile, "write", write_or_fail)


def test_the_page_gives_its_room_to_run_json(
    run_suite: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page took the last room, and then junit.xml has none."""
    full(monkeypatch, lambda folder: (folder / "report.html").exists())
    ran = run_suite(GREEN, "--junitxml=/dev/full")
    assert (ran.status, ran.run["exit_status"], ran.run["word"]) == (6, 6, "INVALID"), ran.output
    assert ran.run["not_saved"] == {
        "junit.xml or pytest.html": "junit.xml or pytest.html could not be written (No space left on device)",
        "report.html": "report.html was removed so that run.json has room (No space left on device)",
    }
    assert ran.folder is not None and not (ran.folder / "report.html").exists()
    assert (ran.folder / "summary.md").read_text().startswith("# slabench: INVALID")


def test_a_run_json_that_is_green_gives_way_to_one_that_is_not(
    run_suite: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def green(folder: Path) -> bool:
        path = folder / "run.json"
        return path.exists() and json.loads(path.read_text())["word"] == "PASSED"

    full(monkeypatch, green)
    ran = run_suite(GREEN, "--junitxml=/dev/full")
    assert (ran.status, ran.run["exit_status"], ran.run["word"]) == (6, 6, "INVALID"), ran.output


def test_a_run_json_that_is_green_is_removed_where_there_is_no_room_at_all(
    run_suite: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    full(monkeypatch, lambda folder: (folder / "summary.md").exists())
    ran = run_suite(GREEN, "--junitxml=/dev/full")
    assert ran.status == 6 and "NOT_SAVED: run.json could not be written" in ran.output
    assert ran.folder is not None and not (ran.folder / "run.json").exists()


@pytest.mark.parametrize("output", ["report.html", "summary.md"])
def test_no_part_of_an_output_stays(
    run_suite: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    opened = Path.open

    def open_or_fail(path: Path, *given: Any, **more: Any) -> Any:
        if path.name.startswith(f".{output}"):
            with opened(path, "wb") as file:
                file.write(b"<html>")
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", open_or_fail)
    ran = run_suite(GREEN)
    assert (ran.status, ran.run["exit_status"], ran.run["word"]) == (6, 6, "INVALID"), ran.output
    assert list(ran.run["not_saved"]) == [output]
    assert ran.folder is not None
    assert sorted(path.name for path in ran.folder.iterdir() if output in path.name) == []


@pytest.mark.parametrize("plugin", ["junitxml", "html"])
def test_without_a_plugin_its_output_is_not_missing(run_suite: Callable[..., Ran], plugin: str) -> None:
    ran = run_suite(GREEN, "-p", f"no:{plugin}")
    assert (ran.status, ran.run["word"]) == (0, "PASSED"), ran.output
    assert "not_saved" not in ran.run


LATE = """
import pytest

def test_x(says):
    says("PASSED")

class Late:
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        %s

@pytest.fixture(autouse=True)
def late(pytestconfig):
    if not pytestconfig.pluginmanager.hasplugin("late"):
        pytestconfig.pluginmanager.register(Late(), "late")
"""


@pytest.mark.parametrize(
    ("ends", "status"), [("session.exitstatus = 1", 1), ("pytest.exit('coverage', returncode=7)", 7)]
)
def test_a_plugin_that_ends_the_run_with_another_status(
    run_suite: Callable[..., Ran], ends: str, status: int
) -> None:
    ran = run_suite(LATE % ends)
    assert (ran.status, ran.run["exit_status"], ran.run["word"]) == (status, status, "INVALID"), ran.output
    assert ran.folder is not None
    assert (ran.folder / "summary.md").read_text().startswith("# slabench: INVALID")
