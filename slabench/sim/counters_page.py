"""/metrics in Prometheus' text form: those samples of sglang 0.5.7 --enable-metrics that slabench reads."""

from __future__ import annotations

from slabench.sim import wire
from slabench.sim.engine import Counted

KIND = "text/plain; version=1.0.0; charset=utf-8"


def counters_page(counted: Counted, model: str, times: float = 1.0) -> bytes:
    """The whole answer. times: what the durations are multiplied by, of a server whose clock is wrong."""
    labels = f'{{model_name="{model}"}}'
    samples: list[tuple[str, float]] = [
        ("num_requests_total", counted.requests),
        ("prompt_tokens_total", counted.prompt_tokens),
        ("generation_tokens_total", counted.output_tokens),
    ]
    for name, seconds, count in (
        ("time_to_first_token_seconds", counted.ttft_s, counted.first_tokens),
        ("e2e_request_latency_seconds", counted.e2e_s, counted.requests),
        ("queue_time_seconds", counted.queue_s, counted.first_tokens),
    ):
        samples += [(f"{name}_sum", seconds * times), (f"{name}_count", count)]
    lines = [f"sglang:{name}{labels} {float(value)!r}" for name, value in samples]
    return wire.answer(200, "\n".join([*lines, ""]).encode(), KIND)
