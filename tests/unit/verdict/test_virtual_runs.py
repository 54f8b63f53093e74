"""The published methods in virtual time through the real metrics and verdict: clean runs are valid, the
others say why not.
"""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from slabench.records import LogSpan
from slabench.server.log.merge import Merged, samples
from slabench.sim.profiles import PROFILES
from slabench.verdict.outcome import CheckStatus, Outcome
from tests.unit.sim.test_sim_published import PUBLISHED
from tests.unit.verdict.virtual import NOISE, load, noisy, tencent, verdict, wave

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "h200-qwen3-30b-a3b"

A800, R1 = PROFILES["a800-qwen3-30b-a3b"], PROFILES["r1-fp8-tp8"]


def test_the_noise_is_at_least_that_of_the_h200_s_clean_lines(tmp_path: Path) -> None:
    """A line is the mean of its steps, so a step's error is sqrt(steps) times a line's around the trend of
    growing contexts."""
    log = tmp_path / "server.log"
    log.write_bytes(gzip.decompress((EXAMPLE / "server.log.gz").read_bytes()))
    found = {}
    for folder in ("both-methods", "decode-sweep"):
        run = json.loads((EXAMPLE / folder / "run.json").read_text())
        steps = run["server"]["info"]["decode_log_interval"]
        for entry in (test for test in run["tests"] if test["method"] == "ali-decode"):
            size = entry["point"]["batch_size"]
            spans = [LogSpan(str(log), span["begin"], span["end"]) for span in entry["server"]["log_spans"]]
            clean = [
                sample.gen_throughput
                for sample in samples(spans, Merged())
                if sample.running == size == sample.previous_running and not sample.since
            ]
            trend = np.polynomial.Polynomial.fit(range(len(clean)), clean, 1)(np.arange(len(clean)))
            assert len(clean) > 140
            found[folder, size] = float(np.std(clean / trend - 1)) * math.sqrt(steps)
    assert len(found) == 18
    assert 0.03 < max(found.values()) <= NOISE, found


def test_180_clean_runs_are_180_valid_verdicts() -> None:
    """No check may speak; every sixth run has the published lengths. The other 20 go over sockets:
    tests/integration.
    """
    profile, reporting = noisy(A800, NOISE), []
    for seed in range(180):
        size = (1, 2, 4, 8, 16)[seed % 5]
        lengths = (4096, 1536) if seed % 6 == 0 else (512, 160)
        found, _ = verdict(wave(profile, size, *lengths, seed), profile, "ali-decode", size)
        reporting += [
            (seed, check.name, check.text)
            for check in found.checks
            if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
        ]
        assert found.word is Outcome.PASSED, (seed, found.headline)
    assert reporting == []


def test_clean_waves_are_quiet() -> None:
    """The later form, four waves a batch size: the first is not slower than the rest beyond what noise makes
    of it.
    """
    profile, reporting = noisy(A800, NOISE), []
    for seed in range(30):
        size = (1, 2, 4, 8, 16)[seed % 5]
        found, figures = verdict(
            load(profile, [(512, 160)] * 4 * size, [0.0] * 4 * size, size, seed), profile, "ali-decode", size
        )
        (first_run,) = [check for check in found.checks if check.name == "first_run"]
        assert "the first wave took" in first_run.text
        assert figures["full_batch.windows"] >= 4
        reporting += [
            (seed, check.name, check.text)
            for check in found.checks
            if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
        ]
    assert reporting == []


@pytest.mark.parametrize("prompts", [128, 256, 512])
def test_the_published_tencent_runs_are_passed_with_findings(prompts: int) -> None:
    """Retractions and pauses of minutes belong to that run, and its mean TPOT held its limit."""
    found, figures = verdict(tencent(R1, prompts), R1, "tencent")
    assert found.word is Outcome.PASSED, found.headline
    findings = {check.name: check.text for check in found.checks if check.state is CheckStatus.FINDING}
    assert set(findings) == {"retraction", "stall"}
    # how many of 256 and 512 is not published
    many = "7 of 128 requests" if prompts == 128 else f"of {prompts} requests"
    assert many in findings["retraction"]
    assert {"retraction", "stall"} <= set(found.reasons)
    assert figures["gap_max"] == pytest.approx(272_786, rel=0.05)  # the longest of the published run of 128
    qpm, ttft, tpot = PUBLISHED[prompts]
    assert figures["qpm"] == pytest.approx(qpm, rel=0.05)
    assert figures["ttft.mean"] == pytest.approx(ttft, rel=0.05)
    assert figures["tpot.mean"] == pytest.approx(tpot, rel=0.10)


def test_and_would_be_failed_by_a_limit_below_their_tpot() -> None:
    """The same run, one number other in its rule: the word hangs on it."""
    found, _ = verdict(tencent(R1, 128), R1, "tencent", limit=35.0)
    assert found.word is Outcome.FAILED, found.headline


@pytest.mark.parametrize("batch_size", [1, 2, 4, 8, 12, 16])
def test_the_published_sweep_is_valid_up_to_16(batch_size: int) -> None:
    found, _ = verdict(wave(A800, batch_size), A800, "ali-decode", batch_size)
    assert found.word is Outcome.PASSED, found.headline
    assert [
        check.name for check in found.checks if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
    ] == []


@pytest.mark.parametrize("batch_size", [20, 24, 28, 32, 40, 48, 56, 64])
def test_and_invalid_above_for_the_pool_is_too_small(batch_size: int) -> None:
    """Measured and shown all the same; every check that looks at the batch or its causes says so."""
    found, figures = verdict(wave(A800, batch_size), A800, "ali-decode", batch_size)
    assert found.word is Outcome.INVALID
    bad = {check.name: check for check in found.checks if check.state is CheckStatus.INVALID}
    assert set(bad) == {"batch_fits", "batch_reached", "batch_held", "retraction"}
    assert "has 95791" in bad["batch_fits"].text
    assert "--batch-sizes up to 17" in bad["batch_fits"].remedy
    assert figures["classic.tpot.mean"] > 0
