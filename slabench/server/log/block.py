"""One block of a deploy log as columns: which lines are of interest, what the moulds say of them, and the others one by one."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from slabench.server.log.events import NEEDLES
from slabench.server.log.moulds import (
    CACHED,
    HUNDREDTHS,
    LONGEST,
    MILLISECONDS,
    MINUTE,
    NEW,
    RUNNING,
    TAGS,
    WIDTH,
    Bytes,
    Floats,
    Places,
    rows_of,
)
from slabench.server.log.reader import Whole
from slabench.server.log.shapes import Shape
from slabench.server.log.tags import read_tags
from slabench.server.log.values import DecodeLine, Event, EventKind, Line, Rejected

if TYPE_CHECKING:
    from slabench.server.log.columns import ColumnReader

_NEAR = 64  # lines: the first of a shape mostly comes soon
_RARE_MARKS = (b"!", b"=", b"J")  # of events, see reader.py
_NEEDLES = (*NEEDLES, b" batch", b"\x1b", b'{"log":"')  # what such a line has, or may have once it is cleaned


class Columns(NamedTuple):
    """The batch lines of a block in their order."""

    decode: npt.NDArray[np.bool_]  # else prefill
    stamp: Floats  # nan: none
    rank: npt.NDArray[np.int64]  # into ColumnReader.ranks
    running: npt.NDArray[np.int64]
    gen_throughput: Floats
    graph: npt.NDArray[np.int8]  # -1: not said
    new_token: npt.NDArray[np.int64]
    cached_token: npt.NDArray[np.int64]
    between: list[tuple[int, Event | Rejected]]  # with the number of batch lines before it


_NONE = np.zeros(0)
NO_PLACES: Places = np.zeros(0, np.int64)
NOTHING = Columns(np.zeros(0, bool), _NONE, NO_PLACES, NO_PLACES, _NONE, np.zeros(0, np.int8), NO_PLACES, NO_PLACES, [])


class Scan(NamedTuple):
    """Whole lines, and where those stand that hold "#"."""

    whole: Whole
    lines: int
    starts: Places  # of the lines with "#", in their order
    stops: Places  # behind the newline of each


class Block:
    """The work on one block: lines of interest by number, their moulds, and what the careful reader said of the others."""

    def __init__(self, reader: ColumnReader, scan: Scan) -> None:
        self.reader, self.block = reader, scan.whole.block
        reader.counts.lines += scan.lines
        starts, stops = scan.starts, scan.stops
        sizes = stops - starts
        extra = np.array(sorted(self._with_rare_marks(scan.whole.end).items()), np.int64).reshape(-1, 2)
        if len(extra):
            places = np.searchsorted(starts, extra[:, 0])
            new = np.append(starts, -1)[places] != extra[:, 0]  # a line with "#" is there already
            places, extra = places[new], extra[new]
            starts, stops = np.insert(starts, places, extra[:, 0]), np.insert(stops, places, extra[:, 1])
            sizes = np.insert(sizes, places, 0)  # a line without "#" is no batch
        self.starts: Places = starts
        self.stops: Places = stops
        self.sizes: Places = np.where(sizes <= LONGEST, sizes, 0)  # bytes; 0: not by a mould
        count = len(self.starts)
        self.numbers: Floats = np.zeros((count, WIDTH))
        self.ranks = np.zeros(count, np.int64)
        self.mould = np.full(count, -1)
        self.left: dict[int, tuple[Places, Bytes]] = {}  # by length: lines that no mould fitted
        self.stamps: Floats = np.full(count, np.nan)
        self.undated: set[int] = set()

    def _with_rare_marks(self, end: int) -> dict[int, int]:
        """Where each line that may be an event without "#" begins, and where it ends."""
        found: dict[int, int] = {}
        block, dull = self.block, self.reader.dull
        find, rfind = block.find, block.rfind
        for mark in _RARE_MARKS:
            place = find(mark, 0, end)
            while place >= 0:
                stop = find(b"\n", place)
                start = rfind(b"\n", 0, place) + 1
                line = block[start:stop]
                if line not in dull:
                    for needle in _NEEDLES:
                        if needle in line:
                            found[start] = stop + 1
                            break
                    else:
                        self.reader.has_nothing(line)
                place = find(mark, stop, end)
        return found

    def read(self) -> Columns:
        reader = self.reader
        if not len(self.starts):
            return NOTHING
        # Lines of one length stand together in this order; 16 bits are sorted by counting.
        order = np.argsort(self.sizes.astype(np.uint16), kind="stable")
        counts = np.bincount(self.sizes)
        stops = np.cumsum(counts)
        for length in np.flatnonzero(counts).tolist():
            if not length:
                continue
            lines = order[stops[length - 1] : stops[length]]
            rows = rows_of(self.block, self.starts[lines], length)
            for number in reader.moulds_of(length):
                lines, rows = self._take(number, lines, rows)
                if not len(lines):
                    break
            if len(lines):
                self.left[length] = (lines, rows)
        self._dates(np.flatnonzero(self.mould >= 0))
        return self._assemble(self._in_order())

    def _take(self, number: int, lines: Places, rows: Bytes) -> tuple[Places, Bytes]:
        """Read the lines that fit the mould; gives back the others."""
        mould = self.reader.moulds[number]
        digits, fits = mould.digits(rows)
        taken, others = lines, lines[:0]
        if fits is not None:
            own, rest = np.flatnonzero(fits), np.flatnonzero(~fits)
            if not len(own):
                return lines, rows
            taken, others = lines[own], lines[rest]
            digits, rows = digits.take(own, axis=0), rows.take(rest, axis=0)
        numbers = mould.read(digits)
        self.numbers[taken] = numbers
        self.mould[taken] = number
        mould.hits += len(taken)
        low, high = mould.tags
        if high > low:
            _, first, inverse = np.unique(numbers[:, TAGS], return_index=True, return_inverse=True)
            starts = (self.starts[taken[first]] + low).tolist()
            known = [self.reader.rank_number(read_tags(self.block[start : start + high - low])) for start in starts]
            self.ranks[taken] = np.array(known)[inverse]
        return others, rows

    def _dates(self, lines: Places) -> None:
        """The stamps of these lines. A minute that is no date: the careful reader says what that means."""
        stamps = self._minutes(lines) + self.numbers[lines, MILLISECONDS] / 1000
        self.stamps[lines] = stamps
        bad = np.isnan(stamps)
        if bad.any():
            self.undated |= set(lines[bad].tolist())
            self.mould[lines[bad]] = -1

    def _minutes(self, lines: Places) -> Floats:
        """Each line's minute in seconds; neighbours mostly have the same."""
        keys = self.numbers[lines, MINUTE]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        known, minute = self.reader.minutes, self.reader.minute
        minutes = np.array([known[key] if key in known else minute(key) for key in keys[first].tolist()])
        return np.repeat(minutes, np.diff(first, append=len(keys)))

    def _in_order(self) -> dict[int, Line | None]:
        """What the careful reader says of the lines that it has to see, by line."""
        reader = self.reader
        said: dict[int, Line | None] = {}
        waiting: list[int] = np.flatnonzero(self.mould < 0).tolist()  # sorted, so a heap
        present = np.flatnonzero(np.bincount(self.mould + 1)[1:]).tolist()
        shapes = {id(reader.moulds[one].shape): reader.moulds[one].shape for one in present}
        for shape in shapes.values():
            self._wait(shape, -1, waiting)
        last = -1
        while waiting:
            number = heapq.heappop(waiting)
            if number <= last:
                continue
            last = number
            start = int(self.starts[number])
            line = self.block[start : int(self.stops[number])]
            own = int(self.mould[number])
            if own < 0:
                own = self._mould(line, number, shapes)
            if own >= 0 and reader.active(reader.moulds[own].shape):
                continue
            shapes_known = len(reader.known)
            out = reader.careful(line)
            line_says = out[0] if out else None
            said[number] = line_says
            self.mould[number] = -1
            if own < 0 and len(reader.known) > shapes_known:
                own = self._mould(line, number, shapes)
                self.mould[number] = -1
            if own >= 0:
                self._wait(reader.moulds[own].shape, number, waiting)
            if isinstance(line_says, Event) and line_says.kind is EventKind.START:
                for shape in shapes.values():
                    self._wait(shape, number, waiting)
        return said

    def _mould(self, line: bytes, number: int, shapes: dict[int, Shape]) -> int:
        """Make a mould of this line and read what is left with it; -1 if that cannot be done."""
        rest = self.left.get(int(self.sizes[number]))
        if rest is None or number in self.undated:
            return -1
        made = self.reader.mould(line)
        if made is None:
            return -1
        shape = self.reader.moulds[made].shape
        shapes[id(shape)] = shape
        later = rest[0] >= number
        lines, rows = rest[0][later], rest[1][later]
        self.left[len(line)] = self._take(made, lines, rows)
        self._dates(lines[self.mould[lines] == made])
        return int(self.mould[number])

    def _wait(self, shape: Shape, after: int, waiting: list[int]) -> None:
        """The next line of a shape that is not accepted yet has to be seen."""
        if self.reader.active(shape):
            return
        own = np.array([mould.shape is shape for mould in self.reader.moulds] + [False])  # the last for lines without a mould
        begin, step = after + 1, _NEAR
        while begin < len(self.mould):
            found = np.flatnonzero(own[self.mould[begin : begin + step]])
            if len(found):
                heapq.heappush(waiting, int(found[0]) + begin)
                return
            begin, step = begin + step, 4 * step

    def _assemble(self, said: dict[int, Line | None]) -> Columns:
        reader = self.reader
        taken = self.mould >= 0
        # The last is for -1, which is no mould.
        decode = np.array([*(one.decode for one in reader.moulds), False])[self.mould]
        graph = np.array([*(one.graph for one in reader.moulds), -1], np.int8)[self.mould]
        stamp, numbers = self.stamps, self.numbers
        gen = numbers[:, HUNDREDTHS] / 100
        running, new, cached = (numbers[:, column].astype(np.int64) for column in (RUNNING, NEW, CACHED))
        decodes = int(decode.sum())
        reader.counts.decode += decodes
        reader.counts.prefill += int(taken.sum()) - decodes
        others: list[tuple[int, Event | Rejected]] = []
        for number, line in said.items():
            if line is None:
                continue
            if isinstance(line, Event | Rejected):
                others.append((number, line))
                continue
            taken[number], decode[number] = True, isinstance(line, DecodeLine)
            stamp[number] = np.nan if line.stamp is None else line.stamp
            self.ranks[number] = reader.rank_number(line.rank)
            graph[number] = -1 if line.graph is None else line.graph
            if isinstance(line, DecodeLine):
                running[number], new[number], cached[number], gen[number] = line.running, 0, 0, line.gen_throughput
                reader.counts.decode += 1
            else:
                running[number], new[number], cached[number], gen[number] = 0, line.new_token, line.cached_token, 0
                reader.counts.prefill += 1
        before = np.cumsum(taken)
        between = [(int(before[number]), line) for number, line in others]
        own = slice(None) if taken.all() else taken
        return Columns(
            decode[own],
            stamp[own],
            self.ranks[own],
            running[own],
            gen[own],
            graph[own],
            new[own],
            cached[own],
            between,
        )
