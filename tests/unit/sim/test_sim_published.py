"""The profile r1-fp8-tp8, fitted on the published run of 128 prompts, against the published runs of 256 and
512."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest

from slabench.sim.profiles import PROFILES
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import Timing, run

# prompts: QPM (for 128 from its duration), mean TTFT ms, mean TPOT ms. Source: Tencent's table,
# deepseek-r1-fp8, sglang 0.5.7.
PUBLISHED = {
    128: (60 * 128 / 332.81, 144_639.27, 35.98),
    256: (23.30, 210_335.13, 41.46),
    512: (23.30, 239_687.05, 44.06),
}


def simulate(prompts: int) -> list[Timing]:
    profile = PROFILES["r1-fp8-tp8"]
    gaps = np.random.RandomState(123).standard_exponential(prompts) / 128
    due = [0.0, *itertools.accumulate(float(gap) for gap in gaps[:-1])]
    return run(Scheduler(profile.limits, profile), [(3500, 1200)] * prompts, due, cap=128)


def metrics(timings: list[Timing]) -> tuple[float, float, float]:
    duration = max(timing.tokens[-1] for timing in timings)
    ttft, tpot = (
        1000 * statistics.mean(values)
        for values in ([timing.ttft for timing in timings], [timing.tpot for timing in timings])
    )
    return 60 * len(timings) / duration, ttft, tpot


@pytest.mark.parametrize("prompts", [128, 256, 512])
def test_within_5_per_cent_of_qpm_and_ttft_and_10_of_tpot(prompts: int) -> None:
    timings = simulate(prompts)
    assert all(len(timing.tokens) == 1200 for timing in timings)
    qpm, ttft, tpot = metrics(timings)
    wanted = PUBLISHED[prompts]
    assert qpm == pytest.approx(wanted[0], rel=0.05)
    assert ttft == pytest.approx(wanted[1], rel=0.05)
    assert tpot == pytest.approx(wanted[2], rel=0.10)


def test_the_published_run_s_shape() -> None:
    """Further figures of the run that the fit was made on: a gap of 272.8 s, TPOT median 28.90 and p99 216
    ms; retractions.
    """
    timings = simulate(128)
    assert 5 <= sum(timing.retractions for timing in timings) <= 9
    gap = max(after - before for timing in timings for before, after in itertools.pairwise(timing.tokens))
    assert gap == pytest.approx(272.8, rel=0.05)
    tpots = [1000 * timing.tpot for timing in timings]
    assert statistics.median(tpots) == pytest.approx(28.90, rel=0.05)
    assert float(np.percentile(tpots, 99)) == pytest.approx(216.36, rel=0.05)
