"""Why is TTFT what it is? Each answer's time to its first token in three parts, and how many ran and waited.

    queue    meta_info's queue_time: from the scheduler's hands to the first forward (sglang 0.5.5+ with --enable-metrics)
    outside  (last token - sent) by our clock less e2e_latency by the server's: client, network, HTTP
    prefill  the rest: the forwards until the first token, and waiting between chunks

A retracted answer's queue_time is that of its last stay in the queue, so it has no parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slabench.metrics.compute import NS_PER_MS, spread
from slabench.records import RequestRecord

QUEUE = ("queue_time", "queue_time_seconds", "queue_time_s")
RETRACTED = ("num_retractions", "total_retractions")


def parts(record: RequestRecord) -> tuple[float, float, float] | None:
    """(queue, prefill, outside) in ms, or None where the server does not tell enough."""
    told = next((record.server[key] for key in QUEUE if key in record.server), None)
    latency = record.server.get("e2e_latency")
    if told is None or record.sent_ns is None or not record.arrival_ns or not record.ok:
        return None
    if any(record.server.get(key, 0.0) for key in RETRACTED):
        return None
    ttft = (record.arrival_ns[0] - record.sent_ns) / NS_PER_MS
    outside = 0.0
    if latency is not None:
        # The stream's end can reach us later than its beginning did, by more than the first token took.
        outside = min(max(0.0, (record.arrival_ns[-1] - record.sent_ns) / NS_PER_MS - 1000 * latency), ttft)
    queue = min(max(0.0, 1000 * told), ttft - outside)
    return queue, ttft - outside - queue, outside


def waiting(records: Sequence[RequestRecord]) -> dict[str, float]:
    """ttft_queue, ttft_prefill, ttft_outside with their statistics; ran.peak and waited.peak by an exact sweep of the records.

    A request runs from its first token to its last, and waits from when it was sent to its first token.
    """
    found: dict[str, float] = {}
    known = [three for record in records if (three := parts(record)) is not None]
    for name, sample in zip(("ttft_queue", "ttft_prefill", "ttft_outside"), zip(*known, strict=True), strict=False):
        found |= {f"{name}.{statistic}": value for statistic, value in spread(sample).items()}
    done = [record for record in records if record.ok and record.arrival_ns and record.sent_ns is not None]
    if done:
        found["ran.peak"] = _peak([(record.arrival_ns[0], record.arrival_ns[-1]) for record in done if len(record.arrival_ns) > 1])
        found["waited.peak"] = _peak([(record.sent_ns or 0, record.arrival_ns[0]) for record in done])
    return found


def _peak(spans: Sequence[tuple[int, int]]) -> int:
    """Most spans that cover one moment; one that ends where another begins does not overlap it."""
    running = peak = 0
    for _, step in sorted(moment for begin, end in spans for moment in ((begin, 1), (end, -1))):
        running += step
        peak = max(peak, running)
    return peak


LONG_S = 1.0  # a shorter TTFT needs no explanation


def explained(figures: Mapping[str, float], *, queue_max: int | None = None, running_max: int | None = None) -> str | None:
    """One sentence on a TTFT: its parts if the server tells them, and who ran and who waited, by the log where there is one.

    None for a run without TTFT, and for a short one of which nothing more is known.
    """
    ttft = figures.get("ttft.mean")
    if ttft is None or ("ttft_queue.mean" not in figures and ttft < 1000 * LONG_S):
        return None
    if "ttft_queue.mean" in figures:
        queue, prefill, outside = (figures[f"ttft_{name}.mean"] for name in ("queue", "prefill", "outside"))
        told = f": {_ms(queue)} queued at the server, {_ms(prefill)} in prefill, {_ms(outside)} outside of it"
    else:
        told = "; how much of it was queueing the answers do not say (--enable-metrics makes a server tell)"
    ran = running_max or figures.get("ran.peak")
    waits = queue_max if queue_max else None
    crowd = ""
    if ran and waits:
        crowd = f" The server ran at most {ran:.0f} at once, up to {waits} waited (deploy log)."
    elif ran and figures.get("waited.peak"):
        crowd = f" The server ran at most {ran:.0f} at once, up to {figures['waited.peak']:.0f} waited for their first token."
    return f"TTFT mean {_ms(ttft)}{told}.{crowd}"


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"
