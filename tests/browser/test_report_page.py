"""What a user sees in report.html, in a real browser: words, charts, labels, order, and nothing that a server
could inject.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slabench.report.html import standalone_html
from slabench.run_document.read import run_document
from tests.browser.conftest import HOSTILE, Opened
from tests.integration.conftest import Done

pytestmark = pytest.mark.browser

Open = Callable[..., Opened]


def report(done: Done) -> Path:
    assert done.folder is not None, done.output
    return done.folder / "report.html"


def overview(seen: Opened) -> dict[str, tuple[str, str]]:
    """Test name -> (verdict, figure) of the page's first table."""
    rows = seen.page.locator(".slab > .wide").first.locator("tbody tr").all()
    cells = [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows]
    return {name.rpartition("::")[2]: (verdict, figure) for name, verdict, figure in cells}


def chart(seen: Opened, title: str) -> Any:
    found = seen.page.locator("svg.chart").filter(
        has=seen.page.locator(".chart-title", has_text=re.compile(f"^{title}$"))
    )
    assert found.count() == 1, title
    return found


def points(seen: Opened, title: str, series: str = "circle") -> list[str]:
    """The texts of a chart's points, as its tooltips tell them."""
    return [text.strip() for text in chart(seen, title).locator(f"{series} > title").all_text_contents()]


UNJUDGED = {
    "test_decode_curve",
    "test_prefill_throughput[in64]",
    "test_prefill_throughput[in128]",
    "test_custom",
}


def word(entry: dict[str, Any]) -> str:
    """As it stands in tables: a green word that nothing was judged for says so."""
    return f"{entry['word']} NOTHING_JUDGED" if "NOTHING_JUDGED" in entry["reasons"] else str(entry["word"])


@pytest.mark.parametrize(("which", "unjudged"), [("green", UNJUDGED), ("red", set())], ids=["green", "red"])
def test_every_word_is_run_jsons(
    which: str, unjudged: set[str], request: pytest.FixtureRequest, open_page: Open
) -> None:
    """Without a baseline four tests have nothing that judges them; with one every test is compared."""
    done: Done = request.getfixturevalue(which)
    seen = open_page(report(done))
    words = {entry["id"]: word(entry) for entry in done.run["tests"]}
    names = {test_id.rpartition("::")[2]: word for test_id, word in words.items()}
    assert len(names) == 7
    assert {name for name, word in names.items() if word == "PASSED NOTHING_JUDGED"} == unjudged
    assert {name: word for name, (word, _) in overview(seen).items()} == names
    # pytest-html's table, by test id
    ids = seen.texts("#results-table td.col-testId")
    assert dict(zip(ids, seen.texts("#results-table td.col-verdict"), strict=True)) == words
    # and the sentences below "Why"
    sentences = [" ".join(text.split()) for text in seen.texts(".slab details > summary:has(.word)")]
    assert sentences == [
        " ".join(f"{word(entry)} {entry['id']}: {entry['headline']}".split()) for entry in done.run["tests"]
    ]
    among = f" (NOTHING_JUDGED in {len(unjudged)} of 7 tests)" if unjudged else ""
    assert seen.texts(".slab h2 .word") == [done.run["word"] + among]
    assert seen.page.title() == "slabench report"


def test_red_and_green_are_both_in_the_red_run(red: Done, open_page: Open) -> None:
    """Slower decode fails decode's tests and no prefill; what is red is open, what is green is not."""
    words = red.words
    assert words["test_decode_tpot[bs1]"] == words["test_decode_curve"] == words["test_sla[np6]"] == "FAILED"
    seen = open_page(report(red))
    for entry in red.run["tests"]:
        details = seen.page.locator(".slab details").filter(has_text=f"{entry['id']}:")
        assert (details.get_attribute("open") is not None) == (entry["word"] != "PASSED"), entry["id"]


