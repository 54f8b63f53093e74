"""RunRecords of loads that the embedded server's model ran in virtual time, for real metrics and checks."""

from __future__ import annotations

import itertools
import random
from array import array
from dataclasses import replace
from typing import Any

import numpy as np

from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute, sample_sizes
from slabench.metrics.full_batch import full_batch
from slabench.records import ClientRecord, GpuCounts, RequestRecord, RunRecord, ServerEvidence
from slabench.sim.profiles import Profile
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import Timing, run
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Verdict
from slabench.verdict.sla import slo
from slabench.verdict.validity import CheckContext, examine

NS = 1_000_000_000
BEGIN = 1_000 * NS  # a monotonic clock does not begin at 0
# Standard deviation of a step's relative error in the clean runs: at least what an H200's clean Decode lines
# show, which test_virtual_runs.py measures in the log of docs/examples.
NOISE = 0.04

SEED = (("random_seed", 1),)


def record(index: int, timing: Timing, prompt: int, output: int) -> RequestRecord:
    """What an exact client would have noted of one request."""

    def at(seconds: float) -> int:
        return BEGIN + round(seconds * NS)

    stamps = array("q", map(at, timing.tokens))
    return RequestRecord(
        index=index,
        input_len=prompt,
        output_len=output,
        due_ns=at(timing.due),
        start_ns=at(timing.sent),
        sent_ns=at(timing.sent),
        arrival_ns=stamps,
        arrival_tokens=array("q", range(1, len(stamps) + 1)),
        first_text_ns=stamps[0],
        end_ns=stamps[-1],
        events=len(stamps),
        done=True,
        status=200,
        prompt_tokens=prompt,
        completion_tokens=len(stamps),
        cached_tokens=0,
        finish_reason="length",
        server={"total_retractions": float(timing.retractions)},
        request_id=f"r{index}",
    )


def load(
    profile: Profile, lengths: list[tuple[int, int]], due: list[float], cap: int | None, seed: int = 0
) -> RunRecord:
    """One load; seed: of the noise, where the profile has some."""
    timings = run(Scheduler(profile.limits, profile, random.Random(seed)), lengths, due, cap)
    records = [record(k, timing, *lengths[k]) for k, timing in enumerate(timings)]
    wall_s = max(timing.tokens[-1] for timing in timings)
    return RunRecord(
        requests=records,
        began_ns=BEGIN,
        began_unix=0.0,
        workload={"num_prompts": len(records)},
        plan={},
        client=ClientRecord(wall_s, 0.01 * wall_s, 0.1, 0.1, 0.1, loop_lateness_ms=0.05),
        server=ServerEvidence(flush_status=200),
    )


def verdict(
    observed: RunRecord, profile: Profile, method: str, batch_size: int | None = None, limit: float = 50
) -> tuple[Verdict, dict[str, float]]:
    """As the fixtures do it: figures, checks, mean TPOT <= limit (ms)."""
    gpus = GpuCounts.alike(profile.tp)
    figures: dict[str, Any] = compute(observed, gpus) | compute_classic(observed, gpus)
    if batch_size is not None:
        figures |= full_batch(observed.requests, batch_size, figures["duration"])
    context = CheckContext(
        run=observed,
        exact_prompt=True,
        planned=len(observed.requests),
        batch_size=batch_size,
        token_capacity=profile.pool_tokens,
        max_running=profile.max_running,
        identity_before=SEED,
        identity_after=SEED,
        shared=(0,) * len(observed.requests),
        judged=("tpot.mean", "ttft.mean", "total_throughput"),
    )
    case = Case(
        figures, sample_sizes(observed), examine(context, method), (slo("tpot", "mean", "<=", limit),)
    )
    return judge(case), figures


def tencent(profile: Profile, prompts: int) -> RunRecord:
    """3500/1200 at rate 128 with at most 128 in flight, as published."""
    gaps = np.random.RandomState(123).standard_exponential(prompts) / 128
    due = [0.0, *itertools.accumulate(float(gap) for gap in gaps[:-1])]
    return load(profile, [(3500, 1200)] * prompts, due, 128)


def wave(
    profile: Profile, batch_size: int, prompt: int = 4096, output: int = 1536, seed: int = 0
) -> RunRecord:
    """A batch-size point: all at once."""
    return load(profile, [(prompt, output)] * batch_size, [0.0] * batch_size, None, seed)


def noisy(profile: Profile, share: float) -> Profile:
    return replace(profile, noise=share)
