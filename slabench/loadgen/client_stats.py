"""How the client itself did, from the last report of each load process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.load_host import LoadHost
from slabench.records import ClientRecord
from slabench.units import NS_PER_MS


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """What a load process measured of itself."""

    cpu_s: float
    peak_rss_mb: float | None
    lag_ns: Sequence[int]  # the largest lags of its loop, rising
    lag_samples: int  # of how many
    lateness_ns: float | None
    stalls_ns: Sequence[Sequence[int]]  # [begin, end]
    clock_step_ns: int
    unstamped: int  # reads without a time of the kernel's
    # Of a process that gets its requests over a stream (job_stream.py): slots that waited for one, how long
    # together, and when one first stayed free.
    slot_waits: int = 0
    slot_waited_ns: int = 0
    dry_ns: int | None = None


def client_record(
    stats: Sequence[WorkerStats],
    *,
    workers: int,
    began_ns: int,
    wall_s: float,
    send_lag_ns: Sequence[int],
    failure: str = "",
    hosts: Sequence[LoadHost] = (),
    tail_requests: int = 0,
    out_of_order: int | None = None,
) -> ClientRecord:
    """CPU and memory are the sum over all load processes, lateness is the worst process's.

    Stalls are those of all: which process had a request is not recorded, so a stall of one counts for all
    requests.
    """
    late = sorted(send_lag_ns)
    memory = [worker.peak_rss_mb for worker in stats if worker.peak_rss_mb is not None]
    lateness = [worker.lateness_ns for worker in stats if worker.lateness_ns is not None]
    lags = [(worker.lag_ns, worker.lag_samples) for worker in stats if worker.lag_ns]
    stalls = sorted((begin, end) for worker in stats for begin, end in worker.stalls_ns)
    return ClientRecord(
        wall_s=wall_s,
        cpu_s=sum((worker.cpu_s for worker in stats), 0.0),
        loop_lag_max_ms=max((lag[-1] / NS_PER_MS for lag, _ in lags), default=None),
        loop_lag_p99_ms=max((_p99(lag, samples) / NS_PER_MS for lag, samples in lags), default=None),
        loop_lateness_ms=max(lateness) / NS_PER_MS if lateness else None,
        send_lag_max_ms=late[-1] / NS_PER_MS if late else None,
        send_lag_mean_ms=sum(late) / len(late) / NS_PER_MS if late else None,
        send_lag_p99_ms=_p99(late, len(late)) / NS_PER_MS if late else None,
        workers=workers,
        peak_rss_mb=sum(memory) if memory else None,
        failure=failure,
        clock_step_ms=max((worker.clock_step_ns / NS_PER_MS for worker in stats), key=abs, default=None),
        unstamped_reads=sum(worker.unstamped for worker in stats) if stats else None,
        stalls_ms=tuple(
            (round((begin - began_ns) / NS_PER_MS, 3), round((end - begin) / NS_PER_MS, 3))
            for begin, end in stalls
        ),
        hosts=hosts,
        tail_requests=tail_requests,
        out_of_order=out_of_order,
    )


def _p99(largest: Sequence[int], samples: int) -> int:
    """The p99 of many samples, of which only the largest are here, rising."""
    return largest[-min(samples // 100 + 1, len(largest))]
