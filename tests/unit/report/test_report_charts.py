"""Static charts: a mark for every point at the place that its value says, hollow where INVALID; and the
numbers that the page's script draws.
"""

from __future__ import annotations

import itertools
import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.report.charts.axis_scale import scale, tick_text, ticks
from slabench.report.charts.chart import Axis, Chart, Kind, Mark, Point, Role, Series
from slabench.report.charts.echarts import chart_json
from slabench.report.charts.static_svg import static_svg


@pytest.mark.parametrize(
    ("low", "high", "wanted", "steps"),
    [
        (0, 64, 8, [0, 10, 20, 30, 40, 50, 60, 70]),
        (0, 28.52, 5, [0, 10, 20, 30]),
        (0, 1369, 5, [0, 500, 1000, 1500]),
        (0, 100, 5, [0, 20, 40, 60, 80, 100]),
        (0, 0.3, 5, [0, 0.1, 0.2, 0.3]),
        (0.93, 1.08, 5, [0.9, 0.95, 1, 1.05, 1.1]),
        (-3, 5, 5, [-4, -2, 0, 2, 4, 6]),
        (2, 2, 5, [2, 3]),
    ],
)
def test_ticks(low: float, high: float, wanted: int, steps: list[float]) -> None:
    assert ticks(low, high, wanted) == pytest.approx(steps)


@given(st.floats(-1e5, 1e5), st.floats(0.1, 1e9), st.integers(2, 10))
def test_ticks_cover_every_value_in_even_steps(low: float, span: float, wanted: int) -> None:
    made = ticks(low, low + span, wanted)
    assert made[0] <= low + 1e-6 * span and made[-1] >= low + span * (1 - 1e-6)
    assert 2 <= len(made) <= wanted + 3
    steps = [after - before for before, after in itertools.pairwise(made)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (2.5, "2.5"), (1500, "1,500"), (100.4, "100"), (0.1, "0.1"), (-250, "-250")]
)
def test_tick_text(value: float, text: str) -> None:
    assert tick_text(value) == text


def test_a_logarithmic_axis_has_powers_of_two_for_batch_sizes_and_of_ten_else() -> None:
    sizes = scale(Axis("batch size", log=True), [1, 8, 100], 0, 700)
    assert [text for _, text in sizes.ticks] == ["1", "2", "4", "8", "16", "32", "64", "128"]
    assert [sizes(value) for value in (1, 8, 128)] == pytest.approx([0, 300, 700])
    assert [text for _, text in scale(Axis("ms", log=True), [0.5, 90.0], 0, 1).ticks] == [
        "0.1",
        "1",
        "10",
        "100",
    ]


def test_an_axis_that_need_not_begin_at_zero_begins_near_its_values() -> None:
    assert scale(Axis("ratio", from_zero=False), [0.95, 1.05], 0, 1).low == pytest.approx(0.94)
    assert scale(Axis("ms"), [20, 30], 0, 1).low == 0


def chart(*series: Series, **more: object) -> Chart:
    axes = {"x": Axis("batch size"), "y": (Axis("TPOT", "ms"),)}
    return Chart("a", "TPOT by batch size", series=series, **axes | more)  # type: ignore[arg-type]


def line(*points: Point, kind: Kind = Kind.LINE, role: Role = Role.NEW, **more: object) -> Series:
    return Series("this run", kind, role, points, **more)  # type: ignore[arg-type]


def circles(svg: str) -> list[tuple[str, float, float, str]]:
    """(class, x, y, tooltip)"""
    matches = re.findall(
        r'<circle class="([^"]+)" cx="([\d.]+)" cy="([\d.]+)" r="4"><title>([^<]*)</title>', svg
    )
    return [(kind, float(x), float(y), title) for kind, x, y, title in matches]


def test_points_lie_where_their_values_say() -> None:
    """x from 0 to 10 over 66 to 622 px, y from 0 to 60 over 294 (340 - 46) up to 50 px."""
    svg = static_svg(
        chart(line(Point(1, 6.0), Point(10, 54.0)), marks=(Mark("y", 50, "SLO 50 ms", slo=True),))
    )
    assert circles(svg) == [
        ("dot", pytest.approx(66 + 55.6, abs=0.06), pytest.approx(294 - 24.4, abs=0.06), "this run: 1, 6"),
        ("dot", pytest.approx(622, abs=0.06), pytest.approx(294 - 219.6, abs=0.06), "this run: 10, 54"),
    ]
    y = 294 - 244 * 50 / 60
    assert f'<line class="slo" x1="66.0" y1="{y:.1f}" x2="622.0" y2="{y:.1f}"/>' in svg
    assert ">SLO 50 ms</text>" in svg and ">TPOT (ms)</text>" in svg and ">batch size</text>" in svg
    assert svg.count("<polyline") == 1 and 'viewBox="0 0 640 340"' in svg


def test_what_is_invalid_is_hollow_and_says_so() -> None:
    svg = static_svg(chart(line(Point(1, 1.0), Point(2, 2.0, invalid=True, note="batch_fits: too large"))))
    assert [(kind, title) for kind, _, _, title in circles(svg)] == [
        ("dot", "this run: 1, 1"),
        ("dot hollow", "this run: 2, 2 INVALID, batch_fits: too large"),
    ]


