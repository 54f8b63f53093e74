"""What is meant by a name that is no metric's key: other clients' names, near misses, a metric without its statistic."""

from __future__ import annotations

import difflib
import re

from slabench.metrics.definitions import METRICS, STATISTICS, statistics_of

# Names of bench_serving, vLLM's `bench serve`, GuideLLM and AIPerf that are spelled otherwise here; docs/metrics.md has the table.
OTHER_NAMES = {
    "throughput": ("total_throughput", "output_throughput", "request_throughput"),
    "tps": ("output_throughput", "total_throughput"),
    "rps": ("request_throughput",),
    "total_token_throughput": ("total_throughput",),
    "output_token_throughput": ("output_throughput",),
    "input_token_throughput": ("input_throughput",),
    "requests_per_second": ("request_throughput",),
    "output_tokens_per_second": ("output_throughput",),
    "tokens_per_second": ("total_throughput",),
    "request_goodput": ("goodput.request_throughput",),
    "goodput": ("goodput.share", "goodput.request_throughput"),
    "slo_attainment": ("goodput.share",),
    "concurrency": ("concurrency.mean", "concurrency.peak"),
    "max_concurrent_requests": ("concurrency.peak",),
    "time_to_first_token": ("ttft.mean",),
    "time_per_output_token": ("tpot.mean",),
    "inter_token_latency": ("itl.mean",),
    "latency": ("e2el.mean",),
    "e2e": ("e2el.mean",),
    "e2e_latency": ("e2el.mean",),
    "request_latency": ("e2el.mean",),
    "max_itl": ("itl.max", "gap_max"),
    "total_input_tokens": ("input_tokens",),
    "total_output_tokens": ("output_tokens",),
}
_FIGURES = {"e2e": "e2el", "e2e_latency": "e2el", "latency": "e2el"}
_OTHER_FORM = re.compile(r"(?P<statistic>mean|median|std|p\d+|max|min)_(?P<figure>[a-z0-9_]+?)(?:_ms)?")
NEAR = 0.75  # of difflib's ratio: tpto for tpot, total_throughtput for total_throughput


def meant(key: str) -> tuple[str, ...]:
    """The keys that a name may stand for, best first; none where nothing is like it."""
    if key in OTHER_NAMES:
        return OTHER_NAMES[key]
    form = _OTHER_FORM.fullmatch(key)
    if form is not None:
        figure = _FIGURES.get(form["figure"], form["figure"])
        statistic = "p50" if form["statistic"] == "median" else form["statistic"]
        if figure in METRICS and METRICS[figure].spread and statistic in statistics_of(figure):
            return (f"{figure}.{statistic}",)
    if (bare := key.removesuffix("_ms")) != key and bare in OTHER_NAMES:
        return OTHER_NAMES[bare]
    figure, dot, statistic = key.rpartition(".") if key.rpartition(".")[2] in STATISTICS else (key, "", "")
    if figure in OTHER_NAMES and dot:
        return tuple(one for one in OTHER_NAMES[figure] if one.endswith(f".{statistic}")) or OTHER_NAMES[figure]
    near = difflib.get_close_matches(figure, METRICS, n=2, cutoff=NEAR)
    return tuple(f"{one}.{statistic or 'mean'}" if METRICS[one].spread else one for one in near)


def did_you_mean(key: str) -> str:
    """` Did you mean tpot.mean?`, or nothing."""
    found = meant(key)
    return f" Did you mean {' or '.join(found)}?" if found else ""
