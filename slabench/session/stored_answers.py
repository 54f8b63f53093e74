"""answers.jsonl.gz of a run folder: what servers answered after the loads, a line an answer.

test, side   as in requests.jsonl.gz
prompt, ids  token ids
logprobs     of each id, as the server decoded it; null where it had no number
score        the old server's score of it (of a run at one server, its own): logprobs, and top,
             [log-probability, id] of each place's most probable tokens
text         with --keep-answers=text alone
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slabench.answer_records import Answer, Score
from slabench.report.records_file import RecordsFile, read_rows

FILE = "answers.jsonl.gz"


def row_of(test_id: str, side: str, answer: Answer, score: Score, *, text: bool) -> dict[str, Any]:
    row = {
        "test": test_id,
        "side": side,
        "prompt": list(answer.prompt),
        "ids": list(answer.ids),
        "logprobs": [_stored(value) for value in answer.logprobs],
        "score": {
            "logprobs": [_stored(value) for value in score.logprobs],
            "top": [[[_stored(value), token] for value, token in place] for place in score.top],
        },
    }
    return row | ({"text": answer.text} if text else {})


def keep(
    file: RecordsFile, test_id: str, side: str, answers: Sequence[Answer], scores: Sequence[Score], how: str
) -> None:
    """how: --keep-answers."""
    for answer, score in zip(answers, scores, strict=True):
        file.append_row(row_of(test_id, side, answer, score, text=how == "text"))
    file.flush()


def stored(folder: Path, test_id: str) -> tuple[list[Answer], list[Score]]:
    """Of the server of that run; empty where it has none."""
    path = folder / FILE
    if not path.is_file():
        return [], []
    rows = [row for row in read_rows(path) if (row["test"], row["side"]) == (test_id, "new")]
    answers = [
        Answer(tuple(row["prompt"]), tuple(row["ids"]), tuple(map(_read, row["logprobs"]))) for row in rows
    ]
    scores = [
        Score(
            tuple(map(_read, row["score"]["logprobs"])),
            tuple(tuple((_read(value), token) for value, token in place) for place in row["score"]["top"]),
        )
        for row in rows
    ]
    return answers, scores


def _stored(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value


def _read(value: float | None) -> float:
    return math.nan if value is None else value
