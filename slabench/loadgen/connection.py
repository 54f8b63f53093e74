"""One TCP or TLS connection and the exchange on it: writing a request, taking its reads."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable
from itertools import accumulate
from time import perf_counter_ns
from typing import Protocol

from slabench.loadgen.event_template import UNEXPECTED, Frame, prediction
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.http1 import Answer
from slabench.loadgen.kernel_timestamps import STAMP_BYTES, all_arrived_ns
from slabench.loadgen.stream_selector import Read, Stream, StreamSelector
from slabench.loadgen.tcp_info import out_of_order, tcp_info
from slabench.loadgen.tls import Secure
from slabench.records import ErrorKind

# If the server had closed an idle connection before the request came, its end arrives within one round trip.
# If it closes later, it may have taken the request: sent again, it would be computed twice, and its time
# would not count.
RACE_ROUND_TRIPS = 2
RACE_NS = 2_000_000
MOST_MISSES = 16  # predictions without a hit: then this stream's events cannot be predicted


class Driver(Protocol):
    """The load, as a connection sees it."""

    def finished(self, connection: Connection, exchange: Exchange) -> None: ...
    def again(self, exchange: Exchange) -> None: ...
    def gone(self, connection: Connection) -> None: ...
    def soon(self, act: Callable[[OSError], None], error: OSError) -> None: ...


class Connection(Stream):
    """A connection that carries one exchange at a time."""

    __slots__ = (
        "_acked",
        "_began_ns",
        "_broken",
        "_driver",
        "_fd",
        "_frame",
        "_misses",
        "_out_of_order",
        "_rest",
        "_secure",
        "_selector",
        "_sock",
        "exchange",
        "used",
    )

    def __init__(
        self, driver: Driver, selector: StreamSelector, sock: socket.socket, secure: Secure | None = None
    ) -> None:
        """sock is connected and does not block; secure has completed its handshake."""
        super().__init__(sock.recvmsg_into if secure is None else secure.receive)
        self._driver = driver
        self._selector = selector
        self._sock = sock
        self._fd = sock.fileno()
        self._secure = secure
        self._rest = memoryview(b"")  # of a request that the socket did not take at once
        self._frame: Frame | None = None  # of the event before
        self._misses = 0
        self._broken = False
        self._began_ns = 0  # when the first byte of the request was handed to the socket
        self._acked: int | None = None  # bytes that the server's kernel had confirmed before the request
        self._out_of_order = 0  # segments, before the request
        self.exchange: Exchange | None = None
        self.used = False
        selector.watch(self._fd, self)

    def send(self, exchange: Exchange) -> None:
        """Write the request."""
        self.exchange = exchange
        exchange.connected = True
        exchange.reused = self.used
        if self.used:
            self._acked = tcp_info(self._sock).acked
        self.used = True
        self._began_ns = perf_counter_ns()
        self._misses = 0
        self._rest = exchange.wire if self._secure is None else memoryview(self._secure.seal(exchange.wire))
        if self._write(exchange):
            self._selector.want_to_write(self._fd, wanted=True)

    def writable(self) -> None:
        if self.exchange is None or not self._write(self.exchange):
            self._selector.want_to_write(self._fd, wanted=False)

    def _write(self, exchange: Exchange) -> bool:
        """True if the rest waits until the socket takes more.

        The request counts as sent when the call that took its last byte began. When it returns would be too
        late if this process lost its core meanwhile: an answer may come before it has it again. That happens
        most as the bytes leave, since they wake what reads them.
        """
        began_ns = perf_counter_ns()
        try:
            self._rest = self._rest[self._sock.send(self._rest) :]
        except BlockingIOError:
            return True
        except OSError as error:
            # Not now: this call would send the next request, and the one after that if its connection is lost
            # too.
            self._driver.soon(self.broke, error)
            return False
        if len(self._rest):
            return True
        exchange.sent_ns = began_ns
        return False

    def came(self, read: Read) -> bool:
        exchange = self.exchange
        if exchange is None:
            self.broke(None)  # bytes without a request, or the end of an idle connection
            return True
        self.settle(read.looked_ns)
        # An arrival is never earlier than the one before it or than the request, whichever clock stamped
        # them.
        now_ns = max(read.came_ns, exchange.last_ns or exchange.sent_ns or 0)
        if not read.data:
            self.broke(None)
            return True
        exchange.last_ns = now_ns
        meter, output = exchange.answer.meter, exchange.output()
        before, no_text = len(meter.arrival_ns), meter.first_text_ns is None
        ended = exchange.answer.feed(now_ns, read.data)
        if not before and (no_text or meter.arrival_ns):  # the last of these is that of the first token
            exchange.first_read_ns = read.read_ns
        if exchange.output() != output:
            exchange.last_read_ns = read.read_ns
        if ended:
            self._finish(exchange, now_ns)
            return True
        if len(meter.arrival_ns) - before > 1:
            self._selector.pace.gathered()
        self._predict(exchange.answer)
        return False

    def tokens(self) -> int:
        """Tokens counted so far."""
        counts = self.exchange.answer.meter.arrival_tokens if self.exchange is not None else ()
        return counts[-1] + self.step * (len(self.stamps) // STAMP_BYTES) if counts else 0

    def catch_up(self) -> bool:
        """Take what has been read; True if there was anything."""
        waited = bool(self.waiting)
        self._selector.take_of(self._fd)
        return self.settle() or waited

    def settle(self, read_ns: int | None = None) -> bool:
        """Give the meter the predicted reads since the last other one; True if there were any. read_ns: when
        they had been read; None: when the last poll returned, since a connection is read once after each.
        """
        exchange = self.exchange
        if exchange is None or not self.stamps:
            return False
        times = all_arrived_ns(self.stamps, self._selector.offset_ns)
        self.stamps.clear()
        times = list(accumulate(times, max, initial=exchange.arrivals[-1]))[1:]
        exchange.answer.meter.run(times, self.step, self.kept)
        self.kept.clear()
        exchange.last_ns = times[-1]
        exchange.last_read_ns = self._selector.looked_ns if read_ns is None else read_ns
        self._misses = 0
        return True

    def _predict(self, answer: Answer) -> None:
        """After two events that differ by their text and counts alone the next is predicted to be alike."""
        self.endings = UNEXPECTED
        meter, frame = answer.meter, None
        if self._misses < MOST_MISSES and self._selector.stamped and answer.between:
            self._misses += not meter.keeps()
            frame = meter.frame()
            if frame is not None and len(counts := meter.arrival_tokens) > 1:
                self.step = counts[-1] - counts[-2]
                found = prediction(self._frame, frame, self.step)
                if found is not None:
                    self.next = counts[-1] + self.step
                    self.opening, self.before, self.endings, self.mark = found
                    self.keep = meter.keeps()
        self._frame = frame

    def _finish(self, exchange: Exchange, now: int) -> None:
        answer = exchange.answer
        exchange.close(now)
        exchange.end_ns = answer.meter.done_ns or now
        if exchange.error is None and answer.error is not None:
            exchange.error, exchange.error_text = answer.error, answer.error_text
        if exchange.sent_ns is None:
            # Answered before the whole request was taken: an early refusal, and the rest of it is not sent.
            answer.keep_alive = False
        self._leave()
        self._driver.finished(self, exchange)

    def _leave(self) -> None:
        """The exchange has ended, and the socket is not closed yet."""
        if self.exchange is not None:
            count = out_of_order(self._sock)
            if count is not None:
                self.exchange.out_of_order = count - self._out_of_order
                self._out_of_order = count
        self.exchange, self.endings, self._frame = None, UNEXPECTED, None

    def broke(self, error: OSError | None) -> None:
        """The connection ended; error is None if the peer closed it."""
        self._broken = True
        self._selector.take_of(self._fd)  # what came before
        now = perf_counter_ns()
        self.settle()
        exchange = self.exchange
        raced = exchange is not None and self._raced(exchange.sent_ns or self._began_ns, now, error)
        self._leave()
        self.close()
        self._driver.gone(self)
        if exchange is None:
            return
        answer = exchange.answer
        exchange.close(now)
        fresh = exchange.error is None and exchange.tried_ns is None
        unanswered = exchange.reused and answer.first_byte_ns is None and fresh
        if unanswered and raced:
            # The server closed an idle keep-alive connection while the request was on its way: not a failure.
            exchange.tried_ns = self._began_ns if exchange.sent_ns is None else exchange.sent_ns
            exchange.sent_ns = None
            exchange.reused = False
            self._driver.again(exchange)
            return
        if (
            not answer.closed()
            and not (answer.stream and answer.meter.done_ns is not None)
            and exchange.error is None
        ):
            exchange.error = (
                ErrorKind.RESET if error is not None or not answer.stream else ErrorKind.TRUNCATED
            )
            how = f"broke ({error})" if error is not None else "was closed"
            exchange.error_text = f"The connection {how} before the answer was complete."
        self._finish(exchange, now)

    def _raced(self, sent_ns: int, now: int, error: OSError | None) -> bool:
        """Whether the connection's end can have been on its way when the request was sent.

        If this process read it late, or the round trip is uncertain, the server's kernel must not have
        confirmed any of the request. A reset confirms nothing, whatever was taken before it; a server that
        closes an idle connection ends it with FIN.
        """
        info = tcp_info(self._sock)
        if now - sent_ns <= RACE_ROUND_TRIPS * info.shortest_ns + RACE_NS:
            return True
        if isinstance(error, ConnectionResetError):
            return False
        at_least = self._selector.looked_ns - sent_ns
        known = info.acked is not None and info.acked == self._acked
        return known and at_least <= RACE_ROUND_TRIPS * info.round_trip_ns + RACE_NS

    def failed(self, error: Exception) -> None:
        """Raises error again if there is no request that it can fail."""
        if self.exchange is None:
            raise error
        traceback.print_exception(error)
        text = f"The answer could not be read ({type(error).__name__}: {error})."
        self.fail(self.exchange, ErrorKind.MALFORMED, text[:500])

    def fail(self, exchange: Exchange, kind: ErrorKind, text: str) -> None:
        """End the exchange (a time-out, an interrupt) and the connection with it."""
        self.settle()
        exchange.error, exchange.error_text = kind, text
        self._leave()
        self.close()
        exchange.end_ns = perf_counter_ns()
        exchange.close(exchange.end_ns)
        self._driver.finished(self, exchange)

    def leave_open(self, exchange: Exchange) -> None:
        """[DONE] came and the body does not end: the answer is complete, and the connection is closed."""
        self.settle()
        exchange.close(perf_counter_ns())
        exchange.left_open = True
        self._leave()
        self.close()
        exchange.end_ns = exchange.answer.meter.done_ns
        self._driver.finished(self, exchange)

    def close(self) -> None:
        if self._fd >= 0:
            self._selector.forget(self._fd)
            self._sock.close()
            self._fd = -1

    @property
    def reusable(self) -> bool:
        return self._fd >= 0 and not self._broken
