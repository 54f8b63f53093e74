"""Charts as inline SVG: no script, no font, no file from elsewhere, so that a page can be mailed and read
anywhere.
"""

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
    """points (x, y) in the order they are joined; hollow: places in points that must not be trusted
    (INVALID).
    """

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
        name = escape(title)
        self.parts = [
            f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'xmlns="http://www.w3.org/2000/svg"><title>{name}</title>',
            f'<text class="chart-title" x="{LEFT}" y="20">{name}</text>',
        ]
        for value in y_ticks:
            y, kind = self.y(value), "frame" if value == 0 else "grid"
            self.parts.append(
                f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            self.parts.append(
                f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{y + 4:.1f}">{tick_text(value)}</text>'
            )
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.parts.append(
            f'<text class="axis" text-anchor="middle" transform="translate(14 {middle:.0f}) rotate(-90)">{escape(y_label)}</text>'
        )
        x_middle = (LEFT + WIDTH - RIGHT) / 2
        self.parts.append(
            f'<text class="axis" text-anchor="middle" x="{x_middle:.0f}" y="{HEIGHT - 8}">{escape(x_label)}</text>'
        )

    def x(self, value: float) -> float:
        return LEFT + value / self.x_high * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.y_high * (HEIGHT - TOP - BOTTOM)

    def x_tick(self, x: float, text: str) -> None:
        self.parts.append(
            f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}">{escape(text)}</text>'
        )

    def limit(self, value: float, text: str) -> None:
        y = self.y(value)
        self.parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        self.parts.append(
            f'<text class="limit-text" text-anchor="end" x="{WIDTH - RIGHT}" y="{y - 7:.1f}">{escape(text)}</text>'
        )

    def x_limit(self, value: float, text: str, *, row: int) -> None:
        """A dashed line down at value. row: the texts of several stand below each other."""
        x = self.x(value)
        self.parts.append(
            f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        )
        left = x > WIDTH / 2
        where = f'text-anchor="{"end" if left else "start"}" x="{x - 6 if left else x + 6:.1f}" y="{TOP + 12 + 15 * row}"'
        self.parts.append(f'<text class="limit-text" {where}>{escape(text)}</text>')

    def legend(self, names: Sequence[str]) -> None:
        x = float(WIDTH - RIGHT)
        for k, name in reversed(list(enumerate(names))):
            self.parts.append(
                f'<text class="legend" text-anchor="end" x="{x:.0f}" y="20">{escape(name)}</text>'
            )
            x -= 7 * len(name) + 16
            self.parts.append(f'<rect class="{series_class(k)}" x="{x:.0f}" y="11" width="10" height="10"/>')
            x -= 10

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
    points = [point for one in series for point in one.points]
    if not points:
        return ""
    x_ticks = ticks(max([x for x, _ in points] + [value for value, _ in x_limits]), 8)
    canvas = _Canvas(
        title,
        x_label,
        y_label,
        x_ticks,
        ticks(max([y for _, y in points] + ([limit * 1.1] if limit else []))),
    )
    for value in x_ticks:
        canvas.x_tick(canvas.x(value), tick_text(value))
    for k, one in enumerate(series):
        colour = series_class(k)
        places = [(canvas.x(x), canvas.y(y)) for x, y in one.points]
        if one.joined and len(places) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            canvas.parts.append(f'<polyline class="{colour}" points="{path}"/>')
        for place, (x, y) in enumerate(places):
            value_x, value_y = one.points[place]
            kind = f"{colour} hollow" if place in one.hollow else colour
            told = f"{one.name}: {tick_text(value_x)}, {value_y:.2f}{' (INVALID)' if place in one.hollow else ''}"
            canvas.parts.append(
                f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escape(told)}</title></circle>'
            )
            if place < len(one.notes):
                anchor = "end" if x + 8 + 7 * len(one.notes[place]) > WIDTH else "start"
                shift = -8 if anchor == "end" else 8
                where = f'text-anchor="{anchor}" x="{x + shift:.1f}" y="{y - 6:.1f}"'
                canvas.parts.append(f'<text class="note" {where}>{escape(one.notes[place])}</text>')
    if limit is not None:
        canvas.limit(limit, limit_text)
    for row, (value, text) in enumerate(x_limits):
        canvas.x_limit(value, text, row=row)
    if len(series) > 1:
        canvas.legend([one.name for one in series])
    return canvas.svg()


def bar_chart(title: str, x_label: str, y_label: str, bars: Sequence[tuple[str, float, bool]]) -> str:
    """(name, value, hollow) side by side from 0, the value above each; "" without bars."""
    if not bars:
        return ""
    canvas = _Canvas(
        title, x_label, y_label, [0.0, float(len(bars))], ticks(max(value for _, value, _ in bars) * 1.08)
    )
    for k, (name, value, hollow) in enumerate(bars):
        middle, top = canvas.x(k + 0.5), canvas.y(value)
        width = min(canvas.x(k + 0.8) - canvas.x(k + 0.2), BAR_WIDTH)
        kind = f"{series_class(0)} hollow" if hollow else series_class(0)
        canvas.parts.append(
            f'<rect class="{kind}" x="{middle - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{canvas.y(0) - top:.1f}"><title>{escape(name)}: {value:,.2f}{" (INVALID)" if hollow else ""}</title></rect>'
        )
        canvas.parts.append(
            f'<text class="note" text-anchor="middle" x="{middle:.1f}" y="{top - 5:.1f}">{value:,.0f}</text>'
        )
        canvas.x_tick(middle, name)
    return canvas.svg()
