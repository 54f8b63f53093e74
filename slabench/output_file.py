"""Files that a command writes where a user names one: whole or not at all, never over measurements, one
writer at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from slabench.errors import ConfigError, system_words
from slabench.messages import Message

ROWS = Message("part.held_rows")
KINDS = {
    "slabench.run/": Message("part.held_run"),
    "slabench.baseline/": Message("part.held_baseline"),
    "slabench.history/": Message("part.held_history"),
    "slabench.bisect/": Message("part.held_bisection"),
}
PACKED = b"\x1f\x8b"  # a run's records are gzip
# bytes of a file's beginning that tell its kind; a schema is among the first keys of a document
HEAD = 1 << 16


def holds(path: Path) -> Message | None:
    """What measurements a file holds: `a run`. None for anything else, and for a file that does not exist."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(PACKED):
        return Message("part.held_packed")
    text = head.decode("utf-8", "replace")
    for schema, what in KINDS.items():
        if f'"{schema}' in text:
            return what
    first = text.lstrip().partition("\n")[0]
    return ROWS if first.startswith("{") and '"completed"' in text and '"mean_ttft_ms"' in text else None


def check_free(option: str, path: str) -> None:
    """ConfigError where a page or a table would be written over what was measured."""
    with contextlib.suppress(OSError):
        held = holds(Path(path))
        if held is not None:
            raise ConfigError(Message("file.not_overwritten", option=option, path=path, held=held))


def check_rows(option: str, path: str) -> None:
    """ConfigError where rows would be appended to a file of something else."""
    target = Path(path)
    with contextlib.suppress(OSError):
        if target.is_file() and target.stat().st_size and holds(target) != ROWS:
            raise ConfigError(Message("file.no_rows", option=option, path=path, rows=ROWS))


def write_whole(path: str | Path, content: str | bytes) -> None:
    """OSError if it cannot be written; then what was there before is there still.

    A device is written to as it is.
    """
    target, data = Path(path), content.encode() if isinstance(content, str) else content
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    target = target.resolve()  # the file that a link names, not the link
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with scratch.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, target)
    except OSError:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise


def write_named(option: str, path: str | Path, text: str) -> None:
    """As write_whole(); ConfigError in one sentence if it cannot be written."""
    try:
        write_whole(path, text)
    except OSError as error:
        named = f"{option}={path}" if option else str(path)
        raise ConfigError(Message("file.cannot_be_written", named=named, why=system_words(error))) from error


@contextlib.contextmanager
def locked(path: str | Path) -> Iterator[None]:
    """One process at a time, for reading a file, adding to it and writing it again.

    The lock is a file beside it, removed afterwards. Where none can be made or locked there is no lock, and
    no error.
    """
    target = Path(path).resolve()
    beside = target.with_name(f".{target.name}.lock")
    handle = None if target.exists() and not target.is_file() else _held(beside)
    try:
        yield
    finally:
        if handle is not None:
            with contextlib.suppress(OSError):
                beside.unlink()  # while it is held: a waiting process finds it removed, and makes a new one
            os.close(handle)


def _held(beside: Path) -> int | None:
    while True:
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_ino == os.stat(beside).st_ino:
                return handle
        except FileNotFoundError:
            pass
        except OSError:
            os.close(handle)
            return None
        os.close(handle)
