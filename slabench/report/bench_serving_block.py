"""The result block that sglang.bench_serving 0.5.7 prints."""

from __future__ import annotations

from collections.abc import Mapping

WIDTH = 50
_ACCEPTED = "Accept length:"  # which bench_serving prints with speculative decoding only
# (label, metric key, decimals); None: a heading. Source: the prints at the end of bench_serving's
# benchmark().
_ROWS: tuple[tuple[str, str | None, int], ...] = (
    ("Successful requests:", "classic.completed", 0),
    ("Benchmark duration (s):", "classic.duration", 2),
    ("Total input tokens:", "classic.total_input", 0),
    ("Total input text tokens:", "classic.total_input", 0),
    ("Total input vision tokens:", "", 0),
    ("Total generated tokens:", "classic.total_output", 0),
    ("Total generated tokens (retokenized):", "classic.total_output_retokenized", 0),
    ("Request throughput (req/s):", "classic.request_throughput", 2),
    ("Input token throughput (tok/s):", "classic.input_throughput", 2),
    ("Output token throughput (tok/s):", "classic.output_throughput", 2),
    ("Peak output token throughput (tok/s):", "classic.max_output_tokens_per_s", 2),
    ("Peak concurrent requests:", "classic.max_concurrent_requests", 0),
    ("Total token throughput (tok/s):", "classic.total_throughput", 2),
    ("Concurrency:", "classic.concurrency", 2),
    (_ACCEPTED, "accept_length", 2),
    ("End-to-End Latency", None, 0),
    ("Mean E2E Latency (ms):", "classic.e2el.mean", 2),
    ("Median E2E Latency (ms):", "classic.e2el.median", 2),
    ("Time to First Token", None, 0),
    ("Mean TTFT (ms):", "classic.ttft.mean", 2),
    ("Median TTFT (ms):", "classic.ttft.median", 2),
    ("P99 TTFT (ms):", "classic.ttft.p99", 2),
    ("Time per Output Token (excl. 1st token)", None, 0),
    ("Mean TPOT (ms):", "classic.tpot.mean", 2),
    ("Median TPOT (ms):", "classic.tpot.median", 2),
    ("P99 TPOT (ms):", "classic.tpot.p99", 2),
    ("Inter-Token Latency", None, 0),
    ("Mean ITL (ms):", "classic.itl.mean", 2),
    ("Median ITL (ms):", "classic.itl.median", 2),
    ("P95 ITL (ms):", "classic.itl.p95", 2),
    ("P99 ITL (ms):", "classic.itl.p99", 2),
    ("Max ITL (ms):", "classic.itl.max", 2),
)


def bench_serving_block(plan: Mapping[str, object], metrics: Mapping[str, float]) -> str:
    """bench_serving's result block, label for label; an undefined metric is n/a, where it prints 0.00."""
    rate = plan.get("request_rate", "inf")
    lines = [f"{' Serving Benchmark Result ':=^{WIDTH}}"]
    for label, setting in (
        ("Backend:", plan.get("backend", "sglang")),
        ("Traffic request rate:", float(rate) if isinstance(rate, int | float) else rate),
        ("Max request concurrency:", plan.get("max_concurrency") or "not set"),
    ):
        lines.append(f"{label:<40} {setting!s:<10}")
    for label, key, decimals in _ROWS:
        if key is None:
            lines.append(f"{label:-^{WIDTH}}")
            continue
        value = 0.0 if key == "" else metrics.get(key)
        if label == _ACCEPTED and value is None:
            continue
        lines.append(f"{label:<40} {'n/a' if value is None else f'{value:.{decimals}f}':<10}")
    return "\n".join([*lines, "=" * WIDTH])
