"""How much worse a metric may be: a multiple of --tolerance, an absolute floor, and a wider limit for single
runs.

A regression has to be beyond both the relative and the absolute limit: 2 % of a TTFT of 20 ms is less than a
wake-up of the event loop.
"""

from __future__ import annotations

from slabench.metrics.declaration import Tolerance
from slabench.metrics.definitions import declared

DEFAULT = 0.02  # --tolerance
# Two runs of one sglang process on one H200 differed by at most 0.13 % in TPOT; two processes, two days or a
# CPU differ by more, and one run a side does not show by how much. A gate of single runs has always allowed
# this.
SINGLE = 0.05
# A floor is a difference without a meaning, and half of a throughput always has one: without this bound a
# rate below its own floor could fall to 0.
MOST_BY_FLOOR = 0.5


def tolerance_of(key: str) -> Tolerance:
    """Of a key such as `tpot.mean`. KeyError: it cannot be compared."""
    tolerance = declared(key).tolerance
    if tolerance is None:
        raise KeyError(f"{key} has no better direction, so it has no tolerance")
    return tolerance


def allowed(key: str, old: float, tolerance: float, *, single: bool = False) -> float:
    """The share by which the metric may be worse than old: the larger of the relative limit and the floor."""
    share = max(tolerance, SINGLE) if single else tolerance
    return max(share * tolerance_of(key).times, floor_share(key, old))


def floor_share(key: str, old: float) -> float:
    """The floor as a share of old; where higher is better, never more than MOST_BY_FLOOR."""
    share = tolerance_of(key).floor / abs(old)
    return min(share, MOST_BY_FLOOR) if declared(key).better == "higher" else share
