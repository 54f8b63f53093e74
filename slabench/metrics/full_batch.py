"""Decoding at a proven batch size: the time in which as many requests were decoding as the point is named
after.

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
    token."""

    begin: int
    end: int
    members: tuple[int, ...]


def windows(records: Sequence[RequestRecord], batch_size: int) -> tuple[Window, ...]:
    """The longest spans with batch_size requests between first and last token, one a wave where requests go
    in step."""
    moments: list[tuple[int, int, int]] = []  # an end before a start of the same moment: they do not overlap
    for position, record in enumerate(records):
        if record.ok and record.grown > 1 and (span := record.span_ns) is not None and span[0] < span[1]:
            moments += [(span[0], 1, position), (span[1], -1, position)]
    found: list[Window] = []
    decoding: set[int] = set()
    full_since: int | None = None
    for at, step, position in sorted(moments):
        if full_since is not None:
            if at > full_since:
                found.append(Window(full_since, at, tuple(sorted(decoding))))
            full_since = None
        if step > 0:
            decoding.add(position)
        else:
            decoding.discard(position)
        if len(decoding) == batch_size:
            full_since = at
    return tuple(found)


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
    """The figures full_batch.*; none if the batch was never full, no TPOT if no request had two events inside
    a window.
    """
    found = windows(records, batch_size)
    if not found:
        return {}
    paces = [pace(records, window.members, window.begin, window.end) for window in found]
    time_ns, tokens = sum(time for time, _ in paces), sum(made for _, made in paces)
    covered_s = sum(window.end - window.begin for window in found) / NS_PER_S
    figures: dict[str, float] = {"full_batch.windows": len(found), "full_batch.tokens": tokens}
    if duration_s:
        figures["full_batch.share"] = covered_s / duration_s
    if tokens > 0:
        figures["full_batch.tpot"] = time_ns / tokens / NS_PER_MS
    return figures
