"""A capacity search in the outputs: its probes as a table, and the frontier that they and the ali decode
curve make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from slabench.messages import number
from slabench.report.charts import Series, line_chart
from slabench.report.frontier import Row, frontier_rows
from slabench.report.html_table import listed, table

METHOD = "tencent-capacity"
HEAD = (
    "probe",
    "load",
    "verdict of the probe",
    "waves",
    "TPOT mean (ms)",
    "95 %",
    "TTFT mean (ms)",
    "total tok/s",
    "seconds",
    "why",
)


def probe_cells(capacity: Mapping[str, Any]) -> list[list[str]]:
    """A row a probe under HEAD."""
    return [
        [
            str(one["number"]),
            f"{one['load']:g}",
            one["standing"],
            f"{one['waves']}{', first' if one['first_wave_only'] else ''}{', stopped' if one['stopped'] else ''}",
            *_interval(one["intervals"].get("tpot.mean")),
            _figure(one["metrics"], "ttft.mean"),
            _figure(one["metrics"], "total_throughput"),
            f"{one['seconds']:.1f}",
            one["why"],
        ]
        for one in capacity["probes"]
    ]


def _interval(seen: Mapping[str, float] | None) -> tuple[str, str]:
    if seen is None:
        return "n/a", "n/a"
    return number(seen["value"]), f"{number(seen['low'])} to {number(seen['high'])}"


def _figure(metrics: Mapping[str, float], key: str) -> str:
    return number(metrics[key]) if key in metrics else "n/a"


_PER = "total tok/s, per GPU, output tok/s per GPU, tok/s per user, QPM, TPOT (ms), TTFT (ms)"
JUDGED = ("judged run", "verdict", "load", *_PER.split(", "))


def _judged(metrics: Mapping[str, float]) -> list[str]:
    """Under JUDGED, from the fourth on."""
    rates = ("total_throughput", "total_throughput_per_gpu", "output_throughput_per_gpu", "per_user", "qpm")
    tpot = metrics.get("tpot.mean")
    known = {**metrics, **({"per_user": 1000 / tpot} if tpot else {})}
    return [_figure(known, key) for key in (*rates, "tpot.mean", "ttft.mean")]


def capacity_html(data: Mapping[str, Any]) -> str:
    """The section of a run that searched; empty otherwise."""
    tests = [one for one in data["tests"] if one["method"] == METHOD]
    parts = []
    for one in tests:
        capacity = one.get("capacity")
        if not capacity:
            continue
        told = [f"{one['word']}: {capacity['outcome'] or 'not finished'}. {capacity['text']}"]
        if capacity["load"] is not None and one["metrics"]:
            judged = (
                one["id"].rpartition("::")[2],
                one["word"],
                f"{capacity['load']:g}",
                *_judged(one["metrics"]),
            )
            told_table = table(JUDGED, [judged])
        else:
            told_table = ""
        chart = frontier_chart(frontier_rows(data), capacity["rules"])
        parts.append(f"{listed(told)}{told_table}{table(HEAD, probe_cells(capacity), frozenset({2, 5, 9}))}")
        parts.append(f'<div class="charts">{chart}</div>')
    if not parts:
        return ""
    named = escape(
        ", ".join(
            dict.fromkeys(rule for one in tests for rule in (one.get("capacity") or {}).get("rules", ()))
        )
    )
    return f"<h3>tencent capacity: the most throughput within {named}</h3>{''.join(parts)}"


def frontier_chart(rows: Sequence[Row], rules: Sequence[str]) -> str:
    """Output throughput per GPU against that of one user; left of a dashed line TPOT's objective does not
    hold.
    """
    known = all(row["per_gpu"] is not None for row in rows)
    key, unit = (
        ("per_gpu", "output tok/s per GPU") if known else ("output_throughput", "output tok/s, GPUs unknown")
    )

    def series(name: str, wanted: str, *, joined: bool) -> Series:
        mine = [
            row
            for row in rows
            if row["source"].startswith(wanted) and row["per_user"] and row[key] is not None
        ]
        mine.sort(key=lambda row: float(row["load"]))
        hollow = frozenset(k for k, row in enumerate(mine) if row["standing"] == "INVALID")
        return Series(name, [(row["per_user"], row[key]) for row in mine], hollow, joined)

    drawn = [
        series("probes", "probe", joined=True),
        series("decode curve", "ali", joined=True),
        series("judged run", "judged", joined=False),
    ]
    lines = []
    for rule in rules:
        metric, _, limit = rule.partition("<=")
        if metric == "tpot.mean" and limit:
            lines.append((1000 / float(limit), f"TPOT {float(limit):g} ms"))
    return line_chart(
        "Frontier", "tok/s per user (1000 / TPOT)", unit, [one for one in drawn if one.points], x_limits=lines
    )
