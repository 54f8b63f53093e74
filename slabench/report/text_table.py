"""Tables of the console: columns that align on a terminal, of Chinese text too."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

_WIDE = ("W", "F")  # of Unicode's East Asian Width (UAX #11)
_NO_WIDTH = ("Mn", "Me", "Cf")  # combining marks, and characters of format such as U+200B


def width(text: str) -> int:
    """Cells of a terminal that a text takes: two for a full-width character."""
    return sum(
        0 if unicodedata.category(each) in _NO_WIDTH else 1 + (unicodedata.east_asian_width(each) in _WIDE)
        for each in text
    )


def table(head: Sequence[object], rows: Sequence[Sequence[object]], left: Collection[int] = ()) -> str:
    """Columns as wide as their widest cell, aligned to the right but for those in `left`."""
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(width(row[k]) for row in texts) for k in range(len(head))]
    lines = []
    for row in texts:
        padded = [(cell, " " * (most - width(cell))) for cell, most in zip(row, widths, strict=True)]
        cells = (cell + gap if k in left else gap + cell for k, (cell, gap) in enumerate(padded))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
