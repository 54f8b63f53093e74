"""Answers and scores from /generate of SGLang, in the form that a real 0.5.7 server gives them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from slabench.errors import ServerError
from slabench.server.http import Http
from slabench.server.scoring import Scorer
from slabench.sim import wire
from tests.unit.factories import scripted_server

ANSWER: dict[str, Any] = {
    "text": " dogo",
    "output_ids": [1508, 69],
    "meta_info": {
        "prompt_tokens": 3,
        "input_token_logprobs": [[None, 304, None]],
        "output_token_logprobs": [[-1.64, 1508, None], [-1.82, 69, None]],
    },
}
SCORE: dict[str, Any] = {
    "text": "",
    "output_ids": [1426],
    "meta_info": {
        "input_token_logprobs": [[None, 304, None], [-1.5, 1508, None], [None, 69, None]],
        "output_token_logprobs": [[-1.34, 1426, None]],
        "input_top_logprobs": [None, [[-1.5, 1508, None], [-2.8, 1205, None]], [[-1.8, 69, None]]],
    },
}
PROMPT = (11, 12, 304)


def asked(reply: dict[str, Any] | bytes, use: Callable[[Scorer], Any]) -> tuple[Any, str]:
    """(what use() returns, the request's head and body)."""
    body = reply if isinstance(reply, bytes) else wire.answer(200, json.dumps(reply).encode())
    with scripted_server(lambda line: body) as (url, heads):
        return use(Scorer(Http(url), {"lora_path": "a"})), heads[0]


def changed(event: dict[str, Any], **meta: Any) -> dict[str, Any]:
    return event | {"meta_info": event["meta_info"] | meta}


def test_an_answer_has_its_ids_and_what_decoding_found_of_them() -> None:
    answer, request = asked(ANSWER, lambda scorer: scorer.answer(PROMPT, 2))
    assert (answer.prompt, answer.ids, answer.logprobs) == (PROMPT, (1508, 69), (-1.64, -1.82))
    body = json.loads(request.partition("\r\n\r\n")[2])
    assert body["input_ids"] == list(PROMPT) and body["return_logprob"] and body["lora_path"] == "a"
    assert body["sampling_params"] == {"temperature": 0.0, "max_new_tokens": 2, "ignore_eos": True}


def test_a_score_has_a_value_a_token_of_the_answer_and_nan_for_null() -> None:
    answer, _ = asked(ANSWER, lambda scorer: scorer.answer(PROMPT, 2))
    score, request = asked(SCORE, lambda scorer: scorer.score(answer))
    assert score.logprobs[0] == -1.5 and math.isnan(score.logprobs[1])
    assert score.top == (((-1.5, 1508), (-2.8, 1205)), ((-1.8, 69),))
    body = json.loads(request.partition("\r\n\r\n")[2])
    assert body["input_ids"] == [*PROMPT, 1508, 69]
    assert body["logprob_start_len"] == 2  # the prompt's last token: the next one is the answer's first


def test_0_5_7_names_the_last_id_of_the_vocabulary_0() -> None:
    answer, _ = asked(ANSWER, lambda scorer: scorer.answer(PROMPT, 2))
    renamed = [[None, 304, None], [-1.5, 0, None], [-1.6, 69, None]]
    score, _ = asked(changed(SCORE, input_token_logprobs=renamed), lambda scorer: scorer.score(answer))
    assert score.logprobs == (-1.5, -1.6)


@pytest.mark.parametrize(
    "reply",
    [
        wire.answer(404, b'{"detail":"Not Found"}'),
        wire.answer(200, b"[]"),
        changed(ANSWER, output_token_logprobs=None),
        ANSWER | {"output_ids": [1, 2]},
    ],
)
def test_another_answer_is_an_error(reply: dict[str, Any] | bytes) -> None:
    with pytest.raises(ServerError, match="/generate"):
        asked(reply, lambda scorer: scorer.answer(PROMPT, 2))


@pytest.mark.parametrize(
    "meta",
    [
        {"input_token_logprobs": [[None, 304, None], [-1.5, 7, None], [-1.6, 69, None]]},
        {"input_token_logprobs": [[-1.6, 69, None]]},
        {"input_top_logprobs": None},
    ],
)
def test_scores_of_other_tokens_are_an_error(meta: dict[str, Any]) -> None:
    answer, _ = asked(ANSWER, lambda scorer: scorer.answer(PROMPT, 2))
    with pytest.raises(ServerError, match="input_token_logprobs"):
        asked(changed(SCORE, **meta), lambda scorer: scorer.score(answer))


WHOLE: dict[str, Any] = changed(
    ANSWER, output_top_logprobs=[[[None, 1, None], [-1.5, 0, None], [-3.4028234663852886e38, 2, None]]]
)


def test_the_whole_vocabulary_is_a_value_an_id_and_nan_for_null() -> None:
    """0.5.7 writes null for -inf and nan, and the lowest float32 where it takes the logarithm itself."""
    event = b"data: " + json.dumps(WHOLE).encode()
    stream = wire.answer(200, event + b"\n\ndata: [DONE]\n\n")
    row, request = asked(stream, lambda scorer: scorer.vocabulary(PROMPT, 3))
    assert (row.typecode, row[0], row[2]) == ("f", -1.5, -3.4028234663852886e38) and math.isnan(row[1])
    body = json.loads(request.partition("\r\n\r\n")[2])
    assert body["input_ids"] == list(PROMPT) and body["top_logprobs_num"] == 3
    # it ends SGLang from 0.5.12 on, as soon as another request is in its batch
    assert "token_ids_logprob" not in body
    assert (
        body["stream"] and body["sampling_params"]["max_new_tokens"] == 1 and "logprob_start_len" not in body
    )


def test_an_id_that_is_not_among_the_most_probable_has_the_least_value_that_came() -> None:
    """A vocabulary of 6 of which both servers have named ids below 4: two are not among them."""
    place = [[-0.5, 5, None], [-1.0, 2, None], [-2.0, 0, None], [-9.0, 4, None]]
    event = b"data: " + json.dumps(changed(ANSWER, output_top_logprobs=[place])).encode()
    row, _ = asked(wire.answer(200, event + b"\n\n"), lambda scorer: scorer.vocabulary(PROMPT, 4))
    assert list(row) == [-2.0, -9.0, -1.0, -9.0]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e39", "1e400", "7.5"])
def test_what_is_no_log_probability_is_nan(value: str) -> None:
    event = b"data: " + json.dumps(WHOLE).replace("-1.5", value).encode()
    row, _ = asked(wire.answer(200, event + b"\n\n"), lambda scorer: scorer.vocabulary(PROMPT, 3))
    assert math.isnan(row[0]) and math.isnan(row[1]) and row[2] < -1e38


@pytest.mark.parametrize(
    "reply",
    [
        ANSWER,  # a server that does not know top_logprobs_num
        changed(ANSWER, output_top_logprobs=None),
        changed(ANSWER, output_top_logprobs=[]),
        changed(ANSWER, output_top_logprobs=[None]),
        changed(ANSWER, output_top_logprobs=[[[-1.0, 0, None], [-1.0, 1, None]]]),
        changed(ANSWER, output_top_logprobs=[[[-1.0, id, None] for id in range(4)]]),
        changed(ANSWER, output_top_logprobs=[[[-1.0, 0, None], [-1.0, 1, None], [-1.0, 1, None]]]),
        changed(ANSWER, output_top_logprobs=[[[-1.0, 0, None], [-1.0, 1, None], [-1.0, -1, None]]]),
        changed(ANSWER, output_top_logprobs=[[[-1.0, 0, None], [-1.0, 1, None], [-1.0, "2", None]]]),
        changed(ANSWER, output_top_logprobs=[[["x", 0, None], [-1.0, 1, None], [-1.0, 2, None]]]),
        changed(ANSWER, output_top_logprobs=[[[-1.0, 0], [-1.0, 1], [-1.0, 2]]]),
        wire.answer(400, b'{"error":{"message":"top_logprobs_num"}}'),
        wire.answer(200, b"[" * 100_000),
    ],
)
def test_other_than_the_whole_vocabulary_is_an_error(reply: dict[str, Any] | bytes) -> None:
    with pytest.raises(ServerError, match="/generate"):
        asked(reply, lambda scorer: scorer.vocabulary(PROMPT, 3))
