"""What a comparison allows of a metric: a share of --tolerance and an absolute floor, with the reason.

A regression has to be beyond both (verdict/tolerances.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """times: of --tolerance; floor: in the metric's own unit, below which no difference is a regression."""

    times: float
    floor: float
    reason: str


_WAY = "a request's way through two kernels and two event loops moves by a millisecond or two"
STAMP = Tolerance(1.0, 0.05, "without the kernel's time of arrival a stamp is late by the event loop's own lateness, some 0.05 ms")
LOG_STAMP = Tolerance(1.0, 0.05, "the log prints two decimals of a throughput")
FIRST = Tolerance(
    2.5, 2.0, f"{_WAY}; near saturation a queue multiplies a small change of speed, so the share is 2.5 times the tolerance"
)
LAST = Tolerance(1.0, 2.0, _WAY)
REQUESTS = Tolerance(1.0, 0.5, "less than one request is no difference")
RATE = Tolerance(1.0, 0.001, "one request more or less in a thousand seconds")
END = Tolerance(1.0, 0.05, "a run ends with its last token, somewhere inside a step")
TOKENS = Tolerance(1.0, 1.0, "below one token a second nothing is decided by it")
