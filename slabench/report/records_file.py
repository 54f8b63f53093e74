"""requests.jsonl.gz: one line a request, appended while the run goes, readable up to its last flush."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import time
import zlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from slabench.records import ErrorKind, RequestRecord
from slabench.server.known_secrets import KNOWN
from slabench.strict_json import dumps

ATTEMPT = "#attempt"  # TEST#attempt2: the records of a test that was run a second time
PROBE = "#probe"  # TEST#probe3: the records of a capacity search's third probe
_ARRAYS = ("arrival_ns", "arrival_tokens", "text_ns")
# checked while the run is on: text_tokens in run.json's evidence has the result
_NOT_STORED = ("content", "counted_text", "counted_tokens")


def as_row(test_id: str, record: RequestRecord, side: str = "new", repeat: int = 1) -> dict[str, Any]:
    """Field by field, without secrets; stamps and counts as differences (the first from 0): a few bytes a
    token.
    """
    row: dict[str, Any] = {"test": test_id}
    row |= {"side": side} if side != "new" else {}
    row |= {"repeat": repeat} if repeat != 1 else {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in _ARRAYS:
            if field.name == "text_ns" and not value:
                continue  # of streams without counts alone
            row[field.name] = [after - before for before, after in itertools.pairwise([0, *value])]
        elif value is not None and field.name not in _NOT_STORED:
            row[field.name] = _covered(value)
    return row


def _covered(value: Any) -> Any:
    if isinstance(value, str):
        return KNOWN.cover(value)
    if isinstance(value, Mapping):
        return {KNOWN.cover(key): _covered(each) for key, each in value.items()}
    return value


def from_row(row: dict[str, Any]) -> tuple[str, RequestRecord]:
    parts = {key: value for key, value in row.items() if key not in ("test", "side", "repeat")}
    for name in _ARRAYS:
        parts[name] = array("q", itertools.accumulate(parts.get(name, ())))
    if "error" in parts:
        parts["error"] = ErrorKind(parts["error"])
    return row["test"], RequestRecord(**parts)


FLUSH_EVERY_S = 1.0


class RecordsFile:
    """Open for appending until close(); rows older than FLUSH_EVERY_S are on disk even if this process is
    killed.

    Where the disk does not take them the run goes on: `broken` is why nothing more was written.
    """

    def __init__(self, path: Path) -> None:
        self.broken: str | None = None
        self._flushed = time.monotonic()
        self._waiting = False  # rows that have not been flushed
        self._file: gzip.GzipFile | None = None
        with self._kept():
            self._file = gzip.open(path, "ab", compresslevel=4)  # noqa: SIM115 - lives as long as the session

    def append(self, test_id: str, record: RequestRecord, side: str = "new", repeat: int = 1) -> None:
        self.append_row(as_row(test_id, record, side, repeat))

    def append_row(self, row: dict[str, Any]) -> None:
        """A row as as_row() makes it."""
        if self._file is None:
            return
        line = dumps(row, compact=True).encode() + b"\n"
        with self._kept():
            self._file.write(line)
            self._waiting = True
        self.tick()

    def tick(self) -> None:
        """Flush if it is time to; called while a load runs, so that rows do not wait during a pause."""
        if self._waiting and time.monotonic() - self._flushed >= FLUSH_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Everything appended so far can be read from the disk, even if this process is killed now."""
        if self._file is None:
            return
        with self._kept():
            self._file.flush(zlib.Z_SYNC_FLUSH)
        self._flushed, self._waiting = time.monotonic(), False

    def close(self) -> None:
        if self._file is None:
            return
        with self._kept():
            self._file.close()
        self._file = None

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        """The first failure ends the writing: a deflate stream cannot be read beyond a missing part."""
        try:
            yield
        except OSError as error:
            self.broken = error.strerror or str(error)
            file, self._file = self._file, None
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()


# bytes unpacked at a time: zlib gives nothing of a piece with damage in it, such as the zeros a lost machine
# leaves
PIECE = 256


def read_records(path: Path) -> Iterator[tuple[str, RequestRecord]]:
    """(test id, record) for each whole line; of a test with repeats or two servers, all of them."""
    return map(from_row, read_rows(path))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Each whole line; a file that ends or is damaged in the middle gives what came before."""
    tail = b""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    with path.open("rb") as file:
        while data := file.read(PIECE):
            while data:
                try:
                    text = unpack.decompress(data)
                except zlib.error:
                    return
                *lines, tail = (tail + text).split(b"\n")
                for line in lines:
                    try:
                        row = json.loads(line)
                    except ValueError:
                        return
                    yield row
                data = unpack.unused_data
                if data:  # another session appended a member of its own
                    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
