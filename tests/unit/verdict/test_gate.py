"""Old against new: what is allowed, the three outcomes, their sentences, and the family of a test's figures."""

from __future__ import annotations

import pytest

from slabench.verdict.gate import Compared, Outcome, compare_figures
from slabench.verdict.tolerances import PAIRS, allowed

OLD = [40.0, 40.1, 39.9, 40.0]


def one(key: str, new: list[float], old: list[float], **more: object) -> Compared:
    given = {"tolerance": 0.02, "pairs": True} | more
    (found,) = compare_figures({key: new}, {key: old}, **given)  # type: ignore[arg-type]
    return found


def times(factor: float) -> list[float]:
    """OLD, another scatter of the same size, slower by the factor."""
    return [factor * value for value in (40.1, 40.0, 40.0, 39.9)]


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [
        (1.05, Outcome.WORSE),
        (1.0, Outcome.HOLDS),
        (0.5, Outcome.HOLDS),
        (1.02, Outcome.INCONCLUSIVE),
        (1.018, Outcome.INCONCLUSIVE),
    ],
)
def test_a_time(factor: float, outcome: Outcome) -> None:
    assert one("tpot.mean", times(factor), OLD).outcome is outcome


@pytest.mark.parametrize(("factor", "outcome"), [(0.95, Outcome.WORSE), (1.0, Outcome.HOLDS), (2.0, Outcome.HOLDS)])
def test_a_throughput(factor: float, outcome: Outcome) -> None:
    assert one("total_throughput", [100 * x for x in times(factor)], [100 * x for x in OLD]).outcome is outcome


def test_the_sentences() -> None:
    worse = one("tpot.mean", times(1.05), OLD)
    # logarithms of the pairs' ratios: deviation 0.00289, error 0.00144, t 3.182: 0.46 % to each side
    assert worse.text() == (
        "tpot mean 42.00 ms is worse by more than 2 % of baseline 40.00 ms (+5.0 %, 95 % interval +4.5 % to +5.5 %, 4 pairs)"
    )
    unsure = one("tpot.mean", times(1.018), OLD, pairs=False)
    assert "may be worse by more than 2 %" in unsure.text()
    assert "4 and 4 runs" in unsure.text()
    assert unsure.remedy.startswith("--repeats=") or unsure.remedy.startswith("more than 100 repeats")


def test_a_difference_below_the_floor_is_no_regression() -> None:
    """5 % of a TPOT of 0.2 ms is 0.01 ms, less than the client's clock is late."""
    new, old = [x / 200 for x in times(1.05)], [x / 200 for x in OLD]
    found = one("tpot.mean", new, old)
    assert found.outcome is Outcome.HOLDS
    assert found.text() == (
        "tpot mean 0.21 ms is within 0.05 ms (25 %) of baseline 0.2 ms (+5.0 %, 95 % interval +4.5 % to +5.5 %, 4 pairs)"
    )


def test_ttft_has_two_and_a_half_times_the_tolerance() -> None:
    assert allowed("ttft.mean", 1000.0, 0.02) == pytest.approx(0.05)
    assert allowed("ttft.mean", 20.0, 0.02) == pytest.approx(0.1)  # 2 ms
    assert allowed("classic.ttft.mean", 1000.0, 0.02) == pytest.approx(0.05)
    assert allowed("total_throughput", 10_000.0, 0.02) == 0.02
    assert all(pair.reason and pair.floor > 0 and pair.times >= 1 for pair in PAIRS.values())


def test_single_runs_are_held_to_what_a_single_run_can_tell() -> None:
    assert allowed("tpot.mean", 40.0, 0.02, single=True) == 0.05
    assert allowed("tpot.mean", 40.0, 0.2, single=True) == 0.2
    assert one("tpot.mean", [41.9], [40.0]).outcome is Outcome.HOLDS
    assert one("tpot.mean", [42.1], [40.0]).outcome is Outcome.WORSE


def test_repeats_without_a_spread_are_held_to_what_a_single_run_can_tell() -> None:
    """The same run twice: 3 % would have been sure, with an interval of nothing."""
    found = one("tpot.mean", [41.2, 41.2], [40.0, 40.0], pairs=False)
    assert (found.outcome, found.single, found.repeated) == (Outcome.HOLDS, True, True)
    assert found.text(8) == "tpot mean 41.20 ms is within 5 % of baseline 40.00 ms (+3.0 %, no spread between the repeats)"
    assert one("tpot.mean", [42.1, 42.1], [40.0, 40.0]).outcome is Outcome.WORSE


def test_points_of_one_curve_are_corrected() -> None:
    """What one test alone says with this scatter, one of fourteen does not: by chance one of them looks like it."""
    new, old = [x * 1.0275 for x in (40.2, 40.0, 40.1, 39.9)], OLD
    assert one("curve.8", [1e5 / x for x in new], [1e5 / x for x in old]).outcome is Outcome.WORSE
    assert one("curve.8", [1e5 / x for x in new], [1e5 / x for x in old], siblings=14).outcome is Outcome.INCONCLUSIVE


def test_a_family_of_figures_is_holm_s() -> None:
    """Alone it is worse; beside nine others that say nothing it is not sure."""
    bad, same = [x * 1.0262 for x in (40.2, 40.0, 40.1, 39.9)], OLD
    alone = compare_figures({"itl.mean": bad}, {"itl.mean": same}, tolerance=0.02, pairs=True)
    assert alone[0].outcome is Outcome.WORSE
    keys = ["itl.mean", "tpot.mean", "tpot.p50", "tpot.min", "tpot.max", "itl.p50", "itl.min", "itl.max", "e2el.mean", "e2el.p50"]
    new = {key: bad if key == "itl.mean" else times(1.0) for key in keys}
    family = compare_figures(new, dict.fromkeys(keys, same), tolerance=0.02, pairs=True)
    assert family[0].outcome is Outcome.INCONCLUSIVE
    assert all(one.outcome is Outcome.HOLDS for one in family[1:])


def test_a_tolerance_of_the_whole_allows_any_throughput() -> None:
    assert one("qpm", [0.5, 0.6], [100.0, 101.0], tolerance=1.0).outcome is Outcome.HOLDS


def test_what_no_valid_run_has_is_an_error() -> None:
    with pytest.raises(ValueError, match="not above 0"):
        one("qpm", [0.0, 1.0], [1.0, 1.0])
