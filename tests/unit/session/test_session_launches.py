"""Which stored spread of launches a test's comparison takes, and why one is not used."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.session.comparison import ComparedWith, compare_runs
from slabench.strict_json import dumps
from slabench.verdict import baseline_file
from slabench.verdict.baseline import Baseline
from slabench.verdict.comparison import Comparison

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
