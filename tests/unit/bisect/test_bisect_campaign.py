"""A bisection with a gate of a few lines: its path, its file, what continues it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slabench.bisect.campaign import Campaign
from slabench.bisect.document import BisectDocument, read
from slabench.bisect.gate import Result, standing_of
from slabench.bisect.search import Standing
from slabench.cli.bisect import as_text
from slabench.cli.main import main
from slabench.errors import ConfigError, InvalidRun
from slabench.messages import Message
from tests.unit.report.samples import document, entry

VERSIONS = tuple(f"v{k}" for k in range(16))
Words = list[str]


class Gate:
    """Versions from `change` on are slower. asked: the versions in the order in which they were measured."""

    def __init__(self, change: int, *, blank: tuple[str, ...] = (), stop: int = 99) -> None:
        self.change, self.blank, self.stop = change, blank, stop
        self.asked: list[str] = []
        self.words: list[Words] = []
        self.measured_oldest = False

    def __call__(self, words: Words, folder: Path) -> Result:
        if len(self.asked) == self.stop:
            raise KeyboardInterrupt
        self.words.append(words)
        launched = next(word for word in words if word.startswith("--launch="))
        saved = [word for word in words if word.startswith("--save-baseline=")]
        if saved:
            self.measured_oldest = True
            Path(saved[0].partition("=")[2]).parent.mkdir(parents=True)
            Path(saved[0].partition("=")[2]).write_text("{}")
            return Result(Standing.UNMEASURED, "", None, 0)
        version = launched.removeprefix("--launch=serve ").partition(" ")[0]
        self.asked.append(version)
        if version in self.blank:
            return Result(Standing.UNDECIDED, "open", None, 6)
        slower = VERSIONS.index(version) >= self.change
        standing = Standing.SLOWER if slower else Standing.NOT_SLOWER
        return Result(standing, f"of {version}", "run", int(slower), labels=("SIMULATED",))


def campaign(folder: Path, gate: Gate, **more: Any) -> Campaign:
    parts: dict[str, Any] = {
        "versions": VERSIONS,
        "suites": ("ali",),
        "options": ("--batch-sizes=1",),
        "launch": "serve {version} --port {port}",
        "oldest_launch": "serve {version} --port {port}",
        "reference": None,
        "kept_up": False,
        "repeats": 5,
        "state": str(folder / "state.json"),
        "report_dir": folder / "reports",
        "gate": gate,
    }
    return Campaign(**parts | more)


def silent(sentence: str) -> None:
    pass


@pytest.mark.parametrize("change", range(1, 16))
def test_every_change_of_sixteen_versions_is_found_and_reported(tmp_path: Path, change: int) -> None:
    gate = Gate(change)
    done = campaign(tmp_path, gate).run(silent)
    assert done.found is not None
    assert (done.found.not_slower, done.found.slower, done.found.unresolved) == (
        f"v{change - 1}",
        f"v{change}",
        (),
    )
    assert len(gate.asked) <= 5
    assert done.launches == len(gate.asked) + 1
    assert read(str(tmp_path / "state.json")) == done
    stored = json.loads((tmp_path / "state.json").read_text())
    assert [probe["version"] for probe in stored["probes"]] == gate.asked
    text = as_text(done)
    assert text.endswith(
        f"v{change} is the first that is surely slower; v{change - 1} is not ({len(gate.asked)} probes and "
        f"{done.launches} launches, in a list of 16 versions)."
    )
    assert all(version in text for version in gate.asked)
    assert "\nIts runs are SIMULATED.\n" in text
    assert all(probe["labels"] == ["SIMULATED"] for probe in stored["probes"])


def test_what_each_run_is_given(tmp_path: Path) -> None:
    """The oldest with twice the repeats into a file, then each version against that file, by a quick gate."""
    gate = Gate(9, blank=("v7",))
    done = campaign(tmp_path, gate).run(silent)
    oldest, newest, middle, again = gate.words[:4]
    file = Path(done.folder) / "oldest.json"
    assert oldest == [
        *("ali", "--launch=serve v0 --port '{port}'", "--repeats=10"),
        *(f"--save-baseline={file}", "--gate=quick", "--batch-sizes=1"),
    ]
    assert newest == [
        *("ali", "--launch=serve v15 --port '{port}'", "--repeats=5"),
        *(f"--baseline={file}", "--gate=quick", "--batch-sizes=1"),
    ]
    assert (middle[1], middle[2], again[1], again[2]) == (
        "--launch=serve v7 --port '{port}'",
        "--repeats=5",
        "--launch=serve v7 --port '{port}'",
        "--repeats=10",
    )


def test_by_default_pairs_are_added_until_it_is_decided_and_then_doubled(tmp_path: Path) -> None:
    gate = Gate(9, blank=("v7",))
    done = campaign(tmp_path, gate, repeats=None).run(silent)
    assert gate.words[0][2] == "--repeats=10"  # the oldest
    asked = [(words[1].split()[1], words[2].removeprefix("--repeats=")) for words in gate.words[1:5]]
    assert asked == [("v15", "auto"), ("v7", "auto"), ("v7", "20"), ("v7", "40")]
    assert "--repeats=auto" in done.command


@pytest.mark.parametrize("stop", range(6))
def test_a_bisection_that_is_stopped_goes_on_where_it_was(tmp_path: Path, stop: int) -> None:
    whole = Gate(6)
    campaign(tmp_path / "a", whole, state=str(tmp_path / "whole.json")).run(silent)
    first, second = Gate(6, stop=stop), Gate(6)
    if stop < len(whole.asked):
        with pytest.raises(KeyboardInterrupt):
            campaign(tmp_path, first).run(silent)
    else:
        campaign(tmp_path, first).run(silent)
    said: list[Message] = []
    done = campaign(tmp_path, second).run(said.append)
    assert first.asked + second.asked == whole.asked
    assert f"with {len(first.asked)} probe{'' if len(first.asked) == 1 else 's'} that it holds" in str(
        said[0]
    )
    assert done.found is not None and done.found.slower == "v6"
    assert second.measured_oldest == (stop == 0)  # later its file was there


@pytest.mark.parametrize(
    "change",
    [
        {"versions": VERSIONS[:-1]},
        {"suites": ("tencent",)},
        {"options": ("--batch-sizes=2",)},
        {"launch": "serve {version}"},
        {"repeats": 6},
        {"kept_up": True},
    ],
)
def test_another_command_does_not_continue_it(tmp_path: Path, change: dict[str, Any]) -> None:
    campaign(tmp_path, Gate(3)).run(silent)
    before = (tmp_path / "state.json").read_bytes()
    with pytest.raises(ConfigError, match="is of another bisection"):
        campaign(tmp_path, Gate(3), **change).run(silent)
    assert (tmp_path / "state.json").read_bytes() == before


def test_nothing_to_find_is_said_after_one_probe_and_again_after_none(tmp_path: Path) -> None:
    for probes in (1, 0):
        gate = Gate(16)
        with pytest.raises(ConfigError) as error:
            campaign(tmp_path, gate).run(silent)
        assert str(error.value) == (
            "There is nothing to find: the newest, v15, is not slower than the oldest, v0 (of v15)."
        )
        assert len(gate.asked) == probes


def test_an_oldest_that_is_slower_than_the_baseline_ends_it(tmp_path: Path) -> None:
    gate = Gate(0)
    with pytest.raises(ConfigError) as error:
        campaign(tmp_path, gate, reference="--baseline=prod.json").run(silent)
    assert str(error.value) == (
        "The oldest, v0, is slower than --baseline=prod.json already (of v0): begin with an older version."
    )
    assert gate.asked == ["v15", "v0"]
    assert not gate.measured_oldest


def test_a_newest_that_decides_nothing_ends_it(tmp_path: Path) -> None:
    gate = Gate(3, blank=("v15",))
    with pytest.raises(InvalidRun, match=r"The newest, v15, is UNDECIDED against the oldest, v0 \(open\)"):
        campaign(tmp_path, gate).run(silent)
    assert gate.asked == ["v15"] * 3


def test_versions_between_that_decide_nothing_are_named(tmp_path: Path) -> None:
    done = campaign(tmp_path, Gate(6, blank=("v6", "v5"))).run(silent)
    assert done.found is not None and done.found.unresolved == ("v5", "v6")
    assert "INVALID: v7 is surely slower and v4 is not; of v5, v6 between them nothing could be" in as_text(
        done
    )


def test_a_key_in_the_command_is_not_in_the_file(tmp_path: Path) -> None:
    """A version with blanks stays one word's part."""
    command = "serve {version} --api-key sk-very-secret-key-1 --port {port}"
    campaign(tmp_path, Gate(3), launch=command, oldest_launch=command).run(silent)
    assert "sk-very-secret" not in (tmp_path / "state.json").read_text()


