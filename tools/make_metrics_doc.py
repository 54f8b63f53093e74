"""The tables of docs/metrics.md and the tolerances of docs/gate-statistics.md, from the declarations:
`python tools/make_metrics_doc.py` writes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.metrics.declaration import Metric, Tolerance  # noqa: E402
from slabench.metrics.definitions import METRICS, statistics_of  # noqa: E402
from tools.doc_tables import cell, spliced, table  # noqa: E402

MAKER = "tools/make_metrics_doc.py"
HEAD = "key, unit, better, formula, source, one value a, repeats, client's error, allowed, gates".split(", ")


def row(metric: Metric) -> tuple[str, ...]:
    key, limit = f"`{'curve.N' if metric.name == 'curve' else metric.name}`", metric.tolerance
    if metric.spread:
        key += "".join(f" .{statistic}" for statistic in statistics_of(metric.name))
    cells = (
        metric.unit,
        "" if metric.better == "none" else metric.better,
        metric.formula,
        metric.source,
        metric.per,
        "by statistic" if metric.spread else metric.repeats,
        metric.client_error,
        "" if limit is None else f"{limit.times:g} x, {limit.floor:g} {metric.unit}",
        ", ".join(metric.gates),
    )
    return key, *map(cell, cells)


def metrics_table(group: str) -> str:
    """group: ours, log (the decode curve) or classic."""
    groups = {"curve": "log", **{name: "classic" for name in METRICS if name.startswith("classic.")}}
    return table(HEAD, [row(metric) for name, metric in METRICS.items() if groups.get(name, "ours") == group])


def allowed() -> str:
    """Metrics of one tolerance and unit in a row; bench_serving's have those of ours."""
    rows: dict[tuple[Tolerance, str], list[str]] = {}
    for metric in METRICS.values():
        if metric.tolerance is not None and metric.name == metric.ours:
            unit = "requests" if metric.unit == "count" else metric.unit
            rows.setdefault((metric.tolerance, unit), []).append(f"`{metric.name}`")
    return table(
        ("metric", "share", "floor", "why"),
        [
            (" ".join(names), f"{each.times:g} x tolerance", f"{each.floor:g} {unit}", each.reason)
            for (each, unit), names in rows.items()
        ],
    )


def pages() -> dict[Path, str]:
    """Each page as it is to be."""
    metrics, gate = REPO / "docs" / "metrics.md", REPO / "docs" / "gate-statistics.md"
    page = metrics.read_text(encoding="utf-8")
    for group in ("ours", "log", "classic"):
        page = spliced(page, f"{MAKER}: {group}", metrics_table(group))
    return {metrics: page, gate: spliced(gate.read_text(encoding="utf-8"), MAKER, allowed())}


if __name__ == "__main__":
    for page, made in pages().items():
        page.write_text(made, encoding="utf-8")
