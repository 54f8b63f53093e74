"""A deploy log's last batch line, read while a load is on: the last bytes of the file, and no more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slabench.server.log.lines import MENTION, Batch, Parsed, parse

TAIL = 1 << 13  # bytes: some twenty batch lines


@dataclass(frozen=True, slots=True)
class LastBatch:
    """Requests of all schedulers together, as the last batch line of each has them."""

    running: int
    queue: int


class LastLines:
    """Of logs that grow: what was there when this was made is not read."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._from = {path: _size(path) for path in paths}

    def __call__(self) -> LastBatch | None:
        """None where no batch line came yet."""
        lines = [line for path, begin in self._from.items() for line in _last(path, begin)]
        if not lines:
            return None
        return LastBatch(sum(line.running or 0 for line in lines), sum(line.queue for line in lines))


def _size(path: str) -> int:
    with suppress(OSError):
        return os.stat(path).st_size
    return 0


def _last(path: str, begin: int) -> Iterable[Batch]:
    """The last batch line of each rank; nothing where the file cannot be read."""
    try:
        with open(path, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(begin, end - TAIL))
            whole = file.read(TAIL).rpartition(b"\n")[0]
    except OSError:
        return ()
    parsed = [parse(line) for line in whole.split(b"\n") if MENTION.search(line)]
    batches = [each.line for each in parsed if isinstance(each, Parsed)]
    return {batch.rank: batch for batch in batches}.values()
