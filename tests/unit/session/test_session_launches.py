"""Which stored spread of launches a test's comparison takes, and why one is not used."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.run_document.entry import ComparisonEntry
from slabench.run_document.read import parse
from slabench.session.comparison import ComparedWith, compare_runs
from slabench.session.launches import EarlierLaunch
from slabench.strict_json import dumps
from slabench.verdict import baseline_file
from slabench.verdict.baseline import Baseline
from slabench.verdict.comparison import Comparison
from tests.unit.report.samples import document, entry

ID = "tests/serving/test_custom.py::test_custom"
PRINT: dict[str, dict[str, Any]] = {"hardware": {"gpu": "H20"}, "model": {"name": "m"}}
WORK = {"num_prompts": 12}
SPREAD = {
    "launches": 8,
    "freedom": 7,
    "sd": {"tpot.mean": 0.002, "ttft.mean": 0.01, "total_throughput": 0.002},
}
OTHER = SimpleNamespace(url="http://old", fingerprint=PRINT)


def file(folder: Path, fingerprint: Any = PRINT, work: Any = WORK, spread: Any = SPREAD) -> Baseline:
    entry = {"figures": {"tpot.mean": 5.0}, "workload": work, "launch_spread": spread}
    entry = {key: value for key, value in entry.items() if value is not None}
    path = folder / "spread.json"
    path.write_text(
        dumps({"schema": "slabench.baseline/2", "fingerprint": fingerprint, "tests": {ID: entry}})
    )
    return baseline_file.load(str(path), option="--launch-spread=")


def compared(spread: Baseline | None, test_id: str = ID, **more: Any) -> Comparison:
    mine, theirs = (
        [{"tpot.mean": tpot, "ttft.mean": 20.0 + tpot, "total_throughput": 900.0 / tpot} for tpot in tpots]
        for tpots in ((5.0, 5.01, 5.02), (5.01, 5.0, 5.0))
    )
    found = compare_runs(
        ComparedWith(test_id, PRINT, server=OTHER, launch_spread=spread, **more),
        "serving",
        mine,
        theirs,
        WORK,
        [{}],
    )
    assert found is not None and found.launches is not None
    return found


def text(found: Comparison) -> str:
    return str(found.as_dict()["launches"]["text"])


def test_two_servers_take_the_spread_of_the_named_file(tmp_path: Path) -> None:
    found = compared(file(tmp_path))
    assert "ONE_LAUNCH" not in found.reasons
    assert {metric.change.launch.sd for metric in found.metrics if metric.change.launch} == {0.002, 0.01}
    assert "ONE_LAUNCH" in compared(None).reasons


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"work": {"num_prompts": 24}}, "another deployment or workload: workload.num_prompts: 12, 24"),
        ({"fingerprint": PRINT | {"hardware": {"gpu": "H200"}}}, "hardware.gpu: 'H20', 'H200'"),
        ({"spread": None}, "has no spread of launches of this test"),
    ],
)
def test_the_spread_of_something_else_is_not_used(tmp_path: Path, change: Any, words: str) -> None:
    found = compared(file(tmp_path, **change))
    assert "ONE_LAUNCH" in found.reasons and words in text(found)
    assert all(metric.change.launch is None for metric in found.metrics)


def test_a_test_that_the_file_lacks_is_labelled(tmp_path: Path) -> None:
    found = compared(file(tmp_path), test_id="tests/serving/test_custom.py::test_another")
    assert "ONE_LAUNCH" in found.reasons and "no spread of launches of this test" in text(found)


def test_allow_diff_takes_it_all_the_same(tmp_path: Path) -> None:
    other = file(tmp_path, PRINT | {"hardware": {"gpu": "H200"}})
    assert "ONE_LAUNCH" not in compared(other, allow_diff=["hardware"]).reasons


def test_a_malformed_spread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it needs 8 launches"):
        file(tmp_path, spread=SPREAD | {"launches": 5, "freedom": 4})


def loads(side: str, *tpots: float) -> list[dict[str, Any]]:
    metrics = [
        {"tpot.mean": tpot, "ttft.mean": 20.0 + tpot, "total_throughput": 900.0 / tpot} for tpot in tpots
    ]
    return [{"side": side, "repeat": k, "metrics": each} for k, each in enumerate(metrics, 1)]


def earlier(number: int, new: tuple[float, ...], old: tuple[float, ...], **more: Any) -> EarlierLaunch:
    test = entry(ID, method="serving", repeats=[*loads("new", *new), *loads("baseline", *old)], **more)
    return EarlierLaunch(number, f"launch-{number}/run", document(test))


# three repeats a launch; the new side of launch k is k % slower than its own mean
SIDES = [((5.0 + k / 20, 5.01 + k / 20, 5.02 + k / 20), (5.01, 5.0, 5.0)) for k in range(-2, 3)]


def test_six_launches_are_compared_by_the_means_of_each(tmp_path: Path) -> None:
    before = tuple(earlier(number, *sides) for number, sides in enumerate(SIDES, 1))
    found = compared(file(tmp_path), earlier=before)  # whose spread is not needed
    tpot = next(metric for metric in found.metrics if metric.key == "tpot.mean")
    means = [math.prod(new) ** (1 / 3) for new, _ in SIDES]
    assert tpot.new == pytest.approx([*means, math.prod((5.0, 5.01, 5.02)) ** (1 / 3)])
    ratios = [math.log(new / old) for new, old in zip(tpot.new, tpot.old, strict=True)]
    assert tpot.change.error == pytest.approx(statistics.stdev(ratios) / math.sqrt(6))
    assert (tpot.change.freedom, tpot.change.per_launch, tpot.change.launch) == (5, True, None)
    assert "ONE_LAUNCH" not in found.reasons and "6 launches a side" in text(found)
    stored = parse(ComparisonEntry, found.as_dict(), strict=True)
    assert stored.launches is not None
    assert (stored.launches.evidence, stored.launches.new, stored.launches.old) == ("own", 6, 6)
    assert all(metric.per_launch for metric in stored.metrics)


def test_fewer_take_the_stored_spread_divided_by_their_number(tmp_path: Path) -> None:
    found = compared(file(tmp_path), earlier=(earlier(1, *SIDES[1]),))
    tpot = next(metric for metric in found.metrics if metric.key == "tpot.mean")
    assert len(tpot.new) == 6 and tpot.change.launches == 2 and tpot.change.freedom == 4
    assert tpot.change.launch is not None
    assert tpot.change.launch.variance == pytest.approx(2 * 0.002**2 / 2)
    assert "ONE_LAUNCH" not in found.reasons


def test_fewer_without_it_are_no_comparison(tmp_path: Path) -> None:
    other = file(tmp_path, work={"num_prompts": 24})
    mine, theirs = (
        [load["metrics"] for load in loads(side, *tpots)]
        for side, tpots in (("new", (5.0, 5.01, 5.02)), ("baseline", (5.01, 5.0, 5.0)))
    )
    against = ComparedWith(ID, PRINT, server=OTHER, launch_spread=other, earlier=(earlier(1, *SIDES[1]),))
    found = compare_runs(against, "serving", mine, theirs, WORK, [{}])
    assert found is not None and found.reasons == ("NOT_COMPARABLE",)
    assert "2 launches a side are too few to decide alone, which takes 6" in str(found.not_comparable)


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        (earlier(3, *SIDES[0], word="INVALID", headline="client: too slow"), "launch 3: client: too slow"),
        (earlier(3, (5.0, 5.1), (5.0, 5.1)), "launch 3 has another number of repeats"),
        (EarlierLaunch(3, "x", document(entry("tests/other.py::test"))), "launch 3 did not measure this"),
    ],
)
def test_an_earlier_launch_without_a_result_leaves_no_verdict(
    tmp_path: Path, launch: EarlierLaunch, words: str
) -> None:
    mine = [load["metrics"] for load in loads("new", 5.0, 5.01, 5.02)]
    against = ComparedWith(ID, PRINT, server=OTHER, launch_spread=file(tmp_path), earlier=(launch,))
    found = compare_runs(against, "serving", mine, mine, WORK, [{}])
    assert found is not None and words in str(found.not_comparable)


def test_launches_of_one_side_alone_are_compared_with_nothing() -> None:
    mine = [load["metrics"] for load in loads("new", 5.0, 5.01, 5.02)]
    against = ComparedWith(ID, PRINT, earlier=(earlier(1, (5.0, 5.1, 5.0), ()),))
    assert compare_runs(against, "serving", mine, [], WORK, [{}]) is None
