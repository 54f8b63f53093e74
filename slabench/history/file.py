"""A history file on disk: lines are appended whole by any number of writers, and read with what is broken
among them reported.

A line is written by one write() under a lock on the file itself, at its end (O_APPEND), and reaches the disk
before the lock is given back. A writer that is killed inside that write leaves a line without its end: the
next writer begins a new line, and readers report the broken one with its number and leave it out.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slabench.errors import ConfigError, system_words
from slabench.history.lines import AcceptLine, RunLine, read_line
from slabench.messages import Message, Sentence
from slabench.run_document.read import MalformedDocument
from slabench.run_document.write import stored
from slabench.strict_json import dumps


@dataclass(frozen=True, slots=True)
class History:
    """runs: in the order they were appended, each once; skipped: a sentence a line that was left out.

    accepted: version -> the number of `runs` above its newest acceptance; the last key is the one accepted
    last.
    """

    path: str
    runs: tuple[RunLine, ...]
    accepted: Mapping[str, int]
    skipped: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool | None:
        """None: it holds no run."""
        return self.runs[0].simulated if self.runs else None


def read(path: str, *, option: str = "") -> History:
    """ConfigError in one sentence where the file is no history. option: how it was named."""
    named = f"{option}{path}"
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(Message("file.history_unreadable", named=named, why=system_words(error))) from error
    runs: list[RunLine] = []
    accepted: dict[str, int] = {}
    skipped: list[str] = []
    for number, text in enumerate(data.split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            skipped.append(Sentence.of("history.no_whole_line", named=named, number=number, size=len(text)))
            continue
        try:
            line = read_line(content)
        except (MalformedDocument, ConfigError) as error:
            raise ConfigError(
                Message("file.history_line", named=named, number=number, why=" ".join(str(error).split()))
            ) from error
        if isinstance(line, AcceptLine):
            accepted.pop(line.accept, None)
            accepted[line.accept] = len(runs)
        elif (taken_by := _add(runs, accepted, line)) is not None:
            skipped.append(
                Sentence.of(
                    "history.once_more", named=named, number=number, run=line.run_id, version=taken_by
                )
            )
    return History(path, tuple(runs), accepted, tuple(skipped))


def _add(runs: list[RunLine], accepted: dict[str, int], line: RunLine) -> str | None:
    """A run that was continued (--resume) is appended again: its last line counts, unless an acceptance
    between the two took the first; the answer is the version that did.
    """
    place = next((k for k, run in enumerate(runs) if run.run_id == line.run_id), None)
    if place is None:
        runs.append(line)
        return None
    below = [version for version, above in accepted.items() if above > place]
    if runs[place].version in below:
        return runs[place].version
    if not below:
        runs[place] = line
        return None
    # it goes to where its line is: an acceptance between takes nothing that came after it
    del runs[place]
    runs.append(line)
    accepted.update({version: accepted[version] - 1 for version in below})
    return None


def append(path: str, line: RunLine | AcceptLine) -> None:
    """OSError where the disk does not take all of it: then nothing of it is left in the file."""
    data = (dumps(stored(line), compact=True) + "\n").encode()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            data = b"\n" + data
        try:
            written = os.write(handle, data)
            if written < len(data):
                raise OSError(None, f"only {written} of {len(data)} bytes were written")
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)  # which gives the lock back


def check_appendable(option: str, path: str, *, simulated: bool | None) -> None:
    """ConfigError where a run cannot be appended, before it is measured.

    A history is either of real servers or of embedded ones: its first run decides. simulated: None before
    the server at an address has answered.
    """
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir() or (target.exists() and not target.is_file()):
        raise ConfigError(Message("file.history_no_file", option=option, path=path))
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise ConfigError(Message("file.history_unwritable", option=option, path=path))
    if not target.exists():
        return
    held = read(path, option=f"{option}=").simulated
    if None not in (held, simulated) and held != simulated:
        kinds = (Message("part.embedded"), Message("part.real_servers"))
        mine, theirs = kinds if simulated else kinds[::-1]
        raise ConfigError(
            Message("file.history_other_kind", option=option, path=path, theirs=theirs, mine=mine)
        )
