"""Every metric's declaration; docs/metrics.md and the table of what a comparison allows are made from it.

A key is `metric` or `metric.statistic`. `classic.*` metrics are bench_serving's, with its definitions
(classic.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from slabench.metrics import per_request
from slabench.metrics.declaration import (
    END,
    FIRST,
    LAST,
    LOG_STAMP,
    RATE,
    REQUESTS,
    STAMP,
    TOKENS,
    ClientError,
    Metric,
    Tolerance,
)
from slabench.metrics.definitions_answers import ACCURACY, OF_ANSWERS
from slabench.metrics.definitions_classic import CLASSIC
from slabench.metrics.definitions_server import BY_SERVER, OF_GPUS

# A percentile of fewer samples than this has none beyond it: it would be the maximum under another name.
LEAST = {"p90": 10, "p95": 20, "p99": 100}
STATISTICS = ("mean", "p50", "p90", "p95", "p99", "min", "max", "std")

# Two runs of one server process on one H200 (docs/examples/h200-qwen3-30b-a3b): full-batch TPOT differed by
# at most 0.13 %, mean TPOT by 0.2 %, total throughput by 0.4 %, mean TTFT by 5 %.
_TPOT_APART, _RATE_APART, _TTFT_APART = 0.003, 0.005, 0.05

_COUNTED = "server's counts, client's clock"
_FULL = "client: from the last first token to the first finish of each wave"
_CLEAN = "deploy log: lines with the same batch as the line before and nothing but decoding between"
_OURS = (
    Metric(
        "tpot", "ms", "lower", "(t_last - t_first) / (n - n_first), n_first = tokens in the first event",
        "client", STAMP, per="request", value=per_request.tpot, client_error=ClientError.TPOT,
        run_to_run=_TPOT_APART, label="TPOT", gates=("ali-decode", "ali-saturation", "tencent", "serving"),
        information="p99", also_called=("time_per_output_token", "inter_token_latency"),
    ),
    Metric(
        "ttft", "ms", "lower", "first token's arrival - sent", "client clock", FIRST, per="request",
        value=per_request.ttft, client_error=ClientError.TTFT, run_to_run=_TTFT_APART, label="TTFT",
        gates=("tencent", "serving"), information="p99", also_called=("time_to_first_token",),
    ),
    Metric(
        "ttft_due", "ms", "lower", "first token's arrival - due (adds waiting for a slot)", "client", FIRST,
        per="request", value=per_request.ttft_due, client_error=ClientError.TTFT, run_to_run=_TTFT_APART,
        label="TTFT (from due)",
    ),
    Metric(
        "e2el", "ms", "lower", "last token's arrival - sent", "client", LAST, per="request",
        value=per_request.e2el, client_error=ClientError.E2EL, label="E2EL", information="mean",
        also_called=("latency", "e2e", "e2e_latency", "request_latency"),
    ),
    Metric(
        "e2el_due", "ms", "lower", "last token's arrival - due", "client", LAST, per="request",
        value=per_request.e2el_due, client_error=ClientError.E2EL, label="E2EL (from due)",
    ),
    Metric(
        "itl", "ms", "lower", "gap between events / tokens in the later one, once per token", "client", STAMP,
        per="token", client_error=ClientError.ITL, run_to_run=_TPOT_APART, information="p99",
        also_called=("inter_token_latency", "inter_chunk_latency"),
    ),
    Metric(
        "gap_max", "ms", "lower", "longest pause between two events of one answer", "client",
        Tolerance(5.0, 5.0, "the longest of thousands of pauses is an extreme value, and scatters as such"),
        repeats="largest", client_error=ClientError.ITL, information="", also_called=("max_itl_ms",),
    ),
    Metric(
        "tpot_low", "ms", "none", "lower bound of tpot where tokens are counted at a stream's end only",
        "client", per="request",
    ),
    Metric(
        "tpot_high", "ms", "none", "its upper bound: metrics/bounded.py has both formulas", "client",
        per="request",
    ),
    Metric(
        "accept_length", "tokens", "none", "tokens a step and request: speculative decoding",
        "server_info, else the deploy log", information="",
    ),
    Metric(
        "requests", "count", "none", "requests the plan held", "plan",
        also_called=("num_prompts", "requests_made"),
    ),
    Metric(
        "completed", "count", "higher", "requests with a complete answer", "client", REQUESTS,
        also_called=("request_count", "requests_made.successful"),
    ),
    Metric(
        "failed", "count", "lower", "requests - completed", "client", REQUESTS,
        also_called=("error_request_count", "requests_made.errored"),
    ),
    Metric(
        "resent", "count", "none",
        "requests sent a second time: the server had closed their connection before", "client",
    ),
    Metric(
        "duration", "s", "lower", "last token of the run - the plan's zero", "client", END,
        client_error=ClientError.RUN_END, information="", also_called=("benchmark_duration",),
    ),
    Metric(
        "total_throughput", "tok/s", "higher", "input_throughput + output_throughput", _COUNTED, TOKENS,
        client_error=ClientError.RUN_END, run_to_run=_RATE_APART, label="total",
        gates=("ali-saturation", "tencent", "tencent-capacity", "serving"),
        also_called=("throughput", "tps", "total_token_throughput", "tokens_per_second"),
    ),
    Metric(
        "output_throughput", "tok/s", "higher", "completion tokens of completed requests / duration",
        _COUNTED, TOKENS, client_error=ClientError.RUN_END, run_to_run=_RATE_APART, label="output",
        gates=("ali-decode",), information="",
        also_called=("throughput", "tps", "output_token_throughput", "output_tokens_per_second"),
    ),
    Metric(
        "input_throughput", "tok/s", "higher", "prompt tokens of completed requests / duration", _COUNTED,
        TOKENS, client_error=ClientError.RUN_END, run_to_run=_RATE_APART, gates=("ali-prefill",),
        information="", also_called=("input_token_throughput", "prompt_tokens_per_second"),
    ),
    Metric(
        "total_throughput_per_gpu", "tok/s", "higher", "total_throughput / all GPUs", _COUNTED, TOKENS,
        client_error=ClientError.RUN_END, run_to_run=_RATE_APART,
    ),
    Metric(
        "output_throughput_per_gpu", "tok/s", "higher", "output_throughput / decode GPUs", _COUNTED, TOKENS,
        client_error=ClientError.RUN_END, run_to_run=_RATE_APART,
    ),
    Metric(
        "input_throughput_per_gpu", "tok/s", "higher", "input_throughput / prefill GPUs", _COUNTED, TOKENS,
        client_error=ClientError.RUN_END, run_to_run=_RATE_APART,
    ),
    Metric(
        "request_throughput", "req/s", "higher", "completed / duration", "client", RATE,
        client_error=ClientError.RUN_END, run_to_run=_RATE_APART,
        also_called=("throughput", "rps", "requests_per_second"),
    ),
    Metric(
        "qpm", "req/min", "higher", "60 x request_throughput", "client", Tolerance(1.0, 0.06, RATE.reason),
        client_error=ClientError.RUN_END, run_to_run=_RATE_APART, label="QPM", information="",
    ),
    Metric(
        "input_tokens", "tokens", "none", "sum of prompt_tokens", "server",
        also_called=("total_input_tokens", "prompt_token_count", "total_isl"),
    ),
    Metric(
        "output_tokens", "tokens", "none", "sum of completion_tokens", "server",
        also_called=("total_output_tokens", "output_token_count", "total_osl"),
    ),
    Metric("cached_tokens", "tokens", "none", "sum of cached_tokens", "server"),
    Metric(
        "concurrency.mean", "requests", "none", "sum of (end - sent) / duration", "client",
        also_called=("concurrency", "request_concurrency"),
    ),
    Metric(
        "concurrency.peak", "requests", "none",
        "most requests between sent and end at one moment, by an exact sweep", "client", repeats="largest",
        also_called=("concurrency", "max_concurrent_requests"),
    ),
    Metric(
        "goodput.share", "share", "higher", "requests within every limit of --goodput / requests planned",
        "client", Tolerance(1.0, 0.01, "one request in a hundred"), client_error=ClientError.BETWEEN_TOKENS,
        also_called=("goodput", "slo_attainment"),
    ),
    Metric(
        "goodput.request_throughput", "req/s", "higher", "requests within the limits of --goodput / duration",
        "client", RATE, client_error=ClientError.BETWEEN_TOKENS, run_to_run=_RATE_APART,
        also_called=("goodput", "request_goodput"),
    ),
    # How many requests ran and were queued: metrics/ttft_breakdown.py.
    Metric(
        "ran.peak", "requests", "none", "most requests between first and last token at one moment", "client",
        repeats="largest",
    ),
    Metric(
        "waited.peak", "requests", "lower", "most requests between sent and first token at one moment",
        "client", Tolerance(2.5, 0.5, REQUESTS.reason), repeats="largest",
    ),
    # The window of a batch-size point in which as many requests were decoding as it is named after:
    # metrics/full_batch.py.
    Metric(
        "full_batch.tpot", "ms", "lower",
        "sum of (last - first event inside) / sum of their tokens, full batch only", _FULL, STAMP,
        client_error=ClientError.BETWEEN_TOKENS, information="", batch_only=True,
    ),
    Metric(
        "full_batch.share", "share", "none", "time with a full batch / duration", _FULL,
        client_error=ClientError.BETWEEN_TOKENS, information="", batch_only=True,
    ),
    Metric(
        "full_batch.tokens", "tokens", "none", "tokens that full_batch.tpot is taken over", _FULL,
        client_error=ClientError.BETWEEN_TOKENS, batch_only=True,
    ),
    Metric(
        "full_batch.windows", "count", "none", "times that the batch was full", _FULL,
        client_error=ClientError.BETWEEN_TOKENS, batch_only=True,
    ),
    Metric(
        "log.tpot", "ms", "lower", "mean of #running-req / gen throughput at the point's batch size", _CLEAN,
        LOG_STAMP, information="", batch_only=True,
    ),
    Metric(
        "log.accept_len", "tokens", "none", "mean of `accept len`: speculative decoding",
        "deploy log: Decode lines that print it", batch_only=True,
    ),
    Metric(
        "log.tpot_median", "ms", "lower", "median of the same, as the curve takes it", _CLEAN, LOG_STAMP,
        batch_only=True,
    ),
    Metric(
        "log.samples", "count", "none", "clean Decode lines of this test at its batch size", _CLEAN,
        batch_only=True,
    ),
    Metric(
        "log.tokens", "tokens", "none",
        "sum of #running-req x decode_log_interval (x `accept len`), whatever runs", _CLEAN, batch_only=True,
    ),
    Metric(
        "curve", "tok/s", "higher", "median gen throughput of the Decode lines per #running-req",
        "deploy log", TOKENS, gates=("ali-decode-curve",),
    ),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in (*_OURS, *BY_SERVER, *OF_GPUS, *ACCURACY, *OF_ANSWERS, *CLASSIC)
}
# what --goodput can limit
OF_A_REQUEST = {name: metric for name, metric in METRICS.items() if metric.value is not None}

# bench_serving has median for our p50; its names are kept for its metrics.
CLASSIC_STATISTICS = ("mean", "median", "std", "p95", "p99", "max")


def statistics_of(name: str) -> tuple[str, ...]:
    """The statistics of a metric that has one value a request (or token)."""
    return CLASSIC_STATISTICS if name.startswith("classic.") else STATISTICS


_KEYS = {
    key: metric
    for name, metric in METRICS.items()
    for key in ([f"{name}.{statistic}" for statistic in statistics_of(name)] if metric.spread else [name])
}


def metric_of(key: str) -> Metric | None:
    """The declaration behind a key such as `tpot.mean`, `qpm`, `classic.ttft.p99`, `curve.8`; None if there
    is none.
    """
    return _KEYS.get(key) if curve_size(key) is None else METRICS["curve"]


def declared(key: str) -> Metric:
    """metric_of() a key that is known to be one: an objective's, a gated or a judged one.

    KeyError if it is none.
    """
    metric = metric_of(key)
    if metric is None:
        raise KeyError(f"{key} is no declared metric")
    return metric


def counterpart(metric: Metric) -> Metric:
    """Our metric of the same name as one of bench_serving's; the metric itself where there is none."""
    return METRICS.get(metric.ours, metric)


def curve_size(key: str) -> int | None:
    """The running requests of a point of the decode curve, `curve.8`; None for any other key."""
    name, _, size = key.rpartition(".")
    return int(size) if name == "curve" and size.isdigit() else None


def too_few(key: str, sizes: Mapping[str, int]) -> tuple[int, int] | None:
    """(samples there are, samples it needs) of a percentile that has none beyond it; None if it has, or they
    were not counted.

    For bench_serving's metrics too: they are computed as it does and shown where it shows them, and no
    verdict hangs on such a one.
    """
    name, _, statistic = key.rpartition(".")
    n, least = sizes.get(name.removeprefix("classic.")), LEAST.get(statistic)
    return (n, least) if n is not None and least is not None and n < least else None
