"""The schedulers whose lines stand in the logs, and how many servers they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# file, with the writer's name where there are several in it, and data-parallel rank
Name = tuple[str, int | None]


@dataclass(slots=True)
class Extent:
    """From where to where the decode lines of one scheduler go."""

    path: str
    lines: int = 0
    first: float | None = None  # stamps, s
    last: float | None = None
    undated: bool = False  # a line has no stamp
    # s, the sum of what undisturbed lines say that their steps took, where the log says how many they are
    took: float = 0.0

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
        """Whether its lines took longer than went by from the first to the last: they are not one
        scheduler's.
        """
        if self.undated or self.first is None or self.last is None:
            return False
        return self.took > 1.25 * (self.last - self.first) + 5

    def beside(self, other: Extent) -> bool:
        """Whether the two wrote at the same time.

        A rotated log, or a server that was started again, goes on where it ended.
        """
        if not self.lines or not other.lines:
            return False
        if self.undated or other.undated or None in (self.first, self.last, other.first, other.last):
            return True
        (a, b), (c, d) = sorted([(self.first, self.last), (other.first, other.last)])
        return c < b or (a, b) == (c, d)  # type: ignore[operator]


def engines(extents: Mapping[Name, Extent]) -> int:
    """Servers that wrote at the same time: as many as there are schedulers of one data-parallel rank beside
    each other.
    """
    by_rank: dict[int | None, list[Extent]] = {}
    for (_, dp), extent in extents.items():
        by_rank.setdefault(dp, []).append(extent)
    return max(
        (
            sum(one is other or one.beside(other) for other in group)
            for group in by_rank.values()
            for one in group
            if one.lines
        ),
        default=1,
    )
