"""The published methods in virtual time through the real metrics and verdict: clean runs are valid, the others say why not."""

from __future__ import annotations

import pytest

from slabench.sim.profiles import PROFILES
from slabench.verdict.words import State, Word
from tests.unit.verdict.virtual import noisy, tencent, verdict, wave

A800, R1 = PROFILES["a800-qwen3-30b-a3b"], PROFILES["r1-fp8-tp8"]


def test_180_clean_runs_are_180_valid_verdicts() -> None:
    """2 % noise a step, as much as an H200's clean Decode lines have among each other: no check may speak."""
    profile, spoke = noisy(A800, 0.02), []
    for seed in range(180):
        size = (1, 2, 4, 8)[seed % 4]
        found, _ = verdict(wave(profile, size, 512, 160, seed), profile, "ali-decode", size)
        spoke += [(seed, one.name, one.text) for one in found.checks if one.state in (State.INVALID, State.FINDING)]
        assert found.word is Word.PASSED, (seed, found.headline)
    assert spoke == []


def test_the_published_tencent_run_is_passed_with_findings() -> None:
    """Retractions and pauses of minutes belong to that run, and its mean TPOT held its limit."""
    found, figures = verdict(tencent(R1, 128), R1, "tencent")
    assert found.word is Word.PASSED, found.headline
    spoke = {one.name: one.text for one in found.checks if one.state is State.FINDING}
    assert set(spoke) == {"retraction", "stall"}
    assert "7 of 128 requests" in spoke["retraction"]
    assert figures["gap_max"] == pytest.approx(272_786, rel=0.05)  # the published run's longest
    assert {"retraction", "stall"} <= set(found.reasons)


@pytest.mark.parametrize("batch_size", [1, 2, 4, 8, 12, 16])
def test_the_published_sweep_is_valid_up_to_16(batch_size: int) -> None:
    found, _ = verdict(wave(A800, batch_size), A800, "ali-decode", batch_size)
    assert found.word is Word.PASSED, found.headline
    assert [one.name for one in found.checks if one.state in (State.INVALID, State.FINDING)] == []


@pytest.mark.parametrize("batch_size", [20, 24, 28, 32, 40, 48, 56, 64])
def test_and_invalid_above_for_the_pool_is_too_small(batch_size: int) -> None:
    """Measured and shown all the same; every check that looks at the batch or its causes says so."""
    found, figures = verdict(wave(A800, batch_size), A800, "ali-decode", batch_size)
    assert found.word is Word.INVALID
    bad = {one.name: one for one in found.checks if one.state is State.INVALID}
    assert set(bad) == {"batch_fits", "batch_reached", "batch_held", "retraction"}
    assert "has 95791" in bad["batch_fits"].text
    assert "--batch-sizes up to 17" in bad["batch_fits"].remedy
    assert figures["classic.tpot.mean"] > 0
