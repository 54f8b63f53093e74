"""One answer's times in ms; None where the answer does not define it."""

from __future__ import annotations

import itertools
from functools import partial

from slabench.records import RequestRecord
from slabench.units import NS_PER_MS


def _arrived(record: RequestRecord, token: int, since: str) -> float | None:
    """From a moment to the first (0) or the last token (-1) of a request that was sent."""
    span = record.span_ns
    if span is None or record.sent_ns is None:
        return None
    began: int = getattr(record, since)
    return (span[token] - began) / NS_PER_MS


ttft = partial(_arrived, token=0, since="sent_ns")
ttft_due = partial(_arrived, token=0, since="due_ns")
e2el = partial(_arrived, token=-1, since="sent_ns")
e2el_due = partial(_arrived, token=-1, since="due_ns")


def tpot(record: RequestRecord) -> float | None:
    """Undefined unless tokens follow the first event; without counts along the stream it is not known how
    many came at once.
    """
    span, tokens = record.span_ns, record.arrival_tokens
    if span is None or record.sent_ns is None or not tokens or tokens[-1] <= tokens[0]:
        return None
    return (span[1] - span[0]) / (tokens[-1] - tokens[0]) / NS_PER_MS


def gap_max(record: RequestRecord) -> float | None:
    if record.span_ns is None or record.sent_ns is None:
        return None
    gaps = (after - before for before, after in itertools.pairwise(record.stamps_ns))
    longest = max(gaps, default=None)
    return None if longest is None else longest / NS_PER_MS
