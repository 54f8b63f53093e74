"""--resume: what is kept, what is run again, and what cannot be continued; a disk that is full costs files
and no verdict.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.plugin.resume import Resumed
from slabench.records import RequestRecord
from slabench.report.document import RunFile, RunFolder
from slabench.report.records_file import RecordsFile, read_records
from slabench.report.resume import check_options, finished, keep_records, read_run, server_differences
from slabench.run_document.run import ServerEntry
from tests.unit.plugin.conftest import Ran
from tests.unit.report.samples import LOAD_SERVER, document, entry

pytest_plugins = ("pytester",)

Run = Callable[..., Ran]
OK = {"name": "completed", "state": "ok", "text": "All 2 requests came back whole.", "remedy": ""}


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"checks": [OK]}, True),
        # nothing is tried until it is green
        ({"checks": [OK], "word": "INVALID", "reasons": ["completed"]}, True),
        ({"checks": [OK], "reasons": ["interrupted"]}, False),
        ({"checks": [OK], "reasons": ["CRASHED"]}, False),
        ({"checks": [], "word": "INVALID", "reasons": ["InvalidRun"]}, False),  # nothing was measured
        ({"checks": [], "word": "INVALID", "reasons": ["SERVER_FAILED"]}, False),
        ({"checks": [], "word": "INVALID", "reasons": ["ServerError"]}, False),  # of an earlier version
    ],
)
def test_what_is_finished(more: dict[str, Any], kept: bool) -> None:
    assert list(finished(document(entry("a", **more)))) == (["a"] if kept else [])


def test_other_options_cannot_continue_a_run() -> None:
    was = {"seed": 123, "base_url": ["sim:"], "batch_sizes": [1, 2], "progress": "auto"}
    check_options(
        "r", was, {"seed": 123, "base_url": ["sim:"], "batch_sizes": (1, 2), "progress": "off", "new": 1}
    )
    with pytest.raises(ConfigError, match=r"--batch-sizes is \[1\] and was \[1, 2\]"):
        check_options("r", was, {"seed": 123, "base_url": ["sim:"], "batch_sizes": (1,)})


def test_a_baseline_with_other_contents_under_its_name_is_another_one() -> None:
    was = {"baseline": "old.json", "baseline_sha256": "1" * 64}
    check_options("r", was, dict(was))
    with pytest.raises(ConfigError, match=r"--baseline-sha256 is '2222.* and was '1111"):
        check_options("r", was, was | {"baseline_sha256": "2" * 64})


def test_another_server_is_named_by_what_differs() -> None:
    was = {"url": "http://a:1", "fingerprint": {"server": {"version": "0.5.7"}, "model": {"name": "x"}}}
    assert server_differences(server(was), server(was), same_url=True) == []
    assert server_differences(None, server(was), same_url=True) == []
    now = {"url": "http://b:1", "fingerprint": {"server": {"version": "0.5.8"}, "model": {"name": "x"}}}
    assert server_differences(server(was), server(now), same_url=True) == [
        "url: http://b:1, http://a:1 in the run",
        "server.version: '0.5.8', '0.5.7' in the run",
    ]
    more = {"server": {"version": "0.5.7", "speculative_algorithm": "null", "arguments": 181}}
    recorded = server(was | {"fingerprint": was["fingerprint"] | more})
    assert server_differences(server(was), recorded, same_url=True) == []  # a run of an earlier build
    more = {"server": more["server"] | {"speculative_algorithm": "EAGLE"}}
    assert server_differences(
        recorded, server(was | {"fingerprint": was["fingerprint"] | more}), same_url=True
    )
    same = server(now | {"fingerprint": was["fingerprint"]})
    assert server_differences(server(was), same, same_url=False) == []


def server(data: dict[str, Any]) -> ServerEntry:
    made = document(server=data).server
    assert made is not None
    return made


def test_records_of_finished_tests_stay_and_a_cut_file_is_mended(tmp_path: Path) -> None:
    file = RecordsFile(tmp_path / "requests.jsonl.gz")
    rows = [(test, RequestRecord(k, 8, 3, due_ns=k)) for test in ("a", "b") for k in range(3)]
    for test, record in rows:
        file.append(test, record)
    file.flush()  # and killed: the stream has no end
    keep_records(tmp_path, {"a"})
    again = RecordsFile(tmp_path / "requests.jsonl.gz")
    again.append("b", RequestRecord(9, 8, 3, due_ns=9))
    again.close()
    assert list(read_records(tmp_path / "requests.jsonl.gz")) == [
        *rows[:3],
        ("b", RequestRecord(9, 8, 3, due_ns=9)),
    ]
    assert list(read_records(tmp_path / "requests.before-resume-1.jsonl.gz")) == rows
    keep_records(tmp_path, {"a", "b"})
    assert (tmp_path / "requests.before-resume-2.jsonl.gz").exists()


def test_there_has_to_be_a_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no run\.json"):
        read_run(str(tmp_path))
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_run(str(tmp_path))
    (tmp_path / "run.json").write_text('{"schema": "other/1"}')
    with pytest.raises(ConfigError, match=r"its schema is 'other/1', this slabench reads slabench\.run/1"):
        read_run(str(tmp_path))


def test_a_run_that_is_on_cannot_be_continued(tmp_path: Path) -> None:
    folder = RunFolder.create(str(tmp_path))
    with pytest.raises(ConfigError, match="is still running"):
        RunFolder(folder.path)


def test_a_run_json_is_there_from_the_beginning_or_not_at_all(tmp_path: Path) -> None:
    folder = RunFolder.create(str(tmp_path))
    assert not (folder.path / "run.json").exists()
    RunFile(folder, environment=None, slabench="0").write()
    assert json.loads((folder.path / "run.json").read_text())["state"] == "running"


class FullDisk:
    """A file that takes so many bytes and no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(28, "No space left on device")
        return len(data)

    def flush(self) -> None:
        pass


