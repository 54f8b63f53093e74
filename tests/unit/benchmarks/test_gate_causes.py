"""The rows of benchmarks/bench_gate_causes.py, two gates each instead of two hundred."""

from __future__ import annotations

import pytest

from benchmarks.bench_gate_causes import CAUSES, cell
from benchmarks.bench_gate_time import NOISES

NOISE = NOISES["loads of 10 to 50 s"]


@pytest.mark.parametrize(
    ("cause", "metric"),
    [("slower prefill", "prefill input_throughput"), ("slower decode", "bs1 tpot.mean")],
)
def test_a_cause_is_seen_by_the_metric_that_it_is_about(cause: str, metric: str) -> None:
    (known,) = (each for each in CAUSES if each.name == cause)
    words, seen = cell(known, 0.1, 2, NOISE)
    assert words == "0.0 / 0.0 / 100.0" and f"{metric} 100%" in seen


def test_equal_servers_pass_and_a_pool_that_is_not_filled_shows_nothing() -> None:
    assert cell(CAUSES[0], 0.0, 2, NOISE) == ("100.0 / 0.0 / 0.0", "")
    assert cell(CAUSES[-1], 0.1, 2, NOISE) == ("100.0 / 0.0 / 0.0", "")
