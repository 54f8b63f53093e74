"""A deploy log as a stream: blocks of bytes in, values out, in the order of the file and in constant memory."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from slabench.errors import ConfigError
from slabench.server.log.lines import MAX_LINE, Parsed, parse
from slabench.server.log.shapes import Shape, learn
from slabench.server.log.values import DecodeLine, Event, EventKind, Line, PrefillLine, Reason, Rejected

BLOCK = 1 << 18
_MAX_SHAPES = 12
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
        self._accepted: dict[str, set[tuple[bytes, ...]]] = {"Decode": set(), "Prefill": set()}

    def feed(self, data: bytes) -> list[Line]:
        """The values of the lines that data completes; Rejected ones among them, because what they hid is unknown."""
        self.counts.size += len(data)
        out: list[Line] = []
        if self._skipping:
            cut = data.find(b"\n") + 1
            if not cut:
                return out
            data, self._skipping = data[cut:], False
            self.counts.lines += 1
        block = self._tail + data if self._tail else data
        end = block.rfind(b"\n") + 1
        self._tail = block[end:]
        if len(self._tail) > MAX_LINE:
            if b" batch" in self._tail:
                self._reject(Rejected(Reason.TOO_LONG, self._tail[:300]), out)
            self._tail, self._skipping = b"", True
        if end:
            self.counts.lines += block.count(b"\n", 0, end)
            self._block(block, end, out)
        return out

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
        position = 0
        marks = [-1] * len(_MARKS)  # the next place of each mark at or after position
        counts = self.counts
        while position < end:
            for shape in self._shapes:
                found = shape.match(block, position)
                if found is not None:
                    line = shape.build(found.groups())
                    out.append(line)
                    if type(line) is DecodeLine:
                        counts.decode += 1
                    else:
                        counts.prefill += 1
                    position = found.end()
                    if shape is not self._shapes[0]:  # the shape seen last is tried first
                        self._shapes.remove(shape)
                        self._shapes.insert(0, shape)
                    break
            else:
                for index, mark in enumerate(_MARKS):
                    if marks[index] < position:
                        place = block.find(mark, position, end)
                        marks[index] = end if place < 0 else place
                nearest = min(marks)
                if nearest >= end:
                    return
                begin = block.rfind(b"\n", position, nearest) + 1
                if begin > position:
                    position = begin  # a line further on: let the shapes have a look first
                    continue
                stop = block.find(b"\n", nearest, end) + 1
                self._careful(block[position:stop], out)
                position = stop

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
        if isinstance(parsed.line, PrefillLine):
            self.counts.prefill += 1
        else:
            self.counts.decode += 1

    def _event(self, event: Event, out: list[Line]) -> None:
        if event.kind is EventKind.START:  # perhaps another version, with other shapes
            self._shapes.clear()
            for accepted in self._accepted.values():
                accepted.clear()
        self.counts.events[event.kind] += 1
        out.append(event)

    def _reject(self, rejected: Rejected, out: list[Line]) -> None:
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


def read_blocks(path: str, reader: LogReader, begin: int = 0, end: int | None = None) -> Iterator[list[Line]]:
    """The lines of a file whose first byte lies in [begin, end), block by block; offsets of a gzip file count unpacked bytes.

    A line that begins before begin belongs to what was before, one that begins before end is read whole. ConfigError if the
    file cannot be read or unpacked.
    """
    with open_log(path) as file:
        try:
            position = begin
            if begin > 0:
                file.seek(begin - 1)
                if file.read(1) != b"\n":
                    position += len(file.readline())
            while end is None or position < end:
                want = BLOCK if end is None else min(BLOCK, end - position)
                data = file.read(want)
                if not data:
                    break
                position += len(data)
                if end is not None and position >= end and not data.endswith(b"\n"):
                    data += file.readline()
                yield reader.feed(data)
        except (EOFError, OSError) as error:
            raise ConfigError(f"The deploy log {path} cannot be read to its end ({error}). Is the file whole?") from error
    yield reader.finish()


def read_lines(path: str, begin: int = 0, end: int | None = None) -> Iterator[Line]:
    """read_blocks(), line by line, for a caller who does not need the counts."""
    for block in read_blocks(path, LogReader(), begin, end):
        yield from block


class Follower:
    """A log that is still being written: every poll() gives what came since the last one, across rotations.

    The server itself never rotates its log; a collector beside it may. notes says what was seen.
    """

    def __init__(self, path: str, begin: int = 0) -> None:
        self.path = path
        self.reader = LogReader()
        self.notes: list[str] = []
        self._file = open_log(path)
        self._inode = os.fstat(self._file.fileno()).st_ino
        self._file.seek(begin)

    def poll(self) -> list[Line]:
        """Lines completed since the last poll. OSError only if the file vanished and nothing took its place."""
        out = self._drain()
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return out  # between the two steps of a rotation
        if now.st_ino != self._inode:
            out += self._drain() + self.reader.finish()
            self._file.close()
            self._file, self._inode = open_log(self.path), now.st_ino
            self.notes.append(f"{self.path} was rotated while it was followed.")
            out += self._drain()
        elif now.st_size < self._file.tell():
            out += self.reader.finish()
            self._file.seek(0)
            self.notes.append(f"{self.path} was cut to {now.st_size} bytes while it was followed.")
            out += self._drain()
        return out

    def _drain(self) -> list[Line]:
        out: list[Line] = []
        while data := self._file.read(BLOCK):
            out += self.reader.feed(data)
        return out

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
