"""--launches: the command of an earlier launch, made of the one that was given."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.plugin.gate_tests import old_side
from slabench.plugin.launches import SIZES_OF, command, sizes_of_first
from slabench.run_document.write import stored
from slabench.session.launches import EarlierLaunch
from tests.unit.report.samples import document, entry


@pytest.mark.parametrize(("quick", "gate"), [(True, "--gate=quick"), (False, "--gate=full")])
def test_an_earlier_launch_is_the_same_run_launched_once(quick: bool, gate: str) -> None:
    settings: Any = SimpleNamespace(repeats=3, quick=quick)
    words = (
        "tests/ali", "--launch=new --port {port}", "--baseline-launch", "old --port {port}", "--env", "A=1",
        "--launches", "6", "--gate=quick", "--launch-spread=x.json",
        "--launch-timeout=60", "--save-baseline=x.json",
        "--github", "--history", "h.jsonl", "-k", "bs8", "--report-dir=reports", "--junitxml=j.xml",
    )  # fmt: skip
    assert command(words, settings, Path("run/launch-1")) == [
        "tests/ali", "--launch=new --port {port}", "--baseline-launch", "old --port {port}", "--env", "A=1",
        "--launch-timeout=60", "-k", "bs8", "--report-dir=run/launch-1", "--repeats=3", gate,
    ]  # fmt: skip


def test_every_launch_of_a_quick_gate_takes_the_sizes_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its speed each would choose others, and the launches could not be compared."""
    quick = "tests/ali/test_decode.py::test_decode_tpot[bs8-quick]"
    test = entry(quick, workload={"input_len": 4096, "output_len": 96})
    first = EarlierLaunch(1, "launch-1/a", document(test))
    assert sizes_of_first([], tmp_path) == {}
    made = sizes_of_first([first], tmp_path)
    assert made == {SIZES_OF: str(tmp_path / "launch-1/a")}
    folder = Path(made[SIZES_OF])
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(stored(first.document)))
    settings: Any = SimpleNamespace(baseline=None, launch_spread=None)
    last, other = (SimpleNamespace(earlier=earlier, before=None) for earlier in ((first,), ()))
    assert old_side(last, settings)[quick]["output_len"] == 96
    assert old_side(other, settings) == {}
    monkeypatch.setenv(SIZES_OF, made[SIZES_OF])
    assert old_side(other, settings)[quick]["output_len"] == 96
