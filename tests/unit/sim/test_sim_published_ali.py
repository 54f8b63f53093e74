"""The profile a800-qwen3-30b-a3b against the published ali decode and prefill tables, one wave per batch size
in virtual time."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from slabench.sim.profiles import PROFILES, UnknownProfile, read_profile
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import Timing, run

BASELINE = json.loads(
    (Path(__file__).resolve().parents[3] / "baselines" / "published-ali-a800.json").read_text()
)["tests"]
TPOT = {
    entry["workload"]["num_prompts"]: entry["figures"]["classic.tpot.mean"]
    for entry in BASELINE.values()
    if entry["method"] == "ali-decode"
}
PREFILL = {
    entry["workload"]["input_len"]: entry["figures"]["classic.input_throughput_per_gpu"]
    for entry in BASELINE.values()
    if entry["method"] == "ali-prefill"
}
FITTED = (1, 2, 4, 8, 12, 16)
PROFILE = PROFILES["a800-qwen3-30b-a3b"]


@cache
def wave(batch_size: int, pool_tokens: int = PROFILE.pool_tokens) -> list[Timing]:
    """All requests at once, as the published sweep sent them."""
    limits = replace(PROFILE.limits, pool_tokens=pool_tokens)
    return run(Scheduler(limits, PROFILE), [(4096, 1536)] * batch_size, [0.0] * batch_size)


def mean_tpot(timings: list[Timing]) -> float:
    return 1000 * statistics.mean(timing.tpot for timing in timings)


def most_at_once(timings: list[Timing]) -> int:
    """Requests between their first and last token, at most."""
    moments = sorted(
        moment for timing in timings for moment in ((timing.tokens[0], 1), (timing.tokens[-1], -1))
    )
    running = peak = 0
    for _, step in moments:
        running += step
        peak = max(peak, running)
    return peak


def test_every_published_point_is_here() -> None:
    assert sorted(TPOT) == [1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64]
    assert sorted(PREFILL) == [1024, 2048, 4096]


@pytest.mark.parametrize("batch_size", sorted(TPOT))
def test_mean_tpot_within_10_per_cent_of_the_published(batch_size: int) -> None:
    timings = wave(batch_size)
    assert all(len(timing.tokens) == 1536 for timing in timings)
    assert mean_tpot(timings) == pytest.approx(TPOT[batch_size], rel=0.02 if batch_size in FITTED else 0.10)


@pytest.mark.parametrize("batch_size", [64])
def test_the_plateau_follows_from_the_pool(batch_size: int) -> None:
    """The same server with room for all 64 would be far off the published plateau: the pool makes it, not a
    step's cost.
    """
    assert not any(timing.retractions for timing in wave(16))
    assert sum(timing.retractions for timing in wave(batch_size)) > 0
    assert most_at_once(wave(batch_size)) < 24
    roomy = wave(batch_size, 10 * PROFILE.pool_tokens)
    assert most_at_once(roomy) == batch_size
    assert mean_tpot(roomy) > 1.5 * TPOT[batch_size]


@pytest.mark.parametrize("length", sorted(PREFILL))
def test_prefill_within_3_per_cent_of_the_table_it_was_fitted_on(length: int) -> None:
    timings = run(Scheduler(PROFILE.limits, PROFILE), [(length, 1)] * 512, [0.0] * 512)
    assert 512 * length / max(timing.tokens[-1] for timing in timings) == pytest.approx(
        PREFILL[length], rel=0.03
    )


def test_a_share_of_the_experts_is_a_share() -> None:
    assert read_profile("demo?expert_share=0.5&decode_expert_ms=8").decode_s(2, 0) == pytest.approx(
        (5 + 0.2 + 6) / 1000
    )
    with pytest.raises(UnknownProfile, match="share from 0 to 1"):
        read_profile("demo?expert_share=1.5")
