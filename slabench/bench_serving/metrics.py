"""Figures of a run that another client drove: its own, under their classic.* names.

Ours need time stamps that it does not keep.
"""

from __future__ import annotations

from slabench.metrics.classic import of_text, spread_ms
from slabench.metrics.compute import UNKNOWN
from slabench.records import GpuCounts, ReportedRequest, ReportedRun

_PER_REQUEST = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e_latency": "e2el"}
# Key of bench_serving's result row -> our figure.
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


def answered(told: ReportedRun) -> list[ReportedRequest]:
    """The requests that it took for successes and that brought text."""
    return [one for one in told.requests if not one.error and one.has_text and one.ttft_s > 0]


def reported_metrics(told: ReportedRun, gpus: GpuCounts = UNKNOWN) -> dict[str, float]:
    """Its row's numbers. p95 and max come from its lists.

    A 0 that stands for an empty sample is absent, and so is what hangs on each answer's first text where an
    answer has none: it stores TTFT 0 for that one.
    """
    found: dict[str, float] = {"requests": told.planned}
    found |= {key: told.metrics[theirs] for theirs, key in ROW.items() if theirs in told.metrics}
    sizes = reported_sizes(told)
    gaps = [gap for one in told.requests for gap in one.itl_s]
    for name, some in (
        ("tpot", sizes["tpot"]),
        ("ttft", sizes["ttft"]),
        ("itl", len(gaps)),
        ("e2el", sizes["e2el"]),
    ):
        if not some:
            found = {key: value for key, value in found.items() if not key.startswith(f"classic.{name}.")}
    for name, sample in (("ttft", [one.ttft_s for one in told.requests if not one.error]), ("itl", gaps)):
        more = spread_ms(sample) if sizes["ttft"] else {}
        found |= {
            f"classic.{name}.{statistic}": more[statistic]
            for statistic in ("p95", "max")
            if statistic in more
        }
    if any(not one.error and not one.has_text for one in told.requests):
        found = {key: value for key, value in found.items() if not of_text(key)}
    if "classic.request_throughput" in found:
        found["classic.qpm"] = 60 * round(found["classic.request_throughput"], 2)
    if gpus.prefill is not None and "classic.input_throughput" in found:
        found["classic.input_throughput_per_gpu"] = found["classic.input_throughput"] / gpus.prefill
    return found


def reported_sizes(told: ReportedRun) -> dict[str, int]:
    """How many requests define each figure, and how many tokens itl."""
    good = answered(told)
    tpot, itl = sum(one.reported_output_len > 1 for one in good), sum(len(one.itl_s) for one in good)
    return {"ttft": len(good), "e2el": len(good), "tpot": tpot, "itl": itl}
