"""Entries of run.json, written by hand as docs/run-json.md has them."""

from __future__ import annotations

from typing import Any


def entry(
    test_id: str = "tests/tencent/test_sla.py::test_sla[np128]", word: str = "PASSED", **more: Any
) -> dict[str, Any]:
    """A test's entry; `more` replaces its fields."""
    return {
        "id": test_id,
        "method": "tencent",
        "point": {},
        "word": word,
        "headline": "tpot mean 35.98 ms <= 50 ms (-28 %, n=128)",
        "reasons": [],
        "labels": [],
        "objectives": [],
        "checks": [],
        "advice": [],
        "workload": {},
        "plan": {"count": 128, "request_rate": 128.0, "max_concurrency": 128},
        "metrics": {},
        "began_utc": "2026-01-02T03:04:05Z",
        "duration_s": 1.0,
    } | more


def document(*tests: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A finished run of these tests."""
    return {
        "schema": "slabench.run/1",
        "run_id": "20260102T030405Z-3f9a2c",
        "state": "finished",
        "word": "PASSED",
        "exit_status": 0,
        "slabench": "0.1.0",
        "labels": [],
        "server": {},
        "not_run": [],
        "tests": list(tests),
    } | more