# -- what a run says


def metric(outcome: str, ratio: float = 1.0, name: str = "tpot.mean") -> dict[str, Any]:
    better = "higher" if "throughput" in name else "lower"
    return {
        "metric": name, "unit": "ms", "better": better, "new": 1.0, "old": 1.0, "new_samples": [1.0],
        "old_samples": [1.0], "paired": True, "ratio": ratio, "low": None, "high": None, "low_level": None,
        "high_level": None, "allowed": 0.02, "outcome": outcome, "repeats_to_decide": None,
        "text": f"{name} {outcome} {ratio}", "remedy": "",
    }  # fmt: skip


def compared(test_id: str, word: str, *metrics: dict[str, Any], **more: Any) -> Any:
    return entry(test_id, word, comparison={"figures": list(metrics)}, **more)


INVALID = {"checks": [{"name": "completed", "state": "invalid"}]}
HOLDS, OPEN, WORSE = metric("holds"), metric("inconclusive"), metric("worse", 1.3)


@pytest.mark.parametrize(
    ("tests", "standing", "line"),
    [
        ([compared("a", "PASSED", HOLDS, HOLDS)], Standing.NOT_SLOWER, "a: tpot.mean holds 1.0"),
        (
            [compared("a", "PASSED", HOLDS), compared("b", "FAILED", HOLDS, WORSE)],
            Standing.SLOWER,
            "b: tpot.mean w",
        ),
        # an objective that no version holds says nothing on which is the first
        ([compared("a", "FAILED", HOLDS, reasons=["SLO:tpot.mean"])], Standing.NOT_SLOWER, "a: "),
        (
            [compared("a", "INVALID", HOLDS, OPEN, reasons=["INCONCLUSIVE"])],
            Standing.UNDECIDED,
            "a: tpot.mean in",
        ),
        # failed requests, or a busy machine, make any version slower
        ([compared("a", "INVALID", OPEN, WORSE, **INVALID)], Standing.INVALID, "a: tpot mean"),
        (
            [compared("a", "INVALID", WORSE, **INVALID), compared("b", "FAILED", WORSE)],
            Standing.SLOWER,
            "b: tpot.mean worse",
        ),
        ([compared("a", "PASSED", HOLDS), entry("b", "INVALID", **INVALID)], Standing.INVALID, "b: "),
        ([compared("b", "INVALID", HOLDS, **INVALID)], Standing.INVALID, "b: tpot mean"),
        ([entry("b", "INVALID", reasons=["NOT_COMPARABLE"])], Standing.UNMEASURED, "b: tpot mean"),
        ([compared("a", "PASSED", HOLDS), entry("b")], Standing.UNMEASURED, "b: it was not compared"),
        ([], Standing.UNMEASURED, "the run did not measure all of its tests"),
        # the worst of several stands in the line
        (
            [compared("a", "FAILED", metric("worse", 0.5, "output_throughput"), WORSE)],
            Standing.SLOWER,
            "a: output_throughput worse 0.5",
        ),
    ],
)
def test_what_a_run_says_of_its_version(tests: list[Any], standing: Standing, line: str) -> None:
    found = standing_of(document(*tests))
    assert found[0] is standing
    assert found[1].startswith(line)


