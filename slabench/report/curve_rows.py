"""The decode curve as run.json's `curve`, which `slabench log` prints too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.metrics.curve import Curve, CurvePoint
from slabench.run_document.entry import CurveRow

ALL_LINES = ("running", "samples", "accept_len", "median", "q1", "q3", "per_gpu", "per_user")
CLEAN_LINES = ("median", "q1", "q3", "per_gpu", "per_user", "tpot_ms", "tpot_mean_ms")


def _named(point: CurvePoint | None, prefix: str, names: Sequence[str]) -> dict[str, Any]:
    return {f"{prefix}{name}": getattr(point, name, None) for name in names}


def curve_rows(
    classic: Curve,
    clean: Curve,
    stored: Mapping[str, float] | None = None,
    clients: Mapping[int, Mapping[str, float]] | None = None,
) -> list[CurveRow]:
    """A row for each number of running requests.

    stored: a baseline's `curve.N`; clients: a decode test's metrics by its number of running requests.
    """
    undisturbed = {point.running: point for point in clean.points}
    rows = []
    for point in classic.points:
        pure, client = undisturbed.get(point.running), (clients or {}).get(point.running, {})
        rows.append(
            CurveRow(
                **_named(point, "", ALL_LINES),
                **_named(pure, "clean_", CLEAN_LINES),
                clean_samples=0 if pure is None else pure.samples,
                full_batch_tpot_ms=client.get("full_batch.tpot"),
                mean_tpot_ms=client.get("tpot.mean"),
                baseline=(stored or {}).get(f"curve.{point.running}"),
            )
        )
    return rows
