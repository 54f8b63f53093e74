"""A deploy log as columns: the numbers that a curve needs of all batch lines of a block, at the speed of array operations.

It says of every line what LogReader says. Lines of a known mould are read together. All others, and the first of each shape that
this server process prints, go through the careful reader one by one in the order of the file: only these can change what is
accepted, so the order among the rest does not matter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slabench.server.log.block import NO_PLACES, NOTHING, Block, Columns, Scan
from slabench.server.log.moulds import LONGEST, Mould, Places
from slabench.server.log.reader import LogReader, Whole
from slabench.server.log.shapes import Shape
from slabench.server.log.tags import NO_RANK, Rank, read_stamp
from slabench.server.log.values import Event, Line, Rejected

BLOCK = 1 << 22  # bytes: a block costs some calls for each mould, however few its lines are; larger ones cost memory
_MAX_SHAPES = 48  # of all server processes in the log
_MAX_MOULDS = 4096
_MAX_DULL, _LONGEST_DULL = 1024, 256


class ColumnReader(LogReader):
    """columns() for blocks of one file in order, rest() at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.ranks: list[Rank] = [NO_RANK]
        self._rank_of: dict[Rank, int] = {NO_RANK: 0}
        self.known: list[Shape] = []
        self._by_length: dict[int, list[int]] = {}
        self.moulds: list[Mould] = []
        self._scratch = np.empty(0, np.uint8)
        self.minutes: dict[float, float] = {}
        self.dull: set[bytes] = set()  # lines that were looked at and hold nothing: warnings and tracebacks repeat

    def columns(self, data: bytes) -> Columns:
        """The lines that data completes."""
        return self.read(self.scan(data))

    def scan(self, data: bytes, end: int | None = None) -> Scan:
        """Where the lines are and which are of interest: half of the work. Only for the next read().

        It touches nothing that read() touches, so that a thread can scan a block while the one before is read: array operations
        leave the interpreter to others.
        """
        whole = self._whole(data, end)
        return Scan(whole, *self._lines(whole))

    def _lines(self, whole: Whole) -> tuple[int, Places, Places]:
        """How many there are; where those with "#" begin and end."""
        if not whole.end:
            return 0, NO_PLACES, NO_PLACES
        text = np.frombuffer(whole.block, np.uint8, whole.end)
        places = self._marked(text)
        marks = text[places]
        hashes = marks == 35
        sought = hashes | (marks == 10)
        if not sought.all():
            places, hashes = places[sought], hashes[sought]
        # From the newline before the first "#" of a line to the one behind its last.
        before = np.flatnonzero(hashes[1:] > hashes[:-1])
        starts = places[before] + 1
        if hashes[0]:
            starts = np.insert(starts, 0, 0)
        stops = places[np.flatnonzero(hashes[1:] < hashes[:-1]) + 1] + 1
        return len(hashes) - int(hashes.sum()), starts, stops

    def read(self, scan: Scan) -> Columns:
        """The lines that scan() found."""
        found = Block(self, scan).read() if scan.whole.end else NOTHING
        behind: list[tuple[int, Event | Rejected]] = [(len(found.stamp), one) for one in self._taken(scan.whole)]
        return found._replace(between=[*found.between, *behind])

    def rest(self) -> Columns:
        """See LogReader.finish(): a last line without its end is never a batch."""
        return NOTHING._replace(between=[(0, line) for line in self.finish() if isinstance(line, Event | Rejected)])

    def _marked(self, text: npt.NDArray[np.uint8]) -> Places:
        """Where a newline, "#" or one of five control characters stands.

        51 * 5 is -1 in eight bits, so that 51 times 5, 10, ... 35 is -1, -2, ... -7, and no other byte gives these: a newline is
        10, "#" is 35. Two operations do the work of three, and the thread has to ask for the interpreter after each. They use
        the same memory each time, since fresh memory costs more than they do.
        """
        if len(self._scratch) < len(text):
            self._scratch = np.empty(len(text), np.uint8)
        scratch = self._scratch[: len(text)]
        np.multiply(text, 51, out=scratch)
        return np.flatnonzero(np.greater_equal(scratch, 249, out=scratch.view(bool)))

    def careful(self, line: bytes) -> list[Line]:
        """One line by the careful reader, which may accept a new shape."""
        out: list[Line] = []
        before = self._shapes[0] if self._shapes else None
        self._careful(line, out)
        if self._shapes and self._shapes[0] is not before and len(self.known) < _MAX_SHAPES:
            shape = self._shapes[0]
            if shape not in self.known:
                self.known.append(shape)
        return out

    def active(self, shape: Shape) -> bool:
        """Whether this server process has printed the shape, so that a line of it can be taken as it is."""
        return shape.keys in self._accepted[shape.word]

    def mould(self, line: bytes) -> int | None:
        """A new mould from this line; None if no known shape matches it or there are too many."""
        if len(self.moulds) >= _MAX_MOULDS or len(line) > LONGEST:
            return None
        for shape in self.known:
            found = shape.match(line)
            if found is not None:
                try:
                    self.moulds.append(Mould(shape, found))
                except ValueError:
                    return None
                self._by_length.setdefault(len(line), []).append(len(self.moulds) - 1)
                return len(self.moulds) - 1
        return None

    def rank_number(self, rank: Rank) -> int:
        """The rank's place in ranks."""
        number = self._rank_of.setdefault(rank, len(self.ranks))
        if number == len(self.ranks):
            self.ranks.append(rank)
        return number

    def moulds_of(self, length: int) -> list[int]:
        """The moulds of this length, the frequent ones first."""
        numbers = self._by_length.get(length, [])
        numbers.sort(key=lambda number: -self.moulds[number].hits)
        return numbers

    def has_nothing(self, line: bytes) -> None:
        """Remember a line without a word of interest; see dull."""
        if len(self.dull) < _MAX_DULL and len(line) <= _LONGEST_DULL:
            self.dull.add(line)

    def minute(self, key: float) -> float:
        """YYYYMMDDhhmm as a number -> seconds; nan if there is no such date."""
        if key not in self.minutes:
            if len(self.minutes) > 10_000:
                self.minutes.clear()
            text = b"%012d" % int(key)
            stamp = read_stamp(b"%s-%s-%s %s:%s:00" % (text[:4], text[4:6], text[6:8], text[8:10], text[10:]))
            self.minutes[key] = np.nan if stamp is None else stamp
        return self.minutes[key]
