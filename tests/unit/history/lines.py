"""Runs of a history, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slabench.history.lines import LaunchLine, MeasuredTest, RunLine

ID = "tests/serving/test_custom.py::test_custom"
PRINT: dict[str, dict[str, Any]] = {
    "server": {"version": "0.5.7"},
    "hardware": {"gpu": "H20", "gpus": 8},
    "model": {"name": "r1"},
}
WORK = {"dataset_name": "random-ids", "num_prompts": 128, "input_len": 3500, "output_len": 1200}


def run_line(
    number: int,
    tpots: Sequence[float] = (40.0,),
    *,
    version: str = "0.5.7",
    day: int = 1,
    tests: dict[str, MeasuredTest] | None = None,
    **more: Any,
) -> RunLine:
    """One test with TPOT in ms and a throughput that goes with it, one value a repeat."""
    samples = {"tpot.mean": tuple(tpots), "total_throughput": tuple(72_000 / value for value in tpots)}
    parts: dict[str, Any] = {
        "run_id": f"run-{number}",
        "utc": f"2026-11-{day:02d}T10:00:00Z",
        "version": version,
        "server_version": version,
        "slabench": "0.1.0",
        "word": "PASSED",
        "labels": (),
        "fingerprint": PRINT,
        "launch": LaunchLine(random_seed=number),
        "tests": {ID: MeasuredTest(method="serving", workload=WORK, samples=samples)}
        if tests is None
        else tests,
    }
    return RunLine(**parts | more)
