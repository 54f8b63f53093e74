"""Which prompts both servers answer, and what becomes of a server that does not."""

from __future__ import annotations

from slabench.messages import Message
from slabench.server.http import Http
from slabench.server.scoring import Scorer
from slabench.session.answers import LEAST, MOST, PROMPT_TOKENS, answer_tokens, prompts_of, score_both
from slabench.sim import wire
from tests.unit.factories import scripted_server


def prompts(count: int, length: int) -> list[list[int]]:
    return [[1000 * number + place for place in range(length)] for number in range(count)]


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
