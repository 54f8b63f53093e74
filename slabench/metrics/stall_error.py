"""How wrong a metric may be because its tokens have other times than those at which they came.

Where the client stalled they are stamped too late, by what has passed of the stall. Where the network lost a
segment, those behind it have the kernel's time of their own arrival, and cannot be read before the lost one
has come again: they are stamped too early, at most by the time until the client had read them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from slabench.metrics.declaration import ClientError, Metric
from slabench.metrics.definitions import counterpart, metric_of
from slabench.records import ClientRecord, RequestRecord, RunRecord
from slabench.units import NS_PER_MS

if TYPE_CHECKING:
    import numpy as np


class Load(Protocol):
    """A RunRecord, or what a load gave before it became one."""

    @property
    def requests(self) -> Sequence[RequestRecord]: ...
    @property
    def began_ns(self) -> int: ...
    @property
    def client(self) -> ClientRecord: ...


_PERCENTILES = {"min": 0, "p50": 50, "median": 50, "p90": 90, "p95": 95, "p99": 99, "max": 100}


def late_ns(run: Load, stamps_ns: Sequence[int]) -> np.ndarray:
    """For each stamp by how much it may be late: what has passed since the begin of the stall that it lies
    in, 0 outside of all.

    The loop looks at its clock every 20 ms, so a stall may have begun up to that much before the begin that
    is known.
    """
    import numpy as np

    stamps = np.asarray(stamps_ns, dtype=np.int64)
    late = np.zeros(len(stamps))
    for begin_ms, length_ms in run.client.stalls_ms:
        since = stamps - (run.began_ns + begin_ms * NS_PER_MS)
        np.maximum(late, np.where((since >= 0) & (since <= length_ms * NS_PER_MS), since, 0), out=late)
    return late


class Moves(NamedTuple):
    """By how much the true times of the answers' first and last tokens may be earlier, or later; ns."""

    first_earlier: np.ndarray
    first_later: np.ndarray
    last_earlier: np.ndarray
    last_later: np.ndarray


Cause = Callable[[Load, Sequence[RequestRecord]], Moves]


def stalled(run: Load, records: Sequence[RequestRecord]) -> Moves:
    """What was read in a stall of the client may have come at any time of it before."""
    import numpy as np

    first, last = _edges(records)
    none = np.zeros(len(records))
    return Moves(late_ns(run, first), none, late_ns(run, last), none)


def out_of_order(_: Load, records: Sequence[RequestRecord]) -> Moves:
    """In an answer with such segments a token may have waited for one that was lost, until it was read."""
    import numpy as np

    first, last = _edges(records)
    reads = [record.first_read_ns for record in records], [record.last_read_ns for record in records]
    first_later, last_later = (
        np.array([0.0 if at is None else max(0, at - stamp) for at, stamp in zip(known, stamps, strict=True)])
        for known, stamps in zip(reads, (first, last), strict=True)
    )
    none = np.zeros(len(records))
    return Moves(none, first_later, none, last_later)


def error_bound(run: RunRecord, key: str, cause: Cause = stalled) -> float | None:
    """By what share of itself the metric `key` may be wrong, either way; None where no bound is known.

    With a first token earlier by a and a last one earlier by b, the true TPOT of m later tokens lies between
    (span - b) / m and (span + a) / m, the true TTFT between ttft - a and ttft, the true E2EL between e2el - b
    and e2el; later ones move them the other way. A statistic is monotone in its sample: the bound is how far
    it moves when all requests take their least, or their most. The mean ITL is the sum of all spans over
    their tokens. A duration ends with its last token, and so do the rates over it.
    """
    metric, statistic = metric_of(key), key.rpartition(".")[2]
    if metric is None or metric.client_error is ClientError.NONE:
        return None
    done = [record for record in run.requests if record.ok and record.span_ns is not None]
    if metric.client_error is ClientError.RUN_END:
        return _of_the_end(run, cause(run, done), _edges(done)[1]) if done else None
    if metric.per == "token" and statistic == "mean":
        counted = [record for record in done if len(record.arrival_ns) > 1]
        first, last = _edges(counted)
        whole = sum(last) - sum(first)
        if not whole:
            return None
        moves = cause(run, counted)
        longer = moves.first_earlier.sum() + moves.last_later.sum()
        shorter = moves.first_later.sum() + moves.last_earlier.sum()
        return float(max(longer, shorter)) / whole
    if metric.client_error not in (ClientError.TTFT, ClientError.E2EL, ClientError.TPOT):
        return None
    known = [record for record in done if counterpart(metric).of(record) is not None]
    if not known or statistic not in ("mean", *_PERCENTILES):
        return None
    return _of_a_sample(metric, statistic, known, cause(run, known))


def _of_the_end(run: Load, moves: Moves, last: Sequence[int]) -> float | None:
    import numpy as np

    ends = np.array(last)
    end = int(ends.max())
    if end <= run.began_ns:
        return None
    least, most = (ends - moves.last_earlier).max(), (ends + moves.last_later).max()
    return float(max(end - least, most - end)) / (end - run.began_ns)


def _edges(records: Sequence[RequestRecord]) -> tuple[list[int], list[int]]:
    """When their first and their last tokens came."""
    spans = [span for record in records if (span := record.span_ns) is not None]
    return [first for first, _ in spans], [last for _, last in spans]


def _of_a_sample(metric: Metric, statistic: str, records: Sequence[RequestRecord], moves: Moves) -> float:
    import numpy as np

    sample = np.array(counterpart(metric).sample(records))
    above, below = moves.first_later, moves.first_earlier
    if metric.client_error is ClientError.E2EL:
        above, below = moves.last_later, moves.last_earlier
    if metric.client_error is ClientError.TPOT:
        later = np.array([record.arrival_tokens[-1] - record.arrival_tokens[0] for record in records])
        above = (moves.first_earlier + moves.last_later) / later
        below = (moves.first_later + moves.last_earlier) / later
    value, most, least = (
        float(ends.mean() if statistic == "mean" else np.percentile(ends, _PERCENTILES[statistic]))
        for ends in (sample, sample + above / NS_PER_MS, sample - below / NS_PER_MS)
    )
    moved = max(most - value, value - least)
    return moved / value if value > 0 else math.inf if moved else 0.0