@pytest.mark.parametrize(
    "more", [{"state": "interrupted"}, {"not_run": ["b"]}, {"unreachable": "Connection refused"}]
)
def test_a_run_that_is_not_whole_measured_nothing(more: dict[str, Any]) -> None:
    assert standing_of(document(compared("a", "PASSED", HOLDS), **more))[0] is Standing.UNMEASURED


# -- what is refused before anything is started

GOOD = ["ali", "--versions=a,b", "--launch=serve {version}", "--state=s.json"]
Change = Callable[[list[str]], list[str]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ali", "--versions=a", *GOOD[2:]], "needs two versions or more, the oldest first, and got a"),
        (["ali", "--versions=a,b,a", *GOOD[2:]], "a is named twice among the versions"),
        (["ali", *GOOD[2:]], "needs --versions=A,B,C or --versions-file=FILE"),
        ([*GOOD, "--versions-file=none.txt"], "give one of the two"),
        (
            ["ali", "--versions-file=none.txt", *GOOD[2:]],
            "--versions-file=none.txt cannot be read (No such file",
        ),
        (["ali", "--versions-file=list.txt", *GOOD[2:]], "and got only"),
        (["ali", "--versions=a,b", "--launch=serve it", "--state=s.json"], "--launch has no {version} in it"),
        (
            ["ali", "--versions=a,b", "--launch=serve '{version}", "--state=s.json"],
            "cannot be split into words",
        ),
        ([*GOOD, "--baseline-launch=serve it"], "--baseline-launch has no {version} in it"),
        (GOOD[:3], "needs --state=FILE"),
        ([*GOOD[:2], "--state=s.json"], "starts each version by --launch=CMD"),
        ([*GOOD, "--base-url=sim:"], "--base-url is no option of a bisection"),
        ([*GOOD, "--baseline=x", "--one-after-the-other"], "leave one of them out"),
        ([*GOOD[:3], "--state=run.json"], "holds no bisection and is not overwritten"),
        ([*GOOD[:3], "--state=none/s.json"], "--state=none/s.json cannot be written"),
    ],
)
def test_what_is_refused_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.json").write_text('{"schema": "slabench.run/1"}')
    (tmp_path / "list.txt").write_text("only\n\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(["bisect", *words]) == 4
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "run.json").read_text() == '{"schema": "slabench.run/1"}'


def test_the_file_of_a_bisection_is_not_written_over(tmp_path: Path) -> None:
    from slabench.output_file import check_free

    done = campaign(tmp_path, Gate(3)).run(silent)
    assert isinstance(done, BisectDocument)
    with pytest.raises(ConfigError, match="holds a bisection"):
        check_free("--html", str(tmp_path / "state.json"))
