"""How much worse is worse: for each figure a share of --tolerance, an absolute floor, and what one run a side can tell.

A regression has to be beyond both the relative and the absolute limit: 2 % of a TTFT of 20 ms is less than a wake-up of the event
loop, and means nothing to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slabench.metrics.definitions import METRICS, Metric, metric_of

DEFAULT = 0.02  # --tolerance
# Two runs of one sglang process on one H200 lay within 0.13 % of each other in TPOT; two processes, two days or a CPU lie further
# apart, and one run a side cannot say how far. This is what a gate of single runs has always allowed.
SINGLE = 0.05
# A floor is a difference that means nothing, and half of a throughput is never that: without this bound a rate below its own floor
# could fall to nothing.
MOST_BY_FLOOR = 0.5


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
_SCHEDULER = "half a millisecond is a turn of the server's own loop; its queue multiplies a small change of speed as TTFT's does"
_PASS = "half a millisecond is a turn of the server's own loop"
_REQUEST = "less than one request is no difference"
_THOUSAND = "one request more or less in a thousand seconds"

PAIRS: dict[str, Pair] = {
    "tpot": Pair(1.0, 0.05, _CLOCK),
    "itl": Pair(1.0, 0.05, _CLOCK),
    "full_batch.tpot": Pair(1.0, 0.05, _CLOCK),
    "log.tpot": Pair(1.0, 0.05, "the log prints two decimals of a throughput"),
    "log.tpot_median": Pair(1.0, 0.05, "the log prints two decimals of a throughput"),
    "ttft": Pair(2.5, 2.0, _QUEUE),
    "ttft_due": Pair(2.5, 2.0, _QUEUE),
    "ttft_queue": Pair(2.5, 0.5, _SCHEDULER),
    "ttft_prefill": Pair(1.0, 0.5, _PASS),
    "ttft_outside": Pair(2.5, 0.5, "the mean way through two kernels moves by some tenths of a millisecond, and with it its share"),
    "e2el": Pair(1.0, 2.0, _WAKE),
    "e2el_due": Pair(1.0, 2.0, _WAKE),
    "gap_max": Pair(5.0, 5.0, "the longest of thousands of pauses is an extreme value, and scatters as such"),
    "duration": Pair(1.0, 0.05, "a run ends with its last token, somewhere inside a step"),
    "completed": Pair(1.0, 0.5, _REQUEST),
    "failed": Pair(1.0, 0.5, _REQUEST),
    "waited.peak": Pair(2.5, 0.5, _REQUEST),
    "request_throughput": Pair(1.0, 0.001, _THOUSAND),
    "qpm": Pair(1.0, 0.06, _THOUSAND),
    "goodput.share": Pair(1.0, 0.01, "one request in a hundred"),
    "goodput.request_throughput": Pair(1.0, 0.001, _THOUSAND),
    "curve": Pair(1.0, 1.0, _COUNT),
    "input_throughput": Pair(1.0, 1.0, _COUNT),
    "output_throughput": Pair(1.0, 1.0, _COUNT),
    "total_throughput": Pair(1.0, 1.0, _COUNT),
    "input_throughput_per_gpu": Pair(1.0, 1.0, _COUNT),
    "output_throughput_per_gpu": Pair(1.0, 1.0, _COUNT),
    "total_throughput_per_gpu": Pair(1.0, 1.0, _COUNT),
}


def check_complete(declared: Iterable[Metric], pairs: Mapping[str, Pair]) -> None:
    """ValueError for a metric that has a better and a worse and no row: any other metric's floor may be in another unit."""
    lacking = [one.name for one in declared if one.better != "none" and _row(one) not in pairs]
    if lacking:
        raise ValueError(f"no tolerance is declared for {', '.join(lacking)}; give each its row in verdict/tolerances.py")


def _row(metric: Metric) -> str:
    return metric.name.removeprefix("classic.")


check_complete(METRICS.values(), PAIRS)


def pair_of(key: str) -> Pair:
    """The pair of a key such as `tpot.mean`; bench_serving's figures have those of ours. KeyError: it cannot be compared."""
    metric = metric_of(key)
    if metric is None or metric.better == "none":
        raise KeyError(f"{key} has no better and no worse, so it has no tolerance")
    return PAIRS[_row(metric)]


def allowed(key: str, old: float, tolerance: float, *, single: bool = False) -> float:
    """The share by which the figure may be worse than old: the larger of the relative limit and the floor."""
    pair = pair_of(key)
    share = max(tolerance, SINGLE) if single else tolerance
    return max(share * pair.times, floor_share(key, old))


def floor_share(key: str, old: float) -> float:
    """The floor as a share of old; of what is better higher, never more than MOST_BY_FLOOR."""
    metric, share = metric_of(key), pair_of(key).floor / abs(old)
    return min(share, MOST_BY_FLOOR) if metric is not None and metric.better == "higher" else share
