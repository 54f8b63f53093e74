"""One HTTP/1.1 answer in bytes; no sockets.

State       What comes next                            Leads to
HEAD        status line and headers                    HEAD after a 1xx; SIZE: chunked; LENGTH: a length;
                                                       CLOSE: neither of them; END: 204, 304, length 0
SIZE        a chunk's size line                        CHUNK; TRAILER after size 0
CHUNK       the chunk's bytes                          CHUNK_END once all of them came
CHUNK_END   the line end behind a chunk                SIZE
TRAILER     lines up to an empty one                   TRAILER; END after the empty line
LENGTH      the body's bytes                           END once all of them came
CLOSE       the body's bytes, until the peer closes    END by closed()
END         nothing: any byte is an error              -

An error in any state sets `error`, and nothing more is taken. The body of a 200 with an event stream goes to
the meter (stream.py), that of any other answer to `body`.

A read is counted in one of three ways, the fastest that applies. All give the same times and counts; the
tests compare each with a simple parser.

1. Recognised: at both of its ends the read is, byte for byte, the event predicted from the two before. It is
   not parsed and does not come here: event_template.py predicts, stream_selector.py compares, and the meter's
   run() counts.
2. Searched: the read is one chunk with one event, in the form that this stream's events have. feed() checks
   the two ends of the chunk, and the meter's count() finds the token count by a search.
3. Parsed: any other read. The states above find the contents of the chunks, event_stream.py the events in
   them, and the meter reads each event: by a search if it has the endpoint's usual form, else as JSON.
"""

from __future__ import annotations

import re

from slabench.loadgen.event_stream import StreamLimitError
from slabench.loadgen.numbers import Numbers
from slabench.loadgen.stream import StreamMeter
from slabench.records import ErrorKind

MAX_HEAD = 64 * 1024
ORIGIN, MAX_ORIGIN = ("server", "via", "x-served-by"), 100
MAX_ERROR_BODY = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: |$)")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\Z")
# Size lines as nearly every server writes them. A 0 ends the body, or writes 0x1f, which int() would take.
_SIZES = Numbers(re.compile(rb"[1-9a-fA-F][0-9a-fA-F]{0,7}\r\n"), 16, suffix=2)

HEAD, SIZE, CHUNK, CHUNK_END, TRAILER, LENGTH, CLOSE, END = range(8)


