"""Our figures from a run's records. Undefined figures are absent: no data is never zero."""

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

    None where the counts name more tokens than any answer has: the check token_counts or output_length says
    so.
    """
    import numpy as np

    stamps = np.frombuffer(record.arrival_ns, dtype=np.int64)
    counts = np.frombuffer(record.arrival_tokens, dtype=np.int64)
    if len(stamps) < 2 or counts.max() > MOST_TOKENS:
        return np.empty(0)
    # An event without new tokens, or with a count below one before it, ends no gap: drop it before taking
    # differences.
    keep = np.concatenate(([True], counts[1:] > np.maximum.accumulate(counts)[:-1]))
    stamps, counts = stamps[keep], counts[keep]
    new = np.diff(counts)
    return np.repeat(np.diff(stamps) / new / NS_PER_MS, new)


def spread(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """The STATISTICS of a sample: linear percentiles, population standard deviation (numpy's defaults). Empty
    in, empty out.

    Percentiles that a sample is too small for (definitions.LEAST) are left out.
    """
    import numpy as np

    sample = np.asarray(values, dtype=float)
    if sample.size == 0:
        return {}
    p50, p90, p95, p99 = np.percentile(sample, (50, 90, 95, 99))
    found = (sample.mean(), p50, p90, p95, p99, sample.min(), sample.max(), sample.std())
    named = zip(STATISTICS, found, strict=True)
    return {name: float(value) for name, value in named if sample.size >= LEAST.get(name, 1)}


def most_at_once(spans: Iterable[tuple[int, int]], *, touching: bool = False) -> int:
    """Most spans that cover one moment. touching: one that ends where another begins overlaps it."""
    moments = [moment for begin, end in spans for moment in ((begin, not touching, 1), (end, touching, -1))]
    return max(itertools.accumulate(step for _, _, step in sorted(moments)), default=0)


def peak_concurrency(records: Sequence[RequestRecord]) -> int:
    """Most requests between sent and end at one moment."""
    return most_at_once(
        (one.sent_ns, one.end_ns) for one in records if one.sent_ns is not None and one.end_ns is not None
    )


def compute(run: RunRecord, gpus: GpuCounts = UNKNOWN) -> dict[str, float]:
    """Our metrics that this run's records define (goodput is goodput()'s). gpus: for the per-GPU figures."""
    import numpy as np

    done = [record for record in run.requests if record.ok and record.span_ns is not None]
    found: dict[str, float] = {
        "requests": len(run.requests),
        "completed": len(done),
        "failed": len(run.requests) - len(done),
        "resent": sum(record.resent for record in run.requests),
    }
    if not done:
        return found
    for metric in OF_A_REQUEST.values():
        found |= {
            f"{metric.name}.{statistic}": value for statistic, value in spread(metric.sample(done)).items()
        }
    if "tpot.mean" not in found and (pair := bounded.both(done)) is not None:
        for name, ends in zip((bounded.LOW, bounded.HIGH), pair, strict=True):
            found |= {f"{name}.{statistic}": value for statistic, value in spread(ends).items()}
    itls = np.concatenate([inter_token_latencies(record) for record in done])
    found |= {f"itl.{statistic}": value for statistic, value in spread(itls).items()}
    gaps = [gap for record in done if (gap := per_request.gap_max(record)) is not None]
    if gaps:
        found["gap_max"] = max(gaps)
    duration = (
        max(record.span_ns[1] for record in done if record.span_ns is not None) - run.began_ns
    ) / NS_PER_S
    prompt = [record.input_len if record.prompt_tokens is None else record.prompt_tokens for record in done]
    output = [record.output_tokens for record in done if record.output_tokens is not None]
    found["input_tokens"], found["output_tokens"] = sum(prompt), sum(output)
    cached = [record.cached_tokens for record in done if record.cached_tokens is not None]
    if cached:
        found["cached_tokens"] = sum(cached)
    found["concurrency.peak"] = peak_concurrency(run.requests)
    if duration > 0:
        found |= rates(duration, len(done), sum(prompt), sum(output), gpus)
        busy = sum(
            record.end_ns - record.sent_ns
            for record in done
            if record.end_ns is not None and record.sent_ns is not None
        )
        found["concurrency.mean"] = busy / NS_PER_S / duration
    return found


def sample_sizes(run: RunRecord) -> dict[str, int]:
    """How many requests define each per-request figure, and how many tokens itl: the n beside a statistic."""
    done = [record for record in run.requests if record.ok]
    found = {metric.name: len(metric.sample(done)) for metric in OF_A_REQUEST.values()}
    if not found["tpot"] and (pair := bounded.both(done)) is not None:
        found |= dict.fromkeys((bounded.LOW, bounded.HIGH), len(pair[0]))
    return found | {"itl": sum(len(inter_token_latencies(record)) for record in done)}


def rates(duration: float, completed: float, prompt: int, output: int, gpus: GpuCounts) -> dict[str, float]:
    rates = {
        "duration": duration,
        "request_throughput": completed / duration,
        "qpm": 60 * completed / duration,
        "input_throughput": prompt / duration,
        "output_throughput": output / duration,
        "total_throughput": (prompt + output) / duration,
    }
    for side, count in (("input", gpus.prefill), ("output", gpus.decode), ("total", gpus.total)):
        if count is not None:
            rates[f"{side}_throughput_per_gpu"] = rates[f"{side}_throughput"] / count
    return rates


def goodput(run: RunRecord, limits: Mapping[str, float], duration: float | None) -> dict[str, float]:
    """Share of the planned requests within all limits (ms, by request figure name), and their rate.

    A request that failed, or whose figure is undefined, is not good. No limits: no figure.
    """
    if not limits or not run.requests:
        return {}
    good = sum(record.ok and _within(record, limits) for record in run.requests)
    found = {"goodput.share": good / len(run.requests)}
    if duration:
        found["goodput.request_throughput"] = good / duration
    return found


def _within(record: RequestRecord, limits: Mapping[str, float]) -> bool:
    values = ((METRICS[name].of(record), limit) for name, limit in limits.items())
    return all(value is not None and value <= limit for value, limit in values)
