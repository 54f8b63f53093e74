"""An event stream in bytes, tokens and their arrival times out: no sockets, and no JSON where events have the
usual form.

Per read: stamp, find the line ends, find the last `"completion_tokens":` of each event. The text is not
looked at (it is cumulative by default, so an answer of 1,536 tokens is a stream of about 10 MB), and nothing
is kept of it but the last event. What JSON allows and sglang does not write goes a slower way (events.py):
other white space, escaped keys, numbers such as 60.0.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

from slabench.loadgen import events
from slabench.loadgen.event_stream import EventStream, payload, tells_of_failure
from slabench.loadgen.event_template import COUNT, ERROR, FIRST_LOOK, frame_of
from slabench.loadgen.uncounted import Uncounted
from slabench.records import BEFORE

_COUNT_LEN = len(COUNT)
_VALUE = re.compile(rb"\s*(\d{1,15})(?:\.0{1,15})?\s*[,}\]]")
_TEXT = re.compile(rb'"text"\s*:\s*"(.)', re.DOTALL)
# /v1: a piece of text a chunk; what a model thinks, calls or refuses is tokens as well.
_PIECE = re.compile(
    rb'"(?:text|content|reasoning_content|reasoning|thinking|refusal|arguments)"\s*:\s*"[^"]|"tool_calls"\s*:\s*\[\s*\{'
)
# Output of /generate: a text or ids, neither empty.
_OUTPUT = re.compile(rb'"(?:text|output_ids)"\s*:\s*(?:"[^"]|\[\s*[^\]\s])')
_NO_CHOICE = re.compile(rb'"choices"\s*:\s*(?:\[\s*\]|null)')
_FINISH = re.compile(rb'"finish_reason"\s*:\s*"')
_GOES_ON, _NO_USAGE = b'"finish_reason":null', b'"usage":null'
MAX_BROKEN = 80
MAX_FIRST_BYTES = 4096
MOST_PIECES, MAX_PIECE_BYTES = 64, 1 << 16  # of /v1: the first events, whose text is held against their count
SAME_EVENT_NS = 20_000_000  # /v1 may write a step's text in several events, one behind the other
TEXT = ord("t")  # where `data: {"text":` has it; frame_of() looks at the whole key


class Numbers(dict[bytes, int]):
    """What a number's digits mean, remembered: the same few thousand come again and again, and a subscript is
    faster than int().
    """

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


class StreamMeter(EventStream):
    """Feed it the body's bytes with the time they arrived, close() it at the end, and read the fields
    afterwards.

    A quotation mark inside a JSON text is always escaped, so `"completion_tokens":` can only be the key
    itself: what a model writes cannot forge a count. For the same reason it cannot write `"error`.
    """

    __slots__ = (
        "_before",
        "_behind",
        "_grown_ns",
        "_look",
        "_middles",
        "_uncounted",
        "arrival_ns",
        "arrival_tokens",
        "broken",
        "chunks",
        "done_ns",
        "error",
        "finish",
        "first",
        "first_text_at",
        "first_text_ns",
        "last",
        "last_text_ns",
        "pieces",
        "uncounted",
        "uncounted_outputs",
        "usage",
    )

    def __init__(self, limit: int = 16 * 2**20, *, chunks: bool = False) -> None:
        super().__init__(limit)
        # /v1's form: a piece of text an event, usage where asked for, the reason to end and the sum apart
        self.chunks = chunks
        self.usage = b""  # chunks: the event without a choice that sums up, which brings no token
        self.finish = b""  # chunks: the event that says why the answer ended
        self.arrival_ns: array[int] = array("q")
        self.arrival_tokens: array[int] = array("q")
        self.first_text_ns: int | None = None
        self.first = b""  # the first counted event, if it is of the usual size
        self.last_text_ns: int | None = None  # the last output that came without a count
        self.uncounted_outputs = 0  # events with output that their count does not count
        self.pieces: list[bytes] = []  # chunks: the first counted events
        self.uncounted = Uncounted()  # what they were, where none has a count
        self.first_text_at: int | None = None  # its place in arrival_ns, or BEFORE: see RequestRecord
        self.done_ns: int | None = None
        self.error: str | None = None  # the words of the first event that tells of a failure
        self.broken: bytes | None = None  # how the first event begins that is no JSON
        self._uncounted = 0  # events that are no arrival
        self._grown_ns = 0  # when the count last grew
        self._look = FIRST_LOOK  # the event that reaches this count is kept
        self._middles: tuple[tuple[bytes, int, int, int], ...] = ()  # the last two of them, with their counts
        # the last counted event: a buffer and its range, not copied
        self.last: tuple[bytes, int, int] | None = None
        # what stood around the last count of an event of the usual form; at first nothing can
        self._before = self._behind = b"\n"

    @property
    def events(self) -> int:
        """All that came, counted or not."""
        return len(self.arrival_ns) + self._uncounted

    def take(self, now_ns: int, data: bytes, start: int, stop: int) -> None:
        """feed(data[start:stop]) without the copy where that is one whole event with a count, `data:

        {...}\n\n`.
        """
        end = stop - 2
        if not (
            self.usual
            and data.find(b"\n", start, stop) == end
            and data[end + 1] == 10
            and self.count(now_ns, data, start, end, alone=len(data) < 2 * (stop - start))
        ):
            self.feed(now_ns, data[start:stop])

    def count(self, now_ns: int, data: bytes, start: int, end: int, *, alone: bool = True) -> bool:
        """The event data[start:end], where `usual`; False, and nothing done, if it is none of the usual form.

        alone: data is little more than this event. Then it is kept without a copy; else a read of many events
        would live for one.
        """
        at = data.rfind(COUNT, start, end) + _COUNT_LEN
        comma = data.find(b",", at, at + 12)
        tokens = _TOKENS[data[at:comma]]
        if tokens <= 0 or at < _COUNT_LEN:
            return False
        if (
            data[comma:end] != self._behind
            or data[start + 8] != TEXT
            or not data.endswith(self._before, start, at)
        ):
            # Nothing but text and ids stands before its meta_info, and the answer goes on: looked at once for
            # many events.
            frame = frame_of(data[start:end])
            if frame is None:
                return False
            self._before, self._behind = frame
        self.arrival_ns.append(now_ns)
        self.arrival_tokens.append(tokens)
        self.last = (data, start, end) if alone else (data[start:end], 0, end - start)
        if tokens >= self._look:
            self._keep(tokens)
        return True

    def _keep(self, tokens: int) -> None:
        """The last event may be looked at: it is somewhere in the middle of the answer."""
        assert self.last is not None
        self._middles = (*self._middles[-1:], (*self.last, tokens))
        while self._look <= tokens:
            self._look *= 2

    def run(self, times_ns: Sequence[int], step: int) -> None:
        """Events that were recognised without being read: each counts step tokens more than the one before,
        and that is all.

        The event that is kept is the last one that was read, with the count of the last one that came. Its
        ids do not reach that count, so nobody takes its text for the answer.
        """
        assert self.last is not None
        count = self.arrival_tokens[-1] + step * len(times_ns)
        self.arrival_tokens.extend(range(self.arrival_tokens[-1] + step, count + 1, step))
        self.arrival_ns.extend(times_ns)
        data, start, end = self.last
        at = data.rfind(COUNT, start, end) + _COUNT_LEN
        event = b"%b%d%b" % (data[start:at], count, data[data.find(b",", at, end) : end])
        self.last = (event, 0, len(event))

    def event(self, now_ns: int, data: bytes, start: int, end: int, name: bytes) -> None:
        if name and tells_of_failure(name):
            self._failed(payload(data, start, end))
        elif self.chunks:
            if not self._chunk(now_ns, data, start, end):
                self._read(now_ns, data, start, end)
        elif not self.steady or not self.count(
            now_ns, data, start, end, alone=len(data) < 2 * (end - start) + 64
        ):
            at = data.rfind(COUNT, start, end)
            if at < 0 or not self._counted(now_ns, data, start, end, at + _COUNT_LEN):
                self._read(now_ns, data, start, end)
            self.steady = self.first_text_ns is not None and len(self.arrival_ns) > 0

    def _counted(self, now_ns: int, data: bytes, start: int, end: int, at: int) -> bool:
        """An event of /generate with a count at data[at];

        False, and nothing done, if it is to be read as JSON.
        """
        tokens = _number(data, at, end)
        if tokens is None or data.find(ERROR, start, end) >= 0 or data.find(b'"abort"', start, end) >= 0:
            return False
        if self.first_text_ns is None:
            found = _TEXT.search(data, start, end)
            if found is not None and found[1] != b'"':
                self._first_text(now_ns, tokens)
        self._arrived(now_ns, data, start, end, tokens)
        return True

    def _chunk(self, now_ns: int, data: bytes, start: int, end: int) -> bool:
        """An event of /v1 in the usual form; False, and nothing done, if it is to be read as JSON."""
        ends = data.find(_GOES_ON, start, end) < 0  # else it has a choice, and that goes on
        if data.find(ERROR, start, end) >= 0 or (ends and data.find(b'"choices"', start, end) < 0):
            return False
        at = data.rfind(COUNT, start, end)
        tokens: int | None = None
        if at >= 0:
            tokens = _TOKENS[data[at + _COUNT_LEN : data.find(b",", at, at + 32)]]
            if tokens < 0 and (tokens := _number(data, at + _COUNT_LEN, end)) is None:
                return False
        elif data.find(_NO_USAGE, start, end) < 0 and any(
            data.find(mark, start, end) >= 0 for mark in (b"_tokens", b"\\u")
        ):
            return False
        if ends and _FINISH.search(data, start, end) is not None:
            self.finish = data[start:end]
        text = (tokens is None or self.first_text_ns is None) and _PIECE.search(data, start, end) is not None
        if text and self.first_text_ns is None:
            self._first_text(now_ns, tokens)
        if tokens is None:
            self._uncounted_event(now_ns, data, start, end, output=text)
        elif ends and _NO_CHOICE.search(data, start, end) is not None:
            self.usage = data[start:end]
            self._uncounted += 1
        else:
            self._arrived(now_ns, data, start, end, tokens)
        return True

    def _read(self, now_ns: int, data: bytes, start: int, end: int) -> None:
        """An event of no usual form, as JSON."""
        found = payload(data, start, end)
        if found == b"[DONE]":
            if self.done_ns is None:
                self.done_ns = now_ns
            return
        try:
            event = events.read(found)
        except ValueError:
            self._uncounted += 1
            if self.broken is None:
                self.broken = data[start : min(end, start + MAX_BROKEN)]
            return
        if event.error is not None and self.error is None:
            self.error = event.error
        if event.text and self.first_text_ns is None and (self.chunks or event.count is not None):
            self._first_text(now_ns, event.count)
        if self.chunks and event.reason:
            self.finish = found
        if self.chunks and event.total and event.count is not None:
            self.usage = found
            self._uncounted += 1
        elif event.count is not None:
            self._arrived(now_ns, data, start, end, event.count)
        else:
            self._uncounted_event(now_ns, data, start, end, output=event.output)

    def _first_text(self, now_ns: int, tokens: int | None) -> None:
        """tokens: what its event counts; that one is no arrival yet."""
        self.first_text_ns = now_ns
        self.first_text_at = BEFORE if tokens == 0 and not self.arrival_ns else len(self.arrival_ns)

    def _arrived(self, now_ns: int, data: bytes, start: int, end: int, tokens: int) -> None:
        """An event before the first token, such as /v1's role with a usage of 0, is no arrival."""
        if not tokens and not self.arrival_tokens:
            output = (_PIECE if self.chunks else _OUTPUT).search(data, start, end) is not None
            self._uncounted_event(now_ns, data, start, end, output=output)
            return
        if not self.arrival_tokens and end - start <= MAX_FIRST_BYTES:
            self.first = data[start:end]
        if not self.arrival_tokens or tokens > self.arrival_tokens[-1]:
            self._grown_ns = now_ns
        elif (
            self.chunks
            and now_ns - self._grown_ns > SAME_EVENT_NS
            and _PIECE.search(data, start, end) is not None
        ):
            self.uncounted_outputs += 1  # a text that comes behind the tokens it is of
        self.arrival_ns.append(now_ns)
        self.arrival_tokens.append(tokens)
        # One event is kept, not a read of many.
        self.last = (
            (data, start, end) if len(data) <= 2 * (end - start) + 64 else (data[start:end], 0, end - start)
        )
        if self.chunks:
            if len(self.pieces) == len(self.arrival_ns) - 1 < MOST_PIECES and end - start <= MAX_PIECE_BYTES:
                self.pieces.append(data[start:end])
        elif tokens >= self._look:
            self._keep(tokens)

    def _uncounted_event(self, now_ns: int, data: bytes, start: int, end: int, *, output: bool) -> None:
        self._uncounted += 1
        if self.chunks and not self.arrival_ns:
            self.uncounted.note(now_ns, data, start, end, output=output)
        if output:
            self.last_text_ns = now_ns
            self.uncounted_outputs += 1

    def _failed(self, found: bytes) -> None:
        """The data of an event that is named an error."""
        self._uncounted += 1
        if self.error is None:
            try:
                value = events.read_json(found)
            except ValueError:
                value = found.decode("utf-8", "replace")
            self.error = (
                events.error_of(value)
                or events.words(value)
                or "an event that is named an error, without a word"
            )

    def middle_event(self) -> bytes:
        """The line of an event from the middle of the answer, of /generate; or nothing."""
        last = self.arrival_tokens[-1] if self.arrival_tokens else 0
        data, start, end = next((one[:3] for one in reversed(self._middles) if one[3] < last), (b"", 0, 0))
        return data[start:end]

    def last_event(self) -> bytes:
        """The last counted event's line, or nothing; of chunks also the sum and the reason to end, a line
        each.
        """
        last = b""
        if self.last is not None:
            data, start, end = self.last
            last = data[start:end]
        return b"\n".join(line for line in (last, self.finish, self.usage) if line) if self.chunks else last


def _number(data: bytes, at: int, end: int) -> int | None:
    """The count from data[at] on, where it is a whole number without an exponent."""
    comma = data.find(b",", at, at + 12)
    tokens = _TOKENS[data[at:comma]] if 0 <= comma < end else -1
    if tokens >= 0:
        return tokens
    found = _VALUE.match(data, at, end)
    return int(found[1]) if found is not None else None
