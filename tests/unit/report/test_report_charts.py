"""Charts: ticks that a reader can count by, a mark for every point at the place that its value says, hollow
where INVALID.
"""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.report.charts.static_svg import Series, bar_chart, line_chart, tick_text, ticks


@pytest.mark.parametrize(
    ("high", "wanted", "steps"),
    [
        (64, 8, [0, 10, 20, 30, 40, 50, 60, 70]),
        (28.52, 5, [0, 10, 20, 30]),
        (55, 5, [0, 20, 40, 60]),
        (1369, 5, [0, 500, 1000, 1500]),
        (100, 5, [0, 20, 40, 60, 80, 100]),
        (0.3, 5, [0, 0.1, 0.2, 0.3]),
        (12, 5, [0, 2.5, 5, 7.5, 10, 12.5]),
        (0, 5, [0, 1]),
        (-3, 5, [0, 1]),
    ],
)
def test_ticks(high: float, wanted: int, steps: list[float]) -> None:
    assert ticks(high, wanted) == pytest.approx(steps)


@given(st.floats(1e-6, 1e12), st.integers(2, 10))
def test_ticks_cover_every_value_in_even_steps(high: float, wanted: int) -> None:
    made = ticks(high, wanted)
    assert made[0] == 0 and made[-1] >= high * (1 - 1e-6)
    assert 2 <= len(made) <= wanted + 2
    steps = [after - before for before, after in itertools.pairwise(made)]
    assert max(steps) == pytest.approx(min(steps))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (2.5, "2.5"), (1500, "1,500"), (100.4, "100"), (0.1, "0.1")]
)
def test_tick_text(value: float, text: str) -> None:
    assert tick_text(value) == text


def circles(svg: str) -> list[tuple[str, float, float, str]]:
    """(class, x, y, tooltip)"""
    matches = re.findall(
        r'<circle class="([^"]+)" cx="([\d.]+)" cy="([\d.]+)" r="4"><title>([^<]*)</title>', svg
    )
    return [(kind, float(x), float(y), title) for kind, x, y, title in matches]


def test_points_lie_where_their_values_say() -> None:
    """The axes go to 10 and 60 over 470 x 228 pixels that begin at 70 and end at 268."""
    svg = line_chart(
        "T",
        "batch size",
        "ms",
        [Series("mean TPOT", [(1, 6.0), (10, 54.0)])],
        limit=50,
        limit_text="limit 50 ms",
    )
    assert circles(svg) == [
        ("s0", pytest.approx(70 + 47, abs=0.06), pytest.approx(268 - 22.8, abs=0.06), "mean TPOT: 1, 6.00"),
        (
            "s0",
            pytest.approx(70 + 470, abs=0.06),
            pytest.approx(268 - 205.2, abs=0.06),
            "mean TPOT: 10, 54.00",
        ),
    ]
    assert '<line class="limit" x1="70.0" x2="540.0" y1="78.0" y2="78.0"/>' in svg  # 268 - 228 * 50 / 60
    assert "limit 50 ms</text>" in svg
    assert svg.count("<polyline") == 1
    assert ">batch size</text>" in svg and ">ms</text>" in svg


def test_what_is_invalid_is_hollow_and_says_so() -> None:
    svg = line_chart("T", "x", "y", [Series("a", [(1, 1.0), (2, 2.0)], frozenset({1}))])
    assert [(kind, title) for kind, _, _, title in circles(svg)] == [
        ("s0", "a: 1, 1.00"),
        ("s0 hollow", "a: 2, 2.00 (INVALID)"),
    ]


def test_series_have_a_legend_and_classes_of_their_own() -> None:
    svg = line_chart(
        "T",
        "x",
        "y",
        [Series("this run", [(1, 1.0)]), Series("baseline", [(1, 2.0), (2, 3.0)], joined=False)],
    )
    assert re.findall(r'<text class="legend"[^>]*>([^<]+)', svg) == ["baseline", "this run"]
    assert [kind for kind, *_ in circles(svg)] == ["s0", "s1", "s1"]
    assert "<polyline" not in svg  # one point, and one that is not joined
    assert "legend" not in line_chart("T", "x", "y", [Series("alone", [(1, 1.0)])])


def test_bars() -> None:
    """The axis goes to 80,000: 1.08 x 72,286 is 78,069."""
    svg = bar_chart("Prefill", "", "tok/s", [("1024 tokens", 72286.4, False), ("2048 tokens", 40000.0, True)])
    bars = re.findall(
        r'<rect class="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"><title>([^<]+)',
        svg,
    )
    assert [(kind, title) for kind, *_, title in bars] == [
        ("s0", "1024 tokens: 72,286.40"),
        ("s0 hollow", "2048 tokens: 40,000.00 (INVALID)"),
    ]
    assert float(bars[0][4]) == pytest.approx(228 * 72286.4 / 80000, abs=0.06)
    assert float(bars[1][4]) == pytest.approx(114, abs=0.06)
    assert {float(bar[3]) for bar in bars} == {90.0}
    assert ">72,286</text>" in svg


def test_nothing_to_show_is_no_chart() -> None:
    assert line_chart("T", "x", "y", [Series("a", [])]) == ""
    assert bar_chart("T", "x", "y", []) == ""


def test_names_are_escaped() -> None:
    svg = line_chart(
        "<b>",
        "<b>",
        "<b>",
        [Series("<b>", [(1, 1.0)], notes=["<b>"]), Series("<i>", [(1, 1.0)])],
        limit=1,
        limit_text="<b>",
    )
    assert "<b>" not in svg and "<i>" not in svg
    assert "<b>" not in bar_chart("<b>", "<b>", "<b>", [("<b>", 1.0, False)])
