"""The tool that makes the tables of docs/launches.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import launch_power

PAGE = Path(__file__).parents[3] / "docs" / "launches.md"


def test_the_page_has_the_table_that_the_tool_makes(capsys: pytest.CaptureFixture[str]) -> None:
    launch_power.seen_table([0.0025, 0.005, 0.01, 0.02])
    assert capsys.readouterr().out in PAGE.read_text()


@pytest.mark.parametrize(
    ("way", "sd", "launches", "rows"),
    [("stored spread", 0.005, 1, "1.0 / 97.8 / 1.2"), ("own launches", 0.005, 6, "2.4 / 95.1 / 2.5")],
)
def test_the_page_has_what_the_tool_simulates(way: str, sd: float, launches: int, rows: str) -> None:
    """With the tool's own seed; each cell holds some of its gates against compare_metrics()."""
    found = launch_power.cell(way, sd, launches, launch_power.LIMIT, seed=launches)
    assert (
        str(found) == rows
        and f"| {sd * 100:.2g} % | {way} |" in PAGE.read_text()
        and rows in PAGE.read_text()
    )


def test_a_disagreement_with_the_gate_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_power, "ALPHA", 0.3)
    with pytest.raises(AssertionError, match="by compare_metrics"):
        launch_power.cell("nothing stored", 0.01, 1, 0.02, seed=1, trials=200)
