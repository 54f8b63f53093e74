"""Intervals worked by hand: waves, neighbours, and what two runs differ by."""

from __future__ import annotations

import math
from array import array

import pytest

from slabench.records import RequestRecord
from slabench.verdict.estimate import Estimate, estimate, floor_of, hold, pooled, stress
from slabench.verdict.sla import parse

MS = 1_000_000


def answers(tpots: list[float]) -> list[RequestRecord]:
    """TPOT in ms: eleven tokens, the first at 1 s."""
    found = []
    for k, tpot in enumerate(tpots):
        stamps = array("q", [1000 * MS + round(j * tpot * MS) for j in range(11)])
        found.append(
            RequestRecord(index=k, input_len=1, output_len=11, due_ns=0, sent_ns=0, arrival_ns=stamps,
                          arrival_tokens=array("q", range(1, 12)), end_ns=stamps[-1], completion_tokens=11)
        )  # fmt: skip
    return found


def test_equal_answers_are_as_sure_as_two_runs_agree() -> None:
    """0.3 % of 50 ms."""
    found = estimate("tpot.mean", 50.0, answers([50.0] * 8), 4)
    assert (found.low, found.high, found.n) == (pytest.approx(49.85), pytest.approx(50.15), 8)


def test_a_place_in_the_wave_is_no_noise() -> None:
    """46 48 50 52 in each wave: a plain standard deviation is 2.24; neighbours differ by 2, so 2 x
    sqrt(4/2/8) = 1.
    """
    found = estimate("tpot.mean", 49.0, answers([46, 48, 50, 52] * 2), 4)
    assert (found.high - found.low) / 2 == pytest.approx(math.hypot(1.0, 0.003 * 49), rel=1e-6)


def test_three_waves_tell_by_their_means() -> None:
    """Means 49, 50, 51: standard deviation 1, over sqrt(3), times t = 4.302653 of two degrees."""
    found = estimate("tpot.mean", 50.0, answers([49.0] * 4 + [50.0] * 4 + [51.0] * 4), 4)
    assert (found.high - found.low) / 2 == pytest.approx(math.hypot(4.302653 / math.sqrt(3), 0.15), rel=1e-6)


def test_a_percentile_by_its_order_statistics() -> None:
    """The median of 100:

    50 -+ 1.96 x 5 = ranks 40.2 to 59.8, so the 40th and the 61st of 1..100, and 0.3 % around.
    """
    found = estimate("tpot.p50", 50.5, answers([float(k) for k in range(1, 101)]), 100)
    assert (found.low, found.high) == (pytest.approx(40 - 0.1515), pytest.approx(61 + 0.1515))


def test_a_share() -> None:
    found = estimate("goodput.share", 0.9, answers([1.0] * 100), 100)
    assert (found.low, found.high) == (pytest.approx(0.9 - 1.96 * 0.03), pytest.approx(0.9 + 1.96 * 0.03))
    assert estimate("goodput.share", 1.0, answers([1.0] * 100), 100).low == pytest.approx(0.97)


@pytest.mark.parametrize(
    ("key", "share"), [("tpot.mean", 0.003), ("ttft.p99", 0.05), ("qpm", 0.005), ("gap_max", 0.01)]
)
def test_floors(key: str, share: float) -> None:
    assert floor_of(key) == share


def test_two_probes_of_one_load() -> None:
    """50 and 51 cannot be known better than they lie apart; equal ones are known better by the square root of
    two.
    """
    apart = pooled([Estimate(50, 49.9, 50.1, 10), Estimate(51, 50.9, 51.1, 10)], 0.0)
    assert (apart.value, apart.low, apart.high, apart.n) == (50.5, 50.0, 51.0, 20)
    same = pooled([Estimate(50, 49.85, 50.15, 10)] * 2, 0.003)
    assert same.high - 50 == pytest.approx(0.15 / math.sqrt(2))


@pytest.mark.parametrize(
    ("rules", "holds", "share"),
    [
        (("tpot.mean<=52",), True, 50 / 52),
        (("tpot.mean<=50.5",), None, 50 / 50.5),  # the interval contains the limit
        (("tpot.mean<=48",), False, 50 / 48),
        (("goodput.share>=0.9",), None, 0.9 / 0.95),
        (("goodput.share>=0.85",), True, 0.85 / 0.95),
        (("goodput.share>=0.99",), False, 0.99 / 0.95),
        (("tpot.mean<=50.5", "goodput.share>=0.99"), False, 0.99 / 0.95),  # one that fails is enough
        (("tpot.mean<=52", "ttft.mean<=900"), None, 50 / 52),  # not defined
        ((), True, None),
    ],
)
def test_objectives_by_intervals(rules: tuple[str, ...], holds: bool | None, share: float | None) -> None:
    known = {"tpot.mean": Estimate(50, 49, 51, 9), "goodput.share": Estimate(0.95, 0.89, 0.98, 9)}
    parsed = [parse(rule) for rule in rules]
    assert hold(known, parsed) is holds
    assert stress(known, parsed) == (None if share is None else pytest.approx(share))


def test_objectives_by_values() -> None:
    known = {"tpot.mean": Estimate(50, 49, 51, 9)}
    assert hold(known, [parse("tpot.mean<=50.5")], by_mean=True) is True
    assert hold(known, [parse("tpot.mean<=49.5")], by_mean=True) is False
    assert hold(known, [parse("ttft.mean<=9")], by_mean=True) is None
