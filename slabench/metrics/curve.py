"""The decode curve: generation throughput against the number of running requests, from the samples of a
deploy log.

Source of the classic form: Ant Group's published decode table, made from every "#running-req ... gen
throughput" line of a deploy log after a sweep of batch sizes. It mixes steady lines with lines whose interval
held a prefill, an idle gap or another batch; the clean form leaves those out. Throughput is tokens/s
throughout.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

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
    @property
    def accept_len(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One number of running requests."""

    running: int
    samples: int
    median: float  # of gen throughput, one scheduler
    per_gpu: float | None  # median / GPUs of one scheduler; None: their number is unknown
    per_user: float  # median / running
    q1: float | None = None  # quartiles need two samples
    q3: float | None = None
    enough: bool = False  # as many samples as the method wants
    # mean of running / throughput: what a client's clock sees over the same time
    tpot_mean_ms: float | None = None
    # tokens a step and request, mean of the lines that print it: speculative decoding
    accept_len: float | None = None

    @property
    def tpot_ms(self) -> float | None:
        """Time per token of one request at this batch; None where nothing was generated."""
        return 1000 / self.per_user if self.per_user > 0 else None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in the order of running requests, and how many samples were left out, by cause."""

    points: tuple[CurvePoint, ...]
    used: int
    left_out: Mapping[str, int]


Counted = defaultdict[int, Counter[float]]  # by running requests: how often each throughput


class CurveBuilder:
    """Samples one by one, both curves at the end, in memory that grows with the spread of the values and not
    with their number.

    A log prints two decimals, so that a batch size's throughput has some thousand different values however
    long the log is: counting equal ones keeps every median exact.
    """

    def __init__(self) -> None:
        self.lines = 0
        # the largest batch that ran with its graph: a smaller one without is out of order
        self.largest_graph: int | None = None
        # Clean, clean but for their graph (the limit is known at the end), and all others.
        self._clean, self._graph_off, self._disturbed = (Counted(Counter) for _ in range(3))
        self._left_out: Counter[str] = Counter()
        # accept lengths: their sum and their number
        self._accepted: defaultdict[int, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
        self._no_batch: Counter[str] = Counter()

    def add(self, sample: CurveSample) -> None:
        """Samples with nothing running or no throughput that can be cannot enter a median and are counted as
        left out.
        """
        self.lines += 1
        running, value, accepted = sample.running, sample.gen_throughput, sample.accept_len
        if running < 1 or not 0 <= value < math.inf:  # below zero where the server's clock was set back
            self._no_batch["no_batch"] += 1
            return
        if accepted is not None and math.isfinite(accepted):
            total, n = self._accepted[running]
            self._accepted[running] = total + accepted, n + 1
        if sample.graph:
            self.largest_graph = max(running, self.largest_graph or 0)
        cause = _cause(sample)
        part = self._disturbed
        if cause is not None:
            self._left_out[cause] += 1
        else:
            part = self._graph_off if sample.graph is False else self._clean
        part[running][value] += 1

    def add_all(self, samples: Iterable[CurveSample]) -> CurveBuilder:
        for sample in samples:
            self.add(sample)
        return self

    def classic(self, gpus: float | None) -> Curve:
        """Every sample counts, as in the published table. gpus divides one line's throughput, as the
        published script does.

        ValueError unless gpus is positive or unknown (None), when there are no metrics per GPU.
        """
        values = _merged(self._clean, self._graph_off, self._disturbed)
        accepted = {running: total / n for running, (total, n) in self._accepted.items()}
        return _curve(values, gpus, self._no_batch, accepted)

    def clean(self, gpus: float | None, *, graph_up_to: int | None = None) -> Curve:
        """Only samples whose whole interval was decoding of one batch size.

        Left out, the first cause that applies being counted: an earlier line of another size
        ("batch_changed"), none ("first"), whatever the sample names in since ("prefill", "idle", "flush",
        "retraction", "jit", "restart", "rejected"), and "graph_off": the line ran without graph at a size up
        to graph_up_to, the largest captured one.
        """
        limit = 0 if graph_up_to is None else graph_up_to
        off = sum(counted.total() for running, counted in self._graph_off.items() if running <= limit)
        left_out = self._left_out + self._no_batch + Counter(graph_off=off)
        above = {running: counted for running, counted in self._graph_off.items() if running > limit}
        return _curve(_merged(self._clean, above), gpus, left_out)


def _merged(*parts: Mapping[int, Counter[float]]) -> Counted:
    values = Counted(Counter)
    for part in parts:
        for running, counted in part.items():
            values[running].update(counted)
    return values


CAUSES = ("first", "restart", "retraction", "flush", "jit", "rejected", "prefill", "idle")


def _cause(sample: CurveSample) -> str | None:
    if sample.since:
        return next((name for name in CAUSES if name in sample.since), next(iter(sample.since)))
    if sample.previous_running is None:
        return "first"
    if sample.previous_running != sample.running:
        return "batch_changed"
    return None


def shares(batch_size: int, ranks: int) -> tuple[int, ...]:
    """Running requests of each rank that a batch is spread over: 10 over 4 ranks as 2 and 3."""
    low, rest = divmod(batch_size, ranks)
    return tuple(size for size in ((low, low + 1) if rest else (low,)) if size > 0)


def clean_tpots(
    samples: Iterable[CurveSample], sizes: Sequence[int], *, graph_up_to: int | None = None
) -> list[float]:
    """running / throughput in ms of each clean sample of these sizes.

    Every line spans as many steps as the next, so their mean is the time per token of the whole time they
    cover: what a client sees of it. Their median leaves out a noisy machine's slow moments, which the
    client's clock does not.
    """
    limit = graph_up_to if graph_up_to is not None else -1  # up to it a line without a graph is out of order
    return [
        1000 * sample.running / sample.gen_throughput
        for sample in samples
        if sample.running in sizes
        and 0 < sample.gen_throughput < math.inf
        and _cause(sample) is None
        and not (sample.graph is False and sample.running <= limit)
    ]


def clean_tokens(samples: Iterable[CurveSample], interval: int) -> float:
    """Tokens that the clean lines stand for: each is of as many decode steps as a server prints a line after,
    and of one batch.
    """
    return math.fsum(
        interval * sample.running * (1.0 if sample.accept_len is None else sample.accept_len)
        for sample in samples
        if sample.running > 0 and _cause(sample) is None
    )


def largest_graph(samples: Iterable[CurveSample]) -> int | None:
    """The largest batch that ran with its graph: a smaller one without is out of order. None if none did."""
    return max((sample.running for sample in samples if sample.graph), default=None)


def _curve(
    values: Counted,
    gpus: float | None,
    left_out: Mapping[str, int],
    accepted: Mapping[int, float] | None = None,
) -> Curve:
    if gpus is not None and not gpus > 0:
        raise ValueError(f"a throughput per GPU needs a positive number of GPUs, not {gpus}")
    known = accepted or {}
    points = tuple(_point(size, values[size], gpus, known.get(size)) for size in sorted(values))
    return Curve(points, sum(point.samples for point in points), dict(left_out))


def _point(running: int, counted: Counter[float], gpus: float | None, accepted: float | None) -> CurvePoint:
    values = sorted(counted)
    ends = list(itertools.accumulate(counted[value] for value in values))
    n = ends[-1]

    def at(position: int) -> float:
        """The value at this position of the sorted samples."""
        return values[bisect_right(ends, position)]

    def quartile(number: int) -> float:
        """statistics.quantiles(..., n=4, method="inclusive")."""
        place, beyond = divmod(number * (n - 1), 4)
        return (at(place) * (4 - beyond) + at(place + 1) * beyond) / 4 if beyond else at(place)

    median = at(n // 2) if n % 2 else (at(n // 2 - 1) + at(n // 2)) / 2
    q1, q3 = (quartile(1), quartile(3)) if n > 1 else (None, None)
    per_gpu = None if gpus is None else median / gpus
    slow = 0.0 in counted  # no tokens in an interval: no time per token
    mean = None if slow else math.fsum(1000 * running / value * count for value, count in counted.items()) / n
    return CurvePoint(
        running, n, median, per_gpu, median / running, q1, q3, n >= WANTED_SAMPLES, mean, accepted
    )
