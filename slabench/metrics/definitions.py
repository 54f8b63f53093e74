"""Every figure's name, unit, direction, formula and source; docs/metrics.md and the report's units come from here.

A key is `figure` or `figure.statistic`. `classic.*` figures are bench_serving's, with its definitions (classic.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Direction = Literal["lower", "higher", "none"]  # which way is better; "none" is never gated

# A percentile of fewer samples than this has none beyond it: it would be the maximum under another name.
LEAST = {"p90": 10, "p95": 20, "p99": 100}
STATISTICS = ("mean", "p50", "p90", "p95", "p99", "min", "max", "std")


@dataclass(frozen=True, slots=True)
class Metric:
    """One declared figure."""

    name: str
    unit: str
    better: Direction
    formula: str
    source: str
    spread: bool = False  # one value a request (or token): it has STATISTICS


_COUNTED = "server's counts, client's clock"
_OWN = (
    Metric("ttft", "ms", "lower", "first token's arrival - sent", "client clock", spread=True),
    Metric("ttft_due", "ms", "lower", "first token's arrival - due (adds waiting for a slot)", "client", spread=True),
    Metric("tpot", "ms", "lower", "(t_last - t_first) / (n - n_first), n_first = tokens in the first event", "client", spread=True),
    Metric("tpot_low", "ms", "none", "lower bound of tpot where tokens are counted at a stream's end only", "client", spread=True),
    Metric("tpot_high", "ms", "none", "its upper bound: metrics/bounded.py has both formulas", "client", spread=True),
    Metric(
        "accept_length", "tokens", "none", "tokens a step and request: speculative decoding", "server_info, else the deploy log"
    ),
    Metric("itl", "ms", "lower", "gap between events / tokens in the later one, once per token", "client", spread=True),
    Metric("e2el", "ms", "lower", "last token's arrival - sent", "client", spread=True),
    Metric("e2el_due", "ms", "lower", "last token's arrival - due", "client", spread=True),
    Metric("gap_max", "ms", "lower", "longest pause between two events of one answer", "client"),
    Metric("requests", "count", "none", "requests the plan held", "plan"),
    Metric("completed", "count", "higher", "requests whose answer came back whole", "client"),
    Metric("failed", "count", "lower", "requests - completed", "client"),
    Metric("resent", "count", "none", "requests sent a second time: the server had closed their connection before", "client"),
    Metric("duration", "s", "lower", "last token of the run - the plan's zero", "client"),
    Metric("request_throughput", "req/s", "higher", "completed / duration", "client"),
    Metric("qpm", "req/min", "higher", "60 x request_throughput", "client"),
    Metric("input_throughput", "tok/s", "higher", "prompt tokens of completed requests / duration", _COUNTED),
    Metric("output_throughput", "tok/s", "higher", "completion tokens of completed requests / duration", _COUNTED),
    Metric("total_throughput", "tok/s", "higher", "input_throughput + output_throughput", _COUNTED),
    Metric("input_throughput_per_gpu", "tok/s", "higher", "input_throughput / prefill GPUs", _COUNTED),
    Metric("output_throughput_per_gpu", "tok/s", "higher", "output_throughput / decode GPUs", _COUNTED),
    Metric("total_throughput_per_gpu", "tok/s", "higher", "total_throughput / all GPUs", _COUNTED),
    Metric("input_tokens", "tokens", "none", "sum of prompt_tokens", "server"),
    Metric("output_tokens", "tokens", "none", "sum of completion_tokens", "server"),
    Metric("cached_tokens", "tokens", "none", "sum of cached_tokens", "server"),
    Metric("concurrency.mean", "requests", "none", "sum of (end - sent) / duration", "client"),
    Metric("concurrency.peak", "requests", "none", "most requests between sent and end at one moment, by an exact sweep", "client"),
    Metric("goodput.share", "share", "higher", "requests within every limit of --goodput / requests planned", "client"),
    Metric("goodput.request_throughput", "req/s", "higher", "requests within the limits of --goodput / duration", "client"),
)

_BS = "sglang.bench_serving 0.5.7, calculate_metrics"
_CLASSIC = (
    Metric("classic.tpot", "ms", "lower", "(latency to [DONE] - TTFT) / (output_len - 1)", _BS, spread=True),
    Metric("classic.ttft", "ms", "lower", "first event with text - start (before connect)", _BS, spread=True),
    Metric("classic.itl", "ms", "lower", "gap between events with text / new tokens, once per token", _BS, spread=True),
    Metric("classic.e2el", "ms", "lower", "[DONE] - start", _BS, spread=True),
    Metric("classic.duration", "s", "lower", "end of GET /get_server_info after the run - start of the run", _BS),
    Metric("classic.completed", "count", "higher", "requests without an exception", _BS),
    Metric("classic.total_input", "tokens", "none", "sum of the intended prompt lengths", _BS),
    Metric("classic.total_output", "tokens", "none", "sum of completion_tokens", _BS),
    Metric("classic.total_output_retokenized", "tokens", "none", "tokens of the answers' texts, encoded again", _BS),
    Metric("classic.request_throughput", "req/s", "higher", "completed / duration", _BS),
    Metric("classic.input_throughput", "tok/s", "higher", "total_input / duration", _BS),
    Metric("classic.output_throughput", "tok/s", "higher", "total_output / duration", _BS),
    Metric("classic.total_throughput", "tok/s", "higher", "(total_input + total_output) / duration", _BS),
    Metric("classic.output_throughput_retokenized", "tok/s", "none", "total_output_retokenized / duration", _BS),
    Metric("classic.total_throughput_retokenized", "tok/s", "none", "(total_input + total_output_retokenized) / duration", _BS),
    Metric("classic.input_throughput_per_gpu", "tok/s", "higher", "classic.input_throughput / prefill GPUs", "ali prefill"),
    Metric("classic.concurrency", "requests", "none", "sum of latencies / duration", _BS),
    Metric("classic.max_output_tokens_per_s", "tok/s", "none", "most tokens in a one-second bucket", _BS),
    Metric("classic.max_concurrent_requests", "requests", "none", "most requests touching a one-second bucket (over-counts)", _BS),
    Metric("classic.qpm", "req/min", "higher", "60 x the request throughput as printed, two decimals", "tencent's table"),
)

# The window of a batch-size point in which as many requests were decoding as it is named after: metrics/full_batch.py.
_FULL = "client: from the last first token to the first finish of each wave"
_FULL_BATCH = (
    Metric("full_batch.tpot", "ms", "lower", "sum of (last - first event inside) / sum of their tokens, full batch only", _FULL),
    Metric("full_batch.share", "share", "none", "time with a full batch / duration", _FULL),
    Metric("full_batch.tokens", "tokens", "none", "tokens that full_batch.tpot is taken over", _FULL),
    Metric("full_batch.windows", "count", "none", "times that the batch was full", _FULL),
)

_CLEAN = "deploy log: lines with the same batch as the line before and nothing but decoding between"
_LOG = (
    Metric("curve", "tok/s", "higher", "median gen throughput of the Decode lines per #running-req", "deploy log"),
    Metric("log.tpot", "ms", "lower", "mean of #running-req / gen throughput at the point's batch size", _CLEAN),
    Metric(
        "log.accept_len", "tokens", "none", "mean of `accept len`: speculative decoding", "deploy log: Decode lines that print it"
    ),
    Metric("log.tpot_median", "ms", "lower", "median of the same, as the curve takes it", _CLEAN),
    Metric("log.samples", "count", "none", "clean Decode lines of this test at its batch size", _CLEAN),
    Metric("log.tokens", "tokens", "none", "sum of #running-req x decode_log_interval (x `accept len`), whatever runs", _CLEAN),
)

# TTFT in parts, and who ran and waited: metrics/waiting.py.
_WAITING = (
    Metric("ttft_queue", "ms", "lower", "meta_info's queue_time", "server", spread=True),
    Metric("ttft_prefill", "ms", "lower", "ttft - ttft_queue - ttft_outside", "client and server", spread=True),
    Metric("ttft_outside", "ms", "lower", "(last token - sent) - meta_info's e2e_latency", "client and server", spread=True),
    Metric("ttft_tokenizer", "ms", "none", "meta_info's request_sent_to_scheduler_ts - request_received_ts", "server", spread=True),
    Metric("ran.peak", "requests", "none", "most requests between first and last token at one moment", "client"),
    Metric("waited.peak", "requests", "lower", "most requests between sent and first token at one moment", "client"),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (*_OWN, *_WAITING, *_CLASSIC, *_FULL_BATCH, *_LOG)}

# bench_serving says median where we say p50; its names are kept for its figures.
CLASSIC_STATISTICS = ("mean", "median", "std", "p95", "p99", "max")


def metric_of(key: str) -> Metric | None:
    """The definition behind a key such as `tpot.mean`, `qpm`, `classic.ttft.p99`, `curve.8`; None if there is none."""
    if key in METRICS:
        metric = METRICS[key]
        return None if metric.spread else metric
    figure, _, statistic = key.rpartition(".")
    metric_or_none = METRICS.get(figure)
    if metric_or_none is None:
        return None
    if figure == "curve":
        return metric_or_none if statistic.isdigit() else None
    return metric_or_none if metric_or_none.spread and statistic in statistics_of(figure) else None


def statistics_of(figure: str) -> tuple[str, ...]:
    """The statistics of a figure that has one value a request (or token)."""
    return CLASSIC_STATISTICS if figure.startswith("classic.") else STATISTICS


def too_few(key: str, sizes: Mapping[str, int]) -> tuple[int, int] | None:
    """(samples there are, samples it needs) of a percentile that has none beyond it; None if it has, or nobody counted them.

    For bench_serving's figures too: they are computed as it does and shown where it shows them, and no verdict hangs on such a one.
    """
    figure, _, statistic = key.rpartition(".")
    n, least = sizes.get(figure.removeprefix("classic.")), LEAST.get(statistic)
    return (n, least) if n is not None and least is not None and n < least else None


def units(keys: Mapping[str, float]) -> dict[str, str]:
    """Key -> unit for the keys of one run's figures."""
    return {key: metric.unit for key in keys if (metric := metric_of(key)) is not None}
