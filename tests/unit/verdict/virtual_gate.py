"""Comparisons of runs in virtual time, through the real metrics, checks and verdict.

The noise is the H200's: its log's clean Decode lines, each the mean of ten steps, scatter by up to 3.64 % at
one batch size (309 lines at batch size 1, 300 at 64), so a step scatters by 11.5 %. All of that is taken for
noise, also the part that is the context's growth. Two runs of one process lay up to 0.13 % apart beyond that,
which is each run's own factor here.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from slabench.metrics.compute import compute, sample_sizes
from slabench.metrics.full_batch import full_batch
from slabench.records import GpuCounts
from slabench.session.measurement import BASELINE, NEW, Trial, trials
from slabench.session.pairs import stop_reason, until_decided
from slabench.sim.profiles import PROFILES, Profile
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.comparison import Comparison, compare
from slabench.verdict.gated_metrics import gated_keys
from slabench.verdict.judge import Case, judge
from slabench.verdict.looks import DEFAULT_LOOKS, Looks, StopReason
from slabench.verdict.outcome import Check, Verdict
from slabench.verdict.sla import slo
from slabench.verdict.validity import CheckContext, examine
from tests.unit.verdict.virtual import wave

LINE_SPREAD = 0.0364
STEPS_A_LINE = 10
STEP_SPREAD = LINE_SPREAD * math.sqrt(STEPS_A_LINE)
RUN_SPREAD = 0.0013
BASE = PROFILES["a800-qwen3-30b-a3b"]
SIZE = 8
DECODE = "ali-decode"
TEST = "tests/ali/test_decode.py::test_decode_tpot[bs8]"


@dataclass(frozen=True, slots=True)
class Run:
    """What the gate uses of one run."""

    figures: dict[str, float]
    sizes: dict[str, int]
    checks: tuple[Check, ...]


def slower(profile: Profile, factor: float) -> Profile:
    """Every step takes factor times as long."""
    times = (
        "prefill_overhead_ms",
        "prefill_attention_ms",
        "decode_base_ms",
        "decode_request_ms",
        "decode_context_ms",
    )
    changed = {name: getattr(profile, name) * factor for name in (*times, "decode_expert_ms")}
    return replace(profile, **changed, prefill_tokens_per_s=profile.prefill_tokens_per_s / factor)


def run(
    seed: int,
    slowdown: float,
    *,
    prompt: int = 4096,
    output: int = 1536,
    run_spread: float = RUN_SPREAD,
    step_spread: float = STEP_SPREAD,
) -> Run:
    """One decode run of 8 requests, as published by default."""
    factor = (1 + slowdown) * math.exp(random.Random(seed).gauss(0, run_spread))
    profile = replace(slower(BASE, factor), noise=step_spread)
    observed = wave(profile, SIZE, prompt, output, seed)
    figures = compute(observed, GpuCounts.alike(1))
    figures |= full_batch(observed.requests, SIZE, figures["duration"])
    context = CheckContext(
        run=observed,
        exact_prompt=True,
        planned=SIZE,
        batch_size=SIZE,
        token_capacity=profile.pool_tokens,
        max_running=profile.max_running,
        identity_before=(("seed", 1),),
        identity_after=(("seed", 1),),
        shared=(0,) * SIZE,
    )
    return Run(figures, sample_sizes(observed), examine(context, DECODE))


def compared(
    new: Sequence[Run],
    old: Sequence[Run],
    *,
    pairs: bool = True,
    siblings: int = 1,
    tolerance: float = 0.02,
    looks: Looks | None = None,
    method: str = DECODE,
    quick: bool = False,
) -> Comparison:
    """As the fixtures do it."""
    keys = gated_keys(method, old[0].figures, quick=quick)
    samples = {key: [run.figures[key] for run in old] for key in keys}
    means = {key: sum(values) / len(values) for key, values in samples.items()}
    known = Baseline("old", "old", {}, {TEST: BaselineTest.read({"figures": means, "samples": samples})})
    mine = {key: [run.figures[key] for run in new] for key in keys}
    return compare(
        known,
        TEST,
        mine,
        new[0].sizes,
        {},
        {},
        tolerance=tolerance,
        siblings=siblings,
        looks=looks,
        pairs=pairs,
    )


def gate(
    new: Sequence[Run], old: Sequence[Run], *, pairs: bool = True, siblings: int = 1, tolerance: float = 0.02
) -> Verdict:
    """Of a fixed number of repeats."""
    return _judged(new, old, compared(new, old, pairs=pairs, siblings=siblings, tolerance=tolerance))


def gate_until_decided(
    measure: Callable[[Trial], Run], *, siblings: int = 1, method: str = DECODE, quick: bool = False
) -> tuple[Verdict, int]:
    """Of pairs that are added until it is decided, by the loop of the live tests; (verdict, pairs used).

    quick: the method's short form, which has no objectives.
    """
    sides: dict[str, list[Run]] = {NEW: [], BASELINE: []}

    def load(trial: Trial) -> Run:
        sides[trial.side].append(measure(trial))
        return sides[trial.side][-1]

    def comparison() -> Comparison:
        return compared(
            sides[NEW], sides[BASELINE], siblings=siblings, looks=DEFAULT_LOOKS, method=method, quick=quick
        )

    def look(pair: Sequence[Run]) -> StopReason | None:
        return stop_reason(comparison()) if len(sides[NEW]) >= DEFAULT_LOOKS.first else None

    until_decided(trials(DEFAULT_LOOKS.last, both=True, until_decided=True), load, look)
    return _judged(sides[NEW], sides[BASELINE], comparison(), quick=quick), len(sides[NEW])


def _judged(
    new: Sequence[Run], old: Sequence[Run], comparison: Comparison, *, quick: bool = False
) -> Verdict:
    figures = {key: sum(run.figures[key] for run in new) / len(new) for key in new[0].figures}
    checks = [check for run in (*new, *old) for check in run.checks]
    rules = () if quick else (slo("tpot", "mean", "<=", 50),)
    return judge(Case(figures, new[0].sizes, checks, rules, comparison=comparison))
