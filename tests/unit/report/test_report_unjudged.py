"""NOTHING_JUDGED stands beside the word in every output, in every table that has a word."""

from __future__ import annotations

import html

import pytest

from slabench.report.console import run_facts, summary_table, test_block
from slabench.report.github import job_lines
from slabench.report.headline_metric import run_verdict, verdict
from slabench.report.html import standalone_html, summary_fragment, table_row_cells
from slabench.report.markdown import summary_md
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


def measured(method: str, **more: object) -> dict[str, object]:
    figures = {"tpot.mean": 503.29, "input_throughput": 12.0, "total_throughput": 12.4}
    return entry(
        METHODS[method], method=method, headline=HEADLINE, reasons=["NOTHING_JUDGED"], metrics=figures, **more
    )


@pytest.mark.parametrize("method", METHODS)
def test_beside_the_word_wherever_it_stands(method: str) -> None:
    one = measured(method)
    data = document(one)
    name = METHODS[method].rpartition("/")[2]
    assert verdict(one) == "PASSED NOTHING_JUDGED"
    table = summary_table(data)
    (row,) = [line for line in table.splitlines() if line.startswith("PASSED") and name in line]
    assert row.startswith("PASSED NOTHING_JUDGED  ")
    assert "Verdict of the run: PASSED (NOTHING_JUDGED in 1 of 1 tests)" in table
    assert f"PASSED {METHODS[method]}: {HEADLINE}" in test_block(one)
    text = summary_md(data)
    assert text.startswith("# slabench: PASSED (NOTHING_JUDGED in 1 of 1 tests)\n")
    assert f"| **PASSED NOTHING_JUDGED** | {name} |" in text
    page = summary_fragment(data)
    assert '<span class="word PASSED">PASSED (NOTHING_JUDGED in 1 of 1 tests)</span>' in page
    assert f'<span class="word PASSED">PASSED NOTHING_JUDGED</span> {METHODS[method]}' in page
    assert ">PASSED</td>" not in page and '<td class="text word PASSED">PASSED NOTHING_JUDGED</td>' in page
    assert '<td class="col-verdict word PASSED">PASSED NOTHING_JUDGED</td>' in table_row_cells("t", one)
    assert "NOTHING_JUDGED" in standalone_html(data)
    (line,) = job_lines(data)
    assert (
        line.startswith("::warning ")
        and "title=PASSED NOTHING_JUDGED" in line
        and "(reasons: NOTHING_JUDGED)" in line
    )


def test_a_run_of_which_one_test_is_judged_says_how_many_are_not() -> None:
    data = document(measured("serving"), entry())
    assert run_verdict(data) == "PASSED (NOTHING_JUDGED in 1 of 2 tests)"
    says = "NOTHING_JUDGED: no objective, floor or comparison applies to test_custom.py::test_custom: measured only."
    assert says in run_facts(data) and says in html.unescape(summary_fragment(data))
    assert run_verdict(data | {"word": "FAILED"}) == "FAILED"
    assert run_verdict(document(entry())) == "PASSED" and "NOTHING_JUDGED" not in summary_table(
        document(entry())
    )


def test_a_red_word_needs_nothing_beside_it() -> None:
    one = measured("serving", word="INVALID")
    assert verdict(one) == "INVALID"
    assert job_lines(document(one))[0].startswith("::error ")
