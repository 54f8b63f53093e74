"""Figures over several repeats: extremes stay extremes, a spread is that of all requests, and n is the number
of all.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.compute import spread
from slabench.metrics.repeats import fewest, summed, together
from slabench.verdict.judge import Case, judge
from slabench.verdict.sla import parse


def test_one_bad_repeat_of_five_is_not_averaged_away() -> None:
    """Four repeats with a longest gap of 6 ms and one with 201: stored was 45."""
    good = {
        "gap_max": 6.0,
        "tpot.max": 5.0,
        "tpot.min": 4.0,
        "ran.peak": 8.0,
        "tpot.mean": 5.0,
        "classic.ttft.max": 3.0,
    }
    bad = {
        "gap_max": 201.0,
        "tpot.max": 200.0,
        "tpot.min": 199.0,
        "ran.peak": 7.0,
        "tpot.mean": 200.0,
        "classic.ttft.max": 9.0,
    }
    combined = together([good, good, bad, good, good], [{"tpot": 8}] * 5)
    assert combined == {
        "gap_max": 201.0, "tpot.max": 200.0, "tpot.min": 4.0, "ran.peak": 8.0, "tpot.mean": 44.0,
        "classic.ttft.max": 9.0,
    }  # fmt: skip


SAMPLES = st.lists(st.lists(st.floats(1, 100), min_size=1, max_size=9), min_size=2, max_size=5)


@given(SAMPLES, st.sampled_from(["tpot", "classic.tpot"]))
def test_the_spread_is_that_of_all_requests(samples: list[list[float]], metric: str) -> None:
    runs = [spread(metric, sample) for sample in samples]
    combined = together(runs, [{"tpot": len(sample)} for sample in samples])
    every = np.concatenate([np.asarray(sample) for sample in samples])
    assert combined[f"{metric}.std"] == pytest.approx(every.std(), abs=1e-6)
    assert combined[f"{metric}.max"] == every.max() and combined[f"{metric}.min"] == every.min()


def test_without_n_there_is_no_spread_and_what_one_lacks_is_absent() -> None:
    runs = [
        {"ttft_queue.std": 1.0, "ttft_queue.mean": 1.0, "qpm": 2.0},
        {"ttft_queue.std": 2.0, "ttft_queue.mean": 2.0},
    ]
    assert together(runs, [{}, {}]) == {"ttft_queue.mean": 1.5}
    assert together(runs[:1], [{}]) == runs[0]


def test_n_is_of_all_repeats_and_percentiles_are_asked_of_each() -> None:
    """Five times 20 requests are 100, and no p99 of 100: each repeat has its own of 20."""
    sizes = [{"ttft": 20, "tpot": 20}] * 5
    assert (fewest(sizes), summed(sizes)) == ({"ttft": 20, "tpot": 20}, {"ttft": 100, "tpot": 100})
    case = Case(
        {"tpot.mean": 40.0, "classic.ttft.p99": 9.0},
        fewest(sizes),
        (),
        (parse("tpot<=50"),),
        counted=summed(sizes),
    )
    (objective,) = judge(case).objectives
    assert (objective.n, objective.text) == (100, "tpot mean 40.00 ms <= 50 ms (-20 %, n=100)")
    few = Case(case.metrics, case.sizes, (), (parse("classic.ttft.p99<=50"),), counted=case.counted)
    assert "p99 needs 100 requests, there are 20" in judge(few).headline
