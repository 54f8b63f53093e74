"""No command writes over a file that -o did not name, nor over measurements; words in another order get the
right one.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path

import pytest

from slabench import output_file
from slabench.cli import PROG
from slabench.cli.main import main
from slabench.errors import ConfigError
from slabench.output_file import check_free, check_rows, holds, locked, write_whole
from slabench.verdict.baseline_file import add_to, load
from slabench.verdict.outcome import Outcome
from tests.unit.cli.test_cli_compare import GOOD, ID, SAME, rows, run

OTHER = (1.0013, 1.0003, 0.9993, 1.0023)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Two runs, their baselines, rows, a page, and a file that is none of these."""
    for name, factors in (("a", GOOD), ("b", OTHER)):
        assert (
            main(["baseline", "save", run(tmp_path, name, *factors), "-o", str(tmp_path / f"{name}.json")])
            == 0
        )
    rows(tmp_path / "r.jsonl", *GOOD)
    rows(tmp_path / "s.jsonl", *SAME)
    (tmp_path / "own.json").write_text('{"mine": 1}\n')
    (tmp_path / "a" / "report.html").write_text("<title>my notes</title>\n")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        # the first argument was the file to write, and gone
        ("baseline merge a.json b", "baseline merge a.json b -o FILE"),
        ("baseline merge a.json b.json", "baseline merge a.json b.json -o FILE"),
        ("baseline merge a/run.json b", "-o names"),
        ("baseline merge a b", "-o names"),
        ("baseline save a b.json", "baseline save a -o b.json"),
        ("baseline save b.json a", "baseline save a -o b.json"),
        ("baseline save a", "baseline save a -o FILE"),
        ("baseline save a b -o new.json", "reads one run"),
        ("baseline save nope", "There is no file or folder nope; name the folder of a run"),
        ("baseline save nope -o new.json", "There is no file or folder nope; name the folder of a run"),
        ("baseline merge a.json nope -o new.json", "There is no file or folder nope"),
        ("baseline save new.json -o a", f"in the right order: {PROG} baseline save a -o new.json"),
        ("baseline save new.json -o a/run.json", "in the right order"),
        ("baseline merge new.json b -o a", "is a run, and -o names the baseline file to write"),
        ("baseline merge a b -o .", "is a folder"),
        # a file that is no baseline, and one that is no part
        ("baseline save a -o own.json", "has schema None"),
        ("baseline save a -o r.jsonl", "cannot be read as a baseline"),
        ("baseline merge a b -o own.json", "has schema None"),
        ("baseline merge a.json -o b.json", "is not among the parts, so its samples would be lost"),
        # pages over measurements
        ("compare a b --json=a.json", "holds a baseline, which is not overwritten"),
        ("compare a b --html=a/run.json", "holds a run, which is not overwritten"),
        (
            "compare r.jsonl s.jsonl --markdown=r.jsonl",
            "holds rows of bench_serving, which is not overwritten",
        ),
        ("compare a b --json=none/x.json", "its folder must exist"),
        ("report a", "is no page of slabench; name the file to write with --output=FILE"),
        ("report b -o a.json", "holds a baseline, which is not overwritten"),
        ("report b -o b/run.json", "holds a run, which is not overwritten"),
        ("report b --output a/run.json", "holds a run, which is not overwritten"),
        ("crosscheck --base-url=sim: --json=a.json", "holds a baseline, which is not overwritten"),
        ("baseline list a.json", "baseline show a.json shows it"),
        ("baseline show a", "save a -o FILE makes a baseline of it"),
        ("baseline show .", "list . lists what is in it"),
    ],
)
def test_nothing_is_written_and_the_sentence_says_what_to_write(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, says: str
) -> None:
    monkeypatch.chdir(kept)
    before = contents(kept)
    assert main(words.split()) == 4
    error = capsys.readouterr().err
    assert says in error and len(error.splitlines()) == 1
    assert contents(kept) == before


