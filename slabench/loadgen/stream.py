"""An event stream in bytes, tokens and their arrival times out: no sockets, and no JSON while the stream runs.

Per read: stamp, find the line ends, find the last `"completion_tokens":` of each event. The text is not looked at (it is
cumulative by default, so an answer of 1,536 tokens is a stream of about 10 MB), and nothing is kept of it but the last event.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

from slabench.loadgen.expected import COUNT

_COUNT_LEN = len(COUNT)
_VALUE = re.compile(rb"\s*(\d+)\s*[,}\]]")
_TEXT = re.compile(rb'"text"\s*:\s*"(.)', re.DOTALL)
# /v1: a piece of text a chunk; what a model thinks is tokens as well.
_PIECE = re.compile(rb'"(?:text|content|reasoning_content)"\s*:\s*"[^"]')
# Output of /generate: a text or ids, neither empty.
_OUTPUT = re.compile(rb'"(?:text|output_ids)"\s*:\s*(?:"[^"]|\[\s*[^\]\s])')
_NO_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_FINISH = re.compile(rb'"finish_reason"\s*:\s*"')
MAX_IRREGULAR = 8
MAX_IRREGULAR_BYTES = 4096
MAX_FIRST_BYTES = 4096


class Numbers(dict[bytes, int]):
    """What a number's digits mean, remembered: the same few thousand come again and again, and a subscript is faster than int()."""

    _MOST = 1 << 16

    def __init__(self, form: re.Pattern[bytes], base: int, behind: int = 0) -> None:
        """form: of what is a number, in full; behind: bytes of it at its end that are none of the digits."""
        super().__init__()
        self._form, self._base, self._behind = form, base, behind

    def __missing__(self, text: bytes) -> int:
        """-1 for what is no number."""
        if self._form.fullmatch(text) is None:
            return -1
        value = int(text[: len(text) - self._behind], self._base)
        if len(self) < self._MOST:
            self[text] = value
        return value


_TOKENS = Numbers(re.compile(rb"[0-9]{1,11}"), 10)


class StreamLimitError(Exception):
    """An event grew beyond the limit: no server of this kind sends such a line."""


