"""What the samples of the server's GPUs are to the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slabench.gpu_records import POWER_CAP, REASONS, THROTTLED, GpuRecord
from slabench.records import RunRecord
from slabench.units import NS_PER_S
from slabench.verdict.validity.context import GpuEvidence


def reasons_during(gpu: GpuRecord, began_ns: int, ended_ns: int) -> list[int]:
    """The clock event reasons of its samples between two moments."""
    return [
        sample.reasons
        for sample in gpu.samples
        if sample.reasons is not None and began_ns <= sample.at_ns <= ended_ns
    ]


def gpu_evidence(run: RunRecord) -> GpuEvidence | None:
    """None where the GPUs were not read."""
    if run.gpus is None:
        return None
    ended = run.began_ns + round(run.client.wall_s * NS_PER_S)
    reasons = {gpu.index: reasons_during(gpu, run.began_ns, ended) for gpu in run.gpus.gpus}
    worst = max(
        reasons, key=lambda index: (_with(reasons[index], THROTTLED), _with(reasons[index], POWER_CAP))
    )
    counts = Counter(name for bits in reasons[worst] for bit, name in REASONS.items() if bits & bit)
    others = run.gpus.others
    return GpuEvidence(
        count=len(run.gpus.gpus),
        source=run.gpus.source,
        chosen_by=run.gpus.chosen_by,
        worst=worst,
        samples=len(reasons[worst]),
        throttled=_with(reasons[worst], THROTTLED),
        reasons=dict(counts),
        others=None if others is None else [f"{pid} {name}".strip() for pid, name in others.items()],
    )


def _with(samples: Sequence[int], bits: int) -> int:
    return sum(bool(each & bits) for each in samples)
