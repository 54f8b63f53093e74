"""A chart as inline SVG: what a reader without script sees. Its colours are the page's style sheet's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from slabench.report.charts.axis_scale import Scale, scale
from slabench.report.charts.chart import Axis, Chart, Kind, Mark, Point, Series

WIDTH, LEFT, RIGHT, BOTTOM = 640, 66, 18, 46
HEIGHT, ROW = 320, 22  # of a chart of numbers, of a category down the side
SIDE = 250  # px for the names of categories down the side
LEGEND = 20  # px a line
DASHES = {
    "old": "7 4",
    "published": "2 3",
    "log": "10 3 2 3",
    "second": "5 2",
    "third": "1 2",
    "fourth": "12 4",
}


def static_svg(chart: Chart) -> str:
    """An <svg> element; "" of a chart without a point. Every point has its numbers as a <title>."""
    drawn = [series for series in chart.series if series.points and series.at_first]
    return _Drawing(chart, drawn).svg() if drawn else ""


class _Drawing:
    def __init__(self, chart: Chart, drawn: Sequence[Series]) -> None:
        self.chart, self.drawn = chart, drawn
        self.forest = bool(chart.y[0].categories)
        top = 30 + LEGEND * len(drawn)
        left = SIDE if self.forest else LEFT
        right = RIGHT + (LEFT if len(chart.y) > 1 else 0)
        rows = ROW * len(chart.y[0].categories)
        self.height = top + rows + BOTTOM if self.forest else HEIGHT + LEGEND * len(drawn)
        bottom = self.height - BOTTOM
        self.x = scale(chart.x, self._values("x"), left, WIDTH - right, 8)
        sides = [(top, bottom) if self.forest else (bottom, top)] * len(chart.y)
        names = ("y", "y2")
        self.y = [
            scale(axis, self._values(name), *ends)
            for axis, name, ends in zip(chart.y, names, sides, strict=False)
        ]
        self.left, self.right, self.top, self.bottom = left, WIDTH - right, top, bottom
        self.parts: list[str] = []
        self.stacks: dict[float, float] = {}  # how high the stacked bars at a place are so far

    def _values(self, name: str) -> list[float]:
        """What the axis has to hold: points, intervals, and limits that are not far beyond them."""
        values: list[float] = []
        heights: dict[float, float] = {}  # of stacked bars
        along_x = self.forest == (name == "x")  # where low and high lie
        for series in self.drawn:
            if name != "x" and (name == "y2") != (series.axis == 1):
                continue
            for point in series.points:
                below = heights.get(point.x, 0.0) if series.stacked and name != "x" else 0.0
                values.append(point.x if name == "x" else below + point.y)
                heights[point.x] = below + point.y
                values += [end for end in (point.low, point.high) if end is not None and along_x]
        if values:
            far = 2.5 * max(map(abs, values))
            values += [
                mark.value for mark in self.chart.marks if mark.axis == name and abs(mark.value) <= far
            ]
        return values

    def svg(self) -> str:
        self._axes()
        for mark in self.chart.marks:
            self._mark(mark)
        for row, series in enumerate(self.drawn):
            self._legend(row, series)
            self._series(series)
        size = f'viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}"'
        head = f'<svg class="static" role="img" xmlns="http://www.w3.org/2000/svg" {size}>'
        return f"{head}<title>{escape(self.chart.title)}</title>{''.join(self.parts)}</svg>"

    def _text(self, x: float, y: float, text: str, anchor: str = "start", cls: str = "tick") -> None:
        self.parts.append(
            f'<text class="{cls}" text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
        )

    def _line(self, x1: float, y1: float, x2: float, y2: float, cls: str = "grid") -> None:
        self.parts.append(f'<line class="{cls}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def _axes(self) -> None:
        for value, text in self.y[0].ticks:
            y = self.y[0](value)
            if not self.forest:
                self._line(self.left, y, self.right, y)
            self._text(self.left - 6, y + 4, text if len(text) <= 38 else f"{text[:37]}…", "end")
        for value, text in self.y[1].ticks if len(self.y) > 1 else ():
            self._text(self.right + 6, self.y[1](value) + 4, text)
        for value, text in self.x.ticks:
            self._line(self.x(value), self.bottom, self.x(value), self.bottom + 4)
            self._text(self.x(value), self.bottom + 17, text, "middle")
        self._line(self.left, self.bottom, self.right, self.bottom)
        self._text((self.left + self.right) / 2, self.height - 8, _title(self.chart.x), "middle")
        self._text(4, self.top - 12, _title(self.chart.y[0]))
        if len(self.y) > 1:
            self._text(WIDTH - 4, self.top - 12, _title(self.chart.y[1]), "end")

    def _mark(self, mark: Mark) -> None:
        cls = "slo" if mark.slo else "mark"
        along = self.x if mark.axis == "x" else self.y[mark.axis == "y2"]
        for value in (mark.value, mark.until):
            if value is None or not min(along.low, along.high) <= value <= max(along.low, along.high):
                continue
            at = along(value)
            if mark.axis == "x":
                self._line(at, self.top, at, self.bottom, cls)
            else:
                self._line(self.left, at, self.right, at, cls)
            if value == mark.value and (mark.slo or mark.axis != "x"):
                x, y, anchor = (
                    (at + 4, self.top + 12, "start") if mark.axis == "x" else (self.right, at - 5, "end")
                )
                self._text(x, y, mark.label, anchor)

    def _legend(self, row: int, series: Series) -> None:
        y = 12 + LEGEND * row
        line = f'<line class="line" x1="4" x2="28" y1="{y}" y2="{y}"{_dash(series)}/>'
        self.parts.append(f'<g class="{series.role}">{line}</g>')
        self._text(36, y + 4, series.name, cls="name")

    def _series(self, series: Series) -> None:
        axis = self.y[series.axis]
        places = [(self.x(point.x), axis(point.y)) for point in series.points]
        kinds: dict[Kind, Callable[[Series, Scale, list[tuple[float, float]]], None]] = {
            Kind.BAR: self._bars, Kind.BAND: self._band, Kind.INTERVAL: self._intervals,
        }  # fmt: skip
        self.parts.append(f'<g class="{series.role}">')
        if series.kind in kinds:
            kinds[series.kind](series, axis, places)
        elif series.kind is not Kind.POINTS:
            self._path(_steps(places) if series.kind is Kind.STEP else places, series)
        if series.kind not in (Kind.BAR, Kind.BAND, Kind.STEP):
            for place, point in zip(places, series.points, strict=True):
                self._dot(place, point, series)
        self.parts.append("</g>")

    def _path(self, places: Sequence[tuple[float, float]], series: Series) -> None:
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(f'<polyline class="line" points="{joined}"{_dash(series)}/>')

    def _dot(self, place: tuple[float, float], point: Point, series: Series) -> None:
        cls = "dot hollow" if point.invalid else "dot"
        title = f"<title>{escape(_numbers(point, series))}</title>"
        self.parts.append(
            f'<circle class="{cls}" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="4">{title}</circle>'
        )

    def _bars(self, series: Series, axis: Scale, places: list[tuple[float, float]]) -> None:
        """Side by side, or a stacked one on those before it."""
        beside = [each for each in self.drawn if each.kind is Kind.BAR and not each.stacked]
        room = min(54.0, (self.right - self.left) / (len(places) + 1) * 0.7)
        width = room if series.stacked else room / len(beside)
        shift = 0.0 if series.stacked else (beside.index(series) - (len(beside) - 1) / 2) * width
        for (x, y), point in zip(places, series.points, strict=True):
            x, low = x + shift, self.stacks.get(point.x, 0.0) if series.stacked else max(axis.low, 0.0)
            base, y = axis(low), axis(low + point.y) if series.stacked else y
            if series.stacked:
                self.stacks[point.x] = low + point.y
            cls = "dot hollow" if point.invalid else "dot"
            size = f'width="{width:.1f}" height="{abs(base - y):.1f}"'
            box = f'x="{x - width / 2:.1f}" y="{min(y, base):.1f}" {size}'
            self.parts.append(
                f'<rect class="{cls}" {box}><title>{escape(_numbers(point, series))}</title></rect>'
            )

    def _band(self, series: Series, axis: Scale, places: list[tuple[float, float]]) -> None:
        known = [
            (self.x(point.x), point.low, point.high)
            for point in series.points
            if point.low is not None and point.high is not None
        ]
        upper = [f"{x:.1f},{axis(high):.1f}" for x, _, high in known]
        lower = [f"{x:.1f},{axis(low):.1f}" for x, low, _ in reversed(known)]
        self.parts.append(f'<polygon class="band" points="{" ".join(upper + lower)}"/>')

    def _intervals(self, series: Series, axis: Scale, places: list[tuple[float, float]]) -> None:
        for (x, y), point in zip(places, series.points, strict=True):
            if point.low is not None and point.high is not None:
                ends = (
                    (self.x(point.low), y, self.x(point.high), y)
                    if self.forest
                    else (x, axis(point.low), x, axis(point.high))
                )
                self._line(*ends, "line")


def _steps(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Along until the next x, then up or down."""
    stairs = list(places[:1])
    for x, y in places[1:]:
        stairs += [(x, stairs[-1][1]), (x, y)]
    return stairs


def _dash(series: Series) -> str:
    dash = DASHES.get(series.role)
    return f' stroke-dasharray="{dash}"' if dash else ""


def _title(axis: Axis) -> str:
    return f"{axis.label} ({axis.unit})" if axis.unit else axis.label


def _numbers(point: Point, series: Series) -> str:
    interval = "" if point.low is None or point.high is None else f" ({point.low:,.4g} to {point.high:,.4g})"
    note = f", {point.note}" if point.note else ""
    return f"{series.name}: {point.x:g}, {point.y:,.6g}{interval}{' INVALID' if point.invalid else ''}{note}"
