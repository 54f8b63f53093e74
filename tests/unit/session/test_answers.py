"""Which prompts both servers answer, and what becomes of a server that does not."""

from __future__ import annotations

from typing import Any, cast

import pytest

from slabench.messages import Message
from slabench.server.http import Http
from slabench.server.scoring import Scorer
from slabench.session import answers
from slabench.session.answers import (
    LEAST,
    MOST,
    PROMPT_TOKENS,
    answer_tokens,
    prompts_of,
    score_both,
)
from slabench.sim import wire
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import check
from tests.unit.factories import scripted_server
from tests.unit.session.preflight.builders import deployment
from tests.unit.session.scored_model import Model, prompts


def test_a_large_load_gives_its_first_prompts() -> None:
    known = prompts(200, 10)
    assert prompts_of(known) == [tuple(prompt) for prompt in known[:MOST]]


def test_long_prompts_are_fewer_and_never_less_than_the_least() -> None:
    assert len(prompts_of(prompts(64, 2048))) == PROMPT_TOKENS // 2048
    assert len(prompts_of(prompts(64, 8000))) == LEAST


def test_few_prompts_are_rotated_so_that_there_are_enough_different_ones() -> None:
    made = prompts_of(prompts(1, 32))
    assert len(made) == LEAST == len(set(made))
    assert {tuple(sorted(prompt)) for prompt in made} == {tuple(range(32))}


def test_there_may_be_none() -> None:
    assert prompts_of([]) == prompts_of([[5]]) == []


def test_answers_are_as_long_as_the_loads_or_shorter() -> None:
    assert [answer_tokens(length) for length in (1, 40, 1536)] == [16, 40, 64]


def test_a_server_without_the_endpoint_is_a_reason() -> None:
    with scripted_server(lambda line: wire.not_found()) as (url, _):
        scorer = Scorer(Http(url), {})
        why = score_both(scorer, scorer, prompts(1, 4), 16)
    assert isinstance(why, Message) and "answers 404" in str(why)
    assert "no prompts" in str(score_both(scorer, scorer, [], 16))


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("last", ["answer", "score", "vocabulary"])
def test_a_server_that_ends_while_it_is_asked_is_never_the_same(side: int, last: str) -> None:
    models = [Model(), Model()]
    models[side].ends_at = last
    scored = score_both(*(Scorer(cast(Http, each), {}) for each in models), prompts(20, 3), 16)
    assert isinstance(scored, Message)
    result = check(scored)
    assert result.state is CheckStatus.NOT_CHECKED and "it has ended" in result.text
    assert check(scored, gate=True).state is CheckStatus.INVALID


EAGLE3 = {"speculative_algorithm": "EAGLE3", "version": "0.5.7", "disable_overlap_schedule": False}


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ({}, None),
        (EAGLE3, "17349"),
        (EAGLE3 | {"version": None, "disable_overlap_schedule": None}, "17349"),
        (EAGLE3 | {"version": "0.5.12.post1"}, None),
        (EAGLE3 | {"disable_overlap_schedule": True}, None),
        (EAGLE3 | {"speculative_algorithm": "EAGLE"}, None),
        ({"disaggregation_mode": "prefill"}, "26286"),
    ],
)
def test_what_log_probabilities_could_end_is_not_asked(info: dict[str, Any], why: str | None) -> None:
    kept = answers._unsafe(deployment(**info))
    assert (kept is None) if why is None else (kept is not None and why in str(kept))


def test_a_run_at_one_server_that_stores_none_has_nothing_to_compare() -> None:
    why = Message("same_answers.not_kept", why=Message("same_answers.disaggregated"))
    for gate in (False, True):
        result = check(why, gate=gate)
        assert result.state is CheckStatus.NOT_CHECKED and result.text.startswith("No answers of this server")
