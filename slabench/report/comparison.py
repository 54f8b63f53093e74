"""Old against new in a table, the same rows on the console, in summary.md and in the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.verdict.gate import percent as share
from slabench.verdict.sla import number, spoken

HEAD = ("test", "figure", "old", "new", "unit", "change", "95 % interval", "runs", "allowed", "says")
SAYS = {"holds": "holds", "worse": "WORSE", "inconclusive": "INCONCLUSIVE"}


def figure_row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    """One figure of run.json's comparison; name: what stands for its test."""
    alone = "no spread" if len(one["new_samples"]) > 1 or len(one["old_samples"]) > 1 else "one run a side"
    interval = alone if one["low"] is None else f"{percent(one['low'])} to {percent(one['high'])}"
    runs = f"{len(one['new_samples'])} pairs" if one["paired"] else f"{len(one['new_samples'])} and {len(one['old_samples'])}"
    side = "-" if one["better"] == "higher" else "+"
    cells = (number(one["old"]), number(one["new"]), one["unit"], percent(one["ratio"]), interval, runs)
    return (name, spoken(one["metric"]), *cells, f"{side}{share(one['allowed'])}", SAYS.get(one["outcome"], one["outcome"]))


def percent(ratio: float) -> str:
    """1.051 -> +5.1 %"""
    return f"{(ratio - 1) * 100:+.1f} %"


def comparison_rows(tests: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """A row for each figure that was compared, in the order of the tests."""
    return [
        figure_row(test["id"].rpartition("/")[2], one)
        for test in tests
        for one in (test.get("comparison") or {}).get("figures", ())
    ]


def sides(data: Mapping[str, Any]) -> list[str]:
    """Sentences on what the run was compared with."""
    lines = []
    beside = data["server"].get("baseline")
    compared = [one.get("comparison") or {} for one in data["tests"]]
    if beside:
        lines.append(
            f"Baseline server: sglang {beside.get('version') or 'of unknown version'} at {beside.get('url')}, "
            f"{beside.get('model_path')}; both servers were measured in turns, on the same prompts."
        )
    elif any(one.get("interleaved") is False for one in compared):
        lines.append(
            "NOT_INTERLEAVED: the baseline server was measured first and the new one after it; what drifted is in the ratios."
        )
    elif any(one.get("figures") for one in compared):
        files = dict.fromkeys(one["baseline"] for one in compared if one.get("figures"))
        lines.append(f"Compared with {', '.join(files)}.")
    return lines
