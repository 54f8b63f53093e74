"""The metrics that stand for a test, worked by hand from the published tables."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.report.headline_metric import headline_metrics
from tests.unit.report.samples import entry

CURVE = [
    {"running": 1, "per_gpu": 141.67, "per_user": 141.67},
    {"running": 8, "per_gpu": 432.87, "per_user": 54.10875},
    {"running": 9, "per_gpu": 440.0, "per_user": 48.9},  # no decode test is named after it
]


@pytest.mark.parametrize(
    ("method", "metrics", "text"),
    [
        ("tencent", {"tpot.mean": 35.98, "total_throughput": 1807.65}, "total 1,808 tok/s, TPOT 35.98 ms"),
        ("serving", {"total_throughput": 999.5}, "total 999.50 tok/s"),
        ("ali-saturation", {"tpot.mean": 61.2}, "TPOT 61.20 ms"),
        ("ali-decode", {"tpot.mean": 7.06, "total_throughput": 5.0}, "TPOT 7.06 ms"),
        (
            "ali-prefill",
            {"input_throughput_per_gpu": 72286.4, "input_throughput": 578291.0},
            "input 72,286 tok/s per GPU",
        ),
        ("ali-prefill", {"input_throughput": 25574.94}, "input 25,575 tok/s"),
        (
            "ali-decode-curve",
            {"curve.1": 141.67, "curve.8": 432.87},
            "curve 8: 432.87 tok/s per GPU, 54.11 per user",
        ),
        ("ali-decode-curve", {"curve.64": 1.0}, "n/a"),
        ("ali-decode-curve", {}, "n/a"),
        ("ali-decode", {}, "n/a"),
        ("ali-prefill", {"tpot.mean": 1.0}, "n/a"),
        ("a-method-of-yours", {}, "n/a"),
    ],
)
def test_headline_metrics(method: str, metrics: dict[str, float], text: str) -> None:
    more: dict[str, Any] = {"curve": CURVE} if method == "ali-decode-curve" else {}
    assert headline_metrics(entry(method=method, metrics=metrics, **more)) == text


def test_a_curve_without_a_number_of_gpus() -> None:
    rows = [{"running": 8, "median": 432.87, "per_gpu": None, "per_user": 54.11}]
    unknown = entry(method="ali-decode-curve", metrics={"curve.8": 432.87}, curve=rows)
    assert headline_metrics(unknown) == "curve 8: 432.87 tok/s, 54.11 per user"


def test_a_run_of_another_client_has_its_own_metrics() -> None:
    """As in the table's other columns: bench_serving reports by its definitions alone."""
    classic = {"classic.total_throughput": 332.9, "classic.tpot.mean": 5.13, "classic.completed": 4.0}
    measured = entry(method="serving", metrics=classic)
    assert headline_metrics(measured) == "total 332.90 tok/s (classic), TPOT 5.13 ms (classic)"
    ours = entry(method="serving", metrics=classic | {"completed": 4.0, "tpot.mean": 5.0})
    assert headline_metrics(ours) == "TPOT 5.00 ms"
    prefill = entry(method="ali-prefill", metrics={"classic.input_throughput": 2000.0})
    assert headline_metrics(prefill) == "input 2,000 tok/s (classic)"
