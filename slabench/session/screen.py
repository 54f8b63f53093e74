"""Some lines at the bottom of a terminal that are drawn again in place, or plain lines elsewhere.

The cursor stays where the other output ended; the lines stand below it. So nothing has to be counted after a
resize or a scroll: whatever is below the cursor is erased and drawn anew.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO
from unicodedata import east_asian_width

DOWN = "\x1bD"  # a line down in the same column; scrolls at the bottom, so that there is room
SAVE, RESTORE, ERASE_BELOW = "\x1b7", "\x1b8", "\x1b[J"
RED, PLAIN = "\x1b[31m", "\x1b[0m"
_SIZE = os.terminal_size((80, 24))
_COLOUR = re.compile(r"\x1b\[\d*m")


def live(how: str, stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Whether --progress=HOW draws in place: auto does at a terminal that can, and not in a CI's log."""
    if how != "auto":
        return how == "live"
    able = environment.get("TERM", "dumb") not in ("", "dumb") and not environment.get("CI")
    return able and stream is not None and stream.isatty()


class Screen:
    """uncaptured: within it output reaches the terminal although pytest captures a test's output."""

    def __init__(
        self,
        how: str,
        uncaptured: Callable[[], AbstractContextManager[Any]] = nullcontext,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.uncaptured = uncaptured
        self.stream: TextIO | None = sys.__stderr__
        with self.uncaptured():  # pytest's capture puts a file in the place of descriptor 2
            self.live = live(how, self.stream, environment)
        self.off = how == "off"
        self.colours = self.live and not environment.get("NO_COLOR")
        self._drawn = False

    def red(self, text: str) -> str:
        return f"{RED}{text}{PLAIN}" if self.colours else text

    def draw(self, lines: Sequence[str]) -> None:
        """Instead of those before. Lines that are too wide are cut, and those that find no room left out."""
        with self.uncaptured():
            size = self._size()
            cut = [_cut(line, size.columns - 1) for line in lines[: max(1, size.lines - 2)]]
            room = DOWN * len(cut) + f"\x1b[{len(cut)}A"
            self._write(room + SAVE + ERASE_BELOW + "".join(f"\r\n{line}" for line in cut) + RESTORE)
        self._drawn = True

    def erase(self) -> None:
        """Before anything else is written, and at the end."""
        if self._drawn:
            with self.uncaptured():
                self._write(ERASE_BELOW)
        self._drawn = False

    def line(self, text: str) -> None:
        with self.uncaptured():
            self._write(f"{text}\n")

    def _size(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self.stream.fileno() if self.stream is not None else 2)
        except (OSError, ValueError):
            return _SIZE
        return size if size.columns > 0 and size.lines > 0 else _SIZE

    def _write(self, text: str) -> None:
        if self.stream is not None:
            self.stream.write(text)
            self.stream.flush()


def _cut(line: str, width: int) -> str:
    """At most `width` columns, a Chinese character being two; a line that is cut loses its colour."""
    shown, taken = _COLOUR.sub("", line), 0
    for place, character in enumerate(shown):
        taken += 2 if east_asian_width(character) in "WF" else 1
        if taken > width:
            return shown[:place]
    return line
