"""The output of a server that is full: tokens/s while requests wait for room, from stretches that come back.

Where more is in flight than runs at once, equal requests go in lumps: as many as there is room for are
prefilled, decode, end together, and the next lump begins. A wave of the load (as many as are in flight) is no
whole number of lumps, so neither a count between two moments nor one over whole waves ends where it began,
and of few waves each is wrong by some per cent, by the same ones every time. Tokens that leave the server are
a curve that repeats itself lump by lump. Over a stretch as long as a whole number of lumps it rises by the
same wherever the stretch begins, over any other it does not: by that the stretch is found, without knowing
how many run at once. To measure between moments of equal state is the regenerative method (Crane and
Iglehart, Operations Research 23, 1975); here the moments are not seen, only that they come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.records import RequestRecord
from slabench.units import NS_PER_S

CELLS = 400  # of the time in which the server is full: finer than a lump's prefill, coarser than a step
SHORTEST = CELLS // 4  # a shorter stretch gains by little noise what it loses by few tokens
# a longer one would leave some moments out: neither its begin nor its end would ever come by them
LONGEST = CELLS // 2


@dataclass(frozen=True, slots=True)
class Flow:
    """rate: output tokens/s. spread: by which share of it the stretch differs (standard deviation) with where
    it begins.
    """

    rate: float
    spread: float


def saturated_flow(records: Sequence[RequestRecord]) -> Flow | None:
    """Output tokens/s from the first end to the last first token: before it the first lump is on its way,
    after it none waits.

    None where that is no time at all. A large spread means that no stretch comes back: it is longer than half
    of the time.
    """
    import numpy as np

    counted = [record for record in records if len(record.arrival_ns)]
    ends = [record.end_ns for record in counted if record.ok and record.end_ns is not None]
    begin, end = min(ends, default=0), max((record.arrival_ns[0] for record in counted), default=0)
    if not ends or end <= begin:
        return None
    stamps = np.concatenate([np.asarray(record.arrival_ns) for record in counted])
    tokens = np.concatenate([np.diff(np.asarray(record.arrival_tokens), prepend=0) for record in counted])
    # Cell k is what came after its lower edge, up to its upper one; 0 and the last are outside.
    cells = np.clip(np.ceil((stamps - begin) * (CELLS / (end - begin))), 0, CELLS + 1).astype(np.int64)
    risen = np.cumsum(np.bincount(cells, weights=tokens, minlength=CELLS + 2))[: CELLS + 1]
    rises = [(length, risen[length:] - risen[:-length]) for length in range(SHORTEST, LONGEST + 1)]
    means = [(length, rise, float(rise.mean())) for length, rise in rises]
    flows = [(float(rise.std()) / mean, mean * CELLS / length) for length, rise, mean in means if mean > 0]
    if not flows:
        return None
    spread, tokens_per_time = min(flows)
    return Flow(tokens_per_time / ((end - begin) / NS_PER_S), spread)
