"""Charts as inline SVG: no script, no font and no file from elsewhere, so that a page can be mailed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 52
SERIES_CLASSES = ("s0", "s1", "s2", "s3")  # the style sheet's colours, which differ in the dark
BAR_WIDTH = 90.0  # px at most: a single bar across the whole chart reads as an area


@dataclass(frozen=True, slots=True)
class Series:
    """points (x, y) in the order they are joined; hollow: places in points that are INVALID."""

    name: str
    points: Sequence[tuple[float, float]]
    hollow: frozenset[int] = frozenset()
    joined: bool = True
    notes: Sequence[str] = ()  # one text a point, drawn beside it


def ticks(high: float, wanted: int = 5) -> list[float]:
    """0 and round steps up to at least high."""
    if high <= 0:
        return [0.0, 1.0]
    raw = high / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
    return [step * k for k in range(math.ceil(high / step - 1e-9) + 1)]


def tick_text(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:g}"


def series_class(k: int) -> str:
    return SERIES_CLASSES[k % len(SERIES_CLASSES)]


class _Canvas:
    """Pixels for values, and the parts drawn so far."""

    def __init__(
        self, title: str, x_label: str, y_label: str, x_ticks: Sequence[float], y_ticks: Sequence[float]
    ) -> None:
        self.x_high, self.y_high = x_ticks[-1] or 1.0, y_ticks[-1] or 1.0
        size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        namespace = 'xmlns="http://www.w3.org/2000/svg"'
        self.parts = [f'<svg class="chart" role="img" {size} {namespace}><title>{escape(title)}</title>']
        self.text("chart-title", LEFT, 20, title)
        for value in y_ticks:
            y = self.y(value)
            self.line("frame" if value == 0 else "grid", LEFT, WIDTH - RIGHT, y, y)
            self.text("tick", LEFT - 6, y + 4, tick_text(value), "end")
        middle = f"translate(14 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)"
        name = escape(y_label)
        self.parts.append(f'<text class="axis" text-anchor="middle" transform="{middle}">{name}</text>')
        self.text("axis", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, "middle")

    def x(self, value: float) -> float:
        return LEFT + value / self.x_high * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.y_high * (HEIGHT - TOP - BOTTOM)

    def line(self, kind: str, x1: float, x2: float, y1: float, y2: float) -> None:
        ends = f'x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"'
        self.parts.append(f'<line class="{kind}" {ends}/>')

    def text(self, kind: str, x: float, y: float, text: str, anchor: str = "start") -> None:
        place = f'text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}"'
        self.parts.append(f'<text class="{kind}" {place}>{escape(text)}</text>')

    def x_tick(self, x: float, text: str) -> None:
        self.text("tick", x, HEIGHT - BOTTOM + 16, text, "middle")

    def limit(self, value: float, text: str) -> None:
        y = self.y(value)
        self.line("limit", LEFT, WIDTH - RIGHT, y, y)
        self.text("limit-text", WIDTH - RIGHT, y - 7, text, "end")

    def x_limit(self, value: float, text: str, *, row: int) -> None:
        """A dashed line down at value. row: the texts of several stand below each other."""
        x = self.x(value)
        self.line("limit", x, x, TOP, HEIGHT - BOTTOM)
        left = x > WIDTH / 2
        self.text(
            "limit-text", x - 6 if left else x + 6, TOP + 12 + 15 * row, text, "end" if left else "start"
        )

    def legend(self, names: Sequence[str]) -> None:
        x = float(WIDTH - RIGHT)
        for k, name in reversed(list(enumerate(names))):
            self.text("legend", x, 20, name, "end")
            x -= 7 * len(name) + 16
            self.parts.append(f'<rect class="{series_class(k)}" x="{x:.0f}" y="11" width="10" height="10"/>')
            x -= 10

    def series(self, k: int, series: Series) -> None:
        """Its points with their notes, joined by a line."""
        colour = series_class(k)
        places = [(self.x(x), self.y(y)) for x, y in series.points]
        if series.joined and len(places) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            self.parts.append(f'<polyline class="{colour}" points="{path}"/>')
        for place, ((x, y), (x_value, y_value)) in enumerate(zip(places, series.points, strict=True)):
            kind, invalid = (f"{colour} hollow", " (INVALID)") if place in series.hollow else (colour, "")
            label = escape(f"{series.name}: {tick_text(x_value)}, {y_value:.2f}{invalid}")
            circle = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4">'
            self.parts.append(f"{circle}<title>{label}</title></circle>")
            if place < len(series.notes):
                note = series.notes[place]
                left = x + 8 + 7 * len(note) > WIDTH
                self.text("note", x - 8 if left else x + 8, y - 6, note, "end" if left else "start")

    def svg(self) -> str:
        return "".join([*self.parts, "</svg>"])


def line_chart(
    title: str,
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    *,
    limit: float | None = None,
    limit_text: str = "",
    x_limits: Sequence[tuple[float, str]] = (),
) -> str:
    """Points over a numeric axis from 0; "" if there is not a single point.

    Limits are dashed lines across, x_limits down.
    """
    points = [point for each in series for point in each.points]
    if not points:
        return ""
    x_ticks = ticks(max([x for x, _ in points] + [value for value, _ in x_limits]), 8)
    y_ticks = ticks(max([y for _, y in points] + ([limit * 1.1] if limit else [])))
    canvas = _Canvas(title, x_label, y_label, x_ticks, y_ticks)
    for value in x_ticks:
        canvas.x_tick(canvas.x(value), tick_text(value))
    for k, each in enumerate(series):
        canvas.series(k, each)
    if limit is not None:
        canvas.limit(limit, limit_text)
    for row, (value, text) in enumerate(x_limits):
        canvas.x_limit(value, text, row=row)
    if len(series) > 1:
        canvas.legend([each.name for each in series])
    return canvas.svg()


def bar_chart(title: str, x_label: str, y_label: str, bars: Sequence[tuple[str, float, bool]]) -> str:
    """(name, value, hollow) side by side from 0, the value above each; "" without bars."""
    if not bars:
        return ""
    y_ticks = ticks(max(value for _, value, _ in bars) * 1.08)
    canvas = _Canvas(title, x_label, y_label, [0.0, float(len(bars))], y_ticks)
    for k, (name, value, hollow) in enumerate(bars):
        middle, top = canvas.x(k + 0.5), canvas.y(value)
        width = min(canvas.x(k + 0.8) - canvas.x(k + 0.2), BAR_WIDTH)
        kind, invalid = (f"{series_class(0)} hollow", " (INVALID)") if hollow else (series_class(0), "")
        place = f'x="{middle - width / 2:.1f}" y="{top:.1f}"'
        size = f'width="{width:.1f}" height="{canvas.y(0) - top:.1f}"'
        label = f"<title>{escape(name)}: {value:,.2f}{invalid}</title>"
        canvas.parts.append(f'<rect class="{kind}" {place} {size}>{label}</rect>')
        canvas.text("note", middle, top - 5, f"{value:,.0f}", "middle")
        canvas.x_tick(middle, name)
    return canvas.svg()
