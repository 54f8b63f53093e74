"""Latencies by the server's own clock: what its /metrics added during a load, over the same requests.

    server.ttft   time_to_first_token_seconds: from the request's receipt to its first token
    server.e2el   e2e_request_latency_seconds: from the request's receipt to its last token
    server.tpot   request_time_per_output_token_seconds (0.5.23), else (sum of e2el - sum of ttft) / tokens
                  after each first one
    server.queue  queue_time_seconds: in the scheduler's queue. 0.5.12's meta_info has queue_time 0 instead
    server.idle   scheduler_idle_seconds_total / duration, mean over schedulers (0.5.23)
    server.accept_len  output tokens / spec_verify_calls_total (0.5.23, speculative decoding)

Only where the server counted exactly our requests: a mean over others' too says nothing of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

_MS_PER_S = 1000.0


def server_clock(
    counted: Mapping[str, float] | None, requests: Sequence[RequestRecord], duration_s: float | None
) -> dict[str, float]:
    """counted: what scrape.grown() returns. Latencies in ms; empty if the requests are not the same."""
    mine = [record for record in requests if record.sent_ns is not None]
    if not counted or not mine or not all(record.ok for record in mine) or counted["requests"] != len(mine):
        return {}
    means = {
        name: _MS_PER_S * counted[f"{name}.sum"] / len(mine)
        for name in ("ttft", "e2el", "tpot", "queue")
        if counted.get(f"{name}.count") == len(mine)
    }
    tokens = sum(later_tokens(record) for record in mine)
    if "tpot" not in means and {"ttft", "e2el"} <= means.keys() and tokens:
        means["tpot"] = (means["e2el"] - means["ttft"]) * len(mine) / tokens
    metrics = {f"server.{name}": value for name, value in means.items()}
    if counted.get("idle.schedulers") and duration_s:
        metrics["server.idle"] = min(1.0, counted["idle"] / counted["idle.schedulers"] / duration_s)
    if counted.get("verify_steps"):
        metrics["server.accept_len"] = counted["output_tokens"] / counted["verify_steps"]
    return metrics


def later_tokens(record: RequestRecord) -> int:
    """Tokens after the first event's, as TPOT counts them; 0 where the stream counts none."""
    return record.arrival_tokens[-1] - record.arrival_tokens[0] if record.arrival_tokens else 0


def same_by_client(requests: Sequence[RequestRecord]) -> dict[str, float]:
    """ttft, e2el and tpot (ms) of the same requests by our clock, each as the server's is defined: tpot is
    over all tokens after each first one.
    """
    spans = [
        ((span[0] - record.sent_ns) / NS_PER_MS, (span[1] - record.sent_ns) / NS_PER_MS)
        for record in requests
        if record.ok and record.sent_ns is not None and (span := record.span_ns) is not None
    ]
    if not spans:
        return {}
    ttft, e2el = (sum(values) / len(spans) for values in zip(*spans, strict=True))
    tokens = sum(later_tokens(record) for record in requests if record.ok)
    return {"ttft": ttft, "e2el": e2el} | ({"tpot": (e2el - ttft) * len(spans) / tokens} if tokens else {})
