"""The frontier: throughput per GPU against throughput per user, from a capacity search's probes and the ali
decode curve.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slabench.run_document.capacity import Capacity
from slabench.run_document.run import RunDocument

COLUMNS = (
    "source", "load", "load_kind", "standing", "per_user", "per_gpu", "output_throughput", "total_throughput",
    "qpm", "tpot_ms", "tpot_low_ms", "tpot_high_ms", "ttft_ms", "gpus", "labels",
)  # fmt: skip
FILE = "frontier.csv"  # in the run folder
Row = dict[str, Any]


def frontier_rows(document: RunDocument) -> list[Row]:
    """One row a point: probe N, the run that was judged, and a row of the decode curve (decoding alone, by
    the server's log).
    """
    rows: list[Row] = []
    for entry in document.tests:
        if (capacity := entry.capacity) is not None:
            rows += probe_rows(capacity)
            load, kind, metrics = capacity.load, capacity.load_kind, entry.metrics
            if load is not None and "tpot.mean" in metrics:
                rows.append(_row("judged run", load, kind, entry.word.value, metrics))
        rows += [
            {
                "source": "ali decode curve",
                "load": point.running,
                "load_kind": "running",
                "standing": entry.word.value,
                "per_user": point.per_user,
                "per_gpu": point.per_gpu,
                "output_throughput": point.median,
                "tpot_ms": 1000 / point.per_user if point.per_user else None,
            }
            for point in entry.curve or ()
        ]
    return rows


def probe_rows(capacity: Capacity) -> list[Row]:
    """A capacity search's probes, in the order they were made."""
    rows = []
    for probe in capacity.probes:
        source, kind = f"probe {probe.number}", capacity.load_kind
        row = _row(source, probe.load, kind, probe.standing, probe.metrics)
        if tpot := probe.intervals.get("tpot.mean"):
            row |= {"tpot_low_ms": tpot.low, "tpot_high_ms": tpot.high}
        rows.append(row)
    return rows


def _row(source: str, load: float, kind: str, standing: str, metrics: Mapping[str, float]) -> Row:
    """per user: tokens that one of the requests in flight gets in a second while it decodes, 1000 / mean
    TPOT.
    """
    tpot = metrics.get("tpot.mean")
    output, per_gpu = metrics.get("output_throughput"), metrics.get("output_throughput_per_gpu")
    return {
        "source": source,
        "load": load,
        "load_kind": kind,
        "standing": standing,
        "per_user": 1000 / tpot if tpot else None,
        "per_gpu": per_gpu,
        "output_throughput": output,
        "total_throughput": metrics.get("total_throughput"),
        "qpm": metrics.get("qpm"),
        "tpot_ms": tpot,
        "ttft_ms": metrics.get("ttft.mean"),
        "gpus": round(output / per_gpu) if output and per_gpu else None,
    }


def write_frontier(rows: list[Row], path: Path, labels: Sequence[str]) -> None:
    """frontier.csv; an undefined metric is an empty cell. labels: the run's. OSError: the disk is full ..."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**row, "labels": " ".join(labels)} for row in rows)
