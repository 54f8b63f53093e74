"""Why is TTFT what it is? Each answer's time to its first token in three parts, and how many ran and waited.

    queue    meta_info's queue_time: from the scheduler's hands to the first forward (sglang 0.5.5+ with --enable-metrics)
    outside  (last token - sent) by our clock less e2e_latency by the server's: client, network, HTTP
    prefill  the rest: the forwards until the first token, and waiting between chunks

The server's tokenizer is a part of prefill: from when the request was received to when it went to the
scheduler, which 0.5.7 reports with --enable-metrics. A burst of texts waits there for one tokenizer; ids need
none.

A retracted answer's queue_time is that of its last stay in the queue, so it has no parts. Where the server
tells no queue_time, a request's share of the queue cannot be known: the log's lines say how many ran and
waited, not which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.metrics.compute import most_at_once, spread
from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

QUEUE = ("queue_time", "queue_time_seconds", "queue_time_s")
RETRACTED = ("num_retractions", "total_retractions")
RECEIVED, TO_SCHEDULER = "request_received_ts", "request_sent_to_scheduler_ts"


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
        outside = min(
            max(0.0, (record.arrival_ns[record.grown - 1] - record.sent_ns) / NS_PER_MS - 1000 * latency),
            ttft,
        )
    queue = min(max(0.0, 1000 * told), ttft - outside)
    return queue, ttft - outside - queue, outside


def waiting(records: Sequence[RequestRecord]) -> dict[str, float]:
    """ttft_queue, ttft_prefill, ttft_outside with their statistics; ran.peak and waited.peak by an exact
    sweep of the records.

    A request runs from its first token to its last, and waits from when it was sent to its first token.
    """
    found: dict[str, float] = {}
    known = [three for record in records if (three := parts(record)) is not None]
    for name, sample in zip(
        ("ttft_queue", "ttft_prefill", "ttft_outside"), zip(*known, strict=True), strict=False
    ):
        found |= {f"{name}.{statistic}": value for statistic, value in spread(sample).items()}
    tokenizer = [value for record in records if record.ok and (value := tokenizer_ms(record)) is not None]
    found |= {f"ttft_tokenizer.{statistic}": value for statistic, value in spread(tokenizer).items()}
    done = [record for record in records if record.ok and record.arrival_ns and record.sent_ns is not None]
    if done:
        found["ran.peak"] = most_at_once(
            span for record in done if record.grown > 1 and (span := record.span_ns) is not None
        )
        found["waited.peak"] = most_at_once((record.sent_ns or 0, record.arrival_ns[0]) for record in done)
    return found


def tokenizer_ms(record: RequestRecord) -> float | None:
    """How long the server had the request before its scheduler did; None where it does not report both times."""
    received, passed_on = record.server.get(RECEIVED), record.server.get(TO_SCHEDULER)
    return (
        None
        if received is None or passed_on is None or passed_on < received
        else 1000 * (passed_on - received)
    )


LONG_S = 1.0  # a shorter TTFT needs no explanation


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who ran and who waited by a deploy log's Decode lines, each scheduler's taken alone."""

    lines: int
    ran: int  # at most
    waited: int  # at most
    waited_lines: int  # lines with somebody waiting


def retracted(records: Sequence[RequestRecord]) -> int:
    """Answers that a retraction took the parts of: their queue_time is that of their last stay, and TTFT is
    of the first.
    """
    return sum(record.ok and any(record.server.get(key, 0.0) > 0 for key in RETRACTED) for record in records)


def explained(figures: Mapping[str, float], crowd: Crowd | None = None, *, without: int = 0) -> str | None:
    """One sentence or two on a TTFT: its parts if the server tells them, and who ran and who waited, by the
    log where there is one.

    without: answers that have no parts since they were retracted. None for a run without TTFT, and for a
    short one of which nothing more is known.
    """
    ttft = figures.get("ttft.mean")
    if ttft is None or ("ttft_queue.mean" not in figures and ttft < 1000 * LONG_S):
        return None
    gone = f"{without} retracted request{'s have' if without > 1 else ' has'} no parts: a retraction begins the server's count anew"
    if "ttft_queue.mean" in figures:
        queue, prefill, outside = (figures[f"ttft_{name}.mean"] for name in ("queue", "prefill", "outside"))
        tokenizer = figures.get("ttft_tokenizer.mean")
        own = (
            ""
            if not tokenizer or not prefill
            else f" (its tokenizer: {_ms(tokenizer)}, {min(1.0, tokenizer / prefill):.0%})"
        )
        told = f": {_ms(queue)} queued at the server, {_ms(prefill)} in prefill{own}, {_ms(outside)} outside of it"
        told += f" (of the others; {gone})" if without else ""
    elif without and without == figures.get("completed"):
        told = f"; {gone}"
    else:
        told = "; how much of it was queueing the answers do not say (--enable-metrics makes a server tell)"
    return f"TTFT mean {_ms(ttft)}{told}.{_crowd(figures, crowd)}"


def _crowd(figures: Mapping[str, float], crowd: Crowd | None) -> str:
    if crowd is not None and crowd.ran:
        if not crowd.waited:
            return f" The server ran at most {crowd.ran} at once, and nobody waited on its {crowd.lines} Decode lines (deploy log)."
        when = f"somebody on {crowd.waited_lines} of {crowd.lines} Decode lines"
        return (
            f" The server ran at most {crowd.ran} at once, up to {crowd.waited} waited, {when} (deploy log)."
        )
    ran, waits = figures.get("ran.peak"), figures.get("waited.peak")
    if ran and waits:
        return f" The server ran at most {ran:.0f} at once, up to {waits:.0f} waited for their first token."
    return ""


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"
