"""Answers that are one token again and again, empty, or the same for different prompts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.stream import KeptLines
from slabench.metrics.answer_contents import contents
from slabench.records import RequestRecord
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.degenerate import degenerate_answers, objectives
from tests.unit.factories import answer, run_of


def of_eight(index: int, **more: Any) -> RequestRecord:
    return answer(index, arrivals=((110, 1), (120, 4), (140, 8)), output_len=8, **more)


def texts(*answers: str) -> list[RequestRecord]:
    return [of_eight(k, counted_text=text, counted_tokens=8) for k, text in enumerate(answers)]


@pytest.mark.parametrize(
    ("records", "one_token", "alike"),
    [
        ([of_eight(k, content=(False, k)) for k in range(4)], 0, 0),
        ([of_eight(k, content=(True, k)) for k in range(4)], 1, 0),
        ([of_eight(k, content=(False, k // 2)) for k in range(4)], 0, 1),
        ([of_eight(k, content=(True, 0) if k < 2 else (False, k)) for k in range(4)], 0.5, 0.5),
        (texts("!!!!!!!!", " the the the the", "a b c d", "b a c d"), 0.5, 0),
        (texts("", "", "", ""), 1, 1),
        (texts("a b c", "b b c", "c b c", "dd b c"), 0, 0),
    ],
)
def test_shares(records: list[RequestRecord], one_token: float, alike: float) -> None:
    assert contents(records).metrics == {"answers.one_token": one_token, "answers.alike": alike}


def test_a_prompt_that_is_sent_twice_may_be_answered_alike() -> None:
    """Request 0 and 1 have one prompt of 100 tokens: two other answers are too few."""
    records = [of_eight(k, content=(False, k // 2)) for k in range(4)]
    assert "answers.alike" not in contents(records, (100, 100, 3, 3)).metrics


def test_short_answers_and_few_are_not_looked_at() -> None:
    short = run_of(*(answer(k, content=(True, 7)) for k in range(9)))
    few = run_of(*(of_eight(k, content=(True, 7)) for k in range(3)))
    for run in (short, few):
        assert contents(run.requests).metrics == {}
        assert degenerate_answers(CheckContext(run, True, 4)).state is CheckStatus.OK


def test_pieces_are_not_checked() -> None:
    run = run_of(*(of_eight(k) for k in range(4)))
    assert degenerate_answers(CheckContext(run, True, 4)).state is CheckStatus.NOT_CHECKED


def test_half_is_not_more_than_half() -> None:
    run = run_of(*(of_eight(k, content=(k < 2, k)) for k in range(4)))
    assert degenerate_answers(CheckContext(run, True, 4)).state is CheckStatus.OK
    run = run_of(*(of_eight(k, content=(k < 3, k)) for k in range(4)))
    result = degenerate_answers(CheckContext(run, True, 4))
    assert result.state is CheckStatus.FINDING and "3 of 4 answers are one token" in result.text


def test_the_gate_s_objectives() -> None:
    first, second = objectives({"answers.one_token": 0.75, "answers.alike": 0.5, "completed": 8})
    assert (first.metric, first.holds, first.n) == ("answers.one_token", False, 8)
    assert second.holds
    assert objectives({"tpot.mean": 1.0}) == ()


@pytest.mark.parametrize(
    ("ids", "content"),
    [([0] * 9, True), ([7, 7, 8, 7], False), ([7, 8], False), ([[1], [1]], None), ([], None)],
)
def test_what_an_answers_last_event_shows(ids: list[Any], content: bool | None) -> None:
    event = {"text": "", "output_ids": ids, "meta_info": {"completion_tokens": len(ids)}}
    line = b"data: " + json.dumps(event).encode()
    last = BACKENDS["sglang"].read(KeptLines(line, b""), [len(ids)], has_text=False).last
    assert last is not None
    assert (None if last.content is None else last.content[0]) is content


def test_pieces_of_an_answer_have_no_content() -> None:
    event = {"text": "", "output_ids": [5], "meta_info": {"completion_tokens": 9}}
    line = b"data: " + json.dumps(event).encode()
    last = BACKENDS["sglang"].read(KeptLines(line, b""), [9], has_text=False).last
    assert last is not None and last.content is None
