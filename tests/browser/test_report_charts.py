"""The page's charts as the browser holds them: run.json's numbers, and hover, zoom and toggle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import isclose
from typing import Any

import pytest

from slabench.report.charts.chart import Chart, Kind
from slabench.report.page.gallery import MOST_ROWS, entry_charts, run_charts
from slabench.run_document.read import run_document
from tests.browser.conftest import Opened
from tests.browser.test_report_page import Open, report
from tests.integration.conftest import Done

pytestmark = pytest.mark.browser

# one text: values one by one take the driver a minute
HELD = """() => JSON.stringify(Object.fromEntries(Object.entries(slabenchCharts()).map(([id, chart]) => [id,
  chart.getOption().series.filter(each => /^s\\d+$/.test(each.name))
    .map(each => each.data.map(item => item.value ?? item))])))"""


def drawn(done: Done) -> Iterator[Chart]:
    document = run_document(done.run)
    yield from run_charts(document)
    for entry in document.tests:
        yield from entry_charts(document, entry)


def same(held: Sequence[Sequence[float | None]], wanted: Sequence[Sequence[float | None]]) -> bool:
    """To seven digits."""
    flat = [(a, b) for row, other in zip(held, wanted, strict=True) for a, b in zip(row, other, strict=True)]
    return all(a == b or (a is not None and b is not None and isclose(a, b, rel_tol=1e-6)) for a, b in flat)


def columns(held: Sequence[Sequence[float | None]], *places: int) -> list[list[float | None]]:
    return [[row[place] for place in places] for row in held]


@pytest.mark.parametrize("which", ["green", "red"])
def test_every_chart_holds_every_point(which: str, request: pytest.FixtureRequest, open_page: Open) -> None:
    """As read back from the chart's own instance; nothing is thinned on the way."""
    done: Done = request.getfixturevalue(which)
    charts = {chart.id: chart for chart in drawn(done)}
    held = json.loads(open_page(report(done)).page.evaluate(HELD))
    assert held.keys() == charts.keys() and len(charts) >= 20
    for id, series in held.items():
        assert len(series) == len(charts[id].series), id
        for points, each in zip(series, charts[id].series, strict=True):
            assert same(columns(points, 0, 1), [[point.x, point.y] for point in each.points]), id
            ends = each.kind in (Kind.BAND, Kind.INTERVAL)
            assert not ends or same(columns(points, 2, 3), [[point.low, point.high] for point in each.points])


def test_the_numbers_are_run_jsons(green: Done, open_page: Open) -> None:
    """Read from run.json by hand, for one chart of each kind of source."""
    held: dict[str, Any] = json.loads(open_page(report(green)).page.evaluate(HELD))
    tests = green.run["tests"]
    decode = [entry for entry in tests if entry["method"] == "ali-decode"]
    classic = [[entry["point"]["batch_size"], entry["metrics"]["classic.tpot.mean"]] for entry in decode]
    assert same(columns(held["decode-tpot"][0], 0, 1), classic)
    (curve,) = [entry["curve"] for entry in tests if entry["method"] == "ali-decode-curve"]
    per_gpu = [[row["running"], row["per_gpu"]] for row in curve]
    place, serving = next((k, entry) for k, entry in enumerate(tests, 1) if entry["method"] == "serving")
    (ttft,) = [each for each in serving["distributions"] if each["metric"] == "ttft"]
    counted = zip(ttft["values"], ttft["at_most"], strict=True)
    shares = [[ttft["values"][0], 0], *([value, 100 * count / ttft["n"]] for value, count in counted)]
    (flight,) = [each for each in serving["timeline"]["series"] if each["name"] == "in_flight"]
    course = list(zip(flight["seconds"], flight["values"], strict=True))
    for id, wanted in (
        ("decode-curve", per_gpu),
        (f"test-{place}-ttft", shares),
        (f"test-{place}-requests", course),
    ):
        candidates = [columns(series, 0, 1) for series in held[id] if len(series) == len(wanted)]
        assert any(same(each, wanted) for each in candidates), id


def figure(seen: Opened, id: str) -> Any:
    found = seen.page.locator(f"#chart-{id}")
    found.scroll_into_view_if_needed()
    found.locator(".plot svg").wait_for()
    return found


def test_charts_are_drawn_as_they_come_into_view(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    figure(seen, "decode-tpot")
    assert seen.page.locator("#chart-test-7-ttft .plot svg").count() == 0
    seen.page.locator("#test-7 > details > summary").click()
    figure(seen, "test-7-ttft")


def test_a_point_shows_its_numbers_and_a_legend_hides_its_series(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    chart = figure(seen, "decode-tpot")
    plot = chart.locator(".plot")
    plot.focus()
    plot.press("ArrowRight")
    plot.press("ArrowRight")
    tip = chart.locator(".tip").inner_text()
    entry = next(entry for entry in green.run["tests"] if entry["point"].get("batch_size") == 2)
    assert "batch size 2" in tip and f"{entry['metrics']['classic.tpot.mean']:.2f} ms" in tip
    button = chart.locator(".legend button").first
    assert button.get_attribute("aria-pressed") == "true"
    before = plot.locator("svg path").count()
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    assert plot.locator("svg path").count() < before


def test_a_time_axis_zooms_with_the_keyboard(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    seen.page.locator("#test-7 > details > summary").click()
    plot = figure(seen, "test-7-requests").locator(".plot")
    window = """() => {
      const zoom = slabenchCharts()['test-7-requests'].getOption().dataZoom[0];
      return [zoom.start, zoom.end];
    }"""
    plot.focus()
    assert seen.page.evaluate(window) == [0, 100]
    plot.press("+")
    assert seen.page.evaluate(window) == [25, 75]
    plot.press("0")
    assert seen.page.evaluate(window) == [0, 100]


def test_charts_can_be_read(red: Done, open_page: Open) -> None:
    """Units at the axes, and no text outside its frame."""
    seen = open_page(report(red))
    seen.open_everything()
    outside = seen.page.evaluate(
        """() => [...document.querySelectorAll('.plot svg text')].filter(text => {
          const box = text.getBoundingClientRect(), frame = text.closest('.plot').getBoundingClientRect();
          const across = box.left < frame.left - 1 || box.right > frame.right + 1;
          return box.width && (across || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
        }).map(text => `${text.closest('figure').id}: ${text.textContent}`)"""
    )
    assert outside == []
    for id, unit in (("decode-tpot", "(ms)"), ("decode-curve", "(tok/s"), ("test-7-requests", "(s)")):
        assert any(
            unit in text for text in seen.page.locator(f"#chart-{id} .plot svg text").all_text_contents()
        ), id


def test_a_long_chart_s_data_is_a_table_when_it_is_asked_for(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    points = {chart.id: sum(len(series.points) for series in chart.series) for chart in drawn(green)}
    id = next(id for id, count in points.items() if count > MOST_ROWS and id.startswith("test-"))
    seen.page.locator(f"article:has(#chart-{id}) > details > summary").click()
    data = figure(seen, id).locator("details.data")
    assert data.locator("tbody tr").count() == 0
    data.locator("summary").click()
    data.locator("tbody tr").first.wait_for()
    assert data.locator("tbody tr").count() == points[id]
