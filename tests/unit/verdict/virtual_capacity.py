"""Probes of the capacity search in virtual time: the embedded server's scheduler through the real metrics and intervals."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import replace

from slabench.records import ErrorKind, GpuCounts, RequestRecord, RunRecord
from slabench.sim.profiles import Profile
from slabench.verdict.capacity_probe import Probe, certain, measure
from slabench.verdict.sla import Slo
from tests.unit.verdict.virtual import BEGIN, NS, load

TIMES = (
    "prefill_overhead_ms",
    "prefill_attention_ms",
    "decode_base_ms",
    "decode_request_ms",
    "decode_context_ms",
    "decode_expert_ms",
)


def scaled(profile: Profile, factor: float) -> Profile:
    """Everything takes that much longer."""
    times = {name: getattr(profile, name) * factor for name in TIMES}
    return replace(profile, prefill_tokens_per_s=profile.prefill_tokens_per_s / factor, **times)


def closed_loop(
    profile: Profile, concurrency: float, lengths: tuple[int, int], waves: int, seed: int, step_noise: float = 0.0
) -> RunRecord:
    """So many waves with so many in flight, all requests of the same lengths."""
    server, wave = replace(profile, noise=step_noise), int(concurrency)
    whole = load(server, [lengths] * wave * waves, [0.0] * wave * waves, wave, seed)
    # In a closed loop a request is due when its slot becomes free.
    return replace(whole, requests=[replace(record, due_ns=record.sent_ns or record.due_ns) for record in whole.requests])


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
    settled: bool = False,
) -> Probe:
    """One closed-loop probe, stopped at the end of the wave in which its verdict is certain (early), as the client stops it.

    settled: not by its first wave.
    """
    dice = random.Random(seed)
    server, wave = scaled(profile, 1 + dice.gauss(0, run_noise)), int(concurrency)
    whole = closed_loop(server, concurrency, lengths, waves, dice.getrandbits(32), step_noise)
    for k in range(1, waves + 1):
        if not early and k < waves:
            continue
        end = max(record.end_ns or 0 for record in whole.requests[: k * wave])
        seen = whole if k == waves else cut(whole, end)
        found = measure(
            seen,
            concurrency,
            wave,
            rules,
            planned_waves=waves,
            seconds=(end - BEGIN) / NS,
            gpus=GpuCounts.alike(profile.tp),
            stopped=k < waves,
        )
        assert found is not None
        if k == waves or certain(found, rules, settled=settled):
            return found
    raise AssertionError("a probe has at least one wave")


def cut(run: RunRecord, end_ns: int) -> RunRecord:
    """What the client has of the load when it stops at end_ns."""
    return replace(run, requests=[_cut(record, end_ns) for record in run.requests])


def _cut(record: RequestRecord, end_ns: int) -> RequestRecord:
    if record.end_ns is not None and record.end_ns <= end_ns:
        return record
    if record.sent_ns is None or record.sent_ns > end_ns:
        return RequestRecord(record.index, record.input_len, record.output_len, record.due_ns, error=ErrorKind.NOT_SENT)
    stamps = array("q", [at for at in record.arrival_ns if at <= end_ns])
    return replace(
        record, arrival_ns=stamps, arrival_tokens=record.arrival_tokens[: len(stamps)], end_ns=end_ns, done=False,
        error=ErrorKind.INTERRUPTED, finish_reason=None, completion_tokens=None,
    )  # fmt: skip
