"""A deploy log while its server still writes it, and while somebody rotates it."""

from __future__ import annotations

import os

from slabench.server.log.files import BLOCK, open_log
from slabench.server.log.line_types import Line
from slabench.server.log.reader import LogReader


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
