"""One TCP or TLS connection and the exchange on it: stamp first, then look at the bytes."""

from __future__ import annotations

import asyncio
import os
from array import array
from time import perf_counter_ns
from typing import Protocol

from slabench.loadgen.http1 import Answer
from slabench.records import ErrorKind

# A keep-alive connection that the server had closed already says so as soon as the request reaches it. One that breaks later had
# taken the request.
RACE_NS = 250_000_000


class Exchange:
    """One request on its way; the load process's working copy of what becomes a RequestRecord."""

    __slots__ = (
        "answer",
        "connected",
        "due_ns",
        "end_ns",
        "error",
        "error_text",
        "index",
        "last_ns",
        "reused",
        "sent_ns",
        "start_ns",
        "tried_ns",
        "waited",
        "wire",
    )

    def __init__(self, index: int, wire: memoryview, due_ns: int, limit: int, *, chunks: bool = False) -> None:
        self.index = index
        self.wire = wire
        self.due_ns = due_ns
        self.answer = Answer(limit, chunks=chunks)
        self.start_ns: int | None = None
        self.sent_ns: int | None = None
        self.tried_ns: int | None = None  # the first sending, where the connection was gone and another one took the request
        self.last_ns: int | None = None  # of the last read
        self.end_ns: int | None = None
        self.error: ErrorKind | None = None
        self.error_text = ""
        self.connected = False
        self.reused = False
        self.waited = False  # for a slot under the cap

    @property
    def arrivals(self) -> array[int]:
        return self.answer.meter.arrival_ns


class Driver(Protocol):
    """Who is told what happened."""

    def finished(self, connection: Connection, exchange: Exchange) -> None: ...
    def again(self, exchange: Exchange) -> None: ...
    def gone(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """A connection that carries one exchange at a time."""

    __slots__ = ("_driver", "_fd", "_secure", "exchange", "transport", "used")

    def __init__(self, driver: Driver, *, secure: bool) -> None:
        self._driver = driver
        self._secure = secure
        self._fd = -1
        self.exchange: Exchange | None = None
        self.transport: asyncio.Transport | None = None
        self.used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]
        # 0: any byte that the kernel does not take at once pauses, so that resume_writing tells when the last one went.
        transport.set_write_buffer_limits(high=0)  # type: ignore[attr-defined]
        self._fd = transport.get_extra_info("socket").fileno()

    def send(self, exchange: Exchange) -> None:
        """Write the request. The socket is written directly: a transport queues until the loop turns, and the stamp would lie."""
        assert self.transport is not None
        self.exchange = exchange
        exchange.connected = True
        exchange.reused = self.used
        self.used = True
        rest = exchange.wire
        if not self._secure:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self.connection_lost(error)
                return
        if len(rest):
            exchange.sent_ns = None
            self.transport.write(rest)
            if self.transport.get_write_buffer_size():
                return  # resume_writing stamps
        exchange.sent_ns = perf_counter_ns()

    def resume_writing(self) -> None:
        if self.exchange is not None and self.exchange.sent_ns is None:
            self.exchange.sent_ns = perf_counter_ns()

    def data_received(self, data: bytes) -> None:
        now = perf_counter_ns()
        exchange = self.exchange
        if exchange is None:
            self.close()  # nobody asked
            return
        exchange.last_ns = now
        if exchange.answer.feed(now, data):
            self._finish(exchange, now)

    def _finish(self, exchange: Exchange, now: int) -> None:
        answer = exchange.answer
        exchange.end_ns = answer.meter.done_ns or now
        if exchange.error is None and answer.error is not None:
            exchange.error, exchange.error_text = answer.error, answer.error_text
        if exchange.sent_ns is None:
            # Answered before the whole request was taken: an early refusal. The rest of it is of no use to anybody.
            answer.keep_alive = False
        self.exchange = None
        self._driver.finished(self, exchange)

    def connection_lost(self, exc: Exception | None) -> None:
        now = perf_counter_ns()
        exchange, self.exchange = self.exchange, None
        transport, self.transport = self.transport, None
        if transport is not None and not transport.is_closing():
            transport.abort()
        self._driver.gone(self)
        if exchange is None:
            return
        answer = exchange.answer
        sent = exchange.sent_ns
        soon = sent is None or now - sent < RACE_NS
        if soon and exchange.reused and answer.first_byte_ns is None and exchange.error is None and exchange.tried_ns is None:
            # The server had closed an idle keep-alive connection while our request was on its way: not a failure of either.
            exchange.tried_ns = now if sent is None else sent
            exchange.sent_ns = None
            exchange.reused = False
            self._driver.again(exchange)
            return
        if not answer.closed() and not (answer.stream and answer.meter.done_ns is not None) and exchange.error is None:
            exchange.error = ErrorKind.RESET if exc is not None or not answer.stream else ErrorKind.TRUNCATED
            how = f"broke ({exc})" if exc is not None else "was closed"
            exchange.error_text = f"The connection {how} before the answer was complete."
        self._finish(exchange, now)

    def fail(self, exchange: Exchange, kind: ErrorKind, text: str) -> None:
        """End the exchange from our side (a time-out, an interrupt) and the connection with it."""
        exchange.error, exchange.error_text = kind, text
        self.exchange = None
        self.close()
        exchange.end_ns = perf_counter_ns()
        self._driver.finished(self, exchange)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    @property
    def reusable(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()
