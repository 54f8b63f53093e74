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
    """Whole lines, and which of them hold "#"."""

    whole: Whole
    ends: Places  # of all lines: the place of each newline
    marked: Places  # into ends


class Block:
    """The work on one block: lines of interest by number, their moulds, and what the careful reader said of the others."""

    def __init__(self, reader: ColumnReader, scan: Scan) -> None:
        self.reader, self.block = reader, scan.whole.block
        self.all_ends, wanted = scan.ends, scan.marked
        reader.counts.lines += len(self.all_ends)
        hashed = np.ones(len(wanted), bool)  # the lines with "#": no other is a batch
        extra = self._with_rare_marks(scan.whole.end)
        if extra:
            chosen, with_hash = np.zeros(len(self.all_ends), bool), np.zeros(len(self.all_ends), bool)
            with_hash[wanted] = chosen[wanted] = chosen[np.searchsorted(self.all_ends, extra)] = True
            wanted = np.flatnonzero(chosen)
            hashed = with_hash[wanted]
        self.starts: Places = np.where(wanted > 0, self.all_ends[wanted - 1] + 1, 0)
        self.lengths: Places = self.all_ends[wanted] + 1 - self.starts
        self.sizes: Places = np.where(hashed & (self.lengths <= LONGEST), self.lengths, 0)  # 0: not by a mould
        count = len(self.starts)
        self.numbers: Floats = np.zeros((count, WIDTH))
        self.ranks = np.zeros(count, np.int64)
        self.mould = np.full(count, -1)
        self.left: dict[int, tuple[Places, npt.NDArray[np.uint8]]] = {}  # by length: lines that no mould fitted
        self.undated: set[int] = set()

    def _with_rare_marks(self, end: int) -> list[int]:
        """A place in each line that may be an event without "#"."""
        found: list[int] = []
        block, dull = self.block, self.reader.dull
        find, rfind = block.find, block.rfind
        for mark in _RARE_MARKS:
            place = find(mark, 0, end)
            while place >= 0:
                stop = find(b"\n", place)
                line = block[rfind(b"\n", 0, place) + 1 : stop]
                if line not in dull:
                    for needle in _NEEDLES:
                        if needle in line:
                            found.append(place)
                            break
                    else:
                        self.reader.has_nothing(line)
                place = find(mark, stop, end)
        return found

    def read(self) -> Columns:
        reader = self.reader
        if not len(self.starts):
            return NOTHING
        for length in np.flatnonzero(np.bincount(self.sizes)).tolist():
            if not length:
                continue
            lines = np.flatnonzero(self.sizes == length)
            rows = rows_of(self.block, self.starts[lines], length)
            for number in reader.moulds_of(length):
                lines, rows = self._take(number, lines, rows)
                if not len(lines):
                    break
            if len(lines):
                self.left[length] = (lines, rows)
        self._dates()
        return self._assemble(self._in_order())

    def _take(self, number: int, lines: Places, rows: npt.NDArray[np.uint8]) -> tuple[Places, npt.NDArray[np.uint8]]:
        """Read the lines that fit the mould; gives back the others."""
        mould = self.reader.moulds[number]
        fits = mould.fits(rows)
        if fits is None:
            taken, own = lines, rows
        elif fits.any():
            taken, own = lines[fits], rows[fits]
        else:
            return lines, rows
        numbers = mould.read(own)
        self.numbers[taken] = numbers
        self.mould[taken] = number
        mould.hits += len(taken)
        low, high = mould.tags
        if high > low:
            _, first, inverse = np.unique(numbers[:, TAGS], return_index=True, return_inverse=True)
            known = [self.reader.rank_number(read_tags(own[one, low:high].tobytes())) for one in first.tolist()]
            self.ranks[taken] = np.array(known)[inverse]
        else:
            self.ranks[taken] = 0
        return (lines[:0], rows[:0]) if fits is None else (lines[~fits], rows[~fits])

    def _dates(self, after: int = -1) -> None:
        """A minute that is no date: the careful reader says what that means."""
        lines = np.flatnonzero(self.mould[after + 1 :] >= 0) + after + 1
        bad = lines[np.isnan(self._minutes(lines))]
        if len(bad):
            self.undated |= set(bad.tolist())
            self.mould[bad] = -1

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
            line = self.block[start : start + int(self.lengths[number])]
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
        self.left[len(line)] = self._take(made, rest[0][later], rest[1][later])
        self._dates(number - 1)
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
        decode, graph = np.zeros(len(taken), bool), np.full(len(taken), -1, np.int8)
        if taken.any():
            decode[taken] = np.array([one.decode for one in reader.moulds])[self.mould[taken]]
            graph[taken] = np.array([one.graph for one in reader.moulds], np.int8)[self.mould[taken]]
        numbers = self.numbers
        stamp = numbers[:, MILLISECONDS] / 1000
        stamp[taken] += self._minutes(np.flatnonzero(taken))
        gen = numbers[:, HUNDREDTHS] / 100
        whole = numbers[:, [RUNNING, NEW, CACHED]]
        reader.counts.decode += int(decode.sum())
        reader.counts.prefill += int(taken.sum() - decode.sum())
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
                whole[number], gen[number] = (line.running, 0, 0), line.gen_throughput
                reader.counts.decode += 1
            else:
                whole[number], gen[number] = (0, line.new_token, line.cached_token), 0
                reader.counts.prefill += 1
        before = np.cumsum(taken)
        counts = whole[taken].astype(np.int64)
        between = [(int(before[number]), line) for number, line in others]
        return Columns(
            decode[taken],
            stamp[taken],
            self.ranks[taken],
            counts[:, 0],
            gen[taken],
            graph[taken],
            counts[:, 1],
            counts[:, 2],
            between,
        )
