"""What a probe measures becomes a model: by hand, and against servers whose every step is known."""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Sequence
from dataclasses import replace

import pytest

from slabench.errors import InvalidRun
from slabench.loadgen import LoadResult
from slabench.records import ClientRecord, RequestRecord
from slabench.session.plan_fit import DecodeRow, FittedCost, ProbePoint, fit
from slabench.session.plan_probe import point_of
from slabench.sim.cost import Forwards
from slabench.sim.profiles import PROFILES, Profile
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import run
from tests.unit.factories import answer

CLIENT = ClientRecord(1.0, 0.1, 0.1, 0.1, 0.1)
SWEEP = [([(4096, 1536)] * size, None) for size in (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64)]
TENCENT = [([(3500, 1200)] * count, 128) for count in (128, 256)]
PREFILL = [([(length, 1)] * 512, None) for length in (1024, 4096)]


def test_a_step_of_two_lengths_is_a_line() -> None:
    """20 ms at 100 tokens, 26 ms at 400: 18 ms and 20 ms for each 1,000 tokens."""
    points = [ProbePoint(1, 90, 20, 1.0, 20.0), ProbePoint(1, 390, 20, 1.0, 26.0)]
    (row,) = fit(points, 8192).rows
    assert row.size == 1 and (row.base_ms, row.slope_ms) == pytest.approx((18.0, 20.0))
    falling = [points[0], replace(points[1], step_ms=19.0)]
    (row,) = fit(falling, 8192).rows
    assert (row.base_ms, row.slope_ms) == (19.5, 0.0)


def test_steps_between_and_beyond_the_measured_batch_sizes() -> None:
    cost = FittedCost((DecodeRow(1, 10.0, 0.0), DecodeRow(5, 18.0, 2.0)), 0.0, 0.0, 0.0)
    assert [cost.step_ms(size, 1000.0) for size in (1, 3, 5, 9)] == [10.0, 15.0, 20.0, 30.0]
    assert FittedCost((DecodeRow(4, 10.0, 1.0),), 0.0, 0.0, 0.0).step_ms(9, 2000.0) == 12.0


@pytest.mark.parametrize(
    ("single", "batch", "disagree"),
    [(10.0, 10.0, False), (10.0, 8.1, False), (10.0, 7.9, True), (10.0, 49.0, False), (10.0, 51.0, True)],
)
def test_a_larger_batch_is_no_faster_and_no_slower_than_one_after_the_other(
    single: float, batch: float, disagree: bool
) -> None:
    """Within a quarter: 8 to 50 ms for four, where a single request has 10."""
    cost = FittedCost((DecodeRow(1, single, 0.0), DecodeRow(4, batch, 0.0)), 0.0, 0.0, 0.0)
    assert cost.disagree(1000) is disagree


