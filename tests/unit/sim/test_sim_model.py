"""The embedded server's model finds a token as probable when it reads it as when it makes it."""

from __future__ import annotations

from typing import Any

from slabench.sim.model import FIRST_ID, seed_of, top, with_logprobs, word

PROMPT = [7, 8, 9]


def answer(prompt: list[int], tokens: int, model: int = 0) -> list[int]:
    seed = seed_of(prompt, model)
    return [FIRST_ID + word(seed, place) for place in range(tokens)]


def test_other_prompts_have_other_answers() -> None:
    answers = {tuple(answer([prompt, 8, 9], 16)) for prompt in range(200)}
    assert len(answers) == 200
    assert answer(PROMPT, 16) != answer(PROMPT, 16, model=1)


def test_what_is_read_is_scored_as_what_was_decoded() -> None:
    ids = answer(PROMPT, 20)
    decoded: dict[str, Any] = {}
    with_logprobs(decoded, PROMPT, ids, -1, 0)
    read: dict[str, Any] = {}
    with_logprobs(read, PROMPT + ids, [5], len(PROMPT) - 1, 4)
    assert read["input_token_logprobs"] == [[None, 9, None], *decoded["output_token_logprobs"]]
    assert [place[0][1] for place in read["input_top_logprobs"][1:]] == ids
    assert "input_token_logprobs" not in decoded


def test_another_token_is_less_probable() -> None:
    ids = answer(PROMPT, 2)
    other = FIRST_ID + (ids[0] - FIRST_ID + 3) % 16
    read: dict[str, Any] = {}
    with_logprobs(read, [*PROMPT, other, ids[1], 0], [5], len(PROMPT) - 1, 0)
    assert [value for value, *_ in read["input_token_logprobs"][1:]] == [-3.5, -0.5, -20.0]
    assert top(seed_of(PROMPT), 0, 2)[0] == [-0.5, ids[0], None]
