"""Files of questions: what is read, what is right, and a sentence for each line that is no question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slabench.errors import ConfigError
from slabench.workloads.questions import SMOKE, Question, normalised, read_questions


def written(tmp_path: Path, *lines: object) -> str:
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return str(file)


def test_the_file_that_ships() -> None:
    file = read_questions(SMOKE)
    kinds = {(isinstance(q.content, str), q.pattern is None) for q in file.questions}
    assert len(file.questions) == 40 and kinds == {(True, True), (False, True), (False, False)}
    assert file.name == "accuracy_smoke.jsonl" and len(file.sha256) == 64
    for question in file.questions:
        assert question.right(question.wanted.strip("/").replace("\\b", ""))
        assert not question.right("no")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (" 12\n", "12"),
        ("12.", "12"),
        ("The  Answer\tis", "the answer is"),
        ("１２", "12"),  # full-width digits: NFKC
        ("12 .", "12"),
        ("STRASSE", "straße"),
    ],
)
def test_what_is_the_same_after_normalisation(text: str, same: str) -> None:
    assert normalised(text) == normalised(same)


@pytest.mark.parametrize("text", ["12 apples", "'12'", "1 2", "12..", "012", ""])
def test_what_is_not(text: str) -> None:
    assert normalised(text) != normalised("12")


def test_a_pattern_is_searched_in_the_answer_as_it_came(tmp_path: Path) -> None:
    (question,) = read_questions(written(tmp_path, {"prompt": "x", "pattern": r"\b12\b"})).questions
    assert question.right("So it is 12, I think.") and not question.right("123")


def test_a_line_with_everything(tmp_path: Path) -> None:
    asked = {
        "messages": [{"role": "user", "content": "x"}],
        "answer": 4,
        "max_tokens": 9,
        "stop": "\n",
        "id": 7,
    }
    file = read_questions(written(tmp_path, "", asked, ""))
    assert file.questions == (
        Question(2, ({"role": "user", "content": "x"},), "4", None, max_tokens=9, stop=("\n",)),
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "it is no JSON"),
        ("[1]", "it is no JSON object"),
        ({"prompt": "x"}, "it has neither answer nor pattern"),
        ({"prompt": "x", "answer": "1", "pattern": "1"}, "it has both answer and pattern"),
        ({"answer": "1"}, "it has neither prompt nor messages"),
        ({"prompt": "x", "messages": [], "answer": "1"}, "it has both prompt and messages"),
        ({"prompt": "x", "anwser": "1"}, "'anwser' is no key of a question. Did you mean answer?"),
        ({"prompt": "x", "pattern": "("}, "pattern '(' is no regular expression"),
        ({"prompt": "", "answer": "1"}, "prompt is no text, or an empty one"),
        ({"prompt": "x", "answer": True}, "answer is no text"),
        ({"messages": [{"role": "user"}], "answer": "1"}, "messages is no list of objects"),
        ({"prompt": "x", "answer": "1", "max_tokens": 0}, "max_tokens is no whole number of at least 1"),
        ({"prompt": "x", "answer": "1", "stop": [1]}, "stop is neither a text nor a list of texts"),
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: object, says: str) -> None:
    path = written(tmp_path, {"prompt": "x", "answer": "1"}, line)
    with pytest.raises(ConfigError) as refused:
        read_questions(path)
    assert str(refused.value).startswith(f"--accuracy-file={path}, line 2: ") and says in str(refused.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for path, says in (
        (tmp_path / "nope", "does not exist"),
        (tmp_path, "cannot be read (Is a directory)"),
        (tmp_path / "bytes", "cannot be read"),
        (Path(written(tmp_path, "")), "has no question in it"),
    ):
        with pytest.raises(ConfigError, match="--accuracy-file=") as refused:
            read_questions(str(path))
        assert says in str(refused.value)