class Answer:
    """feed() it what the socket reads; `state` END means complete. error: the first thing that is wrong."""

    __slots__ = (
        "body",
        "buffer",
        "error",
        "error_text",
        "first_byte_ns",
        "keep_alive",
        "left",
        "meter",
        "origin",
        "state",
        "status",
        "stream",
    )

    def __init__(self, meter: StreamMeter) -> None:
        self.meter = meter
        self.state = HEAD
        self.status: int | None = None
        self.stream = False  # a 200 with an event stream: its body goes to the meter
        self.keep_alive = False
        self.origin: dict[str, str] = {}
        self.error: ErrorKind | None = None
        self.error_text = ""
        self.first_byte_ns: int | None = None
        self.buffer = b""  # an incomplete head, size line or trailer
        self.left = 0  # bytes that the chunk or the body still has
        self.body = b""  # of an answer that is not an event stream, cut

    def feed(self, now_ns: int, data: bytes) -> bool:
        """Take one read; True once the answer is complete or broken. After an error nothing more is taken."""
        at = 0
        if self.state == SIZE and not self.buffer:
            # Way 2: `1b6\r\ndata: {...}\n\n\r\n`, as long as its size line says.
            if self.meter.usual and data[-5:] == b"}\n\n\r\n":
                event, end = data.find(b"\n", 2, 10) + 1, len(data) - 4
                if (
                    data.find(b"\n", event) == end
                    and data.find(b"\r", event) == end + 2
                    and _SIZES[data[:event]] == end + 2 - event
                    and self.meter.count(now_ns, data, event, end)
                ):
                    return False
            at = self._chunks(now_ns, data, 0)
            if at == len(data):
                return False
        if self.buffer:
            data, self.buffer = self.buffer + data, b""
        self._feed(now_ns, data, at)
        return self.state == END or self.error is not None

    @property
    def between(self) -> bool:
        """Whether the next read can be one event in a chunk of its own, in the form that this stream's events
        have.
        """
        return self.state == SIZE and not self.buffer and self.meter.usual

    def _chunks(self, now_ns: int, data: bytes, at: int) -> int:
        """Take whole chunks of an event stream, from a size line on; returns where they end in data.

        It stops at anything else, which _feed() takes.
        """
        if not self.stream:
            return at
        size = len(data)
        while at < size:
            event = data.find(b"\n", at, at + 10) + 1
            length = _SIZES[data[at:event]]
            end = event + length
            if length < 0 or data[end : end + 2] != b"\r\n":
                break  # the rest has not come yet, or the chunk is longer than its size
            try:
                self.meter.take(now_ns, data, event, end)
            except StreamLimitError as error:
                self._fail(ErrorKind.MALFORMED, f"The server sent {error}.")
                break
            at = end + 2
        return at

    def _feed(self, now_ns: int, data: bytes, at: int) -> None:
        size = len(data)
        while at < size and self.error is None:
            if self.state == CHUNK:
                take = min(self.left, size - at)
                self._take(now_ns, data[at : at + take])
                at += take
                self.left -= take
                if not self.left:
                    self.state = CHUNK_END
            elif self.state in (LENGTH, CLOSE):
                take = size - at if self.state == CLOSE else min(self.left, size - at)
                self._take(now_ns, data[at : at + take])
                at += take
                if self.state == LENGTH:
                    self.left -= take
                    if not self.left:
                        self.state = END
            elif self.state == END:
                self._fail(ErrorKind.MALFORMED, "The server sent bytes after the end of its answer.")
            elif self.state == SIZE and (whole := self._chunks(now_ns, data, at)) > at:
                at = whole
            else:
                taken = self._line(now_ns, data, at)
                if not taken:
                    self.buffer = data[at:]
                    if len(self.buffer) > MAX_HEAD:
                        self._fail(
                            ErrorKind.MALFORMED,
                            f"The server sent a header or chunk line of more than {MAX_HEAD} bytes.",
                        )
                    return
                at += taken

    def _line(self, now_ns: int, data: bytes, at: int) -> int:
        """Take a head, a size line, a chunk's end or a trailer; returns its bytes, 0 if it is not complete
        yet.
        """
        if self.state == HEAD:
            if self.first_byte_ns is None:
                self.first_byte_ns = now_ns
            if not b"HTTP/1.".startswith(data[at : at + 7]):
                self._fail(
                    ErrorKind.MALFORMED, f"The answer is not HTTP/1.1: it begins with {data[at : at + 40]!r}."
                )
                return len(data) - at
            end = data.find(b"\r\n\r\n", at)
            if end < 0:
                return 0
            self._head(data[at:end])
            return end + 4 - at
        end = data.find(b"\r\n", at)
        if end < 0:
            return 0
        line = data[at:end]
        if self.state == SIZE:
            size = _SIZE.match(line)
            if size is None:
                self._fail(ErrorKind.MALFORMED, f"The server sent {line[:40]!r} where a chunk size is due.")
            else:
                self.left = int(size[1], 16)
                self.state = CHUNK if self.left else TRAILER
        elif self.state == CHUNK_END:
            if line:
                self._fail(ErrorKind.MALFORMED, "The server sent a chunk that is longer than its size.")
            self.state = SIZE
        elif not line:  # the trailer's end
            self.state = END
        return end + 2 - at

    def _head(self, head: bytes) -> None:
        lines = head.split(b"\r\n")
        version = _STATUS.match(lines[0])
        if version is None:
            self._fail(ErrorKind.MALFORMED, f"The answer has no HTTP status line: {lines[0][:60]!r}.")
            return
        status = int(version[2])
        if 100 <= status < 200:
            return  # an interim answer: the final one follows
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        self.status = status
        # Who made the answer: a value in one answer that the others do not have shows another server.
        self.origin = {
            name: headers[name.encode()].decode("latin-1")[:MAX_ORIGIN]
            for name in ORIGIN
            if name.encode() in headers
        }
        connection = headers.get(b"connection", b"").lower().replace(b" ", b"").split(b",")
        self.keep_alive = b"close" not in connection and (version[1] == b"1" or b"keep-alive" in connection)
        self.stream = status == 200 and b"event-stream" in headers.get(b"content-type", b"").lower()
        length = headers.get(b"content-length")
        packed = headers.get(b"content-encoding", b"identity").lower()
        if self.stream and packed != b"identity":
            how = packed[:20].decode("latin-1")
            self._fail(
                ErrorKind.MALFORMED, f"The answer is compressed ({how}), which the request did not accept."
            )
            return
        if status in (204, 304):
            self.state = END  # by definition without a body
        elif b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            self.state = SIZE
        elif length is not None:
            if not length.isdigit() or len(length) > 18:
                self._fail(ErrorKind.MALFORMED, f"The answer's content-length is {length[:20]!r}.")
                return
            self.left = int(length)
            self.state = LENGTH if self.left else END
        else:
            self.state, self.keep_alive = CLOSE, False
        if 300 <= status < 400:
            where = headers.get(b"location", b"nowhere").decode("latin-1")
            self.body = f"redirect to {where}".encode()

    def _take(self, now_ns: int, data: bytes) -> None:
        if not self.stream:
            self.body += data[: MAX_ERROR_BODY - len(self.body)] if len(self.body) < MAX_ERROR_BODY else b""
            return
        try:
            self.meter.feed(now_ns, data)
        except StreamLimitError as error:
            self._fail(ErrorKind.MALFORMED, f"The server sent {error}.")

    def closed(self) -> bool:
        """The peer closed the connection; True if the answer is complete."""
        if self.state == CLOSE:
            self.state = END
        return self.state == END

    def _fail(self, kind: ErrorKind, text: str) -> None:
        if self.error is None:
            self.error, self.error_text = kind, text[:500]
        self.keep_alive = False
