"""Probes of the capacity search in virtual time: the embedded server's scheduler through the real metrics and
intervals.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from slabench.capacity.probe import Probe, ProbePlan
from slabench.capacity.watch import WINDOW_S, Watch
from slabench.records import ErrorKind, GpuCounts, RequestRecord, RunRecord
from slabench.sim.profiles import Profile
from slabench.verdict.sla import Slo
from tests.unit.verdict.virtual import BEGIN, NS, load

TIMES = (
    "prefill_overhead_ms",
    "prefill_attention_ms",
    "prefill_prefix_ms",
    "decode_base_ms",
    "decode_request_ms",
    "decode_context_ms",
    "decode_expert_ms",
    "eager_ms",
    "table_slowness",
)
PROGRESS_S = 0.5  # between two reports of a load process


def scaled(profile: Profile, factor: float) -> Profile:
    """Everything takes that much longer."""
    times = {name: getattr(profile, name) * factor for name in TIMES}
    return replace(profile, prefill_tokens_per_s=profile.prefill_tokens_per_s / factor, **times)


def closed_loop(
    profile: Profile,
    concurrency: float,
    lengths: tuple[int, int],
    waves: int,
    seed: int,
    step_noise: float = 0.0,
) -> RunRecord:
    """So many waves with so many in flight, all requests of the same lengths."""
    server, wave = replace(profile, noise=step_noise), int(concurrency)
    whole = load(server, [lengths] * wave * waves, [0.0] * wave * waves, wave, seed)
    # In a closed loop a request is due when its slot becomes free.
    return replace(
        whole, requests=[replace(record, due_ns=record.sent_ns or record.due_ns) for record in whole.requests]
    )


def probe_in_virtual_time(
    profile: Profile,
    concurrency: float,
    rules: Sequence[Slo],
    lengths: tuple[int, int],
    waves: int,
    *,
    seed: int,
    step_noise: float = 0.0,
    run_noise: float = 0.0,
    early: bool = True,
    rule_out: float | None = None,
    speed: float = 1.0,
) -> Probe:
    """One closed-loop probe, ended when the client would end it (early). speed: virtual seconds are so many
    times shorter.
    """
    dice = random.Random(seed)
    server, wave = scaled(profile, 1 + dice.gauss(0, run_noise)), int(concurrency)
    noise_seed = dice.getrandbits(32)
    plan = ProbePlan(
        concurrency, wave, waves, rules, lengths, rule_out=rule_out, gpus=GpuCounts.alike(profile.tp)
    )
    watch = Watch(plan, window_s=WINDOW_S / speed)
    run = closed_loop(server, concurrency, lengths, 1, noise_seed, step_noise)
    if early:
        _first_wave(watch, run, PROGRESS_S / speed)
        if watch.early is not None:
            return _measured(watch)
    for k in range(1, waves + 1):
        if not early and k < waves:
            continue
        # The scheduler is run anew for each further wave: most probes end with their first.
        run = run if k == 1 else closed_loop(server, concurrency, lengths, waves, noise_seed, step_noise)
        end = max(record.end_ns or 0 for record in run.requests[: k * wave])
        for record in run.requests[(k - 1) * wave : k * wave]:
            watch.keep(record)
        if k < waves and not watch.enough():
            continue
        watch.stopped = k < waves
        return _measured(watch, run if k == waves or len(run.requests) == wave * k else cut(run, end))
    raise AssertionError("a probe has at least one wave")


def _measured(watch: Watch, run: RunRecord | None = None) -> Probe:
    probe = watch.measured(run)
    assert probe is not None
    return probe


def _first_wave(watch: Watch, run: RunRecord, every_s: float) -> None:
    """The progress that the client would have reported until the first answer is whole."""
    first_end = min(record.end_ns or 0 for record in run.requests)
    stamps = np.sort(np.concatenate([np.asarray(record.arrival_ns) for record in run.requests]))
    at = every_s
    while BEGIN + at * NS < first_end and watch.early is None:
        watch.progress(at, int(np.searchsorted(stamps, BEGIN + at * NS, side="right")))
        at += every_s


def cut(run: RunRecord, end_ns: int) -> RunRecord:
    """What the client has of the load when it stops at end_ns."""
    return replace(run, requests=[_cut(record, end_ns) for record in run.requests])


def _cut(record: RequestRecord, end_ns: int) -> RequestRecord:
    if record.end_ns is not None and record.end_ns <= end_ns:
        return record
    if record.sent_ns is None or record.sent_ns > end_ns:
        return RequestRecord(
            record.index, record.input_len, record.output_len, record.due_ns, error=ErrorKind.NOT_SENT
        )
    stamps = array("q", [at for at in record.arrival_ns if at <= end_ns])
    return replace(
        record, arrival_ns=stamps, arrival_tokens=record.arrival_tokens[: len(stamps)], end_ns=end_ns,
        done=False, error=ErrorKind.INTERRUPTED, finish_reason=None, completion_tokens=None,
    )  # fmt: skip
