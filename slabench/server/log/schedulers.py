"""The schedulers whose lines are in the logs, and how many servers they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# file, with the writer's name where it has several, and data-parallel rank
Name = tuple[str, int | None]


@dataclass(slots=True)
class Extent:
    """The decode lines of one scheduler: how many, from when to when."""

    path: str
    lines: int = 0
    first: float | None = None  # stamps, s
    last: float | None = None
    undated: bool = False  # a line has no stamp
    took: float = 0.0  # s, of the steps that undisturbed lines cover, where the log has their number

    def add(self, stamp: float | None) -> None:
        """One more line."""
        self.lines += 1
        if stamp is None:
            self.undated = True
        elif self.first is None:
            self.first = self.last = stamp
        else:
            self.last = stamp

    @property
    def too_long(self) -> bool:
        """Whether its lines cover more time than passed from the first to the last: they are of several
        schedulers.
        """
        if self.undated or self.first is None or self.last is None:
            return False
        return self.took > 1.25 * (self.last - self.first) + 5

    def beside(self, other: Extent) -> bool:
        """Whether the two wrote at the same time; a rotated log or a restarted server continues after it."""
        if not self.lines or not other.lines:
            return False
        if self.undated or other.undated or None in (self.first, self.last, other.first, other.last):
            return True
        (a, b), (c, d) = sorted([(self.first, self.last), (other.first, other.last)])
        return c < b or (a, b) == (c, d)  # type: ignore[operator]


def engines(extents: Mapping[Name, Extent]) -> int:
    """Servers that wrote at the same time: the most schedulers of one data-parallel rank at once."""
    by_rank: dict[int | None, list[Extent]] = {}
    for (_, dp), extent in extents.items():
        by_rank.setdefault(dp, []).append(extent)
    counts = (
        sum(extent is other or extent.beside(other) for other in group)
        for group in by_rank.values()
        for extent in group
        if extent.lines
    )
    return max(counts, default=1)
