"""An open loop's throughput: what was offered, or so much less as its queue grew.

A server that keeps up gives what it is offered, and a window over a few dozen random arrivals would show
their luck and not the server. One that does not has a queue that grows: if requests come at rate a and it
serves m of them a second, the one that is due t seconds after the beginning is number a * t and has its turn
at a * t / m. It waits (a / m - 1) * t, so m = a / (1 + the slope of the time to the first token over the time
that a request was due).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from slabench.records import RequestRecord
from slabench.units import NS_PER_S

LEAST = 8  # requests that a slope is read from
# a queue that grows by less is none: first tokens come later anyway as the first answers begin
CLOSEST = 0.01


@dataclass(frozen=True, slots=True)
class Served:
    """rate: requests a second that were served; share: its half-interval (95 %) as a share of it. kept_up: no
    queue grew.
    """

    rate: float
    share: float
    kept_up: bool


def served(requests: Sequence[RequestRecord], offered: float) -> Served | None:
    """From whole requests in plan order that were offered at a rate (requests/s); None for too few, or if all
    were due at once.
    """
    points = [
        (record.due_ns / NS_PER_S, span[0] / NS_PER_S - record.due_ns / NS_PER_S)
        for record in requests
        if record.ok and (span := record.span_ns) is not None
    ]
    if len(points) < LEAST or len({due for due, _ in points}) == 1:
        return None
    middle, mean = fmean(due for due, _ in points), fmean(wait for _, wait in points)
    wide = sum((due - middle) ** 2 for due, _ in points)
    slope = sum((due - middle) * (wait - mean) for due, wait in points) / wide
    left = [wait - mean - slope * (due - middle) for due, wait in points]
    squares = sum(rest * rest for rest in left)
    # Who waits, waits with its neighbours: so much fewer independent requests there are (a series of order
    # one).
    alike = sum(a * b for a, b in itertools.pairwise(left)) / squares if squares > 0 else 0.0
    alike = min(max(alike, 0.0), 0.95)
    half = 2 * math.sqrt(squares / (len(points) - 2) / wide * (1 + alike) / (1 - alike))
    if slope - half <= CLOSEST:
        return Served(offered, CLOSEST, True)
    # as it really was: random arrivals are not the plan's rate
    came = (len(points) - 1) / (points[-1][0] - points[0][0])
    return Served(came / (1 + slope), half / (1 + slope), False)
