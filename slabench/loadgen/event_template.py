"""What the next read of an event stream should look like, so that it can be recognised by its two ends
instead of being parsed.

A server sends one event a chunk, and from one event to the next its meta_info differs by the count alone:

    1b6\r\ndata: {"text":"...","output_ids":[...],"meta_info":{"id":...,"finish_reason":null,...,"completion_t
    okens":17}}\n\n\r\n

A read of that length that begins with its own size and the text, ends with the last event's meta_info one
count further, and has no line end between them is that event, whole and alone: nothing else of it would be
looked at anyway. What stands beside the three, such as an error, is seen before the text, in meta_info and
behind it; between the text and meta_info it is not, since a search of the whole event costs more than all
else. At 3, 6, 12, 24 ... tokens an event is read all the same: is its output what it counts?
"""

from __future__ import annotations

from typing import NamedTuple

COUNT = b'"completion_tokens":'
OPENING = b'data: {"text":"'  # of every version's events
_META = b'"meta_info":'
_IDS, _TEXT = b"],", b'",'  # how output_ids or, without ids, the text ends before it
_ENDED = b'"finish_reason":{'
ERROR = b'"err'
_END = b"\n\n\r\n"  # of the event, and of its chunk
READ_BYTES = 1 << 16  # a longer event is none of these
LINE_END = 6  # behind the size line's of any event that a read can hold, before that of the event
_NO_OPENING = b"\n" * (READ_BYTES + 1)  # longer than any read
NO_ENDING = b"\n" * (len(_END) + 1)  # a read that ended so would have a line end before its last four bytes
FIRST_LOOK = 3  # tokens; then twice as many each time, so that one look is in the second half of every answer


class Openings(dict[int, bytes]):
    """By the length of a read: how it begins if it is one whole chunk that holds an event."""

    def __missing__(self, length: int) -> bytes:
        found = _NO_OPENING
        for digits in range(1, 5):
            size = length - digits - 4
            if size > 0 and len(f"{size:x}") == digits:
                found = b"%x\r\n%b" % (size, OPENING)
        self[length] = found
        return found


class Endings(dict[int, bytes]):
    """By the count: the end of a read, from the count on, of events that have `tail` behind it, each `step`
    tokens further.
    """

    def __init__(self, tail: bytes, step: int = 1, *, kept: bool = True) -> None:
        """kept: what was made once is remembered, for all streams that share the table."""
        super().__init__()
        self._tail, self._step, self._kept = tail, step, kept

    def __missing__(self, count: int) -> bytes:
        found = NO_ENDING if look_between(count - self._step, count) else b"%d%b" % (count, self._tail)
        if self._kept and len(self) < _MOST_COUNTS:
            self[count] = found
        return found


def look_between(before: int, count: int) -> bool:
    """Whether FIRST_LOOK * 2**k is above before and at most count, for any k."""
    return count >= FIRST_LOOK and before < FIRST_LOOK << ((count // FIRST_LOOK).bit_length() - 1)


class Unexpected(Endings):
    """Where nothing is expected."""

    def __init__(self) -> None:
        super().__init__(b"")

    def __missing__(self, count: int) -> bytes:
        return NO_ENDING


class Frame(NamedTuple):
    """An event's meta_info around its count, with the two keys and the two bytes before them."""

    before: bytes
    behind: bytes


OPENINGS = Openings()
UNEXPECTED = Unexpected()
_MOST_TABLES, _MOST_COUNTS = 16, 8192  # some 160 bytes each
_TABLES: dict[tuple[bytes, int], Endings] = {}


def frame_of(event: bytes) -> Frame | None:
    """Of the line of an event with a count;

    None if it has not the usual form, ends the answer, or has an error in it.
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
    frame = Frame(event[meta:at], event[comma:])
    odd = ERROR in event or _ENDED in frame.before or _ENDED in frame.behind
    return (
        None if odd or not event.startswith(OPENING) or not frame.before.startswith((_IDS, _TEXT)) else frame
    )


def endings(frame: Frame, step: int = 1) -> Endings:
    """What reads end with, by their count; all streams of a server that make as many tokens an event share
    it.
    """
    tail = frame.behind + _END
    found = _TABLES.get((tail, step))
    if found is None:
        kept = len(_TABLES) < _MOST_TABLES
        found = Endings(tail, step, kept=kept)
        if kept:
            _TABLES[tail, step] = found
    return found


def forget() -> None:
    """Another load may be of another server."""
    _TABLES.clear()