class StreamMeter:
    """Feed it the body's bytes with the time they arrived; read the fields afterwards.

    A quotation mark inside a JSON text is always escaped, so `"completion_tokens":` can only be the key itself: what a model
    writes cannot forge a count.
    """

    __slots__ = (
        "_uncounted",
        "arrival_ns",
        "arrival_tokens",
        "chunks",
        "done_ns",
        "finish",
        "first",
        "first_text_at",
        "first_text_ns",
        "irregular",
        "last",
        "last_text_ns",
        "limit",
        "tail",
        "uncounted_outputs",
        "usage",
        "usual",
    )

    def __init__(self, limit: int = 16 * 2**20, *, chunks: bool = False) -> None:
        self.chunks = chunks  # /v1's form: a piece of text an event, usage where asked for, the reason to end and the sum apart
        self.usage = b""  # chunks: the event without a choice that sums up, which brings no token
        self.finish = b""  # chunks: the event that says why the answer ended
        self.arrival_ns: array[int] = array("q")
        self.arrival_tokens: array[int] = array("q")
        self.first_text_ns: int | None = None
        self.first = b""  # the first counted event, if it is of the usual size
        self.last_text_ns: int | None = None  # the last output that came without a count
        self.uncounted_outputs = 0  # events with output and no count
        self.first_text_at: int | None = None  # its place in arrival_ns: events of one read share a stamp
        self.done_ns: int | None = None
        self._uncounted = 0  # events that are no arrival
        self.last: tuple[bytes, int, int] | None = None  # the last counted event: a buffer and its range, not copied
        self.irregular: list[bytes] = []  # events without a count, the first few, cut: errors and what nobody expects
        self.tail = b""  # an event that is still incomplete
        self.limit = limit
        self.usual = False  # no event is open, a text has come, and counts stand in /generate's form: count() may be used

    @property
    def events(self) -> int:
        """All that came, counted or not."""
        return len(self.arrival_ns) + self._uncounted

    def take(self, now_ns: int, data: bytes, start: int, stop: int) -> None:
        """feed(data[start:stop]) without the copy where that is one whole event with a count, `data: {...}\n\n`."""
        end = stop - 2
        if not (
            self.usual
            and data.find(b"\n", start, stop) == end
            and data[end + 1] == 10
            and self.count(now_ns, data, start, end, alone=len(data) < 2 * (stop - start))
        ):
            self.feed(now_ns, data[start:stop])

    def count(self, now_ns: int, data: bytes, start: int, end: int, *, alone: bool = True) -> bool:
        """The event data[start:end], where `usual`; False, and nothing done, if it has no count in the usual form.

        alone: data is little more than this event. Then it is kept without a copy; else a read of many events would live for one.
        """
        at = data.rfind(COUNT, start, end) + _COUNT_LEN
        tokens = _TOKENS[data[at : data.find(b",", at, at + 12)]]
        if tokens < 0 or at < _COUNT_LEN:
            return False
        self.arrival_ns.append(now_ns)
        self.arrival_tokens.append(tokens)
        self.last = (data, start, end) if alone else (data[start:end], 0, end - start)
        return True

    def run(self, times_ns: Sequence[int], step: int) -> None:
        """Events that were recognised without being read: each counts step tokens more than the one before, and that is all.

        The event that is kept is the last one that was read, with the count of the last one that came. Its ids do not reach that
        count, so nobody takes its text for the answer.
        """
        assert self.last is not None
        count = self.arrival_tokens[-1] + step * len(times_ns)
        self.arrival_tokens.extend(range(self.arrival_tokens[-1] + step, count + 1, step))
        self.arrival_ns.extend(times_ns)
        data, start, end = self.last
        at = data.rfind(COUNT, start, end) + _COUNT_LEN
        event = b"%b%d%b" % (data[start:at], count, data[data.find(b",", at, end) : end])
        self.last = (event, 0, len(event))

    def feed(self, now_ns: int, data: bytes) -> None:
        """Raises StreamLimitError when an incomplete event exceeds the limit."""
        if self.tail:
            data = self.tail + data
            self.tail = b""
        start = 0
        end = data.find(b"\n")
        while end >= 0:
            if end > start:
                at = data.rfind(COUNT, start, end)
                if self.chunks and self._apart(now_ns, data, start, end, counted=at >= 0):
                    pass
                elif at >= 0:
                    comma = data.find(b",", at, at + 32)
                    digits = data[at + _COUNT_LEN : comma]
                    self.arrival_ns.append(now_ns)
                    self.arrival_tokens.append(int(digits) if comma > 0 and digits.isdigit() else _count(data, at, end))
                    self.last = (data, start, end)
                    if len(self.arrival_ns) == 1 and end - start <= MAX_FIRST_BYTES:
                        self.first = data[start:end]
                    if self.first_text_ns is None and not self.chunks:
                        found = _TEXT.search(data, start, end)
                        if found is not None and found[1] != b'"':
                            self.first_text_ns = now_ns
                            self.first_text_at = len(self.arrival_ns) - 1
                else:
                    self._irregular(now_ns, data[start:end])
            start = end + 1
            end = data.find(b"\n", start)
        if start < len(data):
            self.tail = data[start:] if start else data
        self.usual = not self.tail and self.first_text_ns is not None and not self.chunks
        if len(self.tail) > self.limit:
            raise StreamLimitError(f"an event of more than {self.limit} bytes")
        if self.last is not None and self.last[0] is data and len(data) > 2 * (self.last[2] - self.last[1]) + 64:
            data, start, end = self.last
            self.last = (data[start:end], 0, end - start)  # one event is kept, not a read of many

    def _apart(self, now_ns: int, data: bytes, start: int, end: int, *, counted: bool) -> bool:
        """True for an event of /v1 that is no arrival: the sum at the end, and pieces of a server that counts none of them."""
        if _FINISH.search(data, start, end) is not None:
            self.finish = data[start:end]
        if self.first_text_ns is None and _PIECE.search(data, start, end) is not None:
            self.first_text_ns = now_ns
            self.first_text_at = len(self.arrival_ns)
        if counted:
            if _NO_CHOICE.search(data, start, end) is None:
                return False
            self.usage = data[start:end]
        elif data.find(b'"choices"', start, end) < 0:
            return False  # [DONE], errors and blank lines
        elif _PIECE.search(data, start, end) is not None:
            self.last_text_ns = now_ns
            self.uncounted_outputs += 1
        self._uncounted += 1
        return True

    def _irregular(self, now_ns: int, line: bytes) -> None:
        line = line.rstrip(b"\r")
        if not line or line.startswith((b":", b"event:", b"id:", b"retry:")):
            return  # blank lines end events; comments and the other fields of the format carry no payload
        if line.startswith(b"data:") and line[5:].strip() == b"[DONE]":
            if self.done_ns is None:
                self.done_ns = now_ns
            return
        self._uncounted += 1
        if _OUTPUT.search(line) is not None:
            self.last_text_ns = now_ns
            self.uncounted_outputs += 1
        if len(self.irregular) < MAX_IRREGULAR:
            self.irregular.append(line[:MAX_IRREGULAR_BYTES])

    def last_event(self) -> bytes:
        """The last counted event's line, or nothing; of chunks also the sum and the reason to end, a line each."""
        last = b""
        if self.last is not None:
            data, start, end = self.last
            last = data[start:end]
        return b"\n".join(line for line in (last, self.finish, self.usage) if line) if self.chunks else last


def _count(data: bytes, at: int, end: int) -> int:
    """The slow way for what is not `N,`: the key may be the object's last. Not a whole number of tokens: -1."""
    found = _VALUE.match(data, at + _COUNT_LEN, end)
    return min(int(found[1]), 2**62) if found is not None and len(found[1]) < 20 else -1
