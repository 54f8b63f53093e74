"""What became of the load processes and their hosts: who died, and each host's record."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.load_host import LoadHost
from slabench.loadgen.remote_worker import RemoteWorker
from slabench.loadgen.workers import WorkerProcess
from slabench.records import RequestRecord
from slabench.server.secrets import scrub_text
from slabench.units import NS_PER_MS, NS_PER_S


def _how(worker: WorkerProcess) -> str:
    return worker.failure or scrub_text(worker.channel.ended_how())


def failure_of(workers: Sequence[WorkerProcess]) -> str:
    """In one sentence which of them ended before the run did; empty if none. end() was called on the dead."""
    dead = [worker for worker in workers if worker.done is None]
    if not dead:
        return ""
    which = "The load process" if len(workers) == 1 else f"{len(dead)} of {len(workers)} load processes"
    hosts = list(dict.fromkeys(worker.host for worker in dead if worker.host))
    where = f" (host {', '.join(hosts)})" if hosts else ""
    return f"{which}{where} ended with {', '.join(map(_how, dead))} before the run did."


def tail_requests(workers: Sequence[WorkerProcess], records: Sequence[RequestRecord]) -> int:
    """Requests that began after a slot elsewhere had found none left: fewer than the cap may have run."""
    stats = [worker.done for worker in workers if worker.done is not None]
    dry = [each.dry_ns for each in stats if each.dry_ns is not None]
    starts = [record.start_ns for record in records if record.start_ns is not None]
    return sum(start > min(dry) for start in starts) if dry else 0


def host_records(
    workers: Sequence[WorkerProcess], records: Sequence[RequestRecord], wall_s: float
) -> tuple[LoadHost, ...]:
    """One a host; none of a load that this machine sent alone. wall_s: of the load."""
    at: dict[str, list[RemoteWorker]] = {}
    for worker in workers:
        if isinstance(worker, RemoteWorker):
            at.setdefault(worker.host, []).append(worker)
    return tuple(
        _record(host, here, [record for record in records if record.host == host], wall_s)
        for host, here in at.items()
    )


def out_of_order(records: Sequence[RequestRecord]) -> int | None:
    """Segments of all of them; None if it is known of none."""
    known = [record.out_of_order for record in records if record.out_of_order is not None]
    return sum(known) if known else None


def _record(
    host: str, workers: Sequence[RemoteWorker], records: Sequence[RequestRecord], wall_s: float
) -> LoadHost:
    hello = workers[0].hello
    assert hello is not None, "it has had a job"
    stats = [worker.done for worker in workers if worker.done is not None]
    pings = [ping for worker in workers for ping in (worker.before, worker.after) if ping is not None]
    errors = [worker.clock_error_ns for worker in workers]
    known = [error for error in errors if error is not None]
    whole = len(known) == len(workers)
    drifts = [
        abs(worker.after.offset_ns - worker.before.offset_ns)
        for worker in workers
        if worker.before is not None and worker.after is not None
    ]
    late = [each.lateness_ns for each in stats if each.lateness_ns is not None]
    return LoadHost(
        name=host,
        node=hello.node,
        workers=len(workers),
        cores=hello.cores,
        files=hello.files,
        python=hello.python,
        requests=len(records),
        round_trip_ms=min((ping.round_trip_ns for ping in pings), default=0) / NS_PER_MS if pings else None,
        clock_error_ms=max(known) / NS_PER_MS if whole else None,
        clock_drift_ms=max(drifts) / NS_PER_MS if whole else None,
        silent_s=max(worker.longest_silence_ns for worker in workers) / NS_PER_S,
        cpu_share=max(each.cpu_s for each in stats) / wall_s if stats and wall_s > 0 else None,
        loop_lateness_ms=max(late) / NS_PER_MS if late else None,
        slot_waits=sum(each.slot_waits for each in stats),
        slot_wait_s=sum(each.slot_waited_ns for each in stats) / NS_PER_S,
        out_of_order=out_of_order(records),
        failure=", ".join(_how(worker) for worker in workers if worker.done is None),
    )
