"""The load itself, inside the load process: due times, slots, connections, time-outs."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

from slabench.loadgen.connection import Connection
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.http1 import Answer
from slabench.loadgen.kernel_timestamps import ask, offset_ns
from slabench.loadgen.loop_lag import LoopWatch
from slabench.loadgen.options import ClientOptions
from slabench.loadgen.own_limits import connect_error
from slabench.loadgen.stream import StreamMeter
from slabench.loadgen.stream_selector import StreamSelector
from slabench.loadgen.tls import Address, Secure
from slabench.records import ErrorKind
from slabench.units import NS_PER_S

CHECK_S = 0.1
MAX_PREOPENED = 1024


class LoadDriver:
    """Sends every request of a plan, and calls on_end at its end. Times are perf_counter_ns readings."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        selector: StreamSelector,
        address: Address,
        options: ClientOptions,
        meter: Callable[[int], StreamMeter],
        wires: Sequence[memoryview],
        offsets: Sequence[int],
        *,
        share: Sequence[int],
        draw: Callable[[], int | None],
        closed: bool,
        on_end: Callable[[Exchange], None],
        awaited: Callable[[], bool] = lambda: False,
    ) -> None:
        """selector: the loop's own. share: the plan's requests that this process has from the start, rising.

        draw: the next request for a slot that became free. awaited: whether one is on its way to a slot for
        which draw() had none.
        """
        self.loop = loop
        self.selector = selector
        self.address = address
        self.options = options
        self.meter = meter
        self.wires = wires
        self.offsets = offsets
        self.mine = deque(share)  # not due yet, in the plan's order
        self.draw = draw
        self.closed = selector.pace.closed_loop = closed
        self.on_end = on_end
        self.awaited = awaited
        self.keep_alive = options.connections == "keep-alive"
        self.zero_ns = 0
        self.active: dict[int, tuple[Exchange, Connection | None]] = {}
        self.idle: list[Connection] = []
        self.opening: dict[int, asyncio.Task[None]] = {}
        self.done = self.failed = self.tokens_done = 0
        self.complete: asyncio.Future[None] = loop.create_future()
        self.loop_lag = LoopWatch(loop)
        self.clock_step_ns = 0  # by how much the time of day was set during the load
        self._places: list[Any] = []  # the host's addresses, as getaddrinfo gives them
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None

    # before the zero

    async def open_connections(self) -> None:
        """As many as the plan can use at once, so that no request's time has a connect in it. Errors are
        ignored here: they come again with the requests.
        """
        if not self.keep_alive:
            return
        wanted = min(len(self.mine), MAX_PREOPENED)
        for begin in range(0, wanted, 64):  # a listen backlog is finite
            batch = [self._connect() for _ in range(min(64, wanted - begin))]
            results = await asyncio.gather(*batch, return_exceptions=True)
            self.idle += [result for result in results if isinstance(result, Connection)]
            if any(isinstance(result, BaseException) for result in results):
                return

    async def _connect(self) -> Connection:
        """Raises OSError or TimeoutError."""
        host, port = self.address.host, self.address.port
        async with asyncio.timeout(self.options.connect_timeout_s):
            if not self._places:
                self._places = await self.loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            refused = OSError(f"{host} has no address")
            for family, kind, protocol, _, place in self._places:
                try:
                    return await self._connect_to(socket.socket(family, kind, protocol), place)
                except OSError as error:
                    refused = error
            raise refused

    async def _connect_to(self, sock: socket.socket, place: Any) -> Connection:
        secure = None
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ask(sock)
            await self.loop.sock_connect(sock, place)
            if self.address.tls is not None:
                secure = Secure(sock, self.address.tls, self.address.host)
                await secure.shake_hands(self.loop)
        except BaseException:
            sock.close()
            raise
        return Connection(self, self.selector, sock, secure)

    # the plan

    def begin(self, zero_ns: int) -> None:
        """Start at the plan's zero, a moment shortly from now."""
        self.zero_ns = zero_ns
        self.loop.call_later(max(0.0, (zero_ns - perf_counter_ns()) / NS_PER_S - 0.002), self._begin)

    def _begin(self) -> None:
        while perf_counter_ns() < self.zero_ns:
            pass  # timers of the loop have a resolution of 1 ms
        self.selector.offset_ns, self.selector.unstamped = offset_ns(), 0
        self.loop_lag.begin()
        self._check_timeouts()
        self._release()
        self.check_complete()

    def _release(self) -> None:
        """Send everything that is due; then set a timer for the next request."""
        while self.mine and not self._stopped:
            due = self.zero_ns + self.offsets[self.mine[0]]
            ahead = due - perf_counter_ns()
            if ahead > 0:
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = self.loop.call_later(ahead / NS_PER_S, self._release)
                return
            self._start(self.mine.popleft(), due)

    def _next_for_slot(self) -> None:
        """A slot became free: send the plan's next request of all load processes, now or when it is due.

        Slots take requests in the plan's order: none waits while a slot is free, and the cap always holds.
        """
        index = self.draw()
        if index is not None:
            self.fill(index, perf_counter_ns())

    def fill(self, index: int, free_ns: int) -> None:
        """Take a request into a slot that is free since a moment."""
        now = perf_counter_ns()
        # In a closed loop a request is due when its slot becomes free.
        due = free_ns if self.closed else self.zero_ns + self.offsets[index]
        if due <= now:
            self._start(index, due, waited=not self.closed)
        else:
            self.mine.append(index)
            if len(self.mine) == 1:
                self._release()

    def _start(self, index: int, due_ns: int, *, waited: bool = False) -> None:
        answer = Answer(self.meter(self.options.max_event_bytes))
        exchange = Exchange(
            index, self.wires[index], due_ns, answer, start_ns=perf_counter_ns(), waited=waited
        )
        while self.idle:
            connection = self.idle.pop()
            if connection.reusable:
                self.active[exchange.index] = (exchange, connection)
                connection.send(exchange)
                return
        self._open_for(exchange)

    def _open_for(self, exchange: Exchange) -> None:
        self.active[exchange.index] = (exchange, None)
        self.opening[exchange.index] = self.loop.create_task(self._open(exchange))

    async def _open(self, exchange: Exchange) -> None:
        try:
            connection = await self._connect()
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: an impossible host name
            self._fail(exchange, None, *connect_error(error, self.options.connect_timeout_s))
            return
        finally:
            self.opening.pop(exchange.index, None)
        if exchange.index not in self.active:
            connection.close()
            return
        self.active[exchange.index] = (exchange, connection)
        connection.send(exchange)

    # called by connections

    def finished(self, connection: Connection, exchange: Exchange) -> None:
        if self.keep_alive and exchange.answer.keep_alive and exchange.error is None and connection.reusable:
            self.idle.append(connection)
        else:
            connection.close()
        self._ended(exchange)

    def again(self, exchange: Exchange) -> None:
        if exchange.index in self.active:
            self._open_for(exchange)

    def gone(self, connection: Connection) -> None:
        if connection in self.idle:
            self.idle.remove(connection)

    def soon(self, act: Callable[[OSError], None], error: OSError) -> None:
        """In the loop's next cycle."""
        self.loop.call_soon(act, error)

    def _ended(self, exchange: Exchange) -> None:
        if self.active.pop(exchange.index, None) is None:
            return
        self.done += 1
        counts = exchange.answer.meter.arrival_tokens
        self.tokens_done += counts[-1] if counts else 0
        self.failed += exchange.error is not None
        if not self._stopped:
            self._next_for_slot()
        self.on_end(exchange)
        self.check_complete()

    def _fail(self, exchange: Exchange, connection: Connection | None, kind: ErrorKind, text: str) -> None:
        """End a request from our side, connected or not."""
        if connection is not None:
            connection.fail(exchange, kind, text)
        elif exchange.index in self.active:
            exchange.error, exchange.error_text, exchange.end_ns = kind, text, perf_counter_ns()
            self._ended(exchange)

    def check_complete(self) -> None:
        waiting = bool(self.mine) or self.awaited()
        if not self.active and (not waiting or self._stopped) and not self.complete.done():
            self.loop_lag.end()
            self._check_clock()
            self.complete.set_result(None)

    # checks in the background

    def _check_timeouts(self) -> None:
        now, limits = perf_counter_ns(), self.options
        self._check_clock()
        for exchange, connection in list(self.active.values()):
            open_still, timeout = exchange.stays_open(now), exchange.expired(now, limits)
            if (open_still or timeout) and connection is not None and connection.catch_up():
                # its last reads were not in the exchange's times yet
                open_still, timeout = exchange.stays_open(now), exchange.expired(now, limits)
            if exchange.index not in self.active:
                continue  # these reads ended it
            if connection is not None and open_still:
                connection.leave_open(exchange)
            elif timeout is not None:
                self._fail(exchange, connection, *timeout)
        if not self.complete.done():
            self.loop.call_later(CHECK_S, self._check_timeouts)

    def _check_clock(self) -> None:
        if self.zero_ns:
            self.clock_step_ns = max(self.clock_step_ns, self.selector.offset_ns - offset_ns(), key=abs)

    def stop(self) -> None:
        """End everything now: requests on their way are INTERRUPTED, the others NOT_SENT."""
        if self._stopped:
            return
        self._stopped = True
        self.selector.take()
        for exchange, connection in list(self.active.values()):
            self._fail(exchange, connection, ErrorKind.INTERRUPTED, "The run was interrupted.")
        self.check_complete()

    def close(self) -> None:
        """After the last request: no connection stays open between two loads."""
        for task in self.opening.values():
            task.cancel()
        for connection in self.idle[:]:
            connection.close()

    def progress(self) -> dict[str, int]:
        tokens = [connection.tokens() for _, connection in self.active.values() if connection is not None]
        return {
            "done": self.done,
            "running": len(self.active),
            "waiting": len(self.active) - len(tokens) + tokens.count(0),
            "failed": self.failed,
            "output_tokens": self.tokens_done + sum(tokens),
        }