def test_records_on_a_full_disk_say_so_once_and_raise_nothing(tmp_path: Path) -> None:
    file = RecordsFile(tmp_path / "requests.jsonl.gz")
    assert file._file is not None
    file._file.fileobj = FullDisk(0)
    file.append("a", RequestRecord(0, 8, 3, due_ns=1))
    file.flush()
    assert file.broken == "No space left on device"
    file.append("a", RequestRecord(1, 8, 3, due_ns=1))
    file.flush()
    file.close()


def test_a_full_disk_costs_the_files_and_not_the_verdict(
    run_suite: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """run.json, junit.xml and pytest.html fail to be written; word, summary and exit status are those of the
    run.
    """
    monkeypatch.setattr("slabench.report.document.os.fsync", _full)
    monkeypatch.setattr("_pytest.junitxml.LogXML.pytest_sessionfinish", _full)
    ran = run_suite("def test_a(says):\n    says('PASSED')\ndef test_b(says):\n    says('FAILED')\n")
    assert ran.status == 1, ran.output
    assert "PASSED tests/serving/test_it.py::test_a" in ran.output
    assert "FAILED tests/serving/test_it.py::test_b" in ran.output
    assert "Verdict of the run: FAILED" in ran.output
    assert "run.json could not be written" in ran.output
    assert "junit.xml or pytest.html could not be written" in ran.output


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


SOURCE = """
import pytest
from dataclasses import replace
from slabench.plugin.stash import ENTRY
from slabench.run_document.entry import CheckEntry
from slabench.run_document.run import FinishedTest
from slabench.session.partial_entry import bare_entry
from slabench.verdict.outcome import CheckStatus, Outcome
@pytest.mark.parametrize("n", [1, 2, 3])
def test_x(request, server, n):
    with open("ran.txt", "a") as file:
        file.write(f"{n} ")
    if n == BREAK:
        raise KeyError(n)
    check = CheckEntry(name="completed", state=CheckStatus.OK, text="t", remedy="")
    word = Outcome.FAILED if n == 2 else Outcome.PASSED
    entry = replace(bare_entry(request.node.nodeid, word, f"n is {n}", ""), checks=(check,))
    request.node.stash[ENTRY] = FinishedTest(entry=entry)
    if word is Outcome.FAILED:
        from slabench.errors import SLAViolation
        raise SLAViolation(f"n is {n}")
"""


def test_finished_tests_are_reported_again_and_not_run(
    run_suite: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Resumed, "check_server", lambda *_: "the same server process")  # there is none here
    first = run_suite(SOURCE.replace("BREAK", "3"))
    assert first.status == 1, first.output
    assert first.words == {"test_x[1]": "PASSED", "test_x[2]": "FAILED", "test_x[3]": "INVALID"}
    assert first.folder is not None
    second = run_suite(SOURCE.replace("BREAK", "0"), f"--resume={first.folder}")
    assert second.folder == first.folder
    assert second.status == 1, second.output
    assert second.words == {"test_x[1]": "PASSED", "test_x[2]": "FAILED", "test_x[3]": "PASSED"}
    assert (pytester.path / "ran.txt").read_text().split() == ["1", "2", "3", "3"]
    assert second.messages["test_x[2]"] == [("failure", "FAILED: n is 2")]
    assert set(second.messages) == {"test_x[1]", "test_x[2]", "test_x[3]"}
    assert second.run["state"] == "finished"
    assert [len(resumption["kept"]) for resumption in second.run["resumed"]] == [2]
    assert "2 finished tests were kept" in second.output
    third = run_suite(SOURCE.replace("BREAK", "0"), f"--resume={first.folder}", "--seed=5")
    assert third.status == 4
    assert "--seed is 5 and was 123" in third.output


def test_a_gate_that_ended_before_its_choice_chooses_again_and_keeps_it_after(
    run_suite: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the servers have answered all collected tests are planned: continued, they would all be
    measured, and those that a choice left out would be missing for ever.
    """
    chosen: list[list[str]] = []

    def choose(session: pytest.Session, campaign: object, resumed: Resumed | None) -> None:
        chosen.append([item.name for item in session.items])
        if len(chosen) == 1:
            raise ServerError("It is gone.")
        session.items[:] = [item for item in session.items if item.name != "test_x[1]"]

    monkeypatch.setattr(Resumed, "check_server", lambda *_: "the same server process")
    monkeypatch.setattr("slabench.plugin.preflight.choose", choose)
    gate = ("--baseline-url=sim:", "--time-budget=1h")
    first = run_suite(SOURCE.replace("BREAK", "0"), *gate)
    assert (first.status, len(first.run["planned"]), first.run["tests"]) == (6, 3, []), first.output
    fewer = run_suite(SOURCE.replace("BREAK", "0"), *gate, "-k", "3]", f"--resume={first.folder}")
    assert fewer.status == 6, fewer.output  # what this command did not select was planned, and is missing
    assert [name.rpartition("::")[2] for name in fewer.run["not_run"]] == ["test_x[1]", "test_x[2]"]
    chosen.clear()
    first = run_suite(SOURCE.replace("BREAK", "0"), *gate)
    for broken in (3, 0):
        ran = run_suite(SOURCE.replace("BREAK", str(broken)), *gate, f"--resume={first.folder}")
        assert [name.rpartition("::")[2] for name in ran.run["planned"]] == ["test_x[2]", "test_x[3]"]
        assert ran.run["not_run"] == [], ran.output
    assert chosen[1:] == [["test_x[1]", "test_x[2]", "test_x[3]"], ["test_x[2]", "test_x[3]"]]
    assert ran.words == {"test_x[2]": "FAILED", "test_x[3]": "PASSED"}


def test_a_decode_test_with_repeats_comes_back_with_each_load_s_part_of_the_log() -> None:
    """The curve has a value a repeat and side; what was only left open counts as measured."""

    def load(side: str, begin: int) -> dict[str, Any]:
        return {
            "side": side,
            "server": LOAD_SERVER
            | {"log_spans": [{"path": f"{side}.log", "begin": begin, "end": begin + 9}]},
        }

    loads = [load("baseline", 0), load("new", 10), load("new", 20), load("baseline", 30)]
    kept = entry(
        "t",
        "INVALID",
        method="ali-decode",
        point={"batch_size": 2},
        reasons=["INCONCLUSIVE"],
        server=loads[1]["server"],
        repeats=loads,
    )
    campaign: Any = SimpleNamespace(decode_points=[])
    Resumed("run", {"t": kept}, None).restore(campaign, [])
    (point,) = campaign.decode_points
    assert point.word == "INCONCLUSIVE"
    assert [[span.begin for span in spans] for spans in point.new] == [[10], [20]]
    assert [[(span.path, span.begin) for span in spans] for spans in point.baseline] == [
        [("baseline.log", 0)],
        [("baseline.log", 30)],
    ]


def test_a_decode_test_that_was_refused_before_load_has_no_point() -> None:
    kept = entry(
        "tests/ali/test_decode.py::test_decode_tpot[bs16]",
        "INVALID",
        method="ali-decode",
        point={"batch_size": 16},
        checks=[{}],
    )
    campaign: Any = SimpleNamespace(decode_points=[], refused_sizes=[])
    Resumed("run", {"t": kept}, None).restore(campaign, [])
    assert (campaign.decode_points, campaign.refused_sizes) == ([], [16])
