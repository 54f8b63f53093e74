"""How much worse is worse: for each figure a share of --tolerance, an absolute floor, and what one run a side can tell.

A regression has to be beyond both the relative and the absolute limit: 2 % of a TTFT of 20 ms is less than a wake-up of the event
loop, and means nothing to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from slabench.metrics.definitions import metric_of

DEFAULT = 0.02  # --tolerance
# Two runs of one sglang process on one H200 lay within 0.13 % of each other in TPOT; two processes, two days or a CPU lie further
# apart, and one run a side cannot say how far. This is what a gate of single runs has always allowed.
SINGLE = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """times: of --tolerance; floor: in the figure's own unit, below which no difference is a regression."""

    times: float
    floor: float
    reason: str


_CLOCK = "without the kernel's time of arrival a stamp is late by the event loop's own lateness, some 0.05 ms"
_WAKE = "a request's way through two kernels and two event loops moves by a millisecond or two"
_QUEUE = f"{_WAKE}; near saturation a queue multiplies a small change of speed, so the share is 2.5 times the tolerance"
_COUNT = "below one token a second nothing is decided by it"

PAIRS: dict[str, Pair] = {
    "tpot": Pair(1.0, 0.05, _CLOCK),
    "itl": Pair(1.0, 0.05, _CLOCK),
    "full_batch.tpot": Pair(1.0, 0.05, _CLOCK),
    "log.tpot": Pair(1.0, 0.05, "the log prints two decimals of a throughput"),
    "log.tpot_median": Pair(1.0, 0.05, "the log prints two decimals of a throughput"),
    "ttft": Pair(2.5, 2.0, _QUEUE),
    "ttft_due": Pair(2.5, 2.0, _QUEUE),
    "e2el": Pair(1.0, 2.0, _WAKE),
    "e2el_due": Pair(1.0, 2.0, _WAKE),
    "gap_max": Pair(5.0, 5.0, "the longest of thousands of pauses is an extreme value, and scatters as such"),
    "duration": Pair(1.0, 0.05, "a run ends with its last token, somewhere inside a step"),
    "request_throughput": Pair(1.0, 0.01, "one request more or less in a hundred seconds"),
    "qpm": Pair(1.0, 0.5, "half a request a minute"),
    "goodput.share": Pair(1.0, 0.01, "one request in a hundred"),
    "curve": Pair(1.0, 1.0, _COUNT),
}
_OTHER = Pair(1.0, 1.0, _COUNT)  # throughputs in tokens a second


def pair_of(key: str) -> Pair:
    """The pair of a key such as `tpot.mean`; bench_serving's figures have those of ours."""
    metric = metric_of(key)
    name = key if metric is None else metric.name
    return PAIRS.get(name.removeprefix("classic."), _OTHER)


def allowed(key: str, old: float, tolerance: float, *, single: bool = False) -> float:
    """The share by which the figure may be worse than old: the larger of the relative limit and the floor."""
    pair = pair_of(key)
    share = max(tolerance, SINGLE) if single else tolerance
    return max(share * pair.times, pair.floor / abs(old))
