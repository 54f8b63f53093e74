"""Why is TTFT what it is? Each answer's time to its first token in three parts, and how many requests ran and
were queued.

    queue    meta_info's queue_time: from the scheduler's receipt to the first forward (sglang 0.5.5+ with
             --enable-metrics). 0.5.12 reports exactly 0 there for all answers, whatever they waited (on an
             H200 4.5 s by its own /metrics): a 0 is no measurement
    outside  (last token - sent) by our clock less e2e_latency by the server's: client, network, HTTP
    prefill  the rest: the forwards until the first token, and waiting between chunks

The server's tokenizer is a part of prefill: from when the request was received to when it went to the
scheduler, which 0.5.7 reports with --enable-metrics. A burst of texts waits there for one tokenizer; ids need
none.

A retracted answer's queue_time is that of its last stay in the queue, so it has no parts. Where the server
reports no queue_time, a request's share of the queue cannot be known: the log's lines have how many ran and
were queued, not which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message
from slabench.metrics.compute import most_at_once, spread
from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

QUEUE = ("queue_time", "queue_time_seconds", "queue_time_s")
RETRACTED = ("num_retractions", "total_retractions")
RECEIVED, TO_SCHEDULER = "request_received_ts", "request_sent_to_scheduler_ts"
PARTS = ("queue", "prefill", "outside")
LONG_MS = 1000.0  # a shorter TTFT needs no explanation


def _retracted(record: RequestRecord) -> bool:
    return any(record.server.get(key, 0.0) > 0 for key in RETRACTED)


def parts(record: RequestRecord) -> tuple[float, float, float] | None:
    """(queue, prefill, outside) in ms, or None where the server does not report enough."""
    queue_s = next((record.server[key] for key in QUEUE if key in record.server), None)
    if not queue_s or record.sent_ns is None or not record.arrival_ns or not record.ok:
        return None
    if any(record.server.get(key, 0.0) for key in RETRACTED):  # retracted, or an impossible count
        return None
    first, last = record.arrival_ns[0], record.arrival_ns[record.grown - 1]
    ttft, e2el = (first - record.sent_ns) / NS_PER_MS, (last - record.sent_ns) / NS_PER_MS
    latency_s = record.server.get("e2e_latency")
    # The stream's end can reach us later than its beginning did, by more than the first token took.
    outside = 0.0 if latency_s is None else min(max(0.0, e2el - 1000 * latency_s), ttft)
    queue = min(max(0.0, 1000 * queue_s), ttft - outside)
    return queue, ttft - outside - queue, outside


def waiting(records: Sequence[RequestRecord]) -> dict[str, float]:
    """ttft_queue, ttft_prefill, ttft_outside with their statistics; ran.peak and waited.peak by an exact
    sweep of the records.

    A request runs from its first token to its last, and waits from when it was sent to its first token.
    """
    metrics: dict[str, float] = {}
    known = [three for record in records if (three := parts(record)) is not None]
    names = ("ttft_queue", "ttft_prefill", "ttft_outside")
    for name, sample in zip(names, zip(*known, strict=True), strict=False):
        metrics |= spread(name, sample)
    tokenizer = [value for record in records if record.ok and (value := tokenizer_ms(record)) is not None]
    metrics |= spread("ttft_tokenizer", tokenizer)
    done = [record for record in records if record.ok and record.arrival_ns and record.sent_ns is not None]
    if done:
        ran = (span for record in done if record.grown > 1 and (span := record.span_ns) is not None)
        waited = ((record.sent_ns or 0, record.arrival_ns[0]) for record in done)
        metrics |= {"ran.peak": most_at_once(ran), "waited.peak": most_at_once(waited)}
    return metrics


def tokenizer_ms(record: RequestRecord) -> float | None:
    """How long the server had the request before its scheduler did; None where either time is missing."""
    received, passed_on = record.server.get(RECEIVED), record.server.get(TO_SCHEDULER)
    return (
        None
        if received is None or passed_on is None or passed_on < received
        else 1000 * (passed_on - received)
    )


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many requests ran and were queued by a deploy log's Decode lines, each scheduler's taken alone."""

    lines: int
    ran: int  # at most
    waited: int  # at most
    waited_lines: int  # lines with a queue


def retracted(records: Sequence[RequestRecord]) -> int:
    """Answers that a retraction took the parts of: their queue_time is that of their last stay, and TTFT is
    of the first.
    """
    return sum(record.ok and _retracted(record) for record in records)


def explained(
    metrics: Mapping[str, float], crowd: Crowd | None = None, *, without: int = 0
) -> Message | None:
    """A TTFT in its parts if the server reports them, and how many requests ran and were queued, by the log
    where there is one.

    without: answers that have no parts since they were retracted. None for a run without TTFT, and for a
    short one of which nothing more is known.
    """
    ttft, split = metrics.get("ttft.mean"), "ttft_queue.mean" in metrics
    if ttft is None or (not split and ttft < LONG_MS):
        return None
    if split:
        shares = {name: metrics[f"ttft_{name}.mean"] for name in PARTS}
        sentences = [Message("ttft.parts", ttft=ttft, **shares)]
        tokenizer, prefill = metrics.get("ttft_tokenizer.mean"), shares["prefill"]
        if tokenizer and prefill:
            share = min(1.0, tokenizer / prefill)
            sentences.append(Message("ttft.tokenizer", tokenizer=tokenizer, share=share))
        sentences += [Message("ttft.retracted", retracted=without)] if without else []
    elif without and without == metrics.get("completed"):
        sentences = [Message("ttft.all_retracted", ttft=ttft, retracted=without)]
    elif (queue := metrics.get("server.queue")) is not None:
        sentences = [Message("ttft.server_queue", ttft=ttft, queue=queue)]
    else:
        sentences = [Message("ttft.not_reported", ttft=ttft)]
    return Message("ttft.sentences", sentences=[*sentences, *_crowd(metrics, crowd)])


def _crowd(metrics: Mapping[str, float], crowd: Crowd | None) -> list[Message]:
    if crowd is not None and crowd.ran:
        lines, ran, queued = crowd.lines, crowd.ran, crowd.waited
        if not queued:
            return [Message("ttft.ran", ran=ran, lines=lines)]
        return [Message("ttft.queued", ran=ran, queued=queued, queued_lines=crowd.waited_lines, lines=lines)]
    decoded, waited = metrics.get("ran.peak"), metrics.get("waited.peak")
    return [Message("ttft.by_client", ran=decoded, queued=waited)] if decoded and waited else []
