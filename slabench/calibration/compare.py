"""Our records beside the null server's own: pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from slabench.calibration.shape import Shape
from slabench.records import Calibration, RequestRecord

# of the time between two tokens: later, and a token goes out when the next one of its answer is nearer
LATE_SHARE = 0.5
RATE_SHARE = 0.98  # of the tokens a second that were asked for


def read_trace(trace: bytes) -> list[np.ndarray]:
    """/truth/trace: per request u32 index, u32 n, n * u32 write time since t_accept in 100 ns.

    ValueError if it is cut.
    """
    found, at = [], 0
    while at < len(trace):
        try:
            _, count = struct.unpack_from("<II", trace, at)
            found.append(np.frombuffer(trace, "<u4", count, at + 8).astype(np.int64) * 100)
        except (struct.error, ValueError) as error:
            raise ValueError("the trace ends in the middle of a request") from error
        at += 8 + 4 * count
    return found


def compare(
    records: Sequence[RequestRecord], truth: Mapping[str, Any], trace: bytes, shape: Shape, *, made_utc: str
) -> Calibration:
    """Client minus server: mean TPOT in per cent, mean TTFT in ms, p99 of the gaps in ms; requests are
    matched by their ids.

    TTFT begins for the client when it had sent, for the server when the kernel had the request; both end with
    the first token.
    """

    def without(state: str, why: str, late_ms: float | None = None) -> Calibration:
        return Calibration(
            state,
            why,
            shape.streams,
            shape.itl_ms,
            shape.tokens,
            server_late_p99_ms=late_ms,
            made_utc=made_utc,
        )

    bad = [record for record in records if not record.ok]
    if bad:
        return without(
            "failed", f"{len(bad)} of {len(records)} requests failed, the first so: {bad[0].error_text}"
        )
    rows = {
        row["id"]: (row, writes) for row, writes in zip(truth["requests"], read_trace(trace), strict=True)
    }
    late_ms = float(truth["late_us"].get("p99", 0.0)) / 1000
    pairs = [(record, *rows[record.request_id]) for record in records if record.request_id in rows]
    if len(pairs) != len(records) or any(
        _tokens(record) < 1 or len(writes) < 2 for record, _, writes in pairs
    ):
        return without(
            "failed", f"the null server knows {len(pairs)} of {len(records)} requests as whole answers"
        )
    rates = [
        (len(writes) - 1) * 1e9 / int(writes[-1] - writes[0])
        for _, _, writes in pairs
        if writes[-1] > writes[0]
    ]
    kept = float(np.mean(rates)) * shape.itl_ms / 1000 if rates else 0.0
    if late_ms > LATE_SHARE * shape.itl_ms or kept < RATE_SHARE:
        why = (
            f"the null server could not keep {shape.chunks_per_s:,.0f} tokens/s on this machine: its writes were {late_ms:.1f} ms "
            f"late at p99, at {kept:.0%} of the rate"
        )
        return without("ceiling", why, late_ms)
    ours = np.array([_tpot(record) for record, _, _ in pairs])
    theirs = np.array([(int(writes[-1]) - int(writes[0])) / (len(writes) - 1) for _, _, writes in pairs])
    ttft = [
        (record.arrival_ns[0] - (record.sent_ns or record.due_ns))
        - (row["t_first_write"] - (row["t_rx"] or row["t_accept"]))
        for record, row, _ in pairs
    ]
    gaps = np.concatenate(
        [np.diff(np.frombuffer(record.arrival_ns, dtype=np.int64)) for record, _, _ in pairs]
    )
    true_gaps = np.concatenate([np.diff(writes) for _, _, writes in pairs])
    return Calibration(
        "measured",
        "",
        shape.streams,
        shape.itl_ms,
        shape.tokens,
        tpot_error_pct=float(ours.mean() / theirs.mean() - 1) * 100,
        ttft_error_ms=float(np.mean(ttft)) / 1e6,
        p99_itl_error_ms=float(np.percentile(gaps, 99) - np.percentile(true_gaps, 99)) / 1e6,
        server_late_p99_ms=late_ms,
        made_utc=made_utc,
    )


def _tokens(record: RequestRecord) -> int:
    """After the first chunk."""
    return record.arrival_tokens[-1] - record.arrival_tokens[0] if record.arrival_tokens else 0


def _tpot(record: RequestRecord) -> float:
    """In ns, as metrics/ defines it."""
    return (record.arrival_ns[-1] - record.arrival_ns[0]) / _tokens(record)
