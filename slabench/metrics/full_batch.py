"""Decoding at a proven batch size: the time in which as many requests decoded as the test asks for.

A mean TPOT contains what disturbed the batch: the prefills of the others, a batch that is not yet or no
longer full. Between the last first token and the first finish of a wave nothing of that can happen: all
requests decode, and none waits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.records import RequestRecord
from slabench.units import NS_PER_MS, NS_PER_S


@dataclass(frozen=True, slots=True)
class Window:
    """From begin to end, in ns, exactly these requests (positions in the records) were between first and last
    token.
    """

    begin: int
    end: int
    members: tuple[int, ...]


def windows(records: Sequence[RequestRecord], batch_size: int) -> tuple[Window, ...]:
    """The longest spans with batch_size requests between first and last token, one a wave where requests go
    in step.
    """
    moments: list[tuple[int, int, int]] = []  # an end before a start of the same moment: they do not overlap
    for position, record in enumerate(records):
        if record.ok and record.grown > 1 and (span := record.span_ns) is not None and span[0] < span[1]:
            moments += [(span[0], 1, position), (span[1], -1, position)]
    full: list[Window] = []
    decoding: set[int] = set()
    full_since = 0
    for at, _, position in sorted(moments):
        if len(decoding) == batch_size and at > full_since:
            full.append(Window(full_since, at, tuple(sorted(decoding))))
        decoding ^= {position}  # it begins, or ends
        full_since = at
    return tuple(full)


def pace(records: Sequence[RequestRecord], members: Sequence[int], begin: int, end: int) -> tuple[int, int]:
    """(ns, tokens) of these requests, each between its own first and last event from begin to end.

    So neither edge adds a piece of a step to it or takes one away.
    """
    time_ns = tokens = 0
    for position in members:
        stamps, counts = records[position].arrival_ns, records[position].arrival_tokens
        first, last = bisect_left(stamps, begin), bisect_right(stamps, end) - 1
        if last > first:
            time_ns += stamps[last] - stamps[first]
            tokens += counts[last] - counts[first]
    return time_ns, tokens


def full_batch(
    records: Sequence[RequestRecord], batch_size: int, duration_s: float | None
) -> dict[str, float]:
    """The metrics full_batch.*; none if the batch was never full, no TPOT if no request had two events inside
    a window.
    """
    full = windows(records, batch_size)
    if not full:
        return {}
    paces = [pace(records, window.members, window.begin, window.end) for window in full]
    time_ns, tokens = map(sum, zip(*paces, strict=True))
    metrics: dict[str, float] = {"full_batch.windows": len(full), "full_batch.tokens": tokens}
    if duration_s:
        covered_s = sum(window.end - window.begin for window in full) / NS_PER_S
        metrics["full_batch.share"] = covered_s / duration_s
    return metrics | ({"full_batch.tpot": time_ns / tokens / NS_PER_MS} if tokens > 0 else {})
