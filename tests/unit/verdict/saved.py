"""Baseline documents of runs that are written down as far as a baseline needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from slabench.run_document.entry import Entry
from slabench.run_document.read import parse
from slabench.run_document.run import RunDocument
from slabench.verdict.baseline_file import build

EMPTY: dict[str, Any] = {
    "point": {}, "headline": "", "reasons": [], "labels": [], "objectives": [], "checks": [], "advice": [],
    "began_utc": "now", "duration_s": 1.0,
}  # fmt: skip


def entry(stored: Mapping[str, Any]) -> Entry:
    """One of run.json's tests, with what it leaves out."""
    parts = EMPTY | dict(stored)
    parts["checks"] = [{"text": "", "remedy": ""} | check for check in parts["checks"]]
    repeats = parts.get("repeats", ())
    parts["repeats"] = [{"repeat": k} | repeat for k, repeat in enumerate(repeats, 1)]
    return parse(Entry, parts)


def saved(
    run_id: str,
    updated_utc: str,
    fingerprint: Mapping[str, Any],
    labels: Sequence[str],
    tests: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """build() of a run with these tests."""
    run = SimpleNamespace(
        run_id=run_id,
        updated_utc=updated_utc,
        fingerprint=fingerprint,
        labels=labels,
        tests=[entry(test) for test in tests],
    )
    return build(cast(RunDocument, run))
