"""The format of event streams: bytes in, one event's data at a time out.
https://html.spec.whatwg.org/multipage/server-sent-events.html

Lines end with LF, CR LF or CR; a blank line ends an event; an event's data may stand on several lines. Two
things go beyond the format: an event whose line is whole JSON needs no blank line behind it, and a line of
JSON needs no `data:` before it, since servers and gateways write errors so.
"""

from __future__ import annotations

from slabench.loadgen import events

_BOM = b"\xef\xbb\xbf"
_FAILURES = (b"error", b"exception", b"failed", b"failure")  # in an event's name
_BARE = (b"", b"data", b"event", b"id", b"retry")  # lines without a value


class StreamLimitError(Exception):
    """An event is longer than the limit: no server of this kind sends such a line."""


class EventStream:
    """feed() it the body's bytes with the time they arrived, and close() it at the end; it calls event() for
    each event.

    Its time is that of the read that brought the end of its last line of data.
    """

    __slots__ = ("_begun", "_lines", "_name", "_open", "_return", "_size", "limit", "steady", "tail", "usual")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.tail = b""  # a line that is still incomplete
        self.steady = False  # set by event(): the events have their usual form
        # steady, no line or event is open, and no line has ended with a CR: an event begins next
        self.usual = False
        self._begun = False  # a line has come
        # the open event's last line of data: when it came, where it is
        self._open: tuple[int, bytes, int, int] | None = None
        self._lines: list[bytes] = []  # of an event whose data stand on several lines: all of them,
        self._size = 0  # and their bytes
        self._name = b""  # the open event's, from its line `event:`
        self._return: bool | None = None  # whether the last byte was a CR; None: there never was one

    def event(self, now_ns: int, data: bytes, start: int, end: int, name: bytes) -> None:
        """An event's data: a line data[start:end] with its `data:`, or several joined without."""
        raise NotImplementedError

    def feed(self, now_ns: int, data: bytes) -> None:
        """Raises StreamLimitError when an incomplete event exceeds the limit."""
        if b"\r" in data or self._return is not None:
            if self._return and data[:1] == b"\n":
                data = data[1:]  # the second half of a line end
            self._return = data[-1:] == b"\r"
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self.tail:
            data = self.tail + data
            self.tail = b""
        start = 0
        end = data.find(b"\n")
        while end >= 0:
            if end > start:
                if self._open is None and self._begun and not self._name and data[end + 1 : end + 2] == b"\n":
                    # Nearly every line: an event's only one, with the blank line behind it.
                    if data.startswith(b"data: {", start):
                        self.event(now_ns, data, start, end, b"")
                        end += 1
                    else:
                        self._line(now_ns, data, start, end)
                else:
                    self._line(now_ns, data, start, end)
            else:
                self._end_event()
            start = end + 1
            end = data.find(b"\n", start)
        if start < len(data):
            self.tail = data[start:] if start else data
        self.usual = (
            not self.tail and self.steady and self._open is None and not self._name and self._return is None
        )
        if len(self.tail) > self.limit:
            raise StreamLimitError(f"an event of more than {self.limit} bytes")

    def close(self, now_ns: int) -> None:
        """The body has ended, perhaps without the last event's blank line or the line end of [DONE]."""
        if self.tail.replace(b" ", b"") == b"data:[DONE]":
            self._line(now_ns, self.tail, 0, len(self.tail))
            self.tail = b""
        self._end_event()

    def _line(self, now_ns: int, data: bytes, start: int, end: int) -> None:
        """A line that is not blank."""
        if not self._begun:
            self._begun = True
            if data.startswith(_BOM, start):
                start += len(_BOM)
        if not data.startswith((b"data:", b"{"), start):
            # Comments and the format's other fields carry no payload; an event's name may be that of an
            # error.
            if data.startswith(b"event:", start):
                self._name = data[start + 6 : end].strip()
            elif data.find(b":", start, end) < 0 and data[start:end].strip() not in _BARE:
                # By the format an unknown field, to be ignored: but servers write none, and a gateway's error
                # page begins so.
                self.event(now_ns, data, start, end, b"")
            return
        if end - start < 8 and not payload(data, start, end):
            return
        if self._open is not None:
            if not self._lines and _whole(*self._open[1:]):
                self._end_event()
            else:
                if not self._lines:
                    self._add(payload(*self._open[1:]))
                self._add(payload(data, start, end))
        self._open = (now_ns, data, start, end)
        if end - start < 16 and payload(data, start, end) == b"[DONE]":
            self._end_event()  # nothing follows, perhaps not even the blank line

    def _add(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size > self.limit:
            raise StreamLimitError(f"an event of more than {self.limit} bytes")

    def _end_event(self) -> None:
        line, name = self._open, self._name
        self._open, self._name = None, b""
        if line is None:
            if is_failure(name):
                self.event(0, b"data:", 0, 5, name)
            return
        now_ns, data, start, end = line
        if self._lines:
            data = b" ".join(self._lines)  # JSON takes any white space between its parts
            start, end, self._lines, self._size = 0, len(data), [], 0
        self.event(now_ns, data, start, end, name)


def is_failure(name: bytes) -> bool:
    """Whether an event's name is that of an error."""
    return any(word in name.lower() for word in _FAILURES)


def payload(data: bytes, start: int, end: int) -> bytes:
    """The bytes behind `data:`."""
    return data[start:end].removeprefix(b"data:").strip()


def _whole(data: bytes, start: int, end: int) -> bool:
    """Whether a line of data is an event by itself."""
    line = payload(data, start, end)
    try:
        return line == b"[DONE]" or events.read_json(line) is not None
    except ValueError:
        return False
