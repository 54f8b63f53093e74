"""sglang.bench_serving 0.5.7's metrics, with its definitions (classic.py)."""

from __future__ import annotations

from slabench.metrics.declaration import (
    END,
    FIRST,
    LAST,
    RATE,
    REQUESTS,
    STAMP,
    TOKENS,
    ClientError,
    Metric,
    Tolerance,
)

_BS = "sglang.bench_serving 0.5.7, calculate_metrics"
CLASSIC = (
    Metric(
        "classic.tpot", "ms", "lower", "(latency to [DONE] - TTFT) / (output_len - 1)", _BS, STAMP,
        per="request", client_error=ClientError.TPOT, by_first_text=True,
    ),
    Metric(
        "classic.ttft", "ms", "lower", "first event with text - start (before connect)", _BS, FIRST,
        per="request", client_error=ClientError.TTFT, by_first_text=True,
    ),
    Metric(
        "classic.itl", "ms", "lower", "gap between events with text / new tokens, once per token", _BS, STAMP,
        per="token", client_error=ClientError.ITL, by_first_text=True,
    ),
    Metric(
        "classic.e2el", "ms", "lower", "[DONE] - start", _BS, LAST, per="request",
        client_error=ClientError.E2EL,
    ),
    Metric(
        "classic.duration", "s", "lower", "end of GET /get_server_info after the run - start of the run", _BS,
        END, client_error=ClientError.RUN_END,
    ),
    Metric("classic.completed", "count", "higher", "requests without an exception", _BS, REQUESTS),
    Metric("classic.total_input", "tokens", "none", "sum of the intended prompt lengths", _BS),
    Metric("classic.total_output", "tokens", "none", "sum of completion_tokens", _BS),
    Metric(
        "classic.total_output_retokenized", "tokens", "none", "tokens of the answers' texts, encoded again",
        _BS,
    ),
    Metric(
        "classic.request_throughput", "req/s", "higher", "completed / duration", _BS, RATE,
        client_error=ClientError.RUN_END,
    ),
    Metric(
        "classic.input_throughput", "tok/s", "higher", "total_input / duration", _BS, TOKENS,
        client_error=ClientError.RUN_END,
    ),
    Metric(
        "classic.output_throughput", "tok/s", "higher", "total_output / duration", _BS, TOKENS,
        client_error=ClientError.RUN_END,
    ),
    Metric(
        "classic.total_throughput", "tok/s", "higher", "(total_input + total_output) / duration", _BS, TOKENS,
        client_error=ClientError.RUN_END,
    ),
    Metric(
        "classic.output_throughput_retokenized", "tok/s", "none", "total_output_retokenized / duration", _BS,
        client_error=ClientError.RUN_END,
    ),
    Metric(
        "classic.total_throughput_retokenized", "tok/s", "none",
        "(total_input + total_output_retokenized) / duration", _BS, client_error=ClientError.RUN_END,
    ),
    Metric(
        "classic.input_throughput_per_gpu", "tok/s", "higher", "classic.input_throughput / prefill GPUs",
        "ali prefill", TOKENS, client_error=ClientError.RUN_END,
    ),
    Metric("classic.concurrency", "requests", "none", "sum of latencies / duration", _BS),
    Metric(
        "classic.max_output_tokens_per_s", "tok/s", "none", "most tokens in a one-second bucket", _BS,
        repeats="largest", by_first_text=True,
    ),
    Metric(
        "classic.max_concurrent_requests", "requests", "none",
        "most requests touching a one-second bucket (over-counts)", _BS, repeats="largest",
    ),
    Metric(
        "classic.qpm", "req/min", "higher", "60 x the request throughput as printed, two decimals",
        "tencent's table", Tolerance(1.0, 0.06, RATE.reason), client_error=ClientError.RUN_END,
    ),
)  # fmt: skip
