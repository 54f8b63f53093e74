"""A prediction of the next read of an event stream, so that it is recognised by its two ends instead of being
parsed.

A server sends one event a chunk, and from one event to the next its text and its counts differ alone:

    1b6\r\ndata: {"text":"...","output_ids":[...],"meta_info":{"id":...,"completion_tokens":17}}\n\n\r\n
    146\r\ndata: {"id":...,"choices":[{"text":"..."...}],"usage":{...,"completion_tokens":17}}\n\n\r\n

A read of that length that begins with its own size and as the last event did up to the text, ends as that one
did with the counts further by one step, and has no line end between them is that event, complete and alone.
Until a stream's first text has come, an event without text is predicted, so that the first one with text is
read.

Of /v1 every byte but the text is compared, and a text with a quotation mark in it is not recognised: so
nothing else can stand beside it. Of /generate the text is followed by ids, and an error between the text
and meta_info is not seen: a search of the whole event, which has all text so far, costs more than all the
rest. At 3, 6, 12, 24 ... tokens an event is read in any case, to compare its output with its count.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

COUNT = b'"completion_tokens":'
OPENING = b'data: {"text":"'  # of every version's events of /generate
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
ANYTHING = -1  # a mark: the bytes between the opening and the ending are not looked at
_CONTINUES, _USAGE = b'"finish_reason":null', b'"usage":{'
_MOST_DIGITS = 11
# A key whose value is text that a model wrote, and the text.
_PIECE = re.compile(
    rb'"(?:text|content|reasoning_content|reasoning|thinking|refusal|arguments)":"((?:[^"\\]|\\.)*)"',
    re.DOTALL,
)
_NUMBER = re.compile(rb"(0|[1-9][0-9]{0,17})")


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
    """By the count: the end of a read, from the first number that grows on."""

    def __init__(self, form: bytes, offsets: tuple[int, ...], step: int = 1, *, kept: bool = True) -> None:
        """form: the event's end, with a %d for each number that grows; offsets: how much more than the count
        each is. kept: entries are stored, for all streams that share the table.
        """
        super().__init__()
        self._form, self._offsets, self._step, self._kept = form + _END, offsets, step, kept

    def __missing__(self, count: int) -> bytes:
        if look_between(count - self._step, count):
            ending = NO_ENDING
        else:
            ending = self._form % tuple([count + offset for offset in self._offsets])
        if self._kept and len(self) < _MOST_COUNTS:
            self[count] = ending
        return ending


def look_between(before: int, count: int) -> bool:
    """Whether FIRST_LOOK * 2**k is above before and at most count, for any k."""
    return count >= FIRST_LOOK and before < FIRST_LOOK << ((count // FIRST_LOOK).bit_length() - 1)


class Unexpected(Endings):
    """Where nothing is predicted."""

    def __init__(self) -> None:
        super().__init__(b"", ())

    def __missing__(self, count: int) -> bytes:
        return NO_ENDING


class Frame(NamedTuple):
    """An event, without its text and ids."""

    opening: bytes  # up to the text
    before: bytes  # from the end of text or ids to the numbers
    numbers: bytes  # from there to the event's end; the count is one of them
    tokens: int  # the count
    mark: int  # the first byte of `before`, which the text does not have; or ANYTHING


class Prediction(NamedTuple):
    """The next events: opening, a text, before, and the ending of their count."""

    opening: bytes
    before: bytes
    endings: Endings
    mark: int


SIZE_LINES = SizeLines()
UNEXPECTED = Unexpected()
_MOST_TABLES, _MOST_COUNTS = 16, 8192  # some 160 bytes each
_TABLES: dict[tuple[bytes, tuple[int, ...], int], Endings] = {}


def event_of(read: bytes) -> bytes:
    """The event of a read that was recognised, without its chunk's size line and the line ends."""
    return read[read.index(b"\n") + 1 : -len(_END)]


def frame_of(event: bytes, *, text: bool) -> Frame | None:
    """The frame of an event of /generate with a count; None if it is unusual, ends the answer, or has an
    error.

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
    opening, before = OPENING if text else NO_TEXT, event[meta:at]
    odd = ERROR in event or ABORT in event or _ENDED in before or event.find(_ENDED, comma) >= 0
    if odd or not event.startswith(opening) or not before.startswith((_IDS, _TEXT)):
        return None
    return Frame(opening, before, event[at:], int(event[at:comma]), ANYTHING)


def piece_frame(event: bytes, *, text: bool) -> Frame | None:
    """The frame of an event of /v1 with a count, as frame_of()."""
    at = event.rfind(COUNT) + len(COUNT)
    usage, digits = event.rfind(_USAGE, 0, at), _NUMBER.match(event, at)
    if (
        usage < 0
        or digits is None
        or digits.end() - at > _MOST_DIGITS
        or not event.startswith(b"data: {")
        or event[-1:] != b"}"
        or _CONTINUES not in event
        or ERROR in event
    ):
        return None
    piece = max(_PIECE.finditer(event, 0, usage), key=lambda found: len(found[1]), default=None)
    if piece is None or (piece[1] and not text):
        return None
    opening, end = (event[: piece.start(1)], piece.end(1)) if text else (event[: piece.end()], piece.end())
    return Frame(opening, event[end:usage], event[usage:], int(digits[1]), event[end])


def prediction(old: Frame | None, new: Frame, step: int) -> Prediction | None:
    """What follows two events that differ by their texts, and by numbers that stay or grow as the count does.

    step: tokens an event.
    """
    if old is None or step <= 0 or old.before != new.before or old.mark != new.mark:
        return None
    form = _form(old.numbers, new.numbers, old.tokens, new.tokens)
    return None if form is None else Prediction(new.opening, new.before, endings(*form, step), new.mark)


@lru_cache(maxsize=4096)  # the streams of one load have the same numbers
def _form(old: bytes, new: bytes, before: int, count: int) -> tuple[bytes, tuple[int, ...]] | None:
    """new with a %d for each number that grew since old as the count did, and how much more than the count
    each is; None if the rest is not the same.
    """
    parts, earlier, offsets = _NUMBER.split(new), _NUMBER.split(old), []
    if len(earlier) != len(parts) or earlier[::2] != parts[::2] or count <= before:
        return None
    parts[::2] = [part.replace(b"%", b"%%") for part in parts[::2]]
    for place in range(1, len(parts), 2):
        more = int(parts[place]) - int(earlier[place])
        if more == count - before:
            offsets.append(int(parts[place]) - count)
            parts[place] = b"%d"
        elif more:
            return None
    return (b"".join(parts), tuple(offsets)) if 0 in offsets else None


def endings(form: bytes, offsets: tuple[int, ...] = (0,), step: int = 1) -> Endings:
    """The ends of reads, by their count: one table for all streams of a server."""
    table = _TABLES.get((form, offsets, step))
    if table is None:
        kept = len(_TABLES) < _MOST_TABLES
        table = Endings(form, offsets, step, kept=kept)
        if kept:
            _TABLES[form, offsets, step] = table
    return table


def forget() -> None:
    """Before a load, which may be of another server."""
    _TABLES.clear()
