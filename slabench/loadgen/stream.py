"""An event stream in bytes, token counts and their arrival times out: no sockets.

StreamMeter keeps what every endpoint's stream has. A backend's own meter (backends/) says which event is an
arrival: where an event has the usual form it finds the count with a search of the bytes, and JSON is not
parsed. The text is not looked at (it is cumulative by default, so an answer of 1,536 tokens is a stream of
about 10 MB), and of all events only the last counted one is kept. What JSON allows and servers do not write
(other white space, escaped keys, numbers such as 60.0) is read as JSON (events.py), which is slower.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from slabench.loadgen import events
from slabench.loadgen.event_stream import EventStream, is_failure, payload
from slabench.loadgen.event_template import COUNT, Frame
from slabench.loadgen.events import Event
from slabench.records import BEFORE

MAX_BROKEN = 80
MAX_FIRST_BYTES = 4096


class KeptLines(NamedTuple):
    """The lines of an answer that are read as JSON once it has ended; empty where there is none."""

    last: bytes  # the last counted event; some endpoints add the events that end the answer, a line each
    first: bytes = b""  # the first counted event
    middle: bytes = b""  # an event from the middle of the answer
    pieces: bytes = b""  # the first counted events, a line each, where each brings a piece of the text


class StreamMeter(EventStream):
    """feed() it the body's bytes with the time they arrived, close() it at the end, and read the fields
    afterwards.
    """

    __slots__ = (
        "_not_arrivals",
        "arrival_ns",
        "arrival_tokens",
        "broken",
        "done_ns",
        "error",
        "first",
        "first_text_at",
        "first_text_ns",
        "last",
        "last_text_ns",
        "uncounted_outputs",
    )

    OUTPUT: ClassVar[re.Pattern[bytes]]  # matches in an event that brings output

    def __init__(self, limit: int = 16 * 2**20) -> None:
        super().__init__(limit)
        self.arrival_ns: array[int] = array("q")
        self.arrival_tokens: array[int] = array("q")
        self.first = b""  # the first counted event, if it is of the usual size
        # the last counted event: a buffer and its range, not copied
        self.last: tuple[bytes, int, int] | None = None
        self.first_text_ns: int | None = None
        self.first_text_at: int | None = None  # its place in arrival_ns, or BEFORE: see RequestRecord
        self.last_text_ns: int | None = None  # the last output that came without a count
        self.uncounted_outputs = 0  # events with output that their count does not count
        self.done_ns: int | None = None
        self.error: str | None = None  # the text of the first event that reports a failure
        self.broken: bytes | None = None  # how the first event begins that is not JSON
        self._not_arrivals = 0

    @property
    def events(self) -> int:
        """All events that came, counted or not."""
        return len(self.arrival_ns) + self._not_arrivals

    # what a backend's meter decides

    def usual_event(self, now_ns: int, data: bytes, start: int, end: int) -> bool:
        """Take an event in the endpoint's usual form; False, and nothing done, if its JSON must be parsed."""
        raise NotImplementedError

    def parsed(self, line: bytes) -> Event:
        """An event's payload as JSON. ValueError if it is not JSON."""
        return events.read(line)

    def json_event(self, event: Event, now_ns: int, data: bytes, start: int, end: int) -> None:
        """Take an event that was read as JSON."""
        if event.text and self.first_text_ns is None:
            self.first_text(now_ns, event.count)
        if event.count is not None:
            self.arrived(now_ns, data, start, end, event.count)
        else:
            self.not_arrived(now_ns, data, start, end, output=event.output)

    def kept(self) -> KeptLines:
        """What the parent reads once the answer has ended."""
        return KeptLines(self.last_line())

    def uncounted_head(self) -> dict[str, Any] | None:
        """When output came in a stream without counts; None if it has counts."""
        return None

    # ways 1 and 2 to count a read (http1.py): only where `usual` is True, which a backend's meter sets by
    # `steady`

    def take(self, now_ns: int, data: bytes, start: int, stop: int) -> None:
        """As feed(data[start:stop]), without the copy where that is one whole event with a count, `data:
        {...}\n\n`.
        """
        end = stop - 2
        if not (
            self.usual
            and data.find(b"\n", start, stop) == end
            and data[end + 1] == 10
            and data.find(b"\r", start, stop) < 0
            and self.count(now_ns, data, start, end, alone=len(data) < 2 * (stop - start))
        ):
            self.feed(now_ns, data[start:stop])

    def count(self, now_ns: int, data: bytes, start: int, end: int, *, alone: bool = True) -> bool:
        """Count the event data[start:end]; False, and nothing done, if it does not have the usual form.

        alone: data is little more than this event. Then it is kept without a copy; else a read of many events
        would stay in memory for one.
        """
        return False

    def keeps(self) -> int:
        """How many of the next events are kept."""
        return 0

    def frame(self) -> Frame | None:
        """The last counted event's; None if nothing can be predicted from it."""
        return None

    def run(self, times_ns: Sequence[int], step: int, kept: Sequence[bytes] = ()) -> None:
        """Count recognised events: each has step tokens more than the one before. kept: the first reads of
        them, as many as keeps() wanted.

        The event that is kept is the last one that was read, with the count of the last one that came.
        """
        assert self.last is not None
        count = self.arrival_tokens[-1] + step * len(times_ns)
        self.arrival_tokens.extend(range(self.arrival_tokens[-1] + step, count + 1, step))
        self.arrival_ns.extend(times_ns)
        line = self.last_line()
        at = line.rfind(COUNT) + len(COUNT)
        event = b"%b%d%b" % (line[:at], count, line[at:].lstrip(b"0123456789"))
        self.last = (event, 0, len(event))

    # way 3

    def event(self, now_ns: int, data: bytes, start: int, end: int, name: bytes) -> None:
        if name and is_failure(name):
            self.named_error(payload(data, start, end))
        elif not self.usual_event(now_ns, data, start, end):
            self.read(now_ns, data, start, end)

    def read(self, now_ns: int, data: bytes, start: int, end: int) -> None:
        """Take an event that does not have the usual form: parse its JSON."""
        line = payload(data, start, end)
        if line == b"[DONE]":
            self.ended(now_ns)
            return
        try:
            event = self.parsed(line)
        except ValueError:
            self._not_arrivals += 1
            if self.broken is None:
                self.broken = data[start : min(end, start + MAX_BROKEN)]
            return
        if event.error is not None and self.error is None:
            self.error = event.error
        self.json_event(event, now_ns, data, start, end)

    def ended(self, now_ns: int) -> None:
        """The stream is complete."""
        if self.done_ns is None:
            self.done_ns = now_ns

    def first_text(self, now_ns: int, tokens: int | None) -> None:
        """tokens: the count of its event, which is not among the arrivals yet."""
        self.first_text_ns = now_ns
        self.first_text_at = BEFORE if tokens == 0 and not self.arrival_ns else len(self.arrival_ns)

    def arrived(self, now_ns: int, data: bytes, start: int, end: int, tokens: int) -> None:
        """Take an event with a count.

        One before the first token, such as /v1's role with a usage of 0, is not an arrival.
        """
        if not self.arrival_tokens:
            if not tokens:
                output = self.OUTPUT.search(data, start, end) is not None
                self.not_arrived(now_ns, data, start, end, output=output)
                return
            if end - start <= MAX_FIRST_BYTES:
                self.first = data[start:end]
        self.arrival_ns.append(now_ns)
        self.arrival_tokens.append(tokens)
        # A copy of one event instead of a reference to a read of many.
        self.last = (
            (data, start, end) if len(data) <= 2 * (end - start) + 64 else (data[start:end], 0, end - start)
        )

    def not_arrived(self, now_ns: int, data: bytes, start: int, end: int, *, output: bool) -> None:
        """Take an event that is not an arrival."""
        self._not_arrivals += 1
        if output:
            self.last_text_ns = now_ns
            self.uncounted_outputs += 1

    def named_error(self, line: bytes) -> None:
        """Take the data of an event that is named an error."""
        self._not_arrivals += 1
        if self.error is None:
            try:
                value = events.read_json(line)
            except ValueError:
                value = line.decode("utf-8", "replace")
            self.error = (
                events.error_of(value)
                or events.words(value)
                or "an event that is named an error, without text"
            )

    def last_line(self) -> bytes:
        """The last counted event, or nothing."""
        if self.last is None:
            return b""
        data, start, end = self.last
        return data[start:end]
