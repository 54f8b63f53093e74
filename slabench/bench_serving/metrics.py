"""Metrics of a run that another client drove: its own, under their classic.* names.

Ours need arrival times, which it does not store.
"""

from __future__ import annotations

from slabench.metrics.classic import of_text, spread_ms
from slabench.metrics.compute import UNKNOWN
from slabench.records import GpuCounts
from slabench.reported_records import ReportedRun

_PER_REQUEST = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e_latency": "e2el"}
# Key of bench_serving's result row -> our metric.
ROW = {
    "completed": "classic.completed",
    "duration": "classic.duration",
    "total_input_tokens": "classic.total_input",
    "total_output_tokens": "classic.total_output",
    "total_output_tokens_retokenized": "classic.total_output_retokenized",
    "request_throughput": "classic.request_throughput",
    "input_throughput": "classic.input_throughput",
    "output_throughput": "classic.output_throughput",
    "total_throughput": "classic.total_throughput",
    "concurrency": "classic.concurrency",
    "max_output_tokens_per_s": "classic.max_output_tokens_per_s",
    "max_concurrent_requests": "classic.max_concurrent_requests",
    "p95_itl_ms": "classic.itl.p95",
    **{
        f"{statistic}_{theirs}_ms": f"classic.{ours}.{statistic}"
        for theirs, ours in _PER_REQUEST.items()
        for statistic in ("mean", "median", "std", "p99")
    },
}


def reported_metrics(run: ReportedRun, gpus: GpuCounts = UNKNOWN) -> dict[str, float]:
    """The numbers of its row; p95 and max are computed from its lists.

    Absent: a 0 that stands for an empty sample; and, if an answer brought no text, every metric that depends
    on the first text of each answer, since the row counts a TTFT of 0 for that one.
    """
    metrics: dict[str, float] = {"requests": run.planned}
    metrics |= {key: run.metrics[theirs] for theirs, key in ROW.items() if theirs in run.metrics}
    gaps = [gap for request in run.requests for gap in request.itl_s]
    sizes = reported_sizes(run)
    empty = tuple(f"classic.{name}." for name, size in (sizes | {"itl": len(gaps)}).items() if not size)
    metrics = {key: value for key, value in metrics.items() if not key.startswith(empty)}
    ttfts = [request.ttft_s for request in run.requests if not request.error]
    for name, sample in (("ttft", ttfts), ("itl", gaps)):
        spread = spread_ms(sample) if sizes["ttft"] else {}
        metrics |= {f"classic.{name}.{key}": spread[key] for key in ("p95", "max") if key in spread}
    if any(not request.error and not request.has_text for request in run.requests):
        metrics = {key: value for key, value in metrics.items() if not of_text(key)}
    if "classic.request_throughput" in metrics:
        metrics["classic.qpm"] = 60 * round(metrics["classic.request_throughput"], 2)
    if gpus.prefill is not None and "classic.input_throughput" in metrics:
        metrics["classic.input_throughput_per_gpu"] = metrics["classic.input_throughput"] / gpus.prefill
    return metrics


def reported_sizes(run: ReportedRun) -> dict[str, int]:
    """How many requests define each metric, and how many tokens define itl."""
    # counted as successes, with text
    good = [
        request for request in run.requests if not request.error and request.has_text and request.ttft_s > 0
    ]
    return {
        "ttft": len(good),
        "e2el": len(good),
        "tpot": sum(request.reported_output_len > 1 for request in good),
        "itl": sum(len(request.itl_s) for request in good),
    }
