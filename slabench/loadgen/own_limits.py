"""What the client's own machine may refuse a load: open files and local ports.

That is no failure of the server.
"""

from __future__ import annotations

import errno
import math
import resource
from collections.abc import Mapping

from slabench.loadgen.plan import Plan
from slabench.records import ErrorKind

KINDS: Mapping[int, ErrorKind] = {
    errno.EMFILE: ErrorKind.NO_FILES,  # of the process: ulimit -n
    errno.ENFILE: ErrorKind.NO_FILES,  # of the machine: fs.file-max
    errno.EADDRNOTAVAIL: ErrorKind.NO_PORTS,
    errno.EAGAIN: ErrorKind.NO_PORTS,  # connect(2): no more free local ports
}
SPARE_FILES = 64  # to ask for beside the connections
OWN_FILES = 8  # a load process has at least as many open beside its connections


def connect_error(error: Exception, timeout_s: float) -> tuple[ErrorKind, str]:
    """Whose fault it is that there is no connection, and the system's words."""
    kind = KINDS.get(getattr(error, "errno", None) or 0, ErrorKind.CONNECT)
    told = str(error) or f"no connection within {timeout_s:g} s"
    what = {
        ErrorKind.NO_FILES: "The client has no open file left (ulimit -n)",
        ErrorKind.NO_PORTS: "The client has no local port left",
    }
    return kind, f"{what.get(kind, 'No connection to the server')}: {told}."[:500]


def too_few_files(plan: Plan, workers: int) -> str | None:
    """A sentence where a load process cannot have the connections that the plan has in flight at once; known
    before it is sent.

    Not of an open loop without a cap: how many are in flight then is the server's doing.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    streams = plan.count if plan.cap is None else min(plan.cap, plan.count)
    if most == resource.RLIM_INFINITY or (plan.cap is None and math.isfinite(plan.request_rate)):
        return None
    share = math.ceil(streams / workers)
    if most >= share + OWN_FILES:
        return None
    return f"`ulimit -n` of the client is {most}, and {share} requests in flight need about {share + SPARE_FILES}: nothing was sent."
