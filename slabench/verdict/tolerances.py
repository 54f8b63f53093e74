"""How much worse is worse: for each metric a share of --tolerance, an absolute floor, and what one run a side
can tell.

A regression has to be beyond both the relative and the absolute limit: 2 % of a TTFT of 20 ms is less than a
wake-up of the event loop, and means nothing to anybody.
"""

from __future__ import annotations

from slabench.metrics.declaration import Tolerance
from slabench.metrics.definitions import declared

DEFAULT = 0.02  # --tolerance
# Two runs of one sglang process on one H200 lay within 0.13 % of each other in TPOT; two processes, two days
# or a CPU lie further apart, and one run a side cannot say how far. This is what a gate of single runs has
# always allowed.
SINGLE = 0.05
# A floor is a difference that means nothing, and half of a throughput is never that: without this bound a
# rate below its own floor could fall to nothing.
MOST_BY_FLOOR = 0.5


def tolerance_of(key: str) -> Tolerance:
    """Of a key such as `tpot.mean`. KeyError: it cannot be compared."""
    tolerance = declared(key).tolerance
    if tolerance is None:
        raise KeyError(f"{key} has no better and no worse, so it has no tolerance")
    return tolerance


def allowed(key: str, old: float, tolerance: float, *, single: bool = False) -> float:
    """The share by which the metric may be worse than old: the larger of the relative limit and the floor."""
    share = max(tolerance, SINGLE) if single else tolerance
    return max(share * tolerance_of(key).times, floor_share(key, old))


def floor_share(key: str, old: float) -> float:
    """The floor as a share of old; of what is better higher, never more than MOST_BY_FLOOR."""
    share = tolerance_of(key).floor / abs(old)
    return min(share, MOST_BY_FLOOR) if declared(key).better == "higher" else share
