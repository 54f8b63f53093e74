"""The metrics by times that the server reports: of each answer (ttft_breakdown.py), on /metrics
(server_clock.py).
"""

from __future__ import annotations

from slabench.metrics.declaration import Metric, Tolerance

_LOOP = "half a millisecond is one iteration of the server's own loop"
_SCRAPED = "server's /metrics, where it counted exactly our requests"

BY_SERVER: tuple[Metric, ...] = (
    Metric(
        "ttft_queue", "ms", "lower", "meta_info's queue_time", "server",
        Tolerance(2.5, 0.5, f"{_LOOP}; its queue multiplies a small change of speed as TTFT's does"),
        per="request",
    ),
    Metric(
        "ttft_prefill", "ms", "lower", "ttft - ttft_queue - ttft_outside", "client and server",
        Tolerance(1.0, 0.5, _LOOP), per="request",
    ),
    Metric(
        "ttft_outside", "ms", "lower", "(last token - sent) - meta_info's e2e_latency", "client and server",
        Tolerance(2.5, 0.5, "two kernels add some tenths of a millisecond more or less"),
        per="request",
    ),
    Metric(
        "ttft_tokenizer", "ms", "none", "meta_info's request_sent_to_scheduler_ts - request_received_ts",
        "server", per="request",
    ),
    Metric("server.ttft", "ms", "none", "mean of time_to_first_token_seconds", _SCRAPED),
    Metric("server.e2el", "ms", "none", "mean of e2e_request_latency_seconds", _SCRAPED),
    Metric(
        "server.tpot", "ms", "none",
        "mean of request_time_per_output_token_seconds; before 0.5.23 (e2e - TTFT) / tokens after the first",
        _SCRAPED,
    ),
    Metric("server.queue", "ms", "none", "mean of queue_time_seconds", _SCRAPED),
    Metric(
        "server.idle", "share", "none", "scheduler_idle_seconds_total / duration, mean over schedulers",
        _SCRAPED,
    ),
    Metric(
        "server.accept_len", "tokens", "none", "generation_tokens_total / spec_verify_calls_total", _SCRAPED,
    ),
)  # fmt: skip
