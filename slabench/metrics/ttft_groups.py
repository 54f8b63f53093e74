"""TTFT in its parts along a load: requests that were sent one after another, taken together in groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from slabench.metrics.ttft_breakdown import parts
from slabench.records import RequestRecord

MOST = 32  # groups


@dataclass(frozen=True, slots=True)
class Group:
    """first: place of its first request in the order of sending, from 1; n: those with parts; means in ms."""

    first: int
    n: int
    queue: float
    prefill: float
    outside: float


def groups(records: Sequence[RequestRecord], most: int = MOST) -> list[Group]:
    """Equally many requests each; a group of which the server reports no parts is left out."""
    sent = sorted(
        (record for record in records if record.sent_ns is not None), key=lambda record: record.sent_ns or 0
    )
    size = math.ceil(len(sent) / most) or 1
    made = []
    for begin in range(0, len(sent), size):
        known = [three for record in sent[begin : begin + size] if (three := parts(record)) is not None]
        if known:
            made.append(Group(begin + 1, len(known), *map(fmean, zip(*known, strict=True))))
    return made
