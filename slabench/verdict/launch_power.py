"""The smallest difference that a gate sees, by how much launches of one version differ."""

from __future__ import annotations

import math

from slabench.verdict.launch_spread import LaunchPart
from slabench.verdict.statistics import LEVEL, Change

NO_NOISE = 1e-9  # of the repeats, where launches alone count


def smallest_difference(
    sd: float,
    freedom: int,
    launches: int,
    *,
    tolerance: float,
    error: float = NO_NOISE,
    error_freedom: float = 1.0,
) -> float:
    """How much slower, as a share, a server is that is FAILED in four of five gates of one metric.

    sd, freedom: the stored spread of launches; error: the standard error of the log ratio without it.
    """
    part = LaunchPart(sd, freedom, 2 * sd**2 / launches)
    return _beyond(tolerance, Change(0.0, error, error_freedom, 2, 2, paired=True, launch=part))


def smallest_by_own(sd: float, launches: int, *, tolerance: float) -> float:
    """The same of a gate whose own launches are its only evidence; sd: of a launch's mean."""
    error = sd * math.sqrt(2 / launches)
    return _beyond(tolerance, Change(0.0, error, launches - 1, launches, launches, paired=True))


def _beyond(tolerance: float, change: Change) -> float:
    distance = change.least_distance(LEVEL)
    assert distance is not None, "it has an error"
    return math.exp(math.log1p(tolerance) + distance) - 1
