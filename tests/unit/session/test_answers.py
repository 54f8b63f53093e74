"""Which prompts both servers answer, and what becomes of a server that does not."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from slabench.answer_records import Answer, Scored, Vocabulary
from slabench.errors import NoAnswer
from slabench.messages import Message
from slabench.server.http import Http, Response
from slabench.server.scoring import Scorer
from slabench.server.url import parse_url
from slabench.session import answers
from slabench.session.answers import (
    LEAST,
    MOST,
    PLACES,
    PROMPT_TOKENS,
    answer_tokens,
    places_of,
    prompts_of,
    score_both,
)
from slabench.sim import wire
from slabench.sim.model import FIRST_ID, RAISED, WORDS, seed_of, with_logprobs, word
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import Compared, check
from tests.unit.factories import scripted_server
from tests.unit.session.preflight.builders import deployment


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


LARGEST = FIRST_ID + len(WORDS) - 1


class Model:
    """The embedded server's model behind an Http's post(). largest: an id that it names among the most
    probable ones, and the last of its vocabulary; whole: whether it gives as many as it is asked for.
    """

    def __init__(self, *, raised: int | None = None, largest: int = LARGEST, whole: bool = True) -> None:
        self.target = parse_url("http://127.0.0.1:1")
        self.raised, self.largest, self.whole = raised, largest, whole
        self.asked: list[dict[str, Any]] = []
        self.ends_at = ""  # the first request of a kind that it does not answer

    def post(self, path: str, body: dict[str, Any], *, timeout: float) -> Response:
        kind = "vocabulary" if body["stream"] else "score" if "logprob_start_len" in body else "answer"
        if kind == self.ends_at:
            raise NoAnswer("it has ended")
        self.asked.append(body)
        ids, count = body["input_ids"], body.get("top_logprobs_num", 0)
        assert count <= self.largest + 1, "this ends the server"
        seed = seed_of(ids)
        own = [FIRST_ID + word(seed, place) for place in range(body["sampling_params"]["max_new_tokens"])]
        meta: dict[str, Any] = {}
        with_logprobs(meta, ids, own, body.get("logprob_start_len", -1), count, raised=self.raised)
        if self.largest > LARGEST:
            for place in filter(None, meta.get("input_top_logprobs", ())):
                place.append([-30.0, self.largest, None])
        for place in meta.get("output_top_logprobs", ()):
            place.extend([-30.0, id, None] for id in range(LARGEST + 1, count))
            if not self.whole:
                place.pop()
        event = {"text": "", "output_ids": own, "meta_info": meta}
        data = json.dumps(event).encode()
        if body["stream"]:
            data = b"data: " + data + b"\n\ndata: [DONE]\n\n"
        return Response(200, {}, data, "http://127.0.0.1:1/generate")


def both(old: Model, new: Model) -> Scored:
    scored = score_both(*(Scorer(cast(Http, each), {}) for each in (old, new)), prompts(20, 3), 16)
    assert isinstance(scored, Scored), str(scored)
    return scored


@pytest.mark.parametrize("larger", [(5000, None), (None, 5000), (None, None)])
def test_the_whole_vocabulary_is_compared_as_far_as_both_servers_have_named_it(
    larger: tuple[int | None, int | None],
) -> None:
    old, new = (Model() if largest is None else Model(largest=largest) for largest in larger)
    scored = both(old, new)
    assert isinstance(scored.vocabulary, Vocabulary)
    rows = (*scored.vocabulary.old, *scored.vocabulary.new)
    assert [len(row) for row in rows] == [LARGEST + 1] * 2 * PLACES
    asked = [[body["input_ids"] for body in each.asked if body["stream"]] for each in (old, new)]
    assert sorted(asked[0]) == sorted(asked[1]) == sorted(map(list, places_of(scored.old)))
    compared = Compared.of(scored)
    assert compared.metrics["answers.vocabulary_shift"] == 0
    assert "more probable" not in check(compared).text  # a token is named where it has changed


def test_a_logit_that_no_answer_shows_is_a_finding_that_names_the_token() -> None:
    compared = Compared.of(both(Model(), Model(raised=RAISED)))
    (broken,) = (each for each in compared.objectives if not each.holds)
    assert (broken.metric, broken.observed) == ("answers.vocabulary_shift", pytest.approx(2))
    result = check(compared)
    assert result.state is CheckStatus.FINDING and f"token {RAISED} is more probable" in result.text


@pytest.mark.parametrize("side", [0, 1])
def test_a_server_that_gives_fewer_costs_that_metric_alone(side: int) -> None:
    compared = Compared.of(both(Model(whole=side == 1), Model(whole=side == 0)))
    assert "answers.vocabulary_shift" not in compared.metrics and len(compared.metrics) == 7
    result = check(compared)
    assert result.state is CheckStatus.OK
    assert "The whole vocabulary was not compared: " in result.text
    assert "without output_top_logprobs" in result.text
    # a release that cannot what the one before could does not pass a gate
    assert check(compared, gate=True).state is (CheckStatus.INVALID if side == 1 else CheckStatus.OK)


def test_an_id_that_no_vocabulary_has_costs_that_metric_alone_and_nothing_is_asked() -> None:
    old, new = Model(largest=10**12), Model(largest=10**12)
    result = check(Compared.of(both(old, new)))
    assert result.state is CheckStatus.OK and "token 1000000000000, which no vocabulary" in result.text
    assert not any(body["stream"] for body in (*old.asked, *new.asked))


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


def test_places_are_in_other_answers_and_at_other_lengths() -> None:
    answers = [Answer((number,), tuple(range(32)), ()) for number in range(64)]
    places = places_of(answers)
    assert [place[0] for place in places] == list(range(0, 64, 4))
    assert [len(place) - 1 for place in places] == list(range(0, 32, 2))
    assert len(places_of(answers[:3])) == 3


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