def test_prefill_is_split_into_its_three_terms() -> None:
    """3 ms a forward of 1,000 tokens, 0.1 ms a token, 2 ms a million pairs."""

    def point(size: int, length: int) -> ProbePoint:
        tokens = size * length
        ms = 3 * -(-tokens // 1000) + 0.1 * tokens + 2 * size * length**2 / 2 / 1e6
        return ProbePoint(size, length, 8, ms / 1000, 1.0)

    cost = fit([point(1, 200), point(1, 900), point(4, 900), point(8, 3000)], 1000)
    assert (cost.overhead_ms, cost.token_ms, cost.pair_ms) == pytest.approx((3.0, 0.1, 2.0))
    assert cost.prefill_s([(0, 500), (500, 500)]) == pytest.approx((3 + 100 + 2 * 0.5) / 1000)


def test_the_first_load_of_a_batch_size_may_have_compiled_kernels() -> None:
    """Its prefill is not counted: 9 s for 800 tokens, where all others take 1 ms a token."""
    cold = ProbePoint(8, 100, 8, 9.0, 1.0)
    points = [
        ProbePoint(size, length, 8, size * length / 1000, 1.0)
        for size, length in ((1, 100), (1, 900), (8, 900))
    ]
    cost = fit([*points, cold], 8192)
    assert cost.prefill_s([(0, 1000)]) == pytest.approx(1.0)


def test_no_term_falls_below_zero() -> None:
    points = [ProbePoint(1, 100, 8, 0.05, 1.0), ProbePoint(1, 1000, 8, 0.1, 1.0)]
    cost = fit([*points, ProbePoint(8, 1000, 8, 0.4, 1.0)], 8192)
    assert min(cost.overhead_ms, cost.token_ms, cost.pair_ms) >= 0


def seconds(profile: Profile, cost: Forwards, lengths: Sequence[tuple[int, int]], cap: int | None) -> float:
    timings = run(Scheduler(profile.limits, cost), lengths, [0.0] * len(lengths), cap)
    return max(timing.tokens[-1] for timing in timings)


def measured(profile: Profile, size: int, length: int) -> ProbePoint:
    """A probe of the model in virtual time."""
    timings = run(Scheduler(profile.limits, profile), [(length, 64)] * size, [0.0] * size)
    last = max(timings, key=lambda timing: timing.tokens[0])
    gaps = [b - a for a, b in zip(last.tokens, last.tokens[1:], strict=False)]
    return ProbePoint(size, length, 64, last.tokens[0], statistics.median(gaps) * 1000)


@pytest.mark.parametrize(
    ("name", "size"), [("h200-qwen3-30b-a3b", 118), ("r1-fp8-tp8", 13), ("a800-qwen3-30b-a3b", 16)]
)
def test_three_batch_sizes_give_the_time_of_both_methods(name: str, size: int) -> None:
    """Stairs, a mixture of experts, a small pool: no test is further off than 15 %, the whole than 5 %."""
    profile = PROFILES[name]
    sizes = (1, size // 4, size)
    cost = fit([measured(profile, each, length) for each in sizes for length in (512, 4096)], 8192)
    loads = [*SWEEP, *TENCENT, *PREFILL]
    truth = [seconds(profile, profile, *load) for load in loads]
    model = [seconds(profile, cost, *load) for load in loads]
    assert sum(model) == pytest.approx(sum(truth), rel=0.05)
    assert model == pytest.approx(truth, rel=0.15)


def loaded(*records: RequestRecord) -> LoadResult:
    return LoadResult(records, 0, 0.0, CLIENT, interrupted=False)


def test_the_step_is_that_of_the_one_that_began_last_while_all_decode() -> None:
    """It begins at 500 ms; the other ends at 740. Twelve steps of 20 ms lie between, then it is alone."""
    first = answer(0, arrivals=[(100, 1), *((500 + 20 * k, 1 + k) for k in range(1, 13))])
    times = [500 + 20 * k for k in range(13)] + [740 + 5 * k for k in range(1, 20)]
    last = answer(1, arrivals=[(at, k + 1) for k, at in enumerate(times)])
    point = point_of(loaded(first, last), 2, 100, 32)
    assert (point.prefill_s, point.step_ms) == (0.5, 20.0)


def test_a_pause_and_tokens_that_come_together_do_not_count() -> None:
    """Pairs of tokens every 20 ms are 10 ms each; one pause of 400 ms is in one of the three parts."""
    pairs = [(100 + 20 * k + (400 if k > 3 else 0), 1 + 2 * k) for k in range(16)]
    point = point_of(loaded(answer(0, arrivals=pairs)), 1, 100, 32)
    assert point.step_ms == pytest.approx(10.0)


def test_a_request_that_fails_ends_the_probe() -> None:
    broken = replace(answer(0), arrival_ns=array("q"), done=False)
    with pytest.raises(InvalidRun, match="a request of 100 tokens failed"):
        point_of(loaded(broken), 1, 100, 32)
