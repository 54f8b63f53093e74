"""The decode curve: generation throughput against the number of running requests, from the samples of a deploy log.

Source of the classic form: Ant Group's published decode table, made from every "#running-req ... gen throughput" line of a
deploy log after a sweep of batch sizes. It mixes steady lines with lines whose interval held a prefill, an idle gap or
another batch; the clean form leaves those out. Throughput is tokens/s throughout.
"""

from __future__ import annotations

import math
import statistics
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

WANTED_SAMPLES = 100  # per point, what the method's authors ask for


class CurveSample(Protocol):
    """What a curve asks of a sample; slabench.server.log.merge.Sample is one."""

    @property
    def running(self) -> int: ...
    @property
    def gen_throughput(self) -> float: ...
    @property
    def graph(self) -> bool | None: ...
    @property
    def previous_running(self) -> int | None: ...
    @property
    def since(self) -> AbstractSet[str]: ...


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One number of running requests."""

    running: int
    samples: int
    median: float  # of gen throughput, one scheduler
    per_gpu: float  # median / GPUs of one scheduler
    per_user: float  # median / running: 1000 / per_user is the TPOT in ms
    q1: float | None = None  # quartiles need two samples
    q3: float | None = None
    enough: bool = False  # as many samples as the method wants


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in the order of running requests, and how many samples were left out, by cause."""

    points: tuple[CurvePoint, ...]
    used: int
    left_out: Mapping[str, int]


def classic_curve(samples: Iterable[CurveSample], gpus: float) -> Curve:
    """Every sample counts, as in the published table. gpus divides one line's throughput, as the published script does.

    ValueError unless gpus is positive. Samples with nothing running or no finite throughput cannot enter a median and are
    counted as left out.
    """
    return _curve(samples, gpus, None)


def clean_curve(samples: Iterable[CurveSample], gpus_per_scheduler: float, *, graph_up_to: int | None = None) -> Curve:
    """Only samples whose whole interval was decoding of one batch size.

    Left out, the first cause that applies being counted: an earlier line of another size ("batch_changed"), none ("first"),
    whatever the sample names in since ("prefill", "idle", "flush", "retraction", "jit", "restart", "rejected"), and
    "graph_off": the line ran without graph at a size up to graph_up_to, the largest captured one.
    """
    return _curve(samples, gpus_per_scheduler, graph_up_to if graph_up_to is not None else -1)


_ORDER = ("first", "restart", "retraction", "flush", "jit", "rejected", "prefill", "idle")


def _cause(sample: CurveSample, graph_up_to: int) -> str | None:
    for name in _ORDER:
        if name in sample.since:
            return name
    if sample.since:
        return next(iter(sample.since))
    if sample.previous_running is None:
        return "first"
    if sample.previous_running != sample.running:
        return "batch_changed"
    if sample.graph is False and sample.running <= graph_up_to:
        return "graph_off"
    return None


def _curve(samples: Iterable[CurveSample], gpus: float, graph_up_to: int | None) -> Curve:
    if not gpus > 0:
        raise ValueError(f"a throughput per GPU needs a positive number of GPUs, not {gpus}")
    values: defaultdict[int, array[float]] = defaultdict(lambda: array("d"))  # 8 bytes a sample: logs can be long
    left_out: Counter[str] = Counter()
    for sample in samples:
        if sample.running < 1 or not math.isfinite(sample.gen_throughput):
            left_out["no_batch"] += 1
            continue
        cause = None if graph_up_to is None else _cause(sample, graph_up_to)
        if cause is None:
            values[sample.running].append(sample.gen_throughput)
        else:
            left_out[cause] += 1
    points = tuple(_point(running, values[running], gpus) for running in sorted(values))
    return Curve(points, sum(point.samples for point in points), dict(left_out))


def _point(running: int, values: Sequence[float], gpus: float) -> CurvePoint:
    median = statistics.median(values)
    q1 = q3 = None
    if len(values) > 1:
        q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return CurvePoint(running, len(values), median, median / gpus, median / running, q1, q3, len(values) >= WANTED_SAMPLES)


def published_form(curve: Curve) -> dict[str, dict[str, Any]]:
    """Key for key the second part of the published ali_decode.json; its spelling of "througput" is kept."""
    return {
        str(point.running): {
            "median": point.median,
            "throughput_per_gpu": point.per_gpu,
            "throughput_per_user": point.per_user,
            "gen_througput_samples": point.samples,
        }
        for point in curve.points
    }
