"""/metrics: what the server counted and timed by its own clock, with --enable-metrics."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from slabench.errors import ServerError
from slabench.server.http import Http

REQUESTS, PROMPT_TOKENS, OUTPUT_TOKENS = "requests", "prompt_tokens", "output_tokens"
_HISTOGRAMS = {
    # seconds; our name -> the exposition's, and the first release seen with it
    "ttft": "sglang:time_to_first_token_seconds",  # 0.4
    "e2el": "sglang:e2e_request_latency_seconds",  # 0.4
    "tpot": "sglang:request_time_per_output_token_seconds",  # 0.5.23
    "queue": "sglang:queue_time_seconds",  # 0.5.5
}
# The sample's name -> our name. Sources: sglang's metrics_collector.py (0.5.7: metrics/collector.py). All but
# the last two are counted by the tokenizer process when a request ends, so a request counts whole or not.
NAMES: Mapping[str, str] = {
    "sglang:num_requests_total": REQUESTS,
    "sglang:prompt_tokens_total": PROMPT_TOKENS,
    "sglang:generation_tokens_total": OUTPUT_TOKENS,
    **{f"{sample}_sum": f"{ours}.sum" for ours, sample in _HISTOGRAMS.items()},
    **{f"{sample}_count": f"{ours}.count" for ours, sample in _HISTOGRAMS.items()},
    "sglang:spec_verify_calls_total": "verify_steps",  # 0.5.23
    "sglang:scheduler_idle_seconds_total": "idle",  # 0.5.23, seconds, a sample a scheduler
}
_NEEDED = (REQUESTS, PROMPT_TOKENS, OUTPUT_TOKENS)
# a label's value can contain any character, a brace and an escaped quotation mark too; a time may follow
_LABELS = r'\{(?:[^"}\n]|"(?:[^"\\\n]|\\.)*")*\}'
_SAMPLE = re.compile(rf"^(sglang:\w+)(?:{_LABELS})? (\S+)(?: -?\d+)?$", re.M)


def read_counters(text: str) -> dict[str, float] | None:
    """Our names -> values of Prometheus' text form, all labels together, and `idle.schedulers`: how many
    samples `idle` is the sum of. None if requests and tokens are not there, or a value is not finite.
    """
    sums: dict[str, float] = {}
    for sample, value in _SAMPLE.findall(text):
        name = NAMES.get(sample)
        if name is None:
            continue
        try:
            sums[name] = sums.get(name, 0.0) + float(value)
        except ValueError:
            return None
        if name == "idle":
            sums["idle.schedulers"] = sums.get("idle.schedulers", 0.0) + 1
    if any(name not in sums for name in _NEEDED) or not all(map(math.isfinite, sums.values())):
        return None
    return sums


def counters(
    url: str, headers: Mapping[str, str] | None = None, *, ca_file: str | None = None
) -> dict[str, float] | None:
    """The server's counters now; None without --enable-metrics, or if nothing has been counted yet."""
    try:
        answer = Http(url, headers, ca_file=ca_file).get("/metrics")
    except ServerError:
        return None
    return read_counters(answer.text) if answer.status == 200 else None


def grown(before: Mapping[str, float] | None, after: Mapping[str, float] | None) -> dict[str, float] | None:
    """What a load added; a histogram that had no sample before began at 0, as the server counts it. None
    where either is not known, or a count fell (another process answers, or it started again).
    """
    if before is None or after is None:
        return None
    growth = {name: value - before.get(name, 0.0) for name, value in after.items()}
    growth |= {name: after[name] for name in ("idle.schedulers",) if name in after}
    return growth if min(growth.values()) >= 0 else None
