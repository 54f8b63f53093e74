"""The null server's sockets: what listens, what is connected, and when the kernel had a request."""

from __future__ import annotations

import contextlib
import resource
import socket
import struct
import time
from time import perf_counter_ns

from slabench.sim.null_answer import Own
from slabench.sim.null_truth import Served

BACKLOG = 4096
# Linux: the kernel's stamp of the last bytes read, so that our own queue is not the client's delay
_SO_TIMESTAMPNS = 35
_OFFSET_NS = 1_000_000_000  # how long the two clocks are taken not to drift


class Peer:
    """One connection, and the request that it carries."""

    __slots__ = ("buffer", "close", "closed", "due", "fd", "k", "own", "pending", "served", "since", "socket")

    def __init__(self, connected: socket.socket) -> None:
        self.socket, self.fd = connected, connected.fileno()
        self.buffer = bytearray()
        self.pending = bytearray()  # what the kernel did not take
        self.served: Served | None = None  # while its answer is on its way
        self.own: Own | None = None
        self.k = self.due = 0
        self.close = self.closed = False
        self.since = perf_counter_ns()


def raise_file_limit() -> None:
    """A connection is an open file, and the usual soft limit of 1024 is less than a load may have streams."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listening(host: str, port: int, *, shared: bool) -> socket.socket:
    """A listening socket. shared: the kernel deals its connections out to all who listen there.

    OSError if the port is taken.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)  # connections inherit it
    found.bind((host, port))
    found.listen(BACKLOG)
    found.setblocking(False)
    return found


class KernelClock:
    """The kernel stamps with the wall clock; here its stamps become perf_counter_ns readings."""

    def __init__(self) -> None:
        self.offset_ns = self.offset_at = 0

    def received(self, told: list[tuple[int, int, bytes]], now: int) -> int:
        """When the bytes came, by recvmsg's ancillary data; now where it does not say."""
        if now - self.offset_at > _OFFSET_NS:
            self.offset_ns, self.offset_at = time.time_ns() - perf_counter_ns(), now
        for level, kind, data in told:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= 16:
                seconds, nanoseconds = struct.unpack_from("qq", data)
                return min(now, int(seconds * 1_000_000_000 + nanoseconds - self.offset_ns))
        return now
