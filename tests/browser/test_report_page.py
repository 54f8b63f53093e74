"""What a user sees in report.html, in a real browser: the first screen, words, nothing that a server could
inject. test_report_charts.py has its charts.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slabench.report.page.render import report_page
from slabench.run_document.read import run_document
from tests.browser.conftest import HOSTILE, Opened
from tests.integration.conftest import Done

pytestmark = pytest.mark.browser

Open = Callable[..., Opened]


def report(done: Done) -> Path:
    assert done.folder is not None, done.output
    return done.folder / "report.html"


def word(entry: dict[str, Any]) -> str:
    """As it stands in tables: a green word that nothing was judged for says so."""
    return f"{entry['word']} NOTHING_JUDGED" if "NOTHING_JUDGED" in entry["reasons"] else str(entry["word"])


UNJUDGED = {
    "test_decode_curve",
    "test_prefill_throughput[in64]",
    "test_prefill_throughput[in128]",
    "test_custom",
}


@pytest.mark.parametrize(("which", "unjudged"), [("green", UNJUDGED), ("red", set())], ids=["green", "red"])
def test_every_word_is_run_jsons_and_stands_once(
    which: str, unjudged: set[str], request: pytest.FixtureRequest, open_page: Open
) -> None:
    """Without a baseline four tests have nothing that judges them; with one every test is compared."""
    done: Done = request.getfixturevalue(which)
    seen = open_page(report(done))
    words = {entry["id"]: word(entry) for entry in done.run["tests"]}
    names = {test_id.rpartition("::")[2]: word for test_id, word in words.items()}
    assert {name for name, word in names.items() if word == "PASSED NOTHING_JUDGED"} == unjudged
    # a row in its method's table, an article in the list of tests
    rows = seen.page.locator("#results ~ .wide tbody tr").all()
    cells = [row.locator("td").all_inner_texts()[:2] for row in rows]
    shown = [(name.strip(), word.strip()) for name, word in cells if "::" not in name]  # not of Old and new
    assert len(shown) == 7 and dict(shown) == names
    articles = seen.page.locator("article.test > header")
    assert (
        dict(
            zip(
                articles.locator("h3").all_inner_texts(),
                articles.locator(".word").all_inner_texts(),
                strict=True,
            )
        )
        == words
    )
    among = f" (NOTHING_JUDGED in {len(unjudged)} of 7 tests)" if unjudged else ""
    assert seen.texts(".verdict h1") == [done.run["word"] + among]
    assert seen.page.title() == f"slabench {done.run['word']} {done.run['run_id']}"
    assert f"Exit status {done.status}." in seen.page.locator(".verdict").inner_text()


def test_the_first_screen_says_why_and_what_to_do(red: Done, open_page: Open) -> None:
    """Every red test with its line and a remedy, above the fold of 900 px; a link leads to the test."""
    seen = open_page(report(red))
    tests = [entry for entry in red.run["tests"] if entry["word"] != "PASSED"]
    reasons = seen.page.locator(".reasons > li")
    text = reasons.all_inner_texts()
    assert len(tests) >= 3
    for entry in tests:
        (line,) = [each for each in text if entry["id"].rpartition("/")[2] in each]
        assert entry["headline"] in line and entry["word"] in line
    failed = seen.page.locator(".reasons > li.FAILED")
    assert failed.count() >= 3 and all(each.locator(".remedy").is_visible() for each in failed.all())
    first = reasons.first.bounding_box()
    assert first is not None and first["y"] + first["height"] < 900
    link = reasons.first.locator("a")
    target = seen.page.locator(str(link.get_attribute("href")))
    link.click()
    assert target.locator("h3").first.inner_text().endswith(link.inner_text())
    assert target.locator(":scope > details").get_attribute("open") is not None
    commands = seen.texts(".first ul .command code")
    assert len(commands) == len({entry["word"] for entry in tests})
    # as the run was started, so that it can be copied
    program = "python -m pytest"
    assert f"{program} 'tests/ali/test_decode.py::test_decode_tpot[bs1]'" in commands[-1]


def test_the_first_screen_says_what_ran_on_what(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    facts = dict(zip(seen.texts("dl.facts dt"), seen.texts("dl.facts dd"), strict=True))
    assert facts["Server"].startswith("sglang 0.5.7") and "127.0.0.1" in facts["Server"]
    assert facts["Model"].startswith("slabench/demo") and "simulated: demo" in facts["GPU"]
    assert "num_prompts 6 instead of 128, 256 or 512" in facts["Not as published"]
    assert green.run["run_id"] in facts["Run"]
    assert "python -m pytest tests/ali tests/tencent tests/serving " in facts["Command"]
    for label in ("SIMULATED", "REDUCED"):
        box = seen.page.locator(".verdict .label", has_text=label).bounding_box()
        assert box is not None and box["y"] < 300
    rows = [row.locator("td").all_inner_texts() for row in seen.page.locator(".first tbody tr").all()]
    sent = {row[0]: row[1:] for row in rows}
    assert sent["tencent"] == ["64", "12", "6", "at the rate, capped", "50", "3"]
    assert sent["ali-decode"] == ["64", "40", "1, 2", "all at once", "inf", "none"]
    assert sent["serving"] == ["64", "12", "6", "at the rate, capped", "50", "3"]


@pytest.mark.parametrize("width", [480, 1280])
def test_a_command_is_broken_between_its_words_alone(green: Done, open_page: Open, width: int) -> None:
    """A browser breaks `--base-url` behind each of its dashes."""
    seen = open_page(report(green), width=width)
    command = seen.page.locator("dl.facts .command code")
    words = command.locator("span")
    assert command.inner_text().split() == words.all_inner_texts()
    short = [word.bounding_box() for word in words.all() if len(word.inner_text()) < 30]
    assert short and all(box is not None and box["height"] < 25 for box in short)


def test_a_red_test_is_open_and_a_finding_needs_no_click(red: Done, open_page: Open) -> None:
    seen = open_page(report(red))
    found = 0
    for place, entry in enumerate(red.run["tests"], 1):
        article = seen.page.locator(f"#test-{place}")
        assert article.locator("h3").first.inner_text() == entry["id"]
        opened = article.locator(":scope > details").get_attribute("open") is not None
        assert opened == (entry["word"] != "PASSED"), entry["id"]
        for check in entry["checks"]:
            if check["state"] in ("finding", "invalid"):
                assert article.locator(".findings li", has_text=f"{check['name']}.").first.is_visible()
                found += 1
    assert found >= 1


def test_everything_of_a_test(green: Done, open_page: Open) -> None:
    """Percentiles with counts, every check with its remedy, the command that runs it again."""
    seen = open_page(report(green))
    seen.open_everything()
    (place, entry) = next(
        (k, each) for k, each in enumerate(green.run["tests"], 1) if each["method"] == "serving"
    )
    article = seen.page.locator(f"#test-{place}")

    def rows(title: str) -> list[list[str]]:
        table = article.locator(f'.wide[aria-label^="{title}"] tbody tr').all()
        return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in table]

    percentiles = {row[0]: row[1:] for row in rows("Percentiles")}
    assert percentiles["TPOT (ms)"][0] == "6" and percentiles["TTFT (ms)"][0] == "6"
    assert float(percentiles["TPOT (ms)"][1]) == pytest.approx(entry["metrics"]["tpot.mean"], abs=0.006)
    assert percentiles["TPOT (ms)"][5] == "–"  # p99 of six requests is not defined
    checks = {row[0]: row[1:] for row in rows("Validity checks")}
    assert {name: text for name, (_, text, _) in checks.items()} == {
        each["name"]: each["text"] for each in entry["checks"]
    }
    assert all(checks[each["name"]][2] == each["remedy"] for each in entry["checks"])
    command = article.locator("h3:has-text('again') + .command code").inner_text()
    assert f"python -m pytest {entry['id']} --" in command and "--random-output-len=12" in command


def test_tencents_table_is_the_published_row_with_its_margin(green: Done, open_page: Open) -> None:
    seen = open_page(report(green))
    table = seen.page.locator('#results ~ .wide[aria-label^="tencent"]')
    head = [text.strip() for text in table.locator("th").all_inner_texts()]
    (row,) = table.locator("tbody tr").all()
    cells = dict(zip(head, [text.strip() for text in row.locator("td").all_inner_texts()], strict=True))
    (entry,) = (test for test in green.run["tests"] if test["method"] == "tencent")
    (rule,) = entry["objectives"]
    assert (cells["prompts"], cells["rate"], cells["concurrency"]) == ("6", "50", "3")
    assert float(cells["TPOT mean (ms)"]) == pytest.approx(entry["metrics"]["tpot.mean"], abs=0.006)
    assert cells["objective (from the limit)"] == f"<= 50 ms ({rule['margin_pct']:+.0f} %)"
    assert float(cells["QPM"].replace(",", "")) == pytest.approx(entry["metrics"]["qpm"], rel=0.01)
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth"), "wider than a screen of 1280 pixels"


def test_tables_sort_by_number(green: Done, open_page: Open) -> None:
    """A first click sorts upwards, a second one downwards; as texts, 1,234 would come before 99."""
    seen = open_page(report(green))
    column = "TTFT mean (ms)"
    table = seen.page.locator('#results ~ .wide[aria-label^="ali prefill"]')
    place = [text.strip() for text in table.locator("th").all_inner_texts()].index(column)
    values = [
        entry["metrics"]["ttft.mean"] for entry in green.run["tests"] if entry["method"] == "ali-prefill"
    ]

    def shown() -> list[float]:
        rows = table.locator("tbody tr").all()
        return [float(str(row.locator("td").nth(place).get_attribute("data-value"))) for row in rows]

    header = table.get_by_role("button", name=column)
    header.press("Enter")
    assert shown() == pytest.approx(sorted(values))
    header.click()
    assert shown() == pytest.approx(sorted(values, reverse=True))


def test_pytests_own_table_stays_beside_and_says_what_its_failed_means(red: Done, open_page: Open) -> None:
    seen = open_page(report(red).with_name("pytest.html"))
    words = {entry["id"]: entry["word"] for entry in red.run["tests"]}
    shown = zip(
        seen.texts("#results-table td.col-testId"), seen.texts("#results-table td.col-verdict"), strict=True
    )
    assert dict(shown) == words
    assert "It has no INVALID" in seen.page.locator(".summary").first.inner_text()
    seen.page.locator('a[href="report.html"]').click()
    assert seen.page.title().startswith("slabench FAILED")
    assert seen.page.locator('nav a[href="pytest.html"]').is_visible()


@pytest.mark.parametrize("which", ["green", "red", "hostile"])
def test_nothing_leaves_the_page_and_nothing_complains(
    which: str, request: pytest.FixtureRequest, open_page: Open
) -> None:
    path = report(request.getfixturevalue(which))
    seen = open_page(path)
    seen.open_everything()
    seen.page.emulate_media(media="print")
    seen.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    seen.page.wait_for_timeout(300)
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []


def inert(seen: Opened) -> None:
    """No script ran, no image of the server's was made, and what it said can be read as it said it."""
    seen.open_everything()
    assert seen.page.evaluate("() => window.taken === undefined")
    assert seen.page.locator("img").count() == 0
    assert seen.page.locator("script:not([type])").count() == 2
    assert HOSTILE in seen.page.locator("main").inner_text()
    assert len(seen.requests) == 1
    assert seen.complaints == []