def test_what_is_named_is_written(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file, a page that was made before, a baseline that is one of the parts: with all that it held."""
    monkeypatch.chdir(kept)
    before = contents(kept)
    for words in (
        "report b",
        "report b",
        "report a -o page.html",
        "report a -o page.html",
        "compare a b --json=c.json --html=c.html",
    ):
        assert main(words.split()) == 0
    assert main("compare a b --json=c.json".split()) == 0
    assert main("baseline merge a.json b -o a.json".split()) == 0
    merged = load("a.json").tests[ID].samples.values
    assert merged["tpot.mean"] == pytest.approx([40 * factor for factor in (*GOOD, *OTHER)])
    after = contents(kept)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"b/report.html", "page.html", "c.json", "c.html", "a.json"}


def test_a_failed_run_is_saved_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = run(tmp_path, "f", *GOOD, test={"word": Outcome.FAILED})
    passed = run(tmp_path, "p", *OTHER)
    line = f"{failed}: FAILED, and taken all the same, since the run is valid: {ID.rpartition('/')[2]}."
    for words in (["save", failed], ["merge", failed, passed]):
        assert main(["baseline", *words, "-o", str(tmp_path / f"{words[0]}.json")]) == 0
        assert capsys.readouterr().out.splitlines()[0] == line
    assert main(["baseline", "save", passed, "-o", str(tmp_path / "q.json")]) == 0
    assert "FAILED" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["save", "merge", "list", "show"])
def test_the_help_names_the_order(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "example:" in text
    assert ("-o FILE" in text) == (command in ("save", "merge"))


def test_an_empty_folder_is_named(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (kept / "none").mkdir()
    monkeypatch.chdir(kept / "none")
    assert main(["baseline", "list", "."]) == 6
    assert "no *.json file in the folder '.'" in capsys.readouterr().out


def test_two_that_write_at_once_are_both_in_it(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reads, and writes only when the other could have read: without the lock one of them is lost every
    time.
    """
    target = kept / "shared.json"
    document = json.loads((kept / "a.json").read_text())
    written, both = output_file.write_whole, threading.Barrier(2)

    def slowly(path: str, text: str) -> None:
        """The one that is first waits for the other to have read too; under a lock that never comes."""
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.5)
        written(path, text)

    monkeypatch.setattr("slabench.verdict.baseline_file.write_whole", slowly)

    def add(name: str) -> None:
        add_to(str(target), {**document, "tests": {name: document["tests"][ID]}}, option="")

    threads = [threading.Thread(target=add, args=(f"t{k}",)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(load(str(target)).tests) == {"t0", "t1"}
    assert sorted(path.name for path in kept.glob(".*")) == []


def test_a_lock_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    with locked(tmp_path / "none" / "x.json"), locked("/dev/full"):
        pass


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_text("before")
    with pytest.raises(OSError, match="No space left"):
        write_whole("/dev/full", "x" * 100_000)
    assert Path("/dev/full").is_char_device()
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "\ud800")
    assert target.read_text() == "before"
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_whole(link, "after")
    assert link.is_symlink() and target.read_text() == "after"
    assert sorted(os.listdir(tmp_path)) == ["link.json", "x.json"]


def test_what_a_file_holds(kept: Path) -> None:
    assert str(holds(kept / "a.json")) == "a baseline"
    assert str(holds(kept / "a" / "run.json")) == "a run"
    assert str(holds(kept / "r.jsonl")) == "rows of bench_serving"
    assert holds(kept / "own.json") is None and holds(kept / "none") is None
    (kept / "requests.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with pytest.raises(ConfigError, match="packed records"):
        check_free("--html", str(kept / "requests.jsonl.gz"))
    check_rows("--bench-serving-jsonl", str(kept / "r.jsonl"))
    check_rows("--bench-serving-jsonl", str(kept / "new.jsonl"))
    with pytest.raises(ConfigError, match="so none are appended"):
        check_rows("--bench-serving-jsonl", str(kept / "a.json"))
