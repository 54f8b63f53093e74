"""The metrics that gate a test, one value a repeat, and the repeats that lack one: such a metric cannot be
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from slabench.metrics.bounded import bounds
from slabench.metrics.declaration import Metric
from slabench.metrics.definitions import METRICS, curve_size


@dataclass(frozen=True, slots=True)
class Gathered:
    """One side's repeats. values: metric -> one value a repeat, for the metrics that every repeat has.

    lacking: every other metric -> the repeats without it, `repeat 2 of 3`; empty where no repeat has it.
    """

    values: Mapping[str, Sequence[float]]
    lacking: Mapping[str, str] = field(default_factory=dict)


def gather(
    runs: Sequence[Mapping[str, float]], keys: Iterable[str], repeats: Mapping[str, int] | None = None
) -> Gathered:
    """The values of these metrics, run by run. repeats: of a metric that only so many of the runs measure."""
    of = {key: runs[: (repeats or {}).get(key, len(runs))] for key in keys}
    without = {key: [k for k, run in enumerate(its, 1) if key not in run] for key, its in of.items()}
    return Gathered(
        {key: [run[key] for run in of[key]] for key, absent in without.items() if not absent},
        {key: _repeats(absent, len(of[key])) for key, absent in without.items() if absent},
    )


def _repeats(numbers: Sequence[int], repeats: int) -> str:
    plural = "s" if len(numbers) > 1 else ""
    return "" if len(numbers) == repeats else f"repeat{plural} {', '.join(map(str, numbers))} of {repeats}"


# At a fixed batch the throughput is the batch over TPOT, and the noise of the run's ends beside: on an H200
# a pair's ratio has 0.72 % in TPOT and 1.7 % in throughput, by which equal servers would seldom be PASSED.
QUICK = {"ali-decode": ("tpot",)}


def gating(method: str, *, quick: bool = False) -> list[Metric]:
    """The metrics that gate a test of this method; a method of the user's own is gated as serving.

    quick: in the method's short form, of a quick gate.
    """
    if quick and method in QUICK:
        return [METRICS[name] for name in QUICK[method]]
    named = [metric for metric in METRICS.values() if method in metric.gates]
    return named or [metric for metric in METRICS.values() if "serving" in metric.gates]


def gated_keys(
    method: str, *runs: Mapping[str, float], classic: bool = False, quick: bool = False
) -> list[str]:
    """The metrics that gate a test of this method, of those that any of its runs has.

    classic: another client drove the load, and it reports bench_serving's metrics only. Our own runs have
    both, and neither replaces the other: bench_serving's TPOT is defined where ours is not.
    """
    gates = gating(method, quick=quick)
    if gates == [METRICS["curve"]]:
        points = {size: key for run in runs for key in run if (size := curve_size(key)) is not None}
        return [points[size] for size in sorted(points)]
    wanted = [f"{metric.name}.mean" if metric.spread else metric.name for metric in gates]
    # A TPOT that is known within bounds only cannot be compared: its key is wanted, and the side without it
    # is not comparable.
    keys = [f"classic.{key}" if classic else key for key in wanted]
    return [key for key in keys if any(key in run or bounds(key, run) is not None for run in runs)]
