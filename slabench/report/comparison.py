"""Old against new in a table, the same rows on the console, in summary.md and in the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.messages import metric_name, number
from slabench.verdict.interval import levels, printed

HEAD = (
    "test",
    "figure",
    "old",
    "new",
    "unit",
    "change",
    "interval (one-sided levels)",
    "runs",
    "allowed",
    "says",
)
SAYS = {"holds": "holds", "worse": "WORSE", "inconclusive": "INCONCLUSIVE"}


def figure_row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    """One figure of run.json's comparison; name: what stands for its test."""
    limit = 1 - one["allowed"] if one["better"] == "higher" else 1 + one["allowed"]
    alone, ratio = one["low"] is None, one["new"] / one["old"]
    ends = printed(*((ratio, ratio) if alone else (one["low"], one["high"])), limit)
    change, interval = ends.low if alone else percent(one["ratio"]), f"{ends.low} to {ends.high}"
    if alone:
        interval = (
            "no spread" if len(one["new_samples"]) > 1 or len(one["old_samples"]) > 1 else "one run a side"
        )
    elif "low_level" in one:  # an older run.json has both ends at 97.5 %
        interval += f" ({levels(one['low_level'], one['high_level'])})"
    runs = (
        f"{len(one['new_samples'])} pairs"
        if one["paired"]
        else f"{len(one['new_samples'])} and {len(one['old_samples'])}"
    )
    cells = (number(one["old"]), number(one["new"]), one["unit"], change, interval, runs)
    return (name, metric_name(one["metric"]), *cells, ends.limit, SAYS.get(one["outcome"], one["outcome"]))


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
