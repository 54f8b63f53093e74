"""The course of a load by the client: requests in flight, requests without a first token, tokens a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from slabench.metrics.event_blocks import event_blocks
from slabench.records import RequestRecord
from slabench.units import NS_PER_S

if TYPE_CHECKING:
    import numpy as np

    Points = tuple[np.ndarray, np.ndarray]  # seconds since the load began, values

BINS = 200
LEAST_BIN_S = 0.1


def at_once(spans: Iterable[tuple[int, int]], began_ns: int) -> Points:
    """How many spans cover each moment at which that changes."""
    import numpy as np

    known = np.array(list(spans), dtype=np.int64).reshape(-1, 2)
    moments = np.concatenate([known[:, 0], known[:, 1]])
    steps = np.repeat([1, -1], len(known))
    order = np.argsort(moments, kind="stable")
    moments, level = moments[order], np.cumsum(steps[order])
    last = np.append(moments[1:] != moments[:-1], True) if moments.size else np.zeros(0, dtype=bool)
    return (moments[last] - began_ns) / NS_PER_S, level[last]


def in_flight(records: Sequence[RequestRecord], began_ns: int) -> Points:
    """From a request's last byte to the end of its answer."""
    spans = (
        (record.sent_ns, record.end_ns)
        for record in records
        if record.sent_ns is not None and record.end_ns is not None
    )
    return at_once(spans, began_ns)


def waiting(records: Sequence[RequestRecord], began_ns: int) -> Points:
    """From a request's last byte to the first token of its answer, or its end without one."""
    spans = []
    for record in records:
        end = record.span_ns[0] if record.span_ns is not None else record.end_ns
        if record.sent_ns is not None and end is not None:
            spans.append((record.sent_ns, end))
    return at_once(spans, began_ns)


def bin_width(duration_s: float) -> float:
    """Seconds of each of equal bins over a load."""
    return max(duration_s / BINS, LEAST_BIN_S)


def binned(
    seconds: Sequence[float] | np.ndarray,
    amounts: Sequence[float] | np.ndarray,
    duration_s: float,
    width: float,
) -> Points:
    """(begins of the bins, amount a second in each), and 0 at the end of the last one: the rates times the
    width sum to the amounts.

    What is before 0 is in the first bin, what is after the end in the last; the last bin has its full width.
    """
    import numpy as np

    bins = max(1, int(np.ceil(duration_s / width - 1e-9)))
    places = np.clip(np.floor(np.asarray(seconds) / width).astype(np.int64), 0, bins - 1)
    return np.arange(bins + 1) * width, np.bincount(places, amounts, bins + 1) / width


def output_rate(records: Sequence[RequestRecord], began_ns: int, duration_s: float) -> Points | None:
    """Output tokens a second by their arrivals; None where the server counts no tokens along the stream."""
    import numpy as np

    width, total, begins = bin_width(duration_s), None, np.zeros(0)
    for block in event_blocks(records):
        new = np.diff(block.counted, prepend=0)
        new[block.begins] = block.counted[block.begins]
        seconds = (block.stamps_ns - began_ns) / NS_PER_S
        begins, rates = binned(seconds, np.maximum(new, 0), duration_s, width)
        total = rates if total is None else total + rates
    return None if total is None else (begins, total)
