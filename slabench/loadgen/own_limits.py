"""What the client's own machine may refuse a load, and not the server: open files and local ports."""

from __future__ import annotations

import errno
import math
import resource
from collections.abc import Mapping

from slabench.loadgen.plan import Plan
from slabench.messages import Message
from slabench.records import ErrorKind

KINDS: Mapping[int, ErrorKind] = {
    errno.EMFILE: ErrorKind.NO_FILES,  # of the process: ulimit -n
    errno.ENFILE: ErrorKind.NO_FILES,  # of the machine: fs.file-max
    errno.EADDRNOTAVAIL: ErrorKind.NO_PORTS,
    errno.EAGAIN: ErrorKind.NO_PORTS,  # connect(2): no more free local ports
}
SPARE_FILES = 64  # more than the connections, in the advice
OWN_FILES = 8  # a load process has at least so many open files that are not connections


def connect_error(error: Exception, timeout_s: float) -> tuple[ErrorKind, str]:
    """Why there is no connection: the kind, and the system's error."""
    kind = KINDS.get(getattr(error, "errno", None) or 0, ErrorKind.CONNECT)
    reason = str(error) or f"no connection within {timeout_s:g} s"
    what = {
        ErrorKind.NO_FILES: "The client has no open file left (ulimit -n)",
        ErrorKind.NO_PORTS: "The client has no local port left",
    }
    return kind, f"{what.get(kind, 'No connection to the server')}: {reason}."[:500]


def too_few_files(plan: Plan, workers: int, most: int | None = None) -> Message | None:
    """A sentence if a load process cannot open as many connections as the plan has in flight, before anything
    is sent.

    most: open files that a load process may have; None: as many as this machine allows. None for an open
    loop without a cap: how many are in flight then depends on the server.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if most is None else most
    streams = plan.count if plan.cap is None else min(plan.cap, plan.count)
    if most == resource.RLIM_INFINITY or (plan.cap is None and math.isfinite(plan.request_rate)):
        return None
    share = math.ceil(streams / workers)
    if most >= share + OWN_FILES:
        return None
    return Message("open_files.limit", most=most, streams=share, files=share + SPARE_FILES)
