"""The profile h200-qwen3-30b-a3b against what one H200 gave (docs/sim.md), and stairs and cliff as options of
other profiles."""

from __future__ import annotations

import itertools
import random
import statistics
from dataclasses import replace
from functools import cache

import pytest

from slabench.sim.cost import DECODE_TABLES
from slabench.sim.forward import Request
from slabench.sim.profiles import PROFILES, UnknownProfile, read_profile
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import Timing, run

PROFILE = PROFILES["h200-qwen3-30b-a3b"]
# (in flight, requests, largest CUDA graph): mean TPOT in ms and total tokens/s of 3500/1200, all at once.
MEASURED = {
    (96, 192, 128): (34.7, 9_881),
    (104, 104, 160): (40.1, 9_219),
    (112, 112, 128): (40.8, 9_742),
    (120, 120, 160): (40.8, 10_321),
    (128, 128, 128): (41.7, 10_875),
    (128, 128, 160): (41.5, 10_697),
    (136, 136, 160): (42.2, 11_193),
    (141, 141, 128): (67.2, 7_579),
}
# docs/examples/h200-qwen3-30b-a3b, ali decode 4096/1536: mean TPOT by batch size.
SWEEP = {
    1: 6.61, 2: 7.44, 4: 8.81, 8: 11.43, 12: 13.39, 16: 15.50, 20: 17.92, 24: 20.38, 28: 21.46, 32: 22.40,
    40: 24.54, 48: 26.80, 56: 29.89, 64: 30.68,
}  # fmt: skip


@cache
def load(
    in_flight: int, count: int, graph: int = 128, prompt: int = 3500, output: int = 1200
) -> list[Timing]:
    profile = replace(PROFILE, graph_max_bs=graph)
    return run(Scheduler(profile.limits, profile), [(prompt, output)] * count, [0.0] * count, in_flight)


def mean_tpot(timings: list[Timing]) -> float:
    return 1000 * statistics.mean(timing.tpot for timing in timings)


@pytest.mark.parametrize("case", sorted(MEASURED))
def test_tencent_lengths_within_3_per_cent(case: tuple[int, int, int]) -> None:
    tpot, total = MEASURED[case]
    timings = load(*case)
    assert case[1] * 4700 / max(timing.tokens[-1] for timing in timings) == pytest.approx(total, rel=0.03)
    assert mean_tpot(timings) == pytest.approx(tpot, rel=0.03)


@pytest.mark.parametrize("batch_size", sorted(SWEEP))
def test_the_decode_sweep_within_half_a_per_cent(batch_size: int) -> None:
    assert mean_tpot(load(batch_size, batch_size, 128, 4096, 1536)) == pytest.approx(
        SWEEP[batch_size], rel=0.005
    )


@pytest.mark.parametrize(("length", "per_s"), [(1024, 62_749), (2048, 54_912), (4096, 45_651)])
def test_prefill_within_2_per_cent(length: int, per_s: float) -> None:
    timings = load(512, 512, 128, length, 1)
    assert 512 * length / max(timing.tokens[-1] for timing in timings) == pytest.approx(per_s, rel=0.02)


def test_throughput_falls_at_the_stair_rises_beyond_it_and_falls_off_the_cliff() -> None:
    total = {
        count: count * 4700 / max(timing.tokens[-1] for timing in load(count, count))
        for count in (96, 104, 112, 120, 128, 129)
    }
    assert total[104] < 0.95 * total[96]
    assert total[104] < total[112] < total[120] < total[128]
    assert total[128] > 1.05 * total[96]
    assert total[129] < 0.7 * total[128]


def test_the_step_is_flat_between_stairs_and_smooth_for_ragged_lengths() -> None:
    """Equal lengths: 97 to 104 cost the same at one length. Ragged:

    100 and 104 differ by their contexts alone, 0.037 a 1,000.
    """
    table = DECODE_TABLES["h200-qwen3-30b-a3b"]
    assert {table.step_ms(n, n * 4000, 4000) for n in range(97, 105)} == {16.92 + 4.0 * 4.866}
    assert table.step_ms(96, 96 * 4000, 4000) == pytest.approx(17.36 + 4.0 * 3.297)
    ragged = [table.step_ms(n, n * 1500, 4000) for n in (100, 104)]
    assert ragged[1] - ragged[0] == pytest.approx(0.037 * 6)
    # as the log of ragged lengths has them: 158 running with 167,242 tokens took 22.9 ms, 92 with 154,431
    # took 23.1
    assert table.step_ms(158, 167_242, 4700) == pytest.approx(22.87, rel=0.12)
    assert table.step_ms(92, 154_431, 4700) == pytest.approx(23.10, rel=0.05)


def test_between_equal_and_ragged_the_step_has_no_jump() -> None:
    table = DECODE_TABLES["h200-qwen3-30b-a3b"]
    steps = [table.step_ms(104, 104 * 4000, 4000 * share / 1000) for share in range(1000, 1200)]
    assert max(abs(after - before) for before, after in itertools.pairwise(steps)) < 0.2


def test_a_table_s_scale_and_slowness() -> None:
    """500 tokens at scale 8 are the table's 4,000."""
    whole, eighth = PROFILE, replace(PROFILE, table_scale=8.0, table_slowness=2.0)
    assert eighth.decode_s(64, 64 * 500, longest=500) == pytest.approx(
        2 * whole.decode_s(64, 64 * 4000, longest=4000)
    )


def test_stairs_and_a_cliff_of_another_profile() -> None:
    """10 + 1 a request:

    9 cost as 16 with stairs of 8 where lengths are equal, and 5 ms more above the largest graph of 12.
    """
    cost = read_profile(
        "demo?decode_base_ms=10&decode_request_ms=1&decode_context_ms=0&decode_stair=8&graph_max_bs=12&eager_ms=5"
    )
    assert cost.decode_s(9, 900, longest=100) == pytest.approx(0.026)
    assert cost.decode_s(9, 900, longest=200) == pytest.approx(0.019)
    assert cost.decode_s(13, 1300, longest=100) == pytest.approx(0.031)
    assert (cost.graph(12), cost.graph(13)) == (True, False)


def test_a_table_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(UnknownProfile, match=r"no decode_table 'a100'\. There are h200-qwen3-30b-a3b"):
        read_profile("demo?decode_table=a100")


def test_the_steps_of_a_run_say_whether_they_had_a_graph() -> None:
    profile = replace(PROFILE, graph_max_bs=2)
    scheduler = Scheduler(profile.limits, profile, random.Random(0))
    for key in range(3):
        scheduler.add(Request(key, 8, 4))
    steps = []
    while (step := scheduler.step()) is not None:
        steps.append((step.kind, step.running, step.graph))
    assert ("decode", 3, False) in steps and ("prefill", 0, True) in steps