def test_what_a_server_says_is_text(hostile: Done, open_page: Open) -> None:
    seen = open_page(report(hostile))
    assert hostile.run["server"]["model_path"] == "models/" + HOSTILE
    inert(seen)
    assert seen.texts("article.test > header > .word") == ["INVALID"]


def spoil(value: Any, key: str = "") -> Any:
    """A document in which every text that is no key is hostile."""
    keep = (
        "schema",
        "id",
        "method",
        "word",
        "state",
        "kind",
        "metric",
        "op",
        "unit",
        "name",
        "source",
        "side",
    )
    if isinstance(value, dict):
        return {name: spoil(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [spoil(each, key) for each in value]
    return HOSTILE if isinstance(value, str) and key not in keep else value


def test_every_text_of_a_document_is_text_on_its_page(red: Done, tmp_path: Path, open_page: Open) -> None:
    """Tooltips and legends too: they are made by the page's script."""
    path = tmp_path / "page.html"
    path.write_text(report_page([run_document(spoil(red.run))] * 2), encoding="utf-8")
    seen = open_page(path)
    inert(seen)
    plot = seen.page.locator("figure.chart .plot").first
    plot.focus()
    plot.press("ArrowRight")
    named = HOSTILE.partition("/")[2]  # a baseline is named by the end of its path
    assert any(named in text for text in seen.texts(".legend span")) and named in " ".join(seen.texts(".tip"))
    inert(seen)


def test_what_a_page_of_others_could_inject_does_not_run(
    green: Done, tmp_path: Path, open_page: Open
) -> None:
    """The policy, if escaping ever failed: a script and a handler put into the file by hand stay idle."""
    path = tmp_path / "page.html"
    bad = "<script>window.taken = 1</script><img src=x onerror='window.taken = 1'>"
    path.write_text(report(green).read_text().replace("<main>", f"<main>{bad}"), encoding="utf-8")
    seen = open_page(path)
    seen.page.wait_for_timeout(200)
    assert seen.page.evaluate("() => window.taken === undefined")
    assert seen.page.evaluate("() => Object.keys(slabenchCharts()).length > 5")
    assert any("Content Security Policy" in each for each in seen.complaints)


CONTRAST = """() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(Number).map(x => x / 255)
    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const found = [];
  const selector = 'h1, h2, h3, h4, p, li, dt, dd, td, th, .word, .label, summary, a, code, button, svg text';
  for (const e of document.querySelectorAll(selector)) {
    if (!e.textContent.trim() || !e.getClientRects().length || e.ariaPressed === 'false') continue;
    const style = getComputedStyle(e), ink = e instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    const name = `${e.tagName}.${e.getAttribute('class') || ''} ${e.textContent.trim().slice(0, 30)}`;
    found.push([(a + 0.05) / (b + 0.05), name]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(scheme: str, red: Done, open_page: Open) -> None:
    """WCAG's contrast of 4.5 between every text and what is behind it; the switch gives the other scheme."""
    seen = open_page(report(red), color_scheme=scheme)
    seen.open_everything()
    measured = seen.page.evaluate(CONTRAST)
    assert len(measured) > 300
    assert measured[0][0] >= 4.5, measured[:5]
    behind = "() => getComputedStyle(document.body).backgroundColor"
    backgrounds = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}
    assert seen.page.evaluate(behind) == backgrounds[scheme]
    switch = seen.page.locator("#theme")
    while (
        seen.page.evaluate("() => document.documentElement.dataset.theme") == "auto"
        or seen.page.evaluate(behind) == backgrounds[scheme]
    ):
        switch.click()
    assert seen.page.evaluate(CONTRAST)[0][0] >= 4.5


CUT = """() => {
  const found = [];
  for (const e of document.querySelectorAll('main *, .bar *')) {
    if (e.closest('.wide') && !e.classList.contains('wide')) continue;  // scrolls by itself
    if (e.closest('.tip, noscript, script') || !e.getClientRects().length) continue;
    const box = e.getBoundingClientRect(), name = `${e.tagName}.${e.getAttribute('class')} ${box.right}`;
    if (box.right > innerWidth + 0.5 || box.left < -0.5) found.push(name);
  }
  return found;
}"""


@pytest.mark.parametrize(("run", "width"), [("red", 480), ("red", 1280), ("red", 2560), ("green", 480)])
def test_nothing_is_cut(run: str, width: int, request: pytest.FixtureRequest, open_page: Open) -> None:
    """The green run's heading is the longest: PASSED, and in how many tests nothing was judged."""
    seen = open_page(report(request.getfixturevalue(run)), width=width)
    seen.open_everything()
    assert seen.page.evaluate(CUT) == []
    assert seen.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_without_script_there_are_tables_and_static_charts(green: Done, open_page: Open) -> None:
    seen = open_page(report(green), java_script_enabled=False)
    charts = seen.page.locator("#charts + * + .charts figure.chart")
    assert charts.count() >= 2
    for figure in charts.all():
        assert figure.locator("svg.static circle, svg.static rect").count() >= 2
        assert figure.locator("svg.static").is_visible() and not figure.locator(".plot").is_visible()
        assert figure.locator("details.data td").count() >= 4
    assert seen.texts(".verdict h1")[0].startswith("PASSED")
    assert seen.page.locator("button:visible").count() == 0
    assert len(seen.page.locator('#results ~ .wide[aria-label^="ali decode"] tbody tr').all()) == 3


def test_several_runs_side_by_side(green: Done, red: Done, tmp_path: Path, open_page: Open) -> None:
    path = tmp_path / "both.html"
    path.write_text(report_page([run_document(green.run), run_document(red.run)]), encoding="utf-8")
    seen = open_page(path)
    seen.open_everything()
    assert seen.texts("#compared ~ .wide:first-of-type tbody tr a") == [
        green.run["run_id"],
        red.run["run_id"],
    ]
    rows = [
        row.locator("td").all_inner_texts()
        for row in seen.page.locator('.wide[aria-label="Metrics of each test"] tbody tr').all()
    ]
    (tpot,) = [row for row in rows if row[:2] == ["test_sla[np6]", "tpot mean"]]
    old, new = (
        next(entry for entry in done.run["tests"] if entry["method"] == "tencent")["metrics"]["tpot.mean"]
        for done in (green, red)
    )
    assert [float(cell) for cell in tpot[2:4]] == pytest.approx([old, new], abs=0.006)
    assert tpot[4] == f"{(new / old - 1) * 100:+.1f} %"
    ids = seen.page.evaluate("() => [...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    assert seen.page.title().startswith("slabench FAILED") and seen.complaints == []
    assert html.escape(green.run["run_id"]) in path.read_text()
