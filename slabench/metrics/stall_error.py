"""How wrong a figure may be because the client stood still while tokens came: a bound from its stalls and the
stamps in them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from slabench.metrics.declaration import ClientError
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
    """By what share of itself the figure `key` may be wrong, either way; None for one that no bound is known
    of.

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
        return _of_the_run(run, done)
    if metric.per == "token" and statistic == "mean":
        spans = [
            span for record in done if len(record.arrival_ns) > 1 and (span := record.span_ns) is not None
        ]
        whole = sum(last - first for first, last in spans)
        return (
            max(float(late_ns(run, [span[edge] for span in spans]).sum()) for edge in (0, 1)) / whole
            if whole
            else None
        )
    known = [(record, value) for record in done if (value := counterpart(metric).of(record)) is not None]
    if not known or statistic not in ("mean", *_PERCENTILES):
        return None
    return _of_a_sample(
        run, metric.client_error, statistic, [record for record, _ in known], [value for _, value in known]
    )


def _of_the_run(run: RunRecord, done: Sequence[RequestRecord]) -> float | None:
    end = max((span[1] for record in done if (span := record.span_ns) is not None), default=run.began_ns)
    return float(late_ns(run, [end])[0]) / (end - run.began_ns) if end > run.began_ns else None


def _of_a_sample(
    run: RunRecord,
    error: ClientError,
    statistic: str,
    records: Sequence[RequestRecord],
    values: Sequence[float],
) -> float:
    import numpy as np

    spans = [span for record in records if (span := record.span_ns) is not None]
    first, last = (late_ns(run, [span[edge] for span in spans]) / NS_PER_MS for edge in (0, 1))
    sample, above, below = np.array(values), np.zeros(len(values)), first
    if error is ClientError.TPOT:
        later = np.array([record.arrival_tokens[-1] - record.arrival_tokens[0] for record in records])
        above, below = first / later, last / later
    elif error is ClientError.E2EL:
        below = last
    ends = (sample, sample + above, sample - below)
    seen, most, least = (
        float(x.mean() if statistic == "mean" else np.percentile(x, _PERCENTILES[statistic])) for x in ends
    )
    moves = max(most - seen, seen - least)
    return moves / seen if seen > 0 else math.inf if moves else 0.0
