"""/metrics: counters that show whether another client used the server during a run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from slabench.errors import ServerError
from slabench.server.http import Http

# Source: sglang 0.5.7, srt/metrics/collector.py. Counted when a request ends, by the tokenizer process.
REQUESTS, TOKENS = (
    "sglang:num_requests_total",
    ("sglang:prompt_tokens_total", "sglang:generation_tokens_total"),
)
_SAMPLE = re.compile(r"^(sglang:\w+)(?:\{[^}]*\})? (\S+)$", re.M)


def read_counters(text: str) -> tuple[float, float] | None:
    """Requests and tokens (prompt and generated) from Prometheus' text form, all labels together; None if
    they are not there or no finite numbers.
    """
    sums = dict.fromkeys((REQUESTS, *TOKENS), -1.0)
    for name, value in _SAMPLE.findall(text):
        if name in sums:
            try:
                sums[name] = max(sums[name], 0.0) + float(value)
            except ValueError:
                return None
    requests, *tokens = sums.values()
    if min(requests, *tokens) < 0 or not math.isfinite(requests + sum(tokens)):
        return None
    return requests, sum(tokens)


def counters(
    url: str, headers: Mapping[str, str] | None = None, *, ca_file: str | None = None
) -> tuple[float, float] | None:
    """The server's counters now; None without --enable-metrics, or if nothing has been counted yet."""
    try:
        answer = Http(url, headers, ca_file=ca_file).get("/metrics")
    except ServerError:
        return None
    return read_counters(answer.text) if answer.status == 200 else None
