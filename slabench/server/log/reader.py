"""A deploy log as a stream: blocks of bytes in, values out, in the order of the file and in constant memory."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from slabench.errors import ConfigError, system_words
from slabench.server.log.lines import MAX_LINE, Batch, Parsed, parse
from slabench.server.log.shapes import MOULD, Shape, learn
from slabench.server.log.values import DecodeLine, Event, EventKind, Line, PrefillLine, Reason, Rejected

BLOCK = 1 << 18
_MAX_SHAPES = 12
_MAX_MOULDS = 2048  # one a combination of the numbers' lengths
_EXAMPLES = 3
# Every line of interest holds one of these bytes: "#" all batch lines, refused flushes and retractions; "!" flushes and readiness;
# "=" starts, capacity, ends; "J" compilation. Access lines hold none, so a log is skimmed at the speed of memchr.
_MARKS = (b"#", b"!", b"=", b"J")


@dataclass(slots=True)
class Counts:
    """What went through a reader. rejected counts lines by reason; examples keeps the first few of each."""

    lines: int = 0
    size: int = 0  # bytes
    decode: int = 0
    prefill: int = 0
    events: Counter[EventKind] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, list[bytes]] = field(default_factory=dict)

    @property
    def rejected_total(self) -> int:
        """Lines that spoke of a batch and were not read."""
        return sum(self.rejected.values())


class Whole(NamedTuple):
    """Bytes that were read, cut into whole lines."""

    block: bytes
    end: int  # where the last whole line in block ends
    size: int  # bytes read for it
    skipped: int  # lines beyond MAX_LINE that ended in it
    refused: Rejected | None  # of the line behind it, because it is too long


class LogReader:
    """feed() blocks of one file in order, finish() at its end. Holds at most one unfinished line.

    It remembers which shapes a server process has printed: a line that is another one's beginning (the same keys with the last
    few missing, or without the comma that closes the others) was cut, however well formed it looks.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._tail = b""
        self._skipping = False  # inside a line beyond MAX_LINE
        self._shapes: list[Shape] = []
        self._moulds: dict[bytes, Callable[[bytes], Batch]] = {}
        self._accepted: dict[str, set[tuple[bytes, ...]]] = {"Decode": set(), "Prefill": set()}

    def feed(self, data: bytes, end: int | None = None) -> list[Line]:
        """The values of the lines that data completes; Rejected ones among them, because what they hid is unknown.

        end: data beyond it will come again; before it stand whole lines.
        """
        whole = self._whole(data, end)
        out: list[Line] = []
        if whole.end:
            self.counts.lines += whole.block.count(b"\n", 0, whole.end)
            self._block(whole.block, whole.end, out)
        return [*out, *self._taken(whole)]

    def _whole(self, data: bytes, stop: int | None = None) -> Whole:
        """Cut data, and what was left of the data before it, behind the last whole line. Counts nothing: see _taken()."""
        if stop is not None:
            if not self._tail and not self._skipping:
                return Whole(data, stop, stop, 0, None)
            data = data[:stop]
        size, skipped = len(data), 0
        if self._skipping:
            cut = data.find(b"\n") + 1
            if not cut:
                return Whole(b"", 0, size, 0, None)
            data, self._skipping, skipped = data[cut:], False, 1
        block = self._tail + data if self._tail else data
        end = block.rfind(b"\n") + 1
        self._tail = block[end:]
        refused = None
        if len(self._tail) > MAX_LINE:
            if b" batch" in self._tail:
                refused = Rejected(Reason.TOO_LONG, self._tail[:300])
            self._tail, self._skipping = b"", True
        return Whole(block, end, size, skipped, refused)

    def _taken(self, whole: Whole) -> list[Rejected]:
        """Count what was cut; gives back what is refused behind its lines."""
        self.counts.size += whole.size
        self.counts.lines += whole.skipped
        refused: list[Rejected] = []
        if whole.refused is not None:
            self._reject(whole.refused, refused)
        return refused

    def finish(self) -> list[Line]:
        """The end of the file. A last line without its newline may be half of one: a batch line there is rejected."""
        out: list[Line] = []
        tail, self._tail = self._tail, b""
        if tail:
            self.counts.lines += 1
            found = parse(tail)
            if isinstance(found, Event):
                self._event(found, out)
            elif found is not None:
                self._reject(Rejected(Reason.UNTERMINATED, tail[:300]), out)
        return out

    def _block(self, block: bytes, end: int, out: list[Line]) -> None:
        position, known = 0, len(out)
        marks = [-1] * len(_MARKS)  # the next place of each mark at or after position
        find, mould_of, append = block.find, self._moulds.get, out.append
        while position < end:
            stop = find(b"\n", position, end) + 1
            line = block[position:stop]
            build = mould_of(line.translate(MOULD))
            if build is None:
                for index, mark in enumerate(_MARKS):
                    if marks[index] < position:
                        place = find(mark, position, end)
                        marks[index] = end if place < 0 else place
                nearest = min(marks)
                if nearest >= end:
                    break
                if nearest >= stop:  # nothing of interest before the line of that mark
                    position = block.rfind(b"\n", stop - 1, nearest) + 1
                    continue
                value = self._by_shape(block, position)
            else:
                value = build(line)
            if value is not None and value.stamp is not None:  # no date: the careful reader says what that means
                append(value)
                position = stop
                continue
            self._careful(line, out)
            position = stop
        kinds = Counter(map(type, out[known:]))
        self.counts.decode += kinds[DecodeLine]
        self.counts.prefill += kinds[PrefillLine]

    def _by_shape(self, block: bytes, position: int) -> Batch | None:
        """The line at position by a known shape; its mould is remembered."""
        for shape in self._shapes:
            found = shape.match(block, position)
            if found is not None:
                if len(self._moulds) < _MAX_MOULDS:
                    self._moulds[found[0].translate(MOULD)] = shape.mould(found)
                if shape is not self._shapes[0]:  # the shape seen last is tried first
                    self._shapes.remove(shape)
                    self._shapes.insert(0, shape)
                return shape.build(found.groups())
        return None

    def _careful(self, line: bytes, out: list[Line]) -> None:
        found = parse(line)
        if isinstance(found, Parsed):
            self._batch(line, found, out)
        elif isinstance(found, Event):
            self._event(found, out)
        elif isinstance(found, Rejected):
            self._reject(found, out)

    def _batch(self, line: bytes, parsed: Parsed, out: list[Line]) -> None:
        accepted = self._accepted[parsed.kind]
        if parsed.keys not in accepted:
            if any(other[: len(parsed.keys)] == parsed.keys for other in accepted):
                self._reject(Rejected(Reason.CUT, line[:300]), out)
                return
            accepted.add(parsed.keys)
        if len(self._shapes) < _MAX_SHAPES:
            shape = learn(line, parsed)
            if shape is not None:
                self._shapes.insert(0, shape)
        out.append(parsed.line)

    def _event(self, event: Event, out: list[Line]) -> None:
        if event.kind is EventKind.START:  # perhaps another version, with other shapes
            self._shapes.clear()
            self._moulds.clear()
            for accepted in self._accepted.values():
                accepted.clear()
        self.counts.events[event.kind] += 1
        out.append(event)

    def _reject(self, rejected: Rejected, out: list[Line] | list[Rejected]) -> None:
        self.counts.rejected[rejected.reason] += 1
        examples = self.counts.examples.setdefault(rejected.reason, [])
        if len(examples) < _EXAMPLES:
            examples.append(rejected.text)
        out.append(rejected)