def test_labels_are_on_the_first_screen(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    for word in ("SIMULATED", "REDUCED"):
        label = seen.page.locator(".slab h2 .label", has_text=word)
        assert label.is_visible()
        box = label.bounding_box()
        assert box is not None and box["y"] < 300
    assert "This run is" in seen.page.locator(".slab").inner_text()
    # what was reduced is said for each test
    assert (
        seen.page.locator(".slab details", has_text="num_prompts 6 instead of 128, 256 or 512").count() == 1
    )


def test_charts_have_a_point_for_every_figure(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    by_name = {entry["id"].rpartition("::")[2]: entry for entry in green.run["tests"]}
    tpot = [by_name[f"test_decode_tpot[bs{size}]"]["metrics"]["tpot.mean"] for size in (1, 2)]
    whole = [point for point in points(seen, "TPOT per batch size") if point.startswith("mean: ")]
    assert whole == [f"mean: {k}, {value:.2f}" for k, value in zip((1, 2), tpot, strict=True)]
    full = [by_name[f"test_decode_tpot[bs{size}]"]["metrics"]["full_batch.tpot"] for size in (1, 2)]
    drawn = [point for point in points(seen, "TPOT per batch size") if point.startswith("full batch: ")]
    assert drawn == [f"full batch: {k}, {value:.2f}" for k, value in zip((1, 2), full, strict=True)]
    assert chart(seen, "TPOT per batch size").locator(".limit-text").text_content() == "limit 50 ms"
    curve = sorted(by_name["test_decode_curve"]["curve"], key=lambda row: row["running"])
    assert {1, 2} <= {row["running"] for row in curve}
    wanted = [f"all lines: {row['running']}, {row['per_gpu']:.2f}" for row in curve]
    wanted += [
        f"clean lines: {row['running']}, {row['clean_per_gpu']:.2f}"
        for row in curve
        if row["clean_per_gpu"] is not None
    ]
    assert points(seen, "Decode throughput per GPU") == wanted
    frontier = points(seen, "Throughput per GPU against per user")
    assert [point.rpartition(", ")[2] for point in frontier] == [f"{row['per_gpu']:.2f}" for row in curve]
    assert chart(seen, "Throughput per GPU against per user").locator(".note").all_text_contents() == [
        str(row["running"]) for row in curve
    ]
    prefill = [
        by_name[f"test_prefill_throughput[in{size}]"]["metrics"]["input_throughput_per_gpu"]
        for size in (64, 128)
    ]
    assert points(seen, "Prefill throughput", "rect") == [
        f"{k} tokens: {rate:,.2f}" for k, rate in zip((64, 128), prefill, strict=True)
    ]
    total = by_name["test_sla[np6]"]["metrics"]["total_throughput"]
    assert points(seen, "Total token throughput", "rect") == [f"6 prompts: {total:,.2f}"]


def test_a_baseline_is_drawn_beside_the_run(red: Done, open_page: Open) -> None:
    seen = open_page(report(red))
    (entry,) = (test for test in red.run["tests"] if test["method"] == "ali-decode-curve")
    stored = [row for row in entry["curve"] if row["baseline"] is not None]
    assert {row["running"] for row in stored} >= {1, 2}
    drawn = [point for point in points(seen, "Decode throughput per GPU") if point.startswith("baseline: ")]
    assert len(drawn) == len(stored)
    assert chart(seen, "Decode throughput per GPU").locator("polyline").count() == 3
    legend = chart(seen, "Decode throughput per GPU").locator("text.legend").all_text_contents()
    assert set(legend) == {"all lines", "clean lines", "baseline"}


def test_charts_can_be_read(green: Done, open_page: Open) -> None:
    """Each has a title, units at its axes, ticks from 0, and no text outside its frame or over another's."""
    seen = open_page(report(green))
    charts = seen.page.locator("svg.chart").all()
    assert len(charts) == 5
    for svg in charts:
        name = svg.locator(".chart-title").text_content()
        assert svg.locator(".tick").count() >= 4, name
        assert "0" in svg.locator(".tick").all_text_contents()
        assert any(
            unit in text for text in svg.locator(".axis").all_text_contents() for unit in ("ms", "tok/s")
        ), name
        frame = svg.bounding_box()
        assert frame is not None and frame["width"] > 400
        boxes = [
            box
            for text in svg.locator("text").all()
            if (box := text.bounding_box()) is not None and box["width"] > 0
        ]
        for box in boxes:
            assert frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"], name
            assert frame["y"] <= box["y"] and box["y"] + box["height"] <= frame["y"] + frame["height"], name
        ticks = [box for text in svg.locator(".tick").all() if (box := text.bounding_box()) is not None]
        for k, box in enumerate(ticks):
            for other in ticks[k + 1 :]:
                apart = (
                    box["x"] + box["width"] <= other["x"]
                    or other["x"] + other["width"] <= box["x"]
                    or box["y"] + box["height"] <= other["y"] + 2
                    or other["y"] + other["height"] <= box["y"] + 2
                )
                assert apart, name


def test_tencents_table(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    table = seen.page.locator(".slab h3", has_text="tencent").locator("xpath=following-sibling::*[1]")
    head = [text.strip() for text in table.locator("th").all_inner_texts()]
    (row,) = table.locator("tbody tr").all()
    cells = dict(zip(head, [text.strip() for text in row.locator("td").all_inner_texts()], strict=True))
    assert (cells["test"], cells["verdict"], cells["num-prompts"]) == ("test_sla[np6]", "PASSED", "6")
    assert (cells["request-rate"], cells["max-concurrency"]) == ("50.0", "3")
    (entry,) = (test for test in green.run["tests"] if test["method"] == "tencent")
    assert float(cells["TPOT (ms)"]) == pytest.approx(entry["metrics"]["tpot.mean"], abs=0.006)
    assert float(cells["QPM"].replace(",", "")) == pytest.approx(entry["metrics"]["qpm"], rel=0.01)
    box, page = table.bounding_box(), seen.page.viewport_size
    assert box is not None and page is not None
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth"), (
        "the table is wider than a screen of 1280 pixels"
    )


def test_the_standing_figure_is_the_same_everywhere(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    figures = {name: figure for name, (_, figure) in overview(seen).items()}
    assert re.fullmatch(r"curve 2: [\d,.]+ tok/s per GPU, [\d,.]+ per user", figures["test_decode_curve"])
    assert re.fullmatch(r"input [\d,.]+ tok/s per GPU", figures["test_prefill_throughput[in128]"])
    ids = [test_id.rpartition("::")[2] for test_id in seen.texts("#results-table td.col-testId")]
    assert dict(zip(ids, seen.texts("#results-table td.col-metrics"), strict=True)) == figures
    assert green.folder is not None
    markdown = (green.folder / "summary.md").read_text()
    for name, figure in figures.items():
        assert re.search(rf"{re.escape(name)} .*{re.escape(figure)}$", green.output, re.MULTILINE), name
        assert f"{name} | {figure} |" in markdown


@pytest.mark.parametrize("column", ["tpot", "ttft", "total", "qpm"])
def test_our_columns_sort_by_number(column: str, green: Done, open_page: Open) -> None:
    """A first click sorts upwards, a second one downwards; as texts, 1,234 would come before 99."""
    seen = open_page(report(green))
    key = {"tpot": "tpot.mean", "ttft": "ttft.mean", "total": "total_throughput", "qpm": "qpm"}[column]
    metrics = {entry["id"]: entry["metrics"].get(key, -1.0) for entry in green.run["tests"]}
    wanted = sorted(metrics.values())
    assert len(set(wanted)) > 4
    header = seen.page.locator(f'#results-table th[data-column-type="{column}"]')
    header.click()
    assert [metrics[test_id] for test_id in seen.texts("#results-table td.col-testId")] == wanted
    header.click()
    assert [metrics[test_id] for test_id in seen.texts("#results-table td.col-testId")] == wanted[::-1]


def test_the_verdict_column_sorts(red: Done, open_page: Open) -> None:
    seen = open_page(report(red))
    seen.page.locator('#results-table th[data-column-type="verdict"]').click()
    words = seen.texts("#results-table td.col-verdict")
    assert words == sorted(words) and set(words) >= {"FAILED", "PASSED"}


@pytest.mark.parametrize("which", ["green", "red", "hostile"])
def test_nothing_leaves_the_page_and_nothing_complains(
    which: str, request: pytest.FixtureRequest, open_page: Open
) -> None:
    path = report(request.getfixturevalue(which))
    seen = open_page(path)
    seen.page.locator("#show_all_details").click()
    seen.page.wait_for_timeout(300)
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []


def inert(seen: Opened) -> None:
    """No script ran, no image of the server's was made, and what it said can be read as it said it."""
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("() => window.taken === undefined")
    assert seen.page.locator("img[src=x]").count() == 0
    assert seen.page.locator(".slab script, .slab img").count() == 0
    assert HOSTILE in " ".join(seen.texts(".slab li"))
    assert len(seen.requests) == 1
    assert seen.complaints == []


def test_what_a_server_says_is_text(hostile: Done, open_page: Open) -> None:
    seen = open_page(report(hostile))
    assert hostile.run["server"]["model_path"] == "models/" + HOSTILE
    inert(seen)
    assert seen.texts("#results-table td.col-verdict") == ["INVALID"]
    assert "onerror" in seen.page.locator("#results-table .log").inner_text()


def test_every_text_of_a_document_is_text_on_its_page(red: Done, tmp_path: Path, open_page: Open) -> None:
    """The page of `slabench report`, of a document in which every text that is no key is hostile."""
    keep = ("schema", "id", "method", "word", "state", "kind", "metric", "op", "unit")

    def spoil(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoil(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [spoil(each, key) for each in value]
        return HOSTILE if isinstance(value, str) and key not in keep else value

    path = tmp_path / "page.html"
    path.write_text(standalone_html(run_document(spoil(red.run))), encoding="utf-8")
    inert(open_page(path))


CONTRAST = """() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(Number).map(x => x / 255)
    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const found = [];
  const selector = 'h1, h2, h3, .slab li, .slab td, .slab th, .slab .word, .slab .label, .slab summary, '
    + 'svg text, #results-table td, #results-table th, .log, #environment td, .filters span:not(:empty), '
    + '.run-count, .collapse button';
  for (const e of document.querySelectorAll(selector)) {
    if (!e.textContent.trim() || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), ink = e instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    const name = `${e.tagName}.${e.getAttribute('class') || ''} ${e.textContent.trim().slice(0, 30)}`;
    found.push([(a + 0.05) / (b + 0.05), name]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["red", "hostile"])
def test_every_text_can_be_read_in_light_and_dark(
    which: str, scheme: str, request: pytest.FixtureRequest, open_page: Open
) -> None:
    """WCAG's contrast of 4.5 between every text and what is behind it; the two schemes do differ."""
    seen = open_page(report(request.getfixturevalue(which)), color_scheme=scheme)
    measured = seen.page.evaluate(CONTRAST)
    assert len(measured) > 30
    assert measured[0][0] >= 4.5, measured[:5]
    page = seen.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert page == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 29)"}[scheme]


def test_the_frontier_shows_its_probes_left_and_right_of_the_objective(
    open_page: Open, tmp_path: Path
) -> None:
    from tests.unit.report.samples import document
    from tests.unit.report.test_report_frontier import searched

    page = tmp_path / "frontier.html"
    page.write_text(standalone_html(document(searched(), planned=[], state="finished")), encoding="utf-8")
    seen = open_page(page)
    assert points(seen, "Frontier") == ["probes: 25, 100.00", "probes: 16, 100.00", "judged run: 25, 98.75"]
    drawn = chart(seen, "Frontier")
    limit = drawn.locator(".limit").bounding_box()
    boxes = [circle.bounding_box() for circle in drawn.locator("circle").all()]
    centres = sorted(box["x"] + box["width"] / 2 for box in boxes)
    assert centres[0] < limit["x"] < centres[1]
    assert "TPOT 50 ms" in drawn.locator(".limit-text").text_content()
    assert seen.complaints == []
