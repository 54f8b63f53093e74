"""Which bytes of the deploy logs were written during a run: sizes before, sizes after."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from slabench.errors import ConfigError
from slabench.records import LogSpan


class Mark(NamedTuple):
    """Where a log ended at one moment."""

    path: str
    inode: int
    size: int


class Spans(NamedTuple):
    """The parts written since the marks, in the order of the files, and what was odd about them."""

    spans: tuple[LogSpan, ...]
    notes: tuple[str, ...]


def mark(paths: Sequence[str]) -> tuple[Mark, ...]:
    """Where each log ends now. ConfigError for a file that is not there, is no file, or is named twice."""
    marks: list[Mark] = []
    seen: dict[tuple[int, int], str] = {}
    for path in paths:
        try:
            now = os.stat(path)
            with open(path, "rb"):
                pass
        except OSError as error:
            raise ConfigError(
                f"The deploy log {path} cannot be read ({error.strerror}). Give the file that the server's output goes to "
                "as --deploy-log, one per node."
            ) from error
        twin = seen.setdefault((now.st_dev, now.st_ino), path)
        if twin != path or any(m.path == path for m in marks):
            raise ConfigError(
                f"The deploy logs {twin} and {path} are one file, and it would be counted twice. Name each file once."
            )
        marks.append(Mark(path, now.st_ino, now.st_size))
    return tuple(marks)


def spans(marks: Sequence[Mark]) -> Spans:
    """What was written to each log since mark(). A file that was rotated, cut or removed gives what is left of it and a note."""
    out: list[LogSpan] = []
    notes: list[str] = []
    for path, inode, size in marks:
        try:
            now = os.stat(path)
        except OSError as error:
            notes.append(f"The deploy log {path} is gone ({error.strerror}): nothing of this run can be read from it.")
            continue
        if now.st_ino != inode:
            older = _moved(path, inode)
            if older is None:
                notes.append(f"The deploy log {path} was replaced during the run: its earlier part is lost.")
            else:
                notes.append(f"The deploy log {path} was rotated during the run: its earlier part was read from {older}.")
                out.append(LogSpan(older, size, os.stat(older).st_size))
            out.append(LogSpan(path, 0, now.st_size))
        elif now.st_size < size:
            notes.append(f"The deploy log {path} was cut from {size} to {now.st_size} bytes during the run: a part is lost.")
            out.append(LogSpan(path, 0, now.st_size))
        else:
            out.append(LogSpan(path, size, now.st_size))
    return Spans(tuple(out), tuple(notes))


def _moved(path: str, inode: int) -> str | None:
    """The same file under another name in its folder (log.1, log-20260101 ...), if a rotation left it there."""
    folder, name = os.path.split(path)
    with os.scandir(folder or ".") as entries:
        for entry in entries:
            if entry.name.startswith(name) and entry.inode() == inode and entry.is_file():
                return os.path.join(folder, entry.name)
    return None
