"""The decode curve as rows of built-in types: run.json's `curve`, and what `python -m slabench log` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slabench.metrics.curve import Curve


def curve_rows(
    classic: Curve,
    clean: Curve,
    stored: Mapping[str, float] | None = None,
    clients: Mapping[int, Mapping[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """A row per number of running requests: every line first (classic), then the clean ones, then what the
    client measured.

    stored: a baseline's `curve.N`; clients: a decode test's metrics by its number of running requests.
    """
    undisturbed = {row.running: row for row in clean.points}
    rows = []
    for row in classic.points:
        pure = undisturbed.get(row.running)
        client = (clients or {}).get(row.running, {})
        rows.append(
            {
                "running": row.running,
                "samples": row.samples,
                "accept_len": row.accept_len,
                "median": row.median,
                "q1": row.q1,
                "q3": row.q3,
                "per_gpu": row.per_gpu,
                "per_user": row.per_user,
                "clean_samples": 0 if pure is None else pure.samples,
                "clean_median": None if pure is None else pure.median,
                "clean_q1": None if pure is None else pure.q1,
                "clean_q3": None if pure is None else pure.q3,
                "clean_per_gpu": None if pure is None else pure.per_gpu,
                "clean_per_user": None if pure is None else pure.per_user,
                "clean_tpot_ms": None if pure is None else pure.tpot_ms,
                "clean_tpot_mean_ms": None if pure is None else pure.tpot_mean_ms,
                "full_batch_tpot_ms": client.get("full_batch.tpot"),
                "mean_tpot_ms": client.get("tpot.mean"),
                "baseline": (stored or {}).get(f"curve.{row.running}"),
            }
        )
    return rows
