"""Which part of the deploy logs was written during a run: sizes and times before and after.

Bytes bound a run as long as lines arrive when they are written. A collector that delivers late puts an
earlier test's lines after the mark, so the run's time is a bound too, by the log's own clock: its stamps have
no time zone, and the last one before the mark shows its difference to ours.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.messages.message import Sentence
from slabench.records import LogSpan
from slabench.server.log.line_prefix import STAMP, read_stamp

_TAIL = 1 << 16
_STAMP = re.compile(rb"\[(" + STAMP + rb")")
_ZONE_S = 900  # zones differ by quarters of an hour
# A last stamp further off than this, apart from zones, is no evidence of the zone: it is old, or the clocks
# differ.
_FRESH_S = 3
_WEST_S, _EAST_S = -12 * 3600, 14 * 3600


class Mark(NamedTuple):
    """Where a log ended at one moment."""

    path: str
    inode: int
    size: int
    at: float  # time.time()
    ahead: float | None  # s by which the log's stamps are ahead of time.time(): its time zone. None: unknown


class Spans(NamedTuple):
    """The parts written since the marks, in the order of the files, and notes on files that were changed."""

    spans: tuple[LogSpan, ...]
    notes: tuple[str, ...]


_GIVE = Message("part.give_log")


def mark(paths: Sequence[str], *, remedy: Message = _GIVE) -> tuple[Mark, ...]:
    """Where each log ends now. ConfigError for one that is missing or no file. One named twice counts once:
    twins.py.

    remedy: what to do about one that cannot be read; commands that take logs in another way than by
    --deploy-log have their own.
    """
    marks: list[Mark] = []
    for path in paths:
        try:
            now = os.stat(path)
            with open(path, "rb"):
                pass
        except OSError as error:
            raise ConfigError(
                Message("file.log_window", path=path, why=error.strerror, remedy=remedy)
            ) from error
        at = time.time()
        marks.append(Mark(path, now.st_ino, now.st_size, at, _ahead(path, now.st_size, at)))
    return tuple(marks)


def _ahead(path: str, size: int, at: float) -> float | None:
    """The zone of the log's stamps by the last one in it: a confirmed flush has just been logged there."""
    with open(path, "rb") as file:
        file.seek(max(0, size - _TAIL))
        stamps = _STAMP.findall(file.read(_TAIL))
    last = read_stamp(stamps[-1]) if stamps else None
    if last is None:
        return None
    zone = round((last - at) / _ZONE_S) * _ZONE_S
    return float(zone) if _WEST_S <= zone <= _EAST_S and abs(last - at - zone) <= _FRESH_S else None


def _agreed(before: float | None, after: float | None, at: float) -> float | None:
    """The zone by the marks before and after. An old line may look like a fresh one of another zone, so one
    mark is enough only for UTC or this machine's own zone: the log had no lines until the run.
    """
    if before is None and after in (0.0, float(time.localtime(at).tm_gmtoff)):
        return after
    return after if after == before else None


def spans(marks: Sequence[Mark]) -> Spans:
    """What was written to each log since mark().

    A file that was rotated, cut or removed gives what is left of it and a note.
    """
    out: list[LogSpan] = []
    notes: list[Sentence] = []
    until = time.time()
    for path, inode, size, at, ahead in marks:
        try:
            now = os.stat(path)
        except OSError as error:
            notes.append(Sentence.of("log_window.gone", path=path, reason=error.strerror))
            continue
        zone = _agreed(ahead, _ahead(path, now.st_size, until), until)
        times = (None, None) if zone is None else (at + zone, until + zone)
        begin = size
        if now.st_ino != inode:
            begin, older = 0, _moved(path, inode)
            if older is None:
                notes.append(Sentence.of("log_window.replaced", path=path))
            else:
                notes.append(Sentence.of("log_window.rotated", path=path, older=older))
                out.append(LogSpan(older, size, os.stat(older).st_size, *times))
        elif now.st_size < size:
            begin = 0
            notes.append(Sentence.of("log_window.cut", path=path, before=size, after=now.st_size))
        out.append(LogSpan(path, begin, now.st_size, *times))
    return Spans(tuple(out), tuple(notes))


def _moved(path: str, inode: int) -> str | None:
    """The same file under another name in its folder (log.1, log-20260101 ...), if a rotation left it
    there.
    """
    folder, name = os.path.split(path)
    with os.scandir(folder or ".") as entries:
        for entry in entries:
            if entry.name.startswith(name) and entry.inode() == inode and entry.is_file():
                return os.path.join(folder, entry.name)
    return None
