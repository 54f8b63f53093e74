"""Questions as requests, answers as texts or errors, and the closed loop between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slabench.session import asking
from slabench.session.asking import Answer, Asker
from slabench.session.load import LoadOptions
from slabench.workloads.questions import Question

ASKED = Question(1, "2 + 2 =", "4", max_tokens=8, stop=("\n",))
CHAT = replace(ASKED, content=({"role": "user", "content": "2 + 2 ="},))


class Named:
    model_name = "m"


def request(question: Question, **options: Any) -> tuple[str, dict[str, Any]]:
    return Asker(Named(), LoadOptions(**options), 1.0).request(question)  # type: ignore[arg-type]


def test_where_a_question_goes() -> None:
    name, body = request(ASKED)
    sampling = {"temperature": 0.0, "max_new_tokens": 8, "stop": ["\n"]}
    assert (name, body) == ("sglang", {"text": "2 + 2 =", "stream": False, "sampling_params": sampling})
    completion = {
        "model": "m", "prompt": "2 + 2 =", "max_tokens": 8, "temperature": 0.0, "stream": False,
        "stop": ["\n"],
    }  # fmt: skip
    assert request(ASKED, backend="sglang-oai") == ("sglang-oai", completion)
    assert request(ASKED, backend="sglang-oai-chat") == ("sglang-oai", completion)
    name, body = request(CHAT)
    assert name == "sglang-oai-chat"
    assert body["messages"] == [{"role": "user", "content": "2 + 2 ="}]
    assert (body["max_completion_tokens"], body["temperature"]) == (8, 0.0)


def test_the_extra_body_goes_to_its_own_endpoint_and_leaves_the_temperature() -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}, "temperature": 0.7}
    _, body = request(CHAT, backend="sglang-oai-chat", body=extra)
    assert body["chat_template_kwargs"] == {"enable_thinking": False} and body["temperature"] == 0.0
    _, body = request(CHAT, body={"sampling_params": {"top_p": 0.5, "temperature": 0.7}})
    assert "sampling_params" not in body
    _, body = request(ASKED, body={"sampling_params": {"top_p": 0.5, "temperature": 0.7}})
    assert body["sampling_params"] == {
        "top_p": 0.5, "temperature": 0.0, "max_new_tokens": 8, "stop": ["\n"],
    }  # fmt: skip


def native(text: object, kind: object = "stop") -> dict[str, Any]:
    return {"text": text, "meta_info": {"finish_reason": {"type": kind}}}


@pytest.mark.parametrize(
    ("name", "document", "answer"),
    [
        ("sglang", native("4"), Answer("4")),
        ("sglang", native("4", "length"), Answer("4", cut=True)),
        ("sglang-oai", {"choices": [{"text": "4", "finish_reason": "stop"}]}, Answer("4")),
        (
            "sglang-oai-chat",
            {"choices": [{"message": {"content": "4"}, "finish_reason": "length"}]},
            Answer("4", cut=True),
        ),
        (
            "sglang-oai-chat",
            {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]},
            Answer(""),
        ),
    ],
)
def test_answers(name: str, document: object, answer: Answer) -> None:
    assert asking._read(name, document) == answer


@pytest.mark.parametrize(
    ("name", "document", "error"),
    [
        ("sglang", native("", "abort"), "the server aborted it"),
        ("sglang", {"error": {"message": "x"}}, "no answer in {'error'"),
        ("sglang", native(4), "the answer is no text"),
        ("sglang-oai", {"choices": []}, "no answer in"),
        ("sglang-oai", [], "no answer in"),
    ],
)
def test_what_is_no_answer_is_an_error(name: str, document: object, error: str) -> None:
    answer = asking._read(name, document)
    assert answer.text is None and answer.error.startswith(error)
