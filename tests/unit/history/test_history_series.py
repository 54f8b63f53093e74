"""A history shown: what is one series, its changes with their direction, the page and the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slabench.cli.main import main
from slabench.history.file import append, read
from slabench.history.series import series
from slabench.report.charts.chart import Kind
from slabench.report.charts.history import history_charts
from tests.unit.history.lines import PRINT, run_line

# 0.2 % of scatter that repeats every five runs
SCATTER = (1.0, 1.002, 0.999, 1.001, 0.998)


def filled(path: Path, *, slower: float = 1.05, runs: int = 20, at: int = 12) -> str:
    for k in range(runs):
        tpot, version = 40.0 * SCATTER[k % 5], "0.5.7"
        if k >= at:
            tpot, version = tpot * slower, "0.5.8"
        append(str(path), run_line(k, (tpot,), version=version, day=k + 1))
    return str(path)


def test_both_metrics_changed_for_the_worse_where_the_version_did(tmp_path: Path) -> None:
    found = {each.metric: each for each in series(read(filled(tmp_path / "h")))}
    assert found.keys() == {"tpot.mean", "total_throughput"}
    for each, ratio in (("tpot.mean", 1.05), ("total_throughput", 1 / 1.05)):
        (change,) = found[each].changes
        assert (change.index, change.ratio) == (12, pytest.approx(ratio, rel=1e-3))
        assert found[each].worse(change)
        assert [(version, len(values)) for version, values in found[each].by_version()] == [
            ("0.5.7", 12),
            ("0.5.8", 8),
        ]
    faster = {each.metric: each for each in series(read(filled(tmp_path / "g", slower=0.9)))}
    assert not any(each.worse(change) for each in faster.values() for change in each.changes)


def test_another_accelerator_is_another_series_and_another_version_is_not(tmp_path: Path) -> None:
    path = tmp_path / "h"
    for k in range(3):
        append(str(path), run_line(k))
        append(
            str(path),
            run_line(10 + k, (20.0,), fingerprint={**PRINT, "hardware": {"gpu": "H200", "gpus": 8}}),
        )
    append(str(path), run_line(30, version="0.5.8", fingerprint={**PRINT, "server": {"version": "0.5.8"}}))
    found = [each for each in series(read(str(path))) if each.metric == "tpot.mean"]
    assert [(each.deployment, len(each.values)) for each in found] == [
        ("r1 on 8 x H20", 4),
        ("r1 on 8 x H200", 3),
    ]


def test_deployments_that_read_the_same_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "h"
    append(str(path), run_line(1))
    append(str(path), run_line(2, fingerprint={**PRINT, "server": {"attention_backend": "fa3"}}))
    names = {each.deployment for each in series(read(str(path)))}
    assert names == {"r1 on 8 x H20 (1 of 2 that differ)", "r1 on 8 x H20 (2 of 2 that differ)"}


def test_the_chart_has_the_runs_the_levels_and_the_change(tmp_path: Path) -> None:
    chart = history_charts(series(read(filled(tmp_path / "h"))))[0]
    runs, levels = chart.series
    assert (len(runs.points), levels.kind) == (20, Kind.STEP)
    assert [(point.x, round(point.y, 2)) for point in levels.points] == [
        (0, 40.01),
        (12, 41.99),
        (19, 41.99),
    ]
    assert [(mark.value, mark.label) for mark in chart.marks] == [(12, "0.5.8: +5.0 %")]
    assert chart.x.categories[12] == "11-13 0.5.8"
    assert "20 runs, 1 change of its level" in chart.caption


def test_a_short_series_has_no_level(tmp_path: Path) -> None:
    path = str(tmp_path / "h")
    for day in (1, 2):
        append(path, run_line(day))
    chart = history_charts(series(read(path)))[0]
    assert [line.name for line in chart.series] == ["runs"]
    assert "2 runs, changes of its level are looked for from 8 runs on" in chart.caption


def test_the_command_shows_the_change_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = filled(tmp_path / "h"), tmp_path / "h.html"
    with open(path, "a") as file:
        file.write('{"schema": "slabench.hist')
    assert main(["history", path, f"--output={page}"]) == 0
    out = capsys.readouterr().out
    assert "line 21 is no whole line (25 bytes" in out
    assert (
        "test_custom.py::test_custom: tpot mean +5.0 % (worse) from run run-12 on (2026-11-13, 0.5.7 -> "
        "0.5.8); 12 runs before and 8 after, p = 0.001" in out
    )
    assert "the chance of any false change is 5 %" in out
    html = page.read_text()
    assert html.count("<svg") == 2 and "0.5.8: +5.0 %" in html and "line 21 is no whole line" in html


def test_nothing_changed_and_too_few_runs_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", filled(tmp_path / "h", slower=1.0)]) == 0
    assert "No change was found (permutation test" in capsys.readouterr().out
    assert main(["history", filled(tmp_path / "g", runs=7)]) == 0
    assert "No series has 8 runs yet" in capsys.readouterr().out
    (tmp_path / "empty").touch()
    assert main(["history", str(tmp_path / "empty")]) == 6


def test_accepting_a_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = filled(tmp_path / "h", at=16)
    assert main(["history", "accept", path, "0.5.7"]) == 0
    assert "compares with its last 10 runs until now" in capsys.readouterr().out
    assert read(path).accepted == {"0.5.7": 20}
    assert main(["history", path]) == 0
    assert "16 runs" in capsys.readouterr().out
    assert main(["history", "accept", path, "0.5.8"]) == 4
    assert "has 4 runs of 0.5.8 of one test" in capsys.readouterr().err
    assert main(["history", "accept", path, "0.9"]) == 4
    assert "it holds 0.5.7 (16 runs), 0.5.8 (4 runs)" in capsys.readouterr().err
    assert read(path).accepted == {"0.5.7": 20}


def test_failed_runs_are_marked_and_taking_them_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = str(tmp_path / "h"), tmp_path / "h.html"
    for number in range(6):
        append(path, run_line(number, word="FAILED" if number in (1, 4) else "PASSED"))
    assert main(["history", path, f"--output={page}"]) == 0
    line = "FAILED, and measured validly: run-1 (0.5.7), run-4 (0.5.7)."
    out = capsys.readouterr().out
    assert line in out and line in page.read_text()
    assert re.search(r"^0\.5\.7 +6 +2 +2026", out, re.M)
    assert main(["history", "accept", path, "0.5.7"]) == 0
    assert "FAILED, and taken all the same: run-1, run-4 (2 runs)." in capsys.readouterr().out


def test_no_failed_run_is_no_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = filled(tmp_path / "h", at=16)
    assert main(["history", "accept", path, "0.5.7"]) == 0 == main(["history", path])
    assert "FAILED, and" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none.jsonl"], "none.jsonl cannot be read as a history (No such file or directory)"),
        (["h", "--output=h"], "holds a history, which is not overwritten"),
        (["h", "--output=run.json"], "holds a run, which is not overwritten"),
    ],
)
def test_what_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    filled(tmp_path / "h", runs=1)
    (tmp_path / "run.json").write_text('{"schema": "slabench.run/1"}')
    before = (tmp_path / "h").read_bytes()
    assert main(["history", *words]) == 4
    assert sentence in capsys.readouterr().err
    assert (tmp_path / "h").read_bytes() == before
