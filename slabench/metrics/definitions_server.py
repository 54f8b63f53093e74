"""The metrics by what the server's side reports: the times of each answer (ttft_breakdown.py), /metrics
(server_clock.py), its GPUs with --gpu-telemetry (gpu_energy.py).
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

_COUNTER = "GPU: total-energy counter at both ends"
_SAMPLED = "GPU: samples during the load"
_ENDS = "the counter at a span's ends is known to some tenths of a second, a few per cent of a short one"

OF_GPUS: tuple[Metric, ...] = (
    Metric(
        "energy_per_output_token", "J", "lower",
        "mean power in the full-batch windows * full-batch TPOT / batch size; all GPUs", _COUNTER,
        Tolerance(2.5, 0.001, _ENDS),
    ),
    Metric(
        "tokens_per_joule", "tok/J", "higher", "output tokens of the load / gpu.energy", _COUNTER,
        Tolerance(2.5, 0.01, _ENDS),
    ),
    Metric("gpu.energy", "J", "none", "of the whole load, all GPUs together", _COUNTER),
    Metric("gpu.power", "W", "none", "gpu.energy / duration of the load, all GPUs together", _COUNTER),
    Metric(
        "gpu.energy_bound", "share", "none", "by how much the energies above may be wrong at most", _COUNTER,
        repeats="largest",
    ),
    Metric("gpu.sm_clock", "MHz", "none", "mean of all samples and GPUs", _SAMPLED),
    Metric("gpu.temperature", "°C", "none", "the highest of any GPU", _SAMPLED, repeats="largest"),
    Metric("gpu.memory", "GiB", "none", "the most in use of any GPU", _SAMPLED, repeats="largest"),
)  # fmt: skip