def test_bars_begin_at_zero_and_bands_lie_between_their_ends() -> None:
    """y to 100 over 244 px: 50 is 122 px high. The band from 20 to 40 at x 0, from 40 to 80 at x 4."""
    bars = static_svg(
        chart(line(Point(0, 50.0), Point(1, 100.0), kind=Kind.BAR), x=Axis("", categories=("a", "b")))
    )
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)"', bars)]
    assert heights == pytest.approx([122, 244]) and ">a</text>" in bars
    band = static_svg(chart(line(Point(0, 30, 20, 40), Point(4, 60, 40, 80), kind=Kind.BAND)))
    (corners,) = re.findall(r'<polygon class="band" points="([^"]+)"', band)
    ys = [float(corner.split(",")[1]) for corner in corners.split()]
    assert ys == pytest.approx([294 - 244 * share for share in (0.5, 1, 0.5, 0.25)], abs=0.06)


def test_stacked_bars_stand_on_each_other_and_others_side_by_side() -> None:
    """The axis goes to 100 over 244 px: 30 upon 50 ends at 80."""
    parts = [line(Point(0, height), kind=Kind.BAR, stacked=True) for height in (50.0, 30.0)]
    found = re.findall(
        r'<rect [^>]*x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', static_svg(chart(*parts))
    )
    (x, y, width, height), (also_x, top, _, more) = [tuple(map(float, each)) for each in found]
    assert (x, y) == (also_x, pytest.approx(top + more, abs=0.11)) and height / more == pytest.approx(
        5 / 3, abs=0.01
    )
    beside = [line(Point(0, 50.0), kind=Kind.BAR), line(Point(0, 30.0), kind=Kind.BAR)]
    found = re.findall(r'<rect [^>]*x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', static_svg(chart(*beside)))
    (x, _, width), (second, _, _) = [tuple(map(float, each)) for each in found]
    assert second == pytest.approx(x + width, abs=0.11)


def test_a_forest_plot_has_its_rows_down_and_its_intervals_along() -> None:
    ratios = line(Point(1.0, 0, 0.9, 1.1), Point(1.05, 1, 1.02, 1.08), kind=Kind.INTERVAL)
    svg = static_svg(
        chart(ratios, x=Axis("new / old", from_zero=False), y=(Axis("", categories=("bs1", "bs2")),))
    )
    assert [title for *_, title in circles(svg)] == [
        "this run: 1, 0 (0.9 to 1.1)",
        "this run: 1.05, 1 (1.02 to 1.08)",
    ]
    (_, x1, y1, _), (_, x2, y2, _) = circles(svg)
    assert x1 < x2 and y1 < y2  # the first row is the upper one
    ends = re.findall(r'<line class="line" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"/>', svg)
    assert [(float(y), float(also)) for _, y, _, also in ends] == [(y1, y1), (y2, y2)]
    assert float(ends[0][0]) < x1 < float(ends[0][2])


def test_nothing_to_show_is_no_chart() -> None:
    assert static_svg(chart(line())) == ""
    assert static_svg(chart(line(Point(1, 1), at_first=False))) == ""


def test_names_are_escaped() -> None:
    hostile = Series("<b>", Kind.LINE, Role.NEW, [Point(1, 1, note="<b>")])
    svg = static_svg(chart(hostile, x=Axis("<b>", categories=("<b>", "<b>")), marks=(Mark("y", 1, "<b>"),)))
    assert "<b>" not in svg and svg.count("&lt;b&gt;") >= 5


def test_the_script_s_numbers() -> None:
    """Columns, and only what is not at its default."""
    intervals = line(
        Point(1, 2.0, 1.5, 2.5, invalid=True), Point(2, 3.0, note="held"), kind=Kind.INTERVAL, axis=1
    )
    made = chart_json(
        chart(intervals, line(Point(1, 1 / 3), at_first=False), marks=(Mark("x", 1, "flush", until=2),))
    )
    assert made["series"][0] == {
        "name": "this run", "kind": "interval", "role": "new", "x": [1, 2], "y": [2, 3], "low": [1.5, None],
        "high": [2.5, None], "invalid": [0], "notes": {"1": "held"}, "axis": 1,
    }  # fmt: skip
    assert made["series"][1]["hidden"] is True and made["series"][1]["y"] == [0.3333333]
    assert made["marks"] == [{"axis": "x", "label": "flush", "value": 1, "until": 2}]
    assert made["y"] == [{"label": "TPOT", "unit": "ms", "zero": True}] and "zoom" not in made


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1))
def test_every_value_is_json(values: list[float]) -> None:
    """Seven digits of each; what JSON does not have is a gap."""
    points = [Point(place, value) for place, value in enumerate(values)]
    stored = json.loads(json.dumps(chart_json(chart(line(*points))), allow_nan=False))["series"][0]["y"]
    for value, kept in zip(values, stored, strict=True):
        assert (kept is None) == (not math.isfinite(value))
        assert kept is None or kept == pytest.approx(value, rel=1e-6, abs=0)
