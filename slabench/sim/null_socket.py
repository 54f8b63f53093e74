"""The null server's sockets: bytes in and out of every connection, and when the kernel had a request."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import socket
import struct
import time
from time import perf_counter_ns

from slabench.sim.null_answer import Served

BACKLOG = 4096
BURST = 64  # connections that are accepted, or tokens that are written, at a time
_READ = 1 << 16
_READABLE = 0x1 | 0x2000  # EPOLLIN and EPOLLRDHUP, which only Linux has
# Linux: the kernel's stamp of the last bytes read, so that our own queue is not the client's delay
_SO_TIMESTAMPNS = 35
_OFFSET_NS = 1_000_000_000  # how long the two clocks are taken not to drift


class Peer:
    """One connection, and the request that it carries."""

    __slots__ = ("buffer", "close", "closed", "due", "fd", "k", "pending", "served", "socket")

    def __init__(self, connected: socket.socket) -> None:
        self.socket, self.fd = connected, connected.fileno()
        self.buffer = bytearray()
        self.pending = bytearray()  # what the kernel did not take
        self.served: Served | None = None  # while its answer is on its way
        self.k = self.due = 0  # the next token and when it is due
        self.close = self.closed = False


def raise_file_limit() -> None:
    """A connection is an open file, and the usual soft limit of 1024 is less than a load may have streams."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listening(host: str, port: int, *, shared: bool) -> socket.socket:
    """A listening socket. shared: the kernel distributes its connections among all servers that listen there.

    OSError if the port is taken.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)  # connections inherit it
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


class KernelClock:
    """The kernel stamps with the wall clock; here its stamps become perf_counter_ns readings."""

    def __init__(self) -> None:
        self.offset_ns = self.offset_at = 0

    def received(self, ancillary: list[tuple[int, int, bytes]], now: int) -> int:
        """When the bytes came, by recvmsg's ancillary data; now where it has no stamp."""
        if now - self.offset_at > _OFFSET_NS:
            self.offset_ns, self.offset_at = time.time_ns() - perf_counter_ns(), now
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= 16:
                seconds, nanoseconds = struct.unpack_from("qq", data)
                return min(now, int(seconds * 1_000_000_000 + nanoseconds - self.offset_ns))
        return now


class Sockets:
    """All connections by one epoll. handle() and gone() are the subclass's."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.clock = KernelClock()
        self.listeners: dict[int, socket.socket] = {}
        self.peers: dict[int, Peer] = {}

    def handle(self, peer: Peer, now: int, received: int) -> None:
        """peer.buffer has new bytes, perhaps a request; received: when the kernel had the last of them, 0 if
        that is not known.
        """
        raise NotImplementedError

    def gone(self, peer: Peer) -> None:
        """The client of an unfinished answer has closed its connection."""
        raise NotImplementedError

    def listen(self, host: str, port: int, *, shared: bool = False) -> int:
        """The port. OSError if it is taken."""
        listener = listening(host, port, shared=shared)
        self.epoll.register(listener.fileno(), select.EPOLLIN)
        self.listeners[listener.fileno()] = listener
        bound: int = listener.getsockname()[1]
        return bound

    def ready(self, fd: int, events: int) -> None:
        """What epoll reports of one descriptor."""
        if fd in self.listeners:
            self._accept(self.listeners[fd])
            return
        peer = self.peers.get(fd)
        if peer is not None and events & select.EPOLLOUT:
            self._flush(peer)
        if peer is not None and not peer.closed and events & ~select.EPOLLOUT:
            self._read(peer)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(BURST):
                connected, _ = listener.accept()
                connected.setblocking(False)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer = self.peers[connected.fileno()] = Peer(connected)
                self.epoll.register(peer.fd, _READABLE)

    def _read(self, peer: Peer) -> None:
        try:
            data, ancillary, _, _ = peer.socket.recvmsg(_READ, 64)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        now = perf_counter_ns()
        if not data:
            self.drop(peer)
            return
        peer.buffer += data
        if peer.served is None:
            self.handle(peer, now, self.clock.received(ancillary, now))

    def write(self, peer: Peer, data: bytes) -> bool:
        """What the kernel does not take now waits. False: the client has gone."""
        taken = 0
        if not peer.pending:
            try:
                taken = os.write(peer.fd, data)
            except BlockingIOError:
                pass
            except OSError:
                self.drop(peer)
                return False
        if taken != len(data):
            if not peer.pending:
                self.epoll.modify(peer.fd, _READABLE | select.EPOLLOUT)
            peer.pending += data[taken:]
        return True

    def _flush(self, peer: Peer) -> None:
        try:
            del peer.pending[: os.write(peer.fd, peer.pending)]
        except BlockingIOError:
            return
        except OSError:
            self.drop(peer)
            return
        if not peer.pending:
            self.epoll.modify(peer.fd, _READABLE)
            self.answered(peer)

    def answered(self, peer: Peer) -> None:
        """Once an answer has left: the end of the connection, or the next request."""
        if peer.closed or peer.pending or peer.served is not None:
            return
        if peer.close:
            self.drop(peer)
        elif peer.buffer:
            self.handle(peer, perf_counter_ns(), 0)

    def drop(self, peer: Peer) -> None:
        if peer.closed:
            return
        peer.closed = True
        if peer.served is not None:
            self.gone(peer)
        del self.peers[peer.fd]
        with contextlib.suppress(OSError):
            self.epoll.unregister(peer.fd)
        peer.socket.close()
