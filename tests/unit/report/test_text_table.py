"""Columns align by the cells that a terminal takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.messages import Message, in_language
from slabench.report.text_table import table, width


@pytest.mark.parametrize(
    ("text", "cells"),
    [("", 0), ("abc", 3), ("结论", 4), ("总 tok/s", 8), ("（一）", 6), ("e\u0301", 1), ("a\u200bb", 2)],
)
def test_a_full_width_character_takes_two_cells(text: str, cells: int) -> None:
    assert width(text) == cells


def test_chinese_and_latin_cells_align() -> None:
    with in_language("zh"):
        made = table(
            (Message("label.verdict"), Message("label.total_tok_s")), [("PASSED", "1,024")], left=(0,)
        )
    assert made == "结论    总 tok/s\nPASSED     1,024"


@given(st.lists(st.lists(st.text("ab结论（1 ", max_size=6), min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_row_ends_its_columns_at_the_same_cell(rows: list[list[str]]) -> None:
    """A last column of one mark: each line is as wide as the others."""
    made = table((*rows[0], "|"), [(*row, "|") for row in rows[1:]], left=(1,)).splitlines()
    assert len({width(line) for line in made}) == 1
