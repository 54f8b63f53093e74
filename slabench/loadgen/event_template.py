"""A prediction of the next read of an event stream, so that it is recognised by its two ends instead of being
parsed.

A server sends one event a chunk, and from one event to the next its meta_info differs by the count alone:

    1b6\r\ndata: {"text":"...","output_ids":[...],"meta_info":{"id":...,"completion_tokens":17}}\n\n\r\n

A read of that length that begins with its own size and the text, ends with the last event's meta_info one
count further, and has no line end between them is that event, complete and alone. Until a stream's first
text has come, an event without text is predicted, so that the first one with text is read. An error beside
these parts is seen before the text, in meta_info and behind it. Between the text and meta_info it is not: a
search of the whole event costs more than all the rest. At 3, 6, 12, 24 ... tokens an event is read in any
case, to compare its output with its count.
"""

from __future__ import annotations

from typing import NamedTuple

COUNT = b'"completion_tokens":'
OPENING = b'data: {"text":"'  # of every version's events
NO_TEXT = OPENING + b'",'  # a quotation mark in a text is escaped: this one ends it
_META = b'"meta_info":'
_IDS, _TEXT = b"],", b'",'  # how output_ids or, without ids, the text ends before it
_ENDED = b'"finish_reason":{'
ERROR, ABORT = b'"err', b'"abort"'
_END = b"\n\n\r\n"  # of the event, and of its chunk
READ_BYTES = 1 << 16  # a longer event is not recognised
LINE_END = 6  # where the search for the event's line end begins: behind the size line
_NO_SIZE = b"\n" * (READ_BYTES + 1)  # longer than any read
NO_ENDING = b"\n" * (len(_END) + 1)  # no read ends so and has no line end before its last four bytes
FIRST_LOOK = 3  # tokens; then twice as many each time, so that an event of every answer's second half is read


class SizeLines(dict[int, bytes]):
    """By the length of a read: its first line if it is one whole chunk."""

    def __missing__(self, length: int) -> bytes:
        line = _NO_SIZE
        for digits in range(1, 5):
            size = length - digits - 4
            if size > 0 and len(f"{size:x}") == digits:
                line = b"%x\r\n" % size
        self[length] = line
        return line


class Endings(dict[int, bytes]):
    """By the count: the end of a read, from the count on, for events with `tail` behind it."""

    def __init__(self, tail: bytes, step: int = 1, *, kept: bool = True) -> None:
        """kept: entries are stored, for all streams that share the table."""
        super().__init__()
        self._tail, self._step, self._kept = tail, step, kept

    def __missing__(self, count: int) -> bytes:
        ending = NO_ENDING if look_between(count - self._step, count) else b"%d%b" % (count, self._tail)
        if self._kept and len(self) < _MOST_COUNTS:
            self[count] = ending
        return ending


def look_between(before: int, count: int) -> bool:
    """Whether FIRST_LOOK * 2**k is above before and at most count, for any k."""
    return count >= FIRST_LOOK and before < FIRST_LOOK << ((count // FIRST_LOOK).bit_length() - 1)


class Unexpected(Endings):
    """Where nothing is predicted."""

    def __init__(self) -> None:
        super().__init__(b"")

    def __missing__(self, count: int) -> bytes:
        return NO_ENDING


class Frame(NamedTuple):
    """An event up to its text, and its meta_info around its count, with the two keys and the two bytes before
    them.
    """

    opening: bytes
    before: bytes
    behind: bytes


SIZE_LINES = SizeLines()
UNEXPECTED = Unexpected()
_MOST_TABLES, _MOST_COUNTS = 16, 8192  # some 160 bytes each
_TABLES: dict[tuple[bytes, int], Endings] = {}


def frame_of(event: bytes, *, text: bool) -> Frame | None:
    """The frame of an event with a count; None if it is unusual, ends the answer, or has an error.

    text: an event of its stream had text; else this one must have none.
    """
    at = event.rfind(COUNT) + len(COUNT)
    meta = event.rfind(_META, 0, at) - len(_IDS)
    comma = event.find(b",", at, at + 12)
    if (
        meta < 0
        or comma < 0
        or not event[at:comma].isdigit()
        or event[at : at + 1] == b"0"
        or event[-1:] != b"}"
    ):
        return None
    frame = Frame(OPENING if text else NO_TEXT, event[meta:at], event[comma:])
    odd = ERROR in event or ABORT in event or _ENDED in frame.before or _ENDED in frame.behind
    if odd or not event.startswith(frame.opening) or not frame.before.startswith((_IDS, _TEXT)):
        return None
    return frame


def endings(frame: Frame, step: int = 1) -> Endings:
    """The ends of reads, by their count: one table for all streams of a server."""
    tail = frame.behind + _END
    table = _TABLES.get((tail, step))
    if table is None:
        kept = len(_TABLES) < _MOST_TABLES
        table = Endings(tail, step, kept=kept)
        if kept:
            _TABLES[tail, step] = table
    return table


def forget() -> None:
    """Before a load, which may be of another server."""
    _TABLES.clear()
