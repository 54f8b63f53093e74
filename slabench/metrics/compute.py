"""Our metrics from a run's records. An undefined metric is absent: no data is never zero."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from slabench.metrics import bounded, per_request
from slabench.metrics.definitions import LEAST, METRICS, OF_A_REQUEST, STATISTICS
from slabench.records import GpuCounts, RequestRecord, RunRecord
from slabench.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    import numpy as np

UNKNOWN = GpuCounts()
MOST_TOKENS = 1 << 24  # of one answer: above it a list of its gaps would be the machine's memory


def inter_token_latencies(record: RequestRecord) -> np.ndarray:
    """Gaps in ms, one per token after the first event; a gap that brought d tokens counts d times as gap / d.

    None where the counts name more tokens than any answer has, which the check token_counts or output_length
    reports.
    """
    import numpy as np

    stamps = np.frombuffer(record.arrival_ns, dtype=np.int64)
    counts = np.frombuffer(record.arrival_tokens, dtype=np.int64)
    if len(stamps) < 2 or counts.max() > MOST_TOKENS:
        return np.empty(0)
    # An event without new tokens, or with a count below one before it, ends no gap: drop it before taking
    # differences.
    keep = np.concatenate(([True], counts[1:] > np.maximum.accumulate(counts)[:-1]))
    new = np.diff(counts[keep])
    return np.repeat(np.diff(stamps[keep]) / new / NS_PER_MS, new)


def spread(name: str, values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """`name.mean` and the other STATISTICS of a sample: linear percentiles, population standard deviation
    (numpy's defaults). Empty in, empty out.

    Percentiles that a sample is too small for (definitions.LEAST) are left out.
    """
    import numpy as np

    sample = np.asarray(values, dtype=float)
    if sample.size == 0:
        return {}
    percentiles = np.percentile(sample, (50, 90, 95, 99))
    known = (sample.mean(), *percentiles, sample.min(), sample.max(), sample.std())
    named = zip(STATISTICS, known, strict=True)
    return {
        f"{name}.{statistic}": float(value)
        for statistic, value in named
        if sample.size >= LEAST.get(statistic, 1)
    }


def most_at_once(spans: Iterable[tuple[int, int]], *, touching: bool = False) -> int:
    """Most spans that cover one moment. touching: one that ends where another begins overlaps it."""
    moments = [moment for begin, end in spans for moment in ((begin, not touching, 1), (end, touching, -1))]
    return max(itertools.accumulate(step for _, _, step in sorted(moments)), default=0)


def _samples(done: Sequence[RequestRecord]) -> dict[str, Sequence[float] | np.ndarray]:
    """What statistics are taken of, by the name of the metric."""
    import numpy as np

    samples: dict[str, Sequence[float] | np.ndarray]
    samples = {metric.name: metric.sample(done) for metric in OF_A_REQUEST.values()}
    if len(samples["tpot"]) == 0 and (pair := bounded.both(done)) is not None:
        samples |= zip((bounded.LOW, bounded.HIGH), pair, strict=True)
    itls = [inter_token_latencies(record) for record in done]
    return samples | {"itl": np.concatenate(itls) if itls else ()}


def sample_sizes(run: RunRecord) -> dict[str, int]:
    """How many requests define each per-request metric, and how many tokens itl: the n beside a statistic."""
    samples = _samples([record for record in run.requests if record.ok])
    return {name: len(sample) for name, sample in samples.items()}


def compute(run: RunRecord, gpus: GpuCounts = UNKNOWN) -> dict[str, float]:
    """Our metrics that this run's records define (goodput is goodput()'s). gpus: for those per GPU."""
    done = [record for record in run.requests if record.ok and record.span_ns is not None]
    metrics: dict[str, float] = {
        "requests": len(run.requests),
        "completed": len(done),
        "failed": len(run.requests) - len(done),
        "resent": sum(record.resent for record in run.requests),
    }
    if not done:
        return metrics
    for name, sample in _samples(done).items():
        metrics |= spread(name, sample)
    gaps = [gap for record in done if (gap := per_request.gap_max(record)) is not None]
    prompt = sum(
        record.input_len if record.prompt_tokens is None else record.prompt_tokens for record in done
    )
    output = sum(record.output_tokens or 0 for record in done)
    cached = [record.cached_tokens for record in done if record.cached_tokens is not None]
    in_flight = [
        (begin, end)
        for record in run.requests
        if (begin := record.sent_ns) is not None and (end := record.end_ns) is not None
    ]
    metrics |= {
        **({"gap_max": max(gaps)} if gaps else {}),
        "input_tokens": prompt,
        "output_tokens": output,
        **({"cached_tokens": sum(cached)} if cached else {}),
        "concurrency.peak": most_at_once(in_flight),
    }
    ends = [span[1] for record in done if (span := record.span_ns) is not None]
    duration = (max(ends) - run.began_ns) / NS_PER_S
    if duration > 0:
        busy = sum((record.end_ns or 0) - record.sent_ns for record in done if record.sent_ns is not None)
        metrics |= rates(duration, len(done), prompt, output, gpus)
        metrics["concurrency.mean"] = busy / NS_PER_S / duration
    return metrics


def rates(duration: float, completed: float, prompt: int, output: int, gpus: GpuCounts) -> dict[str, float]:
    tokens = {"input": prompt, "output": output, "total": prompt + output}
    per = {"input": gpus.prefill, "output": gpus.decode, "total": gpus.total}
    return {
        "duration": duration,
        "request_throughput": completed / duration,
        "qpm": 60 * completed / duration,
        **{f"{side}_throughput": count / duration for side, count in tokens.items()},
        **{
            f"{side}_throughput_per_gpu": tokens[side] / duration / n
            for side, n in per.items()
            if n is not None
        },
    }


def goodput(run: RunRecord, limits: Mapping[str, float], duration: float | None) -> dict[str, float]:
    """Share of the planned requests within all limits (ms, by the metric's name), and their rate.

    A request that failed, or does not define a limited metric, is not good. No limits: no metrics.
    """
    if not limits or not run.requests:
        return {}
    good = sum(record.ok and _within(record, limits) for record in run.requests)
    share = {"goodput.share": good / len(run.requests)}
    return share | ({"goodput.request_throughput": good / duration} if duration else {})


def _within(record: RequestRecord, limits: Mapping[str, float]) -> bool:
    values = ((METRICS[name].of(record), limit) for name, limit in limits.items())
    return all(value is not None and value <= limit for value, limit in values)
