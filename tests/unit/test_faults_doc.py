"""docs/faults.md has a row of every fault, or the tool says that it is left out."""

from __future__ import annotations

import re
from pathlib import Path

from slabench.sim.fault_table import ANSWERS, CONTROL, STREAMS, VARIATIONS
from tools.make_faults_doc import CASES, LEFT_OUT, NOT_YET_RUN, PAGE, lets_through, stored_rows

REPO = Path(__file__).resolve().parents[2]
FAULTS = frozenset([*ANSWERS, *CONTROL, *STREAMS, *VARIATIONS])


def test_every_fault_has_a_row_or_is_left_out() -> None:
    shown = frozenset(fault for case in CASES for fault in case.faults)
    assert sorted(FAULTS - shown - LEFT_OUT) == [], "add a Case to tools/make_faults_doc.py"
    assert sorted((shown | LEFT_OUT) - FAULTS) == [], "no such fault any more"
    assert sorted(shown & LEFT_OUT) == []


def test_what_is_left_out_is_shown_by_an_integration_test() -> None:
    text = "".join(file.read_text() for file in (REPO / "tests" / "integration").rglob("*.py"))
    assert [fault for fault in sorted(LEFT_OUT) if not re.search(rf"\b{fault}\b", text)] == []


def test_the_page_has_these_rows_and_no_others() -> None:
    rows = stored_rows()
    assert {case.profile for case in CASES} >= NOT_YET_RUN
    made = [case for case in CASES if case.profile not in NOT_YET_RUN]
    assert [*rows] == [case.profile for case in made], "make faults-doc, and empty NOT_YET_RUN"
    for case in made:
        title = f"{case.title} ({case.note})" if case.note else case.title
        assert rows[case.profile].startswith(f"| {title} |")
    through = sum(map(lets_through, rows.values()))
    end = f"Of {len(made)} servers the assertion lets {through} through that slabench does not."
    assert PAGE.read_text().rstrip().endswith(end)
