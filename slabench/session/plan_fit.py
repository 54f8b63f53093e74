"""From what a probe measured to the cost of a server's forwards."""

from __future__ import annotations

import itertools
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

OFF = 1.25  # two measured steps may be off by so much


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """One load of equal prompts at once: size requests of length tokens, output tokens out.

    prefill_s: until the last of them had its first token; step_ms: a decode step of all together.
    """

    size: int
    length: int
    output: int
    prefill_s: float
    step_ms: float

    @property
    def context(self) -> float:
        """Mean tokens of a sequence while all decode."""
        return self.length + self.output / 2


@dataclass(frozen=True, slots=True)
class DecodeRow:
    """A step of so many sequences: base_ms + slope_ms for each 1,000 tokens of their mean length."""

    size: int
    base_ms: float
    slope_ms: float


@dataclass(frozen=True, slots=True)
class FittedCost:
    """Between two measured batch sizes both parts of a step are interpolated; beyond the last they go on."""

    rows: tuple[DecodeRow, ...]
    overhead_ms: float  # of a prefill forward
    token_ms: float
    pair_ms: float  # per million pairs of a new token and one that it looks at

    @property
    def by_length(self) -> bool:
        return False

    def graph(self, requests: int) -> bool:
        return True

    def prefill_s(self, parts: Sequence[tuple[int, int]], dice: random.Random | None = None) -> float:
        tokens = sum(new for _, new in parts)
        pairs = sum(new * (before + new / 2) for before, new in parts)
        return (self.overhead_ms + tokens * self.token_ms + pairs / 1e6 * self.pair_ms) / 1000

    def decode_s(
        self, requests: int, context: int, dice: random.Random | None = None, longest: int = 0
    ) -> float:
        return self.step_ms(requests, context / requests) / 1000

    def step_ms(self, requests: int, length: float) -> float:
        rows = self.rows
        if len(rows) == 1:
            return rows[0].base_ms + rows[0].slope_ms * length / 1000
        high = min(max(1, bisect_left([row.size for row in rows], requests)), len(rows) - 1)
        low_row, high_row = rows[high - 1], rows[high]
        share = (requests - low_row.size) / (high_row.size - low_row.size)
        low, top = (row.base_ms + row.slope_ms * length / 1000 for row in (low_row, high_row))
        return max(low + share * (top - low), rows[0].base_ms)

    def disagree(self, length: float) -> bool:
        """Whether steps of two batch sizes cannot both be a quiet server's.

        A larger batch is no faster than a smaller one, and no slower than several of those one after another.
        """
        steps = [(row.size, row.base_ms + row.slope_ms * length / 1000) for row in self.rows]
        return any(
            larger < smaller / OFF or larger > smaller * OFF * size / small
            for (small, smaller), (size, larger) in itertools.pairwise(steps)
        )


def fit(points: Sequence[ProbePoint], chunk: int) -> FittedCost:
    """chunk: prompt tokens of a forward (chunked_prefill_size)."""
    sizes = sorted({point.size for point in points})
    rows = tuple(_row(size, [point for point in points if point.size == size]) for size in sizes)
    return FittedCost(rows, *_prefill([point for point in points if _warm(point, points)], chunk))


def _warm(point: ProbePoint, points: Sequence[ProbePoint]) -> bool:
    """The first load of a batch size, with the shorter prompts, may have waited for kernels to compile."""
    longest = max(each.length for each in points if each.size == point.size)
    return point.size == 1 or point.length == longest


def _row(size: int, points: Sequence[ProbePoint]) -> DecodeRow:
    """Of two lengths a line; a slope below 0 is noise."""
    short, long = min(points, key=lambda p: p.context), max(points, key=lambda p: p.context)
    apart = long.context - short.context
    slope = max(0.0, (long.step_ms - short.step_ms) / apart * 1000) if apart else 0.0
    mean = sum(point.step_ms - slope * point.context / 1000 for point in points) / len(points)
    return DecodeRow(size, mean, slope)


def _prefill(points: Sequence[ProbePoint], chunk: int) -> tuple[float, float, float]:
    """Least squares of relative errors, none of the three below 0: of all choices of terms the best one."""
    import numpy as np

    def terms(point: ProbePoint) -> tuple[float, float, float]:
        tokens = point.size * point.length
        return -(-tokens // chunk), tokens, point.size * point.length**2 / 2 / 1e6

    matrix = np.array([terms(point) for point in points], dtype=float)
    times = np.array([point.prefill_s * 1000 for point in points])
    weighted, best = matrix / times[:, None], (float("inf"), (0.0, 0.0, 0.0))
    for count in (1, 2, 3):
        for chosen in itertools.combinations(range(3), count):
            solution, *_ = np.linalg.lstsq(weighted[:, chosen], np.ones(len(points)), rcond=None)
            if (solution < 0).any():
                continue
            whole = np.zeros(3)
            whole[list(chosen)] = solution
            error = float(((weighted @ whole - 1) ** 2).sum())
            if error < best[0] * 0.999:
                best = (error, (float(whole[0]), float(whole[1]), float(whole[2])))
    return best[1]
