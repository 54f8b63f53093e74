"""The event loop of a load process: asyncio's, over a selector that reads the event streams itself.

Between a chunk's arrival and its stamp are one epoll, one recvmsg and a few comparisons; no handle, transport
or copy. A read that is not exactly the predicted one goes to its stream's came() (http1.py has the three
ways): after all sockets that are ready have been read, and for a millisecond at a time. Else the first tokens
of a thousand answers, which are parsed, would take longer than the next ones need to come, two of them would
be one read, and the kernel's time is that of the later one.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
from collections.abc import Callable, Mapping
from time import perf_counter_ns, sleep
from typing import Any, NamedTuple

from slabench.loadgen.event_template import ANYTHING, LINE_END, READ_BYTES, SIZE_LINES, UNEXPECTED, Endings
from slabench.loadgen.kernel_timestamps import ANCILLARY, Ancillary, all_arrived_ns, ask, offset_ns, stamp_of
from slabench.loadgen.read_batching import Pace
from slabench.units import NS_PER_MS, NS_PER_S

MAX_EVENTS = 256  # streams a poll; then timers are called
TAKING_NS = NS_PER_MS  # for so long waiting reads are taken before sockets are looked at again,
LONGEST_NS = 50 * NS_PER_MS  # and all of them once one has waited for so long: else none of them would end
LAST_CHUNK = b"0\r\n\r\n"
_ESCAPE = ord("\\")  # at a text's end it may stand for the quotation mark behind it
IN, OUT = select.EPOLLIN, select.EPOLLOUT
# recvmsg_into's: buffers and room for ancillary data in; bytes read, ancillary data, flags and address out.
Receive = Callable[[list[bytearray], int], tuple[int, Ancillary, int, Any]]


# A read that waits: when it was made, when the poll before had returned, its time as the kernel wrote it
# (empty if the kernel reported none), its bytes.
Waiting = tuple[int, int, bytes, bytes]


class Read(NamedTuple):
    """One that was not recognised."""

    came_ns: int
    stamped: bool  # came_ns is the kernel's
    read_ns: int
    looked_ns: int  # when the poll before had returned: earlier reads of its stream were made by then
    data: bytes  # empty at the end of the connection


class Stream:
    """A socket that is read here. The slots are what a predicted read needs; the methods take all others."""

    __slots__ = (
        "before",
        "endings",
        "keep",
        "kept",
        "mark",
        "next",
        "opening",
        "receive",
        "stamps",
        "step",
        "waiting",
    )

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.endings: Endings = UNEXPECTED  # by the count: the end of the read, with the numbers that grow
        self.opening = b""  # how an event is predicted to begin, behind its chunk's size
        self.before = b""  # the bytes before these numbers
        self.mark = ANYTHING  # the first of them, if the text before them must not have it
        self.next = 0  # the count predicted next
        self.step = 1  # tokens an event
        self.stamps = bytearray()  # the kernel's times of predicted reads, not given to the meter yet
        self.keep = 0  # how many of the next predicted reads are kept, for what is in them,
        self.kept: list[bytes] = []  # and those that were
        self.waiting: list[Waiting] = []  # for came()

    def came(self, read: Read) -> bool:
        """Take a read; True if asyncio must run: a request ended, or a connection."""
        raise NotImplementedError

    def writable(self) -> None:
        raise NotImplementedError

    def broke(self, error: OSError | None) -> None:
        raise NotImplementedError

    def failed(self, error: Exception) -> None:
        """came() or writable() raised."""
        raise NotImplementedError


class StreamSelector(selectors.BaseSelector):
    """Sockets of watch() are read here, into their streams; those that asyncio registers stay with it."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.offset_ns = offset_ns()  # from the kernel's times to perf_counter_ns
        self.stamped = False  # the read that came() takes, or took last, has a time of the kernel's
        self.unstamped = 0  # reads of an answer that had none
        self.looked_ns = 0  # when the previous poll returned: what it did not report came later
        self._waiting: dict[int, Stream] = {}  # streams with reads for came(), by their sockets
        self._buffer = bytearray(READ_BYTES)
        self._view = memoryview(self._buffer)
        self._streams: dict[int, Stream] = {}
        self._epoll = select.epoll()
        self._others = selectors.EpollSelector()
        self._epoll.register(self._others.fileno(), IN)
        # The kernel stamps while any socket asks for it, and begins with a delay: this one asks all the time.
        self._asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ask(self._asking)

    # streams

    def watch(self, fd: int, stream: Stream) -> None:
        self._streams[fd] = stream
        self._epoll.register(fd, IN)

    def want_to_write(self, fd: int, *, wanted: bool) -> None:
        """wanted: call writable() when the socket takes more."""
        self._epoll.modify(fd, IN | OUT if wanted else IN)

    def forget(self, fd: int) -> None:
        if self._streams.pop(fd, None) is not None:
            self._epoll.unregister(fd)
            self._waiting.pop(fd, None)

    def take(self, now_ns: int | None = None) -> bool:
        """Give waiting reads to their streams; True if asyncio must run. now_ns: only for TAKING_NS from now
        on, if the first has not waited for too long.
        """
        run_asyncio, until_ns = False, None
        if now_ns is not None and self._waiting:
            first = next(iter(self._waiting.values())).waiting[0]
            until_ns = now_ns + TAKING_NS if now_ns - first[0] < LONGEST_NS else None
        while self._waiting:
            run_asyncio |= self.take_of(next(iter(self._waiting)))
            if until_ns is not None and perf_counter_ns() >= until_ns:
                break
        return run_asyncio

    def take_of(self, fd: int) -> bool:
        """Give a stream the reads that wait for it; True if asyncio must run."""
        stream = self._waiting.pop(fd, None)
        if stream is None:
            return False
        reads, stream.waiting = stream.waiting, []
        run_asyncio = False
        for read_ns, looked_ns, stamp, data in reads:
            if self._streams.get(fd) is not stream:  # it was closed after the read before
                break
            if stamp and stream.endings is not UNEXPECTED:
                size = len(data)
                self._buffer[:size] = data
                if self._recognise(stream, size, stamp):
                    continue
            if data:  # the end of a connection has no time
                self.stamped = bool(stamp)
                self.unstamped += not stamp
            came_ns = all_arrived_ns(stamp, self.offset_ns)[0] if stamp else read_ns
            try:
                run_asyncio |= stream.came(Read(came_ns, bool(stamp), read_ns, looked_ns, data))
            except Exception as error:  # noqa: BLE001  a failure of one request must not fail the others
                stream.failed(error)
                run_asyncio = True
        return run_asyncio

    def _recognise(self, stream: Stream, size: int, stamp: bytes) -> bool:
        """Count the read in the buffer if it is exactly the predicted one; else False, nothing is done."""
        buffer = self._buffer
        count = stream.next
        ending = stream.before + stream.endings[count]
        opening = SIZE_LINES[size] + stream.opening
        if not (
            buffer.endswith(ending, 0, size)
            and buffer.startswith(opening)
            and buffer.find(10, LINE_END, size) == size - 4
        ):
            return False
        if stream.mark >= 0:
            begin, end = len(opening), size - len(ending)
            if (
                buffer.find(stream.mark, begin, size) != end
                or buffer.find(13, begin, end) >= 0
                or buffer[end - 1] == _ESCAPE
            ):
                return False
        stream.stamps += stamp
        stream.next = count + stream.step
        if stream.keep:
            stream.keep -= 1
            stream.kept.append(bytes(self._view[:size]))
        return True

    def _read(self, ready: list[tuple[int, int]]) -> bool:
        """Read each once; True if asyncio must run."""
        into, streams, recognise = [self._buffer], self._streams, self._recognise
        run_asyncio = False
        for fd, event in ready:
            stream = streams.get(fd)
            if stream is None:  # asyncio's, or closed since the poll
                run_asyncio = True
                continue
            try:
                size, ancillary, _, _ = stream.receive(into, ANCILLARY)
            except BlockingIOError:  # writable; or an incomplete TLS record; or the number of a closed socket
                if event & OUT:
                    stream.writable()
                    run_asyncio = True
                continue
            except OSError as error:
                stream.broke(error)
                run_asyncio = True
                continue
            if not stream.waiting:
                if ancillary and recognise(stream, size, ancillary[0][2]):
                    continue
                stream.endings = UNEXPECTED  # until this read has been taken
                self._waiting[fd] = stream
            read = perf_counter_ns(), self.looked_ns, stamp_of(ancillary), bytes(self._view[:size])
            stream.waiting.append(read)
            ends = self.pace.closed_loop and read[3].endswith(LAST_CHUNK)
            if not size or event != IN or ends:
                # A connection's end is judged by when this process looked for it; in a closed loop the next
                # request waits for an answer's.
                run_asyncio |= self.take_of(fd)
                if event & OUT and streams.get(fd) is stream:
                    stream.writable()
                    run_asyncio = True
        return run_asyncio

    # what asyncio needs

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Read streams until the time is over or asyncio must run."""
        now = perf_counter_ns()
        until = None if timeout is None else now + int(timeout * NS_PER_S)
        pace, poll, waiting = self.pace, self._epoll.poll, self._waiting
        while True:
            left = None
            if waiting:
                left = 0.0
            elif until is not None:
                left = max(0, until - now) / NS_PER_S
                pause = pace.pause_ns / NS_PER_S
                if 0 < pause < left:
                    sleep(pause)
                    left -= pause
            ready = poll(left, MAX_EVENTS)
            run_asyncio = self._read(ready)
            self.looked_ns = now = perf_counter_ns()
            if waiting:
                run_asyncio |= self.take(now)
                now = perf_counter_ns()
            if pace.watching:
                pace.observe(self.looked_ns, ready)
            if now >= pace.due_ns:
                pace.switch(now, stamped=self.stamped)
            if run_asyncio or not (ready or waiting) or (until is not None and now >= until):
                return self._others.select(0)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._others.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._others.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._others.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._others.get_map()

    def close(self) -> None:
        self._asking.close()
        self._others.close()
        self._epoll.close()


def new_loop() -> tuple[asyncio.AbstractEventLoop, StreamSelector]:
    selector = StreamSelector()
    return asyncio.SelectorEventLoop(selector), selector
