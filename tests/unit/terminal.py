"""A terminal of text alone: what stands on the screen after the control sequences that slabench writes."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\x1b(?:\[(\d*)([A-Za-z])|([D78]))|(\r)|(\n)|([^\x1b\r\n]+)")


class Terminal:
    """columns x lines; a line that is too long wraps, as a real one does."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.columns, self.lines = columns, lines
        self.rows = [""] * lines
        self.gone: list[str] = []  # scrolled out at the top
        self.row = self.column = 0
        self.saved = (0, 0)

    def feed(self, text: str) -> None:
        for number, letter, single, carriage, newline, plain in _TOKEN.findall(text):
            if plain:
                for character in plain:
                    self._put(character)
            elif carriage:
                self.column = 0
            elif newline or single == "D":
                self._down()
            elif single == "7":
                self.saved = (self.row, self.column)
            elif single == "8":
                self.row, self.column = self.saved
            elif letter == "A":
                self.row = max(0, self.row - int(number or 1))
            elif letter == "J":
                self.rows[self.row] = self.rows[self.row][: self.column]
                self.rows[self.row + 1 :] = [""] * (self.lines - self.row - 1)

    def _put(self, character: str) -> None:
        if self.column == self.columns:
            self.column = 0
            self._down()
        row = self.rows[self.row].ljust(self.column)
        self.rows[self.row] = row[: self.column] + character + row[self.column + 1 :]
        self.column += 1

    def _down(self) -> None:
        if self.row < self.lines - 1:
            self.row += 1
            return
        self.gone.append(self.rows.pop(0))
        self.rows.append("")

    @property
    def text(self) -> list[str]:
        """Every line, those that have scrolled out first, without the empty ones at the end."""
        rows = [row.rstrip() for row in (*self.gone, *self.rows)]
        while rows and not rows[-1]:
            rows.pop()
        return rows
