"""Values to pixels along an axis, and the ticks that a reader can count by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.report.charts.chart import Axis


@dataclass(frozen=True, slots=True)
class Scale:
    """low and high: the axis's ends in values, begin and end: in pixels."""

    low: float
    high: float
    begin: float
    end: float
    ticks: tuple[tuple[float, str], ...]  # (value, text)
    log: bool = False

    def __call__(self, value: float) -> float:
        if not self.log:
            share = (value - self.low) / (self.high - self.low)
        elif value <= 0:  # is nowhere on such an axis: at its beginning
            share = 0.0
        else:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + share * (self.end - self.begin)


def scale(axis: Axis, values: Sequence[float], begin: float, end: float, wanted: int = 5) -> Scale:
    """values: all that has to be inside."""
    if axis.categories:
        places = tuple((float(place), name) for place, name in enumerate(axis.categories))
        return Scale(-0.5, len(axis.categories) - 0.5, begin, end, places)
    known = [value for value in values if math.isfinite(value)]
    if axis.log and any(value > 0 for value in known):
        return _log(axis, [value for value in known if value > 0], begin, end)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    low = min(0.0, low) if axis.from_zero or low == high else low
    made = ticks(low, high, wanted)
    return Scale(made[0], made[-1], begin, end, tuple((value, tick_text(value)) for value in made))


def _log(axis: Axis, values: Sequence[float], begin: float, end: float) -> Scale:
    """Powers of two where all values are whole, such as batch sizes; else of ten."""
    base = 2.0 if all(value == int(value) for value in values) else 10.0
    first = math.floor(math.log(min(values), base) + 1e-9)
    last = max(first + 1, math.ceil(math.log(max(values), base) - 1e-9))
    step = -(-(last - first) // 8)
    shown = tuple((base**power, tick_text(base**power)) for power in range(first, last + 1, step))
    return Scale(base**first, base**last, begin, end, shown, log=True)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round steps from at most low to at least high."""
    span = high - low
    if span <= 0:
        return [low, low + 1.0]
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * place for place in range(first, last + 1)]


def tick_text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:g}"
