"""How wrong a metric may be because the client stalled while tokens came: a bound by its stalls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

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


def error_bound(run: RunRecord, key: str) -> float | None:
    """By what share of itself the metric `key` may be wrong, either way; None where no bound is known.

    With a first stamp late by a and a last one late by b, the true TPOT of m later tokens lies between (span
    - b) / m and (span + a) / m, the true TTFT between ttft - a and ttft, the true E2EL between e2el - b and
    e2el. A statistic is monotone in its sample: the bound is how far it moves when all requests take their
    least, or their most. The mean ITL is the sum of all spans over their tokens. A duration ends with its
    last token, and so do the rates over it.
    """
    metric, statistic = metric_of(key), key.rpartition(".")[2]
    if metric is None or metric.client_error is ClientError.NONE:
        return None
    done = [record for record in run.requests if record.ok and record.span_ns is not None]
    if metric.client_error is ClientError.RUN_END:
        end = max((span[1] for record in done if (span := record.span_ns) is not None), default=run.began_ns)
        return float(late_ns(run, [end])[0]) / (end - run.began_ns) if end > run.began_ns else None
    if metric.per == "token" and statistic == "mean":
        first, last = _edges([record for record in done if len(record.arrival_ns) > 1])
        whole = sum(last) - sum(first)
        return max(float(late_ns(run, edge).sum()) for edge in (first, last)) / whole if whole else None
    if metric.client_error not in (ClientError.TTFT, ClientError.E2EL, ClientError.TPOT):
        return None
    known = [record for record in done if counterpart(metric).of(record) is not None]
    if not known or statistic not in ("mean", *_PERCENTILES):
        return None
    return _of_a_sample(run, metric, statistic, known)


def _edges(records: Sequence[RequestRecord]) -> tuple[list[int], list[int]]:
    """When their first and their last tokens came."""
    spans = [span for record in records if (span := record.span_ns) is not None]
    return [first for first, _ in spans], [last for _, last in spans]


def _of_a_sample(run: RunRecord, metric: Metric, statistic: str, records: Sequence[RequestRecord]) -> float:
    import numpy as np

    first, last = (late_ns(run, edge) / NS_PER_MS for edge in _edges(records))
    sample = np.array(counterpart(metric).sample(records))
    above, below = np.zeros(len(sample)), last if metric.client_error is ClientError.E2EL else first
    if metric.client_error is ClientError.TPOT:
        later = np.array([record.arrival_tokens[-1] - record.arrival_tokens[0] for record in records])
        above, below = first / later, last / later
    value, most, least = (
        float(ends.mean() if statistic == "mean" else np.percentile(ends, _PERCENTILES[statistic]))
        for ends in (sample, sample + above, sample - below)
    )
    moves = max(most - value, value - least)
    return moves / value if value > 0 else math.inf if moves else 0.0
