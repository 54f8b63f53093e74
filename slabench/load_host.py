"""A host that sent a part of a load, as it was observed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadHost:
    """One of the hosts that sent a load, as it was during the load."""

    name: str  # by --load-hosts, or a Ray node's address
    node: str  # by its own name
    workers: int  # load processes
    cores: int  # that they may use
    files: int  # open files that each may have
    python: str  # its version there
    requests: int  # whose records came back
    round_trip_ms: float | None = None  # the shortest of its pings; None: its clock was never read
    # what its times may be wrong by beside those of this machine; None: not read after the load
    clock_error_ms: float | None = None
    clock_drift_ms: float | None = None  # change of its clock against ours; part of clock_error_ms
    silent_s: float = 0.0  # longest time without a report of a load process
    cpu_share: float | None = None  # of a core, the busiest load process
    loop_lateness_ms: float | None = None  # as the client's, of its worst load process
    slot_waits: int = 0  # slots that waited for their next request to come from this machine
    slot_wait_s: float = 0.0  # how long all together
    out_of_order: int | None = None  # segments, as the client's, of the answers to it
    failure: str = ""  # how a load process of it ended, if before the load
