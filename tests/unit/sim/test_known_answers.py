"""The embedded server's replies to questions with known answers, and their bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slabench.sim.known_answers import WRONG, KnownAnswers
from slabench.sim.wire import Answering, ChatAnswering, ChunkAnswering
from slabench.workloads.questions import SMOKE_FILE, read_questions


@pytest.mark.parametrize(("share", "right"), [(1.0, 40), (0.9, 36), (0.5, 20), (0.0, 0)])
def test_a_share_of_the_questions_is_answered_right(share: float, right: int) -> None:
    known = KnownAnswers(str(SMOKE_FILE), share)
    replies = []
    for question in read_questions("smoke").questions:
        key = "prompt" if isinstance(question.content, str) else "messages"
        content = question.content if key == "prompt" else list(question.content)
        reply = known.reply({key: content})
        assert reply is not None
        replies.append(question.right(reply))
    assert sum(replies) == right


def test_what_is_no_question_has_no_reply(tmp_path: Path) -> None:
    assert KnownAnswers(str(SMOKE_FILE), 1.0).reply({"text": "x"}) is None
    (tmp_path / "bad").write_text("{")
    with pytest.raises(ValueError):
        KnownAnswers(str(tmp_path / "bad"), 1.0)
    assert WRONG == "no"


def test_the_bytes_of_a_reply() -> None:
    native = Answering("id", 3, 9, ('say "4"', 2))
    assert native.max_new == 2
    for _ in range(2):
        native.grow(b"word", 100)
    event = json.loads(native.events(2, 0, last=True)[0])
    assert event["text"] == 'say "4"' and event["meta_info"]["finish_reason"]["type"] == "stop"
    for form, where in ((ChunkAnswering, "text"), (ChatAnswering, "message")):
        answering = form("id", 3, 9, {"model": "m"}, ("4", 1))
        answering.grow(b"word", 100)
        assert answering.events(1, 0, last=False) == []
        (whole,) = answering.events(1, 0, last=True)
        (choice,) = json.loads(whole)["choices"]
        content = choice[where]
        assert (content if where == "text" else content["content"]) == "4"
        assert choice["finish_reason"] == "stop"
        assert json.loads(whole)["object"] in ("text_completion", "chat.completion")
