"""How the client itself did, from what the load processes said last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.records import ClientRecord
from slabench.units import NS_PER_MS


def client_record(
    told: Sequence[Mapping[str, Any]],
    *,
    workers: int,
    began_ns: int,
    wall_s: float,
    send_lag_ns: Sequence[int],
    failure: str = "",
) -> ClientRecord:
    """told: the `done` frames of the load processes. CPU and memory add up; of the lateness the worst process
    counts.

    Stalls are those of all: which process had an answer is not kept, so one's stall is taken for everybody's.
    """
    late = sorted(send_lag_ns)
    memory = [one["peak_rss_mb"] for one in told if one["peak_rss_mb"] is not None]
    lateness = [one["lateness_ns"] / NS_PER_MS for one in told if one["lateness_ns"] is not None]
    stalls = sorted((begin, end) for one in told for begin, end in one["stalls_ns"])
    return ClientRecord(
        wall_s=wall_s,
        cpu_s=sum((one["cpu_s"] for one in told), 0.0),
        loop_lag_max_ms=max((one["lag_ns"][-1] / NS_PER_MS for one in told if one["lag_ns"]), default=None),
        loop_lag_p99_ms=max(
            (_p99(one["lag_ns"], one["lag_samples"]) / NS_PER_MS for one in told if one["lag_ns"]),
            default=None,
        ),
        loop_lateness_ms=max(lateness, default=None),
        send_lag_max_ms=late[-1] / NS_PER_MS if late else None,
        send_lag_mean_ms=sum(late) / len(late) / NS_PER_MS if late else None,
        send_lag_p99_ms=_p99(late, len(late)) / NS_PER_MS if late else None,
        workers=workers,
        peak_rss_mb=sum(memory) if memory else None,
        failure=failure,
        clock_step_ms=max((one["clock_step_ns"] / NS_PER_MS for one in told), key=abs, default=None),
        unstamped_reads=sum(one["unstamped"] for one in told) if told else None,
        stalls_ms=tuple(
            (round((begin - began_ns) / NS_PER_MS, 3), round((end - begin) / NS_PER_MS, 3))
            for begin, end in stalls
        ),
    )


def _p99(largest: Sequence[int], samples: int) -> int:
    """Of the largest of many samples, rising: the p99 is one in a hundred, and one, from the top."""
    return largest[-min(samples // 100 + 1, len(largest))]
