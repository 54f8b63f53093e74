"""One client's connection: requests in, one at a time, and bytes out; keep-alive as uvicorn has it."""

from __future__ import annotations

import asyncio
import socket
import struct

from slabench.sim.engine import Engine, Job
from slabench.sim.request import Malformed, Request, read_request

KEEP_ALIVE_S = 5.0  # uvicorn's


class Connection(asyncio.Protocol):
    """handle() is the subclass's: it answers with write() and done()."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.transport: asyncio.Transport | None = None
        self.job: Job | None = None
        self.peer = "127.0.0.1:0"
        self._buffer = bytearray()
        self._closes = False
        self._timer: asyncio.TimerHandle | None = None

    def handle(self, request: Request) -> None:
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = f"{host}:{port}"

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.abort()  # the client has gone

    def data_received(self, data: bytes) -> None:
        self._stop_timer()
        self._buffer += data
        if self.job is None:
            self._next()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        try:
            request = read_request(self._buffer)
        except Malformed:
            self.end()
            return
        if request is not None:
            del self._buffer[: request.size]
            self._closes = request.close
            self.handle(request)

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def done(self) -> None:
        """The answer is complete: the next request, or the end of the connection."""
        self.job = None
        if self._closes:
            self.end()
        elif self._buffer:
            self._next()
        else:
            self._timer = asyncio.get_running_loop().call_later(KEEP_ALIVE_S, self.end)

    def abort(self) -> None:
        """The engine stops working on this request; the connection stays."""
        if self.job is not None:
            self.engine.abort(self.job)

    def hold(self) -> None:
        """What is written from here on leaves with the connection's end, in one piece: no request can arrive
        in between.
        """
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def end(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """End with RST, as a process that is killed with unread data does."""
        if self.transport is not None:
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
