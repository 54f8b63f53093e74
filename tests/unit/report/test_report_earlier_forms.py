"""Files of earlier forms in every output: nothing that a file lacks stops a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slabench.messages import in_language
from slabench.report.console import summary_table, test_block
from slabench.report.github import job_lines
from slabench.report.localized import localized
from slabench.report.markdown import summary_md
from slabench.report.page.render import report_page
from slabench.report.stored_runs import read_side
from slabench.run_document.read import run_document
from slabench.verdict.baseline_file import build
from slabench.verdict.outcome import Outcome

STORED = sorted((Path(__file__).parents[1] / "run_document" / "stored").glob("run-1-*.json"))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_every_output_of_an_earlier_run(path: Path, tmp_path: Path) -> None:
    run = run_document(json.loads(path.read_text(encoding="utf-8")))
    blocks = [test_block(entry) for entry in run.tests]
    texts = (summary_table(run), summary_md(run), report_page([run]), "\n".join(blocks))
    for entry, line in zip(
        sorted(run.tests, key=lambda entry: entry.word is Outcome.PASSED), job_lines(run), strict=False
    ):
        assert entry.word in line and entry.name.split("[")[0].rpartition("::")[2] in line
        assert all(entry.name.split("[")[0] in text for text in texts)
    with in_language("zh"):
        chinese = localized(run)
        assert all(
            "结论" in text for text in (summary_table(chinese), summary_md(chinese), report_page([run]))
        )
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text(path.read_text(encoding="utf-8"))
    valid = {entry.id for entry in run.tests if entry.valid}
    side = read_side(str(folder))
    assert {test_id for test_id, test in side.tests.items() if test.invalid is None} == valid
    assert build(run)["tests"].keys() == valid
