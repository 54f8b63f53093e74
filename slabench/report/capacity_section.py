"""A capacity search in the outputs: its probes as a table, and the frontier that they and the ali decode
curve make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from slabench.messages import Message, number
from slabench.report.charts.static_svg import Series, line_chart
from slabench.report.frontier import Row, frontier_rows
from slabench.report.html_table import listed, table
from slabench.run_document.capacity import Capacity
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument

METHOD = "tencent-capacity"
HEAD = (
    Message("probe.number"),
    Message("probe.load"),
    Message("probe.verdict"),
    Message("probe.waves"),
    Message("probe.tpot"),
    Message("probe.interval"),
    Message("probe.ttft"),
    Message("probe.total"),
    Message("probe.seconds"),
    Message("probe.why"),
)
STANDINGS = {
    "holds": Message("probe.holds"),
    "fails": Message("probe.fails"),
    "unsure": Message("probe.unsure"),
    "ruled out": Message("probe.ruled_out"),
}


def probe_cells(capacity: Capacity) -> list[list[str]]:
    """A row a probe under HEAD."""
    rows = []
    for probe in capacity.probes:
        waves = [str(probe.waves), *(str(name) for key, name in _ENDS.items() if getattr(probe, key))]
        tpot = probe.intervals.get("tpot.mean")
        rows.append(
            [
                str(probe.number),
                f"{probe.load:g}",
                str(STANDINGS.get(probe.standing, probe.standing)),
                str(Message("console.codes", codes=waves)),
                "n/a" if tpot is None else number(tpot.value),
                "n/a"
                if tpot is None
                else str(Message("label.range", low=number(tpot.low), high=number(tpot.high))),
                *_cells(probe.metrics, "ttft.mean", "total_throughput"),
                f"{probe.seconds:.1f}",
                probe.why,
            ]
        )
    return rows


_ENDS = {"first_wave_only": Message("probe.first_wave"), "stopped": Message("probe.stopped")}


def _cells(metrics: Mapping[str, float], *keys: str) -> list[str]:
    return [number(metrics[key]) if key in metrics else "n/a" for key in keys]


JUDGED = (
    "judged run", "verdict", "load", "total tok/s", "per GPU", "output tok/s per GPU", "tok/s per user",
    "QPM", "TPOT (ms)", "TTFT (ms)",
)  # fmt: skip
_RATES = ("total_throughput", "total_throughput_per_gpu", "output_throughput_per_gpu", "per_user", "qpm")


def _judged_table(entry: Entry, load: float) -> str:
    """The judged run under JUDGED."""
    tpot = entry.metrics.get("tpot.mean")
    metrics = {**entry.metrics, **({"per_user": 1000 / tpot} if tpot else {})}
    row = [entry.id.rpartition("::")[2], entry.word, f"{load:g}"]
    return table(JUDGED, [[*row, *_cells(metrics, *_RATES, "tpot.mean", "ttft.mean")]])


def capacity_html(document: RunDocument) -> str:
    """The section of a run that searched; empty otherwise."""
    parts: list[str] = []
    rules: dict[str, None] = {}
    for entry in document.of(METHOD):
        capacity = entry.capacity
        if capacity is None:
            continue
        rules |= dict.fromkeys(capacity.rules)
        result = f"{entry.word}: {capacity.outcome or 'not finished'}. {capacity.text}"
        judged = capacity.load is not None and entry.metrics
        judged_table = _judged_table(entry, capacity.load or 0) if judged else ""
        chart = frontier_chart(frontier_rows(document), capacity.rules)
        probes = table(HEAD, probe_cells(capacity), frozenset({2, 5, 9}))
        parts.append(f'{listed([result])}{judged_table}{probes}<div class="charts">{chart}</div>')
    if not parts:
        return ""
    objectives = escape(", ".join(rules))
    return f"<h3>tencent capacity: the most throughput within {objectives}</h3>{''.join(parts)}"


def frontier_chart(rows: Sequence[Row], rules: Sequence[str]) -> str:
    """Output throughput per GPU against that of one user; left of a dashed line TPOT's objective does not
    hold.
    """
    per_gpu = all(row["per_gpu"] is not None for row in rows)
    key = "per_gpu" if per_gpu else "output_throughput"
    unit = "output tok/s per GPU" if per_gpu else "output tok/s, GPUs unknown"

    def series(name: str, source: str, *, joined: bool) -> Series:
        mine = [
            row
            for row in rows
            if row["source"].startswith(source) and row["per_user"] and row[key] is not None
        ]
        mine.sort(key=lambda row: float(row["load"]))
        hollow = frozenset(k for k, row in enumerate(mine) if row["standing"] == "INVALID")
        return Series(name, [(row["per_user"], row[key]) for row in mine], hollow, joined)

    drawn = [
        series("probes", "probe", joined=True),
        series("decode curve", "ali", joined=True),
        series("judged run", "judged", joined=False),
    ]
    split = [rule.partition("<=") for rule in rules]
    limits = [float(limit) for metric, _, limit in split if metric == "tpot.mean" and limit]
    lines = [(1000 / limit, f"TPOT {limit:g} ms") for limit in limits]
    shown = [points for points in drawn if points.points]
    return line_chart("Frontier", "tok/s per user (1000 / TPOT)", unit, shown, x_limits=lines)