def open_log(path: str) -> IO[bytes]:
    """The file, unpacked if it is gzip by its first bytes. ConfigError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return gzip.open(path, "rb") if packed else open(path, "rb")  # type: ignore[return-value]
    except OSError as error:
        raise ConfigError(
            f"The deploy log {path} cannot be read ({error.strerror}). Give the file that the server's output goes to."
        ) from error


def read_bytes(path: str, begin: int = 0, end: int | None = None, size: int = BLOCK) -> Iterator[tuple[bytes, int | None]]:
    """The lines of a file whose first byte lies in [begin, end), as blocks of bytes; offsets of a gzip file count unpacked bytes.

    A line that begins before begin belongs to what was before, one that begins before end is read whole. Beside each block what
    feed() calls its end, where the block ends inside a line: that line is read again, which costs less than to join two blocks.
    ConfigError if the file cannot be read or unpacked.
    """
    with open_log(path) as file:
        try:
            plain = not isinstance(file, gzip.GzipFile)
            position = begin
            if begin > 0:
                file.seek(begin - 1)
                if file.read(1) != b"\n":
                    position += len(file.readline())
            while end is None or position < end:
                want = size if end is None else min(size, end - position)
                data = file.read(want)
                if not data:
                    break
                position += len(data)
                if end is not None and position >= end and not data.endswith(b"\n"):
                    data += file.readline()
                cut = None
                if len(data) == size and plain and not data.endswith(b"\n"):
                    cut = data.rfind(b"\n") + 1 or None  # None: a line that is longer than a block
                    if cut is not None:
                        position -= size - cut
                        file.seek(position)
                yield data, cut
        except (EOFError, OSError) as error:
            raise ConfigError(
                f"The deploy log {path} cannot be read to its end ({system_words(error)}). Is the file whole?"
            ) from error


def read_blocks(path: str, reader: LogReader, begin: int = 0, end: int | None = None) -> Iterator[list[Line]]:
    """The values of a part of a file block by block; see read_bytes()."""
    for data, stop in read_bytes(path, begin, end):
        yield reader.feed(data, stop)
    yield reader.finish()


def read_lines(path: str, begin: int = 0, end: int | None = None) -> Iterator[Line]:
    """read_blocks(), line by line, for a caller who does not need the counts."""
    for block in read_blocks(path, LogReader(), begin, end):
        yield from block
