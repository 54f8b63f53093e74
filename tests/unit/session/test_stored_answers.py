"""answers.jsonl.gz gives back what was kept, and texts only where they are asked for."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from slabench.answer_records import Answer, Score
from slabench.report.records_file import RecordsFile, read_rows
from slabench.session.stored_answers import FILE, keep, stored

ANSWER = Answer((1, 2), (5, 6), (-0.5, math.nan), "five six")
SCORE = Score((-0.5, math.nan), (((-0.5, 5), (-2.0, 7)), ((math.nan, 6),)))


@pytest.mark.parametrize("how", ["ids", "text"])
def test_what_is_kept_is_read_again(tmp_path: Path, how: str) -> None:
    file = RecordsFile(tmp_path / FILE)
    keep(file, "t::a", "new", [ANSWER], [SCORE], how)
    keep(file, "t::b", "new", [ANSWER] * 2, [SCORE] * 2, how)
    file.close()
    assert [("text" in row) for row in read_rows(tmp_path / FILE)] == [how == "text"] * 3
    (answer,), (score,) = stored(tmp_path, "t::a")
    assert (answer.prompt, answer.ids, answer.logprobs[0]) == ((1, 2), (5, 6), -0.5)
    assert math.isnan(answer.logprobs[1]) and math.isnan(score.logprobs[1])
    assert score.top[0] == ((-0.5, 5), (-2.0, 7))
    assert stored(tmp_path, "t::c") == ([], [])


def test_a_run_without_the_file_has_none(tmp_path: Path) -> None:
    assert stored(tmp_path, "t::a") == ([], [])
