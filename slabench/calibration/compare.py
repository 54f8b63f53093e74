"""Our records beside the null server's own: pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from slabench.calibration.shape import Shape
from slabench.messages import Message
from slabench.records import Calibration, RequestRecord
from slabench.units import NS_PER_MS, NS_PER_S

# of the time between two tokens: later, and a token goes out when the next one of its answer is nearer
LATE_SHARE = 0.5
RATE_SHARE = 0.98  # of the tokens a second that were asked for


def read_trace(trace: bytes) -> list[np.ndarray]:
    """/truth/trace: per request u32 index, u32 n, n * u32 write time since t_accept in 100 ns.

    ValueError if it is cut.
    """
    writes, at = [], 0
    while at < len(trace):
        try:
            _, count = struct.unpack_from("<II", trace, at)
            writes.append(np.frombuffer(trace, "<u4", count, at + 8).astype(np.int64) * 100)
        except (struct.error, ValueError) as error:
            raise ValueError("the trace ends in the middle of a request") from error
        at += 8 + 4 * count
    return writes


def compare(
    records: Sequence[RequestRecord], truth: Mapping[str, Any], trace: bytes, shape: Shape, *, made_utc: str
) -> Calibration:
    """Client minus server: mean TPOT in per cent, mean TTFT in ms, p99 of the gaps in ms; requests are
    matched by their ids.

    TTFT begins for the client when it had sent, for the server when the kernel had the request; both end with
    the first token.
    """
    late_ms = float(truth["late_us"].get("p99", 0.0)) / 1000
    unknown = Calibration("failed", "", shape.streams, shape.itl_ms, shape.tokens, made_utc=made_utc)

    def without(state: str, why: Message, late_ms: float | None = None) -> Calibration:
        return replace(unknown, state=state, why=str(why), server_late_p99_ms=late_ms)

    bad, n = [record for record in records if not record.ok], len(records)
    if bad:
        problem = bad[0].error_text
        return without(
            "failed", Message("calibration.requests_failed", failed=len(bad), requests=n, problem=problem)
        )
    rows = {
        row["id"]: (row, writes) for row, writes in zip(truth["requests"], read_trace(trace), strict=True)
    }
    pairs = [(record, *rows[record.request_id]) for record in records if record.request_id in rows]
    if len(pairs) != n or any(_tokens(record) < 1 or len(writes) < 2 for record, _, writes in pairs):
        return without("failed", Message("calibration.unknown_answers", known=len(pairs), requests=n))
    spans_ns = np.array([int(writes[-1]) - int(writes[0]) for _, _, writes in pairs])
    steps = np.array([len(writes) - 1 for _, _, writes in pairs])
    moved = spans_ns > 0
    rates = steps[moved] * NS_PER_S / spans_ns[moved]
    reached = float(np.mean(rates)) * shape.itl_ms / 1000 if len(rates) else 0.0
    if late_ms > LATE_SHARE * shape.itl_ms or reached < RATE_SHARE:
        measured = {"rate": shape.chunks_per_s, "late_ms": late_ms, "reached": reached}
        return without("ceiling", Message("calibration.ceiling", **measured), late_ms)
    stamps = [np.frombuffer(record.arrival_ns, dtype=np.int64) for record, _, _ in pairs]
    ours = [(at[-1] - at[0]) / _tokens(record) for at, (record, _, _) in zip(stamps, pairs, strict=True)]
    ttft = [
        (record.arrival_ns[0] - (record.sent_ns or record.due_ns))
        - (row["t_first_write"] - (row["t_rx"] or row["t_accept"]))
        for record, row, _ in pairs
    ]
    gaps, true_gaps = (
        np.percentile(np.concatenate([np.diff(times) for times in side]), 99)
        for side in (stamps, [writes for _, _, writes in pairs])
    )
    return replace(
        unknown,
        state="measured",
        tpot_error_pct=float(np.mean(ours) / np.mean(spans_ns / steps) - 1) * 100,
        ttft_error_ms=float(np.mean(ttft)) / NS_PER_MS,
        p99_itl_error_ms=float(gaps - true_gaps) / NS_PER_MS,
        server_late_p99_ms=late_ms,
    )


def _tokens(record: RequestRecord) -> int:
    """After the first chunk."""
    return record.arrival_tokens[-1] - record.arrival_tokens[0] if record.arrival_tokens else 0
