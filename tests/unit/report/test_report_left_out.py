"""What --time-budget left out stands in every output; without a test of a method nothing is PASSED."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slabench.bisect.gate import standing_of
from slabench.bisect.search import Standing
from slabench.report.console import summary_table
from slabench.report.document import RunFile, RunFolder
from slabench.report.github import job_lines
from slabench.report.left_out import as_option
from slabench.report.markdown import summary_md
from slabench.report.page.render import report_page
from slabench.run_document.run import LeftOut
from slabench.verdict.outcome import Outcome
from tests.unit.report.samples import document, entry

PREFILL = "tests/ali/test_prefill.py::test_prefill_throughput[in2048-quick]"
LEFT = ["tests/ali/test_decode.py::test_decode_tpot[bs1-quick]", "tests/tencent/test_sla.py::test_sla[quick]"]
SOME = {"tests": LEFT[:1], "budget_s": 1200.0}
METHOD = {"tests": LEFT, "budget_s": 90.0, "methods": ["ali-decode", "tencent"], "needed_s": 1620.0}
LINE = (
    "LEFT_OUT: 2 of 3 tests were not measured, since --time-budget=90s has no room for them: "
    "test_decode.py::test_decode_tpot[bs1-quick], test_sla.py::test_sla[quick]."
)
MISSING = "Nothing is measured of ali-decode, tencent, so this run is not PASSED; --time-budget=27m has room"


def outputs(left_out: dict[str, Any], word: str) -> dict[str, str]:
    run = document(entry(PREFILL), planned=[PREFILL], left_out=left_out, labels=["LEFT_OUT"], word=word)
    return {
        "console": summary_table(run),
        "summary.md": summary_md(run).replace("\\", ""),
        "report.html": report_page([run]),
        "github": "\n".join(job_lines(run)),
    }


def test_a_test_that_was_left_out_is_named_beside_a_green_word() -> None:
    found = outputs(SOME, "PASSED")
    for name, text in found.items():
        assert "LEFT_OUT: 1 of 2 tests w" in text, name
        assert "--time-budget=20m has no room for" in text and "[bs1-quick]" in text, name
        assert "Nothing is measured" not in text, name
    assert "Verdict of the run: PASSED (LEFT_OUT: 1 of 2 tests)" in found["console"]
    assert found["summary.md"].startswith("# slabench: PASSED (LEFT_OUT: 1 of 2 tests)\n")
    assert '<span class="word PASSED">PASSED (LEFT_OUT: 1 of 2 tests)</span>' in found["report.html"]
    assert "::warning title=LEFT_OUT slabench::" in found["github"]


def test_a_method_without_a_test_is_invalid_with_the_budget_that_it_takes() -> None:
    found = outputs(METHOD, "INVALID")
    for name, text in found.items():
        assert LINE in text and MISSING in text, name
    assert found["console"].endswith("Verdict of the run: INVALID")
    assert "::error title=INVALID slabench::" in found["github"]


@pytest.mark.parametrize(
    ("left_out", "word"), [(SOME, Outcome.PASSED), (METHOD, Outcome.INVALID), (None, Outcome.PASSED)]
)
def test_the_runs_word_and_what_a_continued_run_keeps(
    tmp_path: Path, left_out: dict[str, Any] | None, word: Outcome
) -> None:
    made: dict[str, Any] = {"environment": None, "slabench": "0.1.0"}
    folder = RunFolder.create(str(tmp_path))
    file = RunFile(folder, **made)
    file.set_planned([PREFILL])
    if left_out is not None:
        file.set_left_out(LeftOut(**{**left_out, "tests": tuple(left_out["tests"])}))
    file.add_test(entry(PREFILL))
    file.finish(0)
    assert file.document.word is word and file.document.not_run == ()
    assert file.document.incomplete is (word is Outcome.INVALID)
    incomplete = standing_of(file.document) == (
        Standing.UNMEASURED,
        "the run did not measure all of its tests",
    )
    assert incomplete is (word is Outcome.INVALID)  # no version is better for what was not measured
    kept = RunFile.resume(folder, file.document, file.document.tests, **made)
    assert kept.document.left_out == file.document.left_out
    assert kept.document.labels == file.document.labels
    again = RunFile.resume(folder, file.document, [], chosen_again=True, **made)
    assert again.document.left_out is None and again.document.labels == ()


def test_a_time_as_the_option_takes_it() -> None:
    assert [as_option(seconds) for seconds in (14.0, 90.0, 2700.0, 5400.0)] == ["14s", "90s", "45m", "90m"]
