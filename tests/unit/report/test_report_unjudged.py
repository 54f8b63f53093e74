"""NOTHING_JUDGED stands beside the word in every output, in every table that has a word."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from slabench.report.console import summary_table, test_block
from slabench.report.github import job_lines
from slabench.report.headline_metric import run_verdict, verdict
from slabench.report.markdown import summary_md
from slabench.report.page.render import report_page
from slabench.report.run_facts import run_facts
from slabench.run_document.entry import Entry
from slabench.verdict.outcome import Outcome
from tests.unit.report.samples import document, entry

METHODS = {
    "serving": "tests/serving/test_custom.py::test_custom",
    "ali-prefill": "tests/ali/test_prefill.py::test_prefill[in64]",
    "ali-decode": "tests/ali/test_decode.py::test_decode_tpot[bs1]",
    "ali-saturation": "tests/ali/test_decode.py::test_saturation",
    "tencent": "tests/tencent/test_sla.py::test_sla[np128]",
}
HEADLINE = (
    "NOTHING_JUDGED: no objective, floor or comparison applies to this test. Measured: tpot mean 503.29 ms."
)


def measured(method: str, **more: object) -> Entry:
    metrics = {"tpot.mean": 503.29, "input_throughput": 12.0, "total_throughput": 12.4}
    return entry(
        METHODS[method], method=method, headline=HEADLINE, reasons=["NOTHING_JUDGED"], metrics=metrics, **more
    )


@pytest.mark.parametrize("method", METHODS)
def test_beside_the_word_wherever_it_stands(method: str) -> None:
    measured_only = measured(method)
    run = document(measured_only)
    name = METHODS[method].rpartition("/")[2]
    assert verdict(measured_only) == "PASSED NOTHING_JUDGED"
    table = summary_table(run)
    (row,) = [line for line in table.splitlines() if line.startswith("PASSED") and name in line]
    assert row.startswith("PASSED NOTHING_JUDGED  ")
    assert "Verdict of the run: PASSED (NOTHING_JUDGED in 1 of 1 test)" in table
    assert f"PASSED {METHODS[method]}: {HEADLINE}" in test_block(measured_only)
    text = summary_md(run)
    assert text.startswith("# slabench: PASSED (NOTHING_JUDGED in 1 of 1 test)\n")
    assert f"| **PASSED NOTHING_JUDGED** | {name} |" in text
    page = report_page([run])
    word = '<span class="word PASSED">PASSED NOTHING_JUDGED</span>'
    assert '<span class="word PASSED">PASSED (NOTHING_JUDGED in 1 of 1 test)</span>' in page
    assert f"{word}<h3>{METHODS[method]}</h3>" in page
    assert f'<td class="text">{word}</td>' in page and '<span class="word PASSED">PASSED</span>' not in page
    (line,) = job_lines(run)
    assert (
        line.startswith("::warning ")
        and "title=PASSED NOTHING_JUDGED" in line
        and "(reasons: NOTHING_JUDGED)" in line
    )


def test_a_run_of_which_one_test_is_judged_says_how_many_are_not() -> None:
    run = document(measured("serving"), entry())
    assert run_verdict(run) == "PASSED (NOTHING_JUDGED in 1 of 2 tests)"
    says = "NOTHING_JUDGED: no objective, floor or comparison applies to test_custom.py::test_custom"
    assert f"{says}: measured only." in run_facts(run)
    assert f"{says}; they were measured only." in html.unescape(report_page([run]))
    assert run_verdict(replace(run, word=Outcome.FAILED)) == "FAILED"
    assert run_verdict(document(entry())) == "PASSED" and "NOTHING_JUDGED" not in summary_table(
        document(entry())
    )


def test_a_red_word_needs_nothing_beside_it() -> None:
    invalid = measured("serving", word="INVALID")
    assert verdict(invalid) == "INVALID"
    assert job_lines(document(invalid))[0].startswith("::error ")
