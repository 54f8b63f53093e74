"""Did all answers come at one pace?

A scheduler makes a token for each of its requests in every step, so what it makes at one time comes at one
pace: two paces at one time are two servers, or two groups of ranks.
"""

from __future__ import annotations

import bisect
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

# times slower, by events and by tokens: speculation differs in the tokens of an event, a gateway joins events
APART = 2.5
LEAST_EVENTS = 8  # of an answer
LEAST_ANSWERS, LEAST_SHARE = 2, 0.1  # at each of the two
MOST_ANSWERS = 64  # at each: those that are held against each other


@dataclass(frozen=True, slots=True)
class Paces:
    """How many answers came at which time between two events (median)."""

    fast: int
    fast_ms: float
    slow: int
    slow_ms: float


def two_paces(records: Sequence[RequestRecord]) -> Paces | None:
    """None where all came at one pace, or those of two paces not at one time."""
    gaps = [
        (_gap_ms(record), record)
        for record in records
        if record.ok and len(record.arrival_ns) >= LEAST_EVENTS
    ]
    known = sorted(((gap, record) for gap, record in gaps if gap > 0), key=lambda pair: pair[0])
    least = max(LEAST_ANSWERS, LEAST_SHARE * len(known))
    places = [k for k in range(1, len(known)) if k >= least and len(known) - k >= least]
    place = max(places, key=lambda k: known[k][0] / known[k - 1][0], default=0)
    if not place or known[place][0] < APART * known[place - 1][0]:
        return None
    fast, slow = known[:place], known[place:]
    some_fast, some_slow = (
        [record for _, record in pairs[:: -(-len(pairs) // MOST_ANSWERS)]] for pairs in (fast, slow)
    )
    apart = sum(any(_apart(record, other) for other in some_slow) for record in some_fast)
    if 2 * apart <= len(some_fast):
        return None
    fast_ms, slow_ms = (statistics.median(gap for gap, _ in pairs) for pairs in (fast, slow))
    return Paces(len(fast), fast_ms, len(slow), slow_ms)


def _gap_ms(record: RequestRecord) -> float:
    stamps = record.stamps_ns
    return statistics.median(after - before for before, after in itertools.pairwise(stamps)) / NS_PER_MS


def _apart(fast: RequestRecord, slow: RequestRecord) -> bool:
    """Whether the first was faster while both were decoding, for at least half of its own time."""
    begin, end = max(fast.arrival_ns[0], slow.arrival_ns[0]), min(fast.stamps_ns[-1], slow.stamps_ns[-1])
    if 2 * (end - begin) < fast.stamps_ns[-1] - fast.arrival_ns[0]:
        return False
    events, tokens = _between(fast, begin, end)
    _, less = _between(slow, begin, end)
    return events >= LEAST_EVENTS // 2 and tokens >= APART * (less + 1)


def _between(record: RequestRecord, begin: int, end: int) -> tuple[int, int]:
    """(events, tokens) of an answer that came in that time."""
    first, last = (
        bisect.bisect_left(record.arrival_ns, begin),
        bisect.bisect_right(record.arrival_ns, end) - 1,
    )
    return max(0, last - first), record.arrival_tokens[last] - record.arrival_tokens[
        first
    ] if last > first else 0
