"""Old and new in every output: the same rows on the console, in summary.md and in the page."""

from __future__ import annotations

from slabench.messages import in_language
from slabench.plugin.finished import junit_properties
from slabench.report.comparison import comparison_rows
from slabench.report.console import summary_table
from slabench.report.localized import localized
from slabench.report.markdown import summary_md
from slabench.report.page.entry_section import anchors
from slabench.report.page.first_screen import first_screen
from slabench.report.page.render import report_page
from slabench.report.run_facts import run_facts
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.comparison import compare as verdict_compare
from slabench.verdict.launch_spread import Launches
from slabench.verdict.regression import compare_metrics
from tests.unit.report.samples import document, entry

WORSE = [42.0, 42.1, 41.9, 42.0]


def compared() -> dict[str, object]:
    metrics = compare_metrics(
        {"tpot.mean": WORSE, "output_throughput": [98.0, 102.0, 100.0, 101.0]},
        {"tpot.mean": [40.0, 40.1, 39.9, 40.0], "output_throughput": [100.0, 99.0, 101.0, 100.0]},
        tolerance=0.02,
        pairs=True,
    )
    return Comparison(
        "http://***@old:8000", ComparisonState.COMPARED, metrics=metrics, interleaved=True
    ).as_dict()


def test_the_same_rows_everywhere() -> None:
    server = {
        "version": "0.5.8",
        "model_path": "m",
        "baseline": {"version": "0.5.7", "url": "http://***@old:8000", "model_path": "m"},
    }
    run = document(entry(comparison=compared(), word="FAILED"), server=server)
    rows = comparison_rows(run.tests)
    assert [(row[1], row[-1]) for row in rows] == [
        ("tpot mean", "WORSE"),
        ("output_throughput", "INCONCLUSIVE"),
    ]
    assert rows[0][2:] == (
        "40.00",
        "42.00",
        "ms",
        "+5.0 %",
        "+5.0 % to +5.0 % (98.75 % and 97.5 %)",
        "4 pairs",
        "+2 %",
        "WORSE",
    )
    assert rows[1][-2] == "-2 %"
    for text in (summary_table(run), summary_md(run), report_page([run])):
        assert "Baseline server: sglang 0.5.7 at http://***@old:8000" in text.replace(r"\:", ":").replace(
            "\u200b", ""
        )  # Markdown: inert
        for row in rows:
            assert all(cell in text for cell in row), row
    assert "--repeats=" not in summary_md(run) + report_page([run]), "no repeat changes a test that is FAILED"
    open_ = document(entry(comparison=compared(), word="INVALID"), server=server)
    assert "--repeats=" in summary_md(open_) and "--repeats=" in report_page([open_])


def test_the_first_screen_has_the_metric_with_the_least_room() -> None:
    """Of a gate that PASSED as well: how near it came, by how many pairs, and what was allowed."""
    slower = [40.2, 40.3, 40.2, 40.3]
    metrics = compare_metrics(
        {"tpot.mean": slower, "output_throughput": [101.0, 102.0, 101.0, 102.0]},
        {"tpot.mean": [40.0, 40.1, 39.9, 40.0], "output_throughput": [100.0, 101.0, 100.0, 101.0]},
        tolerance=0.02,
        pairs=True,
    )
    made = Comparison("http://old", ComparisonState.COMPARED, metrics=metrics, interleaved=True).as_dict()
    run = document(entry(comparison=made), entry("tests/ali/test_decode.py::test_decode_tpot[bs8]"))
    line = first_screen(run, {}).compared
    assert line.startswith(
        "Old and new, 2 metrics of 1 test: the least room has test_sla.py::test_sla[np128], "
        "tpot mean +0.6 % (interval "
    )
    assert line.endswith("; 4 pairs); +2 % is allowed.")
    page = report_page([run])
    assert page.index(line) < page.index('id="charts"' if 'id="charts"' in page else 'id="results"')
    worse = document(entry(comparison=compared(), word="FAILED"), entry(comparison=made))
    assert "tpot mean +5.0 % (interval" in first_screen(worse, anchors(worse, "")).compared
    stored = Comparison(
        "old.json",
        ComparisonState.COMPARED,
        metrics=compare_metrics({"tpot.mean": [40.2]}, {"tpot.mean": [40.0]}, tolerance=0.02, pairs=False),
    ).as_dict()
    alone = first_screen(document(entry(comparison=stored)), {}).compared
    assert "(interval one run a side; runs a side: 1 and 1)" in alone


def test_nothing_compared_is_no_table() -> None:
    run = document(entry(comparison={"state": "NO_BASELINE", "figures": []}))
    assert comparison_rows(run.tests) == []
    assert first_screen(run, {}).compared == ""
    assert "Old and new" not in summary_md(run) + report_page([run])


def test_what_is_known_of_launches_stands_once_in_every_output() -> None:
    test = BaselineTest.read({"figures": {"tpot.mean": 40.0}, "samples": {"tpot.mean": [40.0, 40.1, 39.9]}})
    old = Baseline("old.json", "old", {}, {"t": test})
    known = verdict_compare(old, "t", {"tpot.mean": [40.0, 40.0, 40.1]}, {}, {}, {}, tolerance=0.02)
    first, second = (
        entry(name, comparison=known.as_dict(), reasons=["ONE_LAUNCH"])
        for name in ("tests/a.py::a", "tests/a.py::b")
    )
    run = document(first, second)
    sentence = "one server process a side was compared, and the next launch of the same version"
    assert [fact for fact in run_facts(run) if sentence in fact] == [first.comparison.launches.text]  # type: ignore[union-attr]
    for text in (summary_md(run), report_page([run])):
        assert sentence in text.replace("\u200b", "") and "ONE_LAUNCH" in text
    assert ("slabench.launches", first.comparison.launches.text) in junit_properties(first)  # type: ignore[union-attr]
    with in_language("zh"):
        assert any("ONE_LAUNCH：每侧只比较了一个服务进程" in fact for fact in run_facts(localized(run)))


def test_means_of_launches_are_counted_as_launches() -> None:
    new, old = [42.0, 42.2, 41.9, 42.1, 42.0, 42.0], [40.0, 40.1, 39.9, 40.0, 40.0, 40.1]
    metrics = compare_metrics(
        {"tpot.mean": new}, {"tpot.mean": old}, tolerance=0.02, pairs=True, launches=Launches(own=True, new=6)
    )
    compared_with = Comparison("old", ComparisonState.COMPARED, metrics=metrics, interleaved=True)
    (row,) = comparison_rows([entry(comparison=compared_with.as_dict())])
    assert "6 launches" in row
