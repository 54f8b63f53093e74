"""The whole vocabulary at a few places: what is asked of both servers, and what one of them stores."""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from slabench.answer_records import Answer, Scored, Vocabulary
from slabench.errors import NoAnswer
from slabench.report.records_file import RecordsFile
from slabench.server.http import Http
from slabench.server.scoring import Scorer
from slabench.session import stored_answers
from slabench.session.answers import score_both, score_stored
from slabench.session.vocabularies import (
    FILE,
    PLACES,
    _as_if_asked_for,
    keep_vocabulary,
    places_of,
)
from slabench.sim.model import RAISED
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import Compared, check
from tests.unit.session.scored_model import LARGEST, Model, both, prompts


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


def test_places_are_in_other_answers_and_at_other_lengths() -> None:
    answers = [Answer((number,), tuple(range(32)), ()) for number in range(64)]
    places = places_of(answers)
    assert [place[0] for place in places] == list(range(0, 64, 4))
    assert [len(place) - 1 for place in places] == list(range(0, 32, 2))
    assert len(places_of(answers[:3])) == 3


def scorer(model: Model) -> Scorer:
    return Scorer(cast(Http, model), {})


def measured(folder: Path, model: Model, *tests: str) -> None:
    """The old server's run: answers of each test, and what is stored beside them."""
    file, server = RecordsFile(folder / stored_answers.FILE), scorer(model)
    for test_id in tests:
        own = score_both(server, server, prompts(20, 3), 16)
        assert isinstance(own, Scored)
        stored_answers.keep(file, test_id, "new", own.old, own.old_by_old, "ids")
        keep_vocabulary(folder, test_id, server, own.old, own.old_by_old)
    file.close()


def compared_with(folder: Path, new: Model, test_id: str = "t::a") -> Compared:
    scored = score_stored(folder, test_id, scorer(new))
    assert isinstance(scored, Scored), str(scored)
    return Compared.of(scored)


@pytest.mark.parametrize("largest", [(LARGEST, LARGEST), (LARGEST, 5000), (5000, LARGEST)])
def test_a_server_that_has_ended_is_compared_by_what_it_stored(
    tmp_path: Path, largest: tuple[int, int]
) -> None:
    """largest: the ids that the old and the new server name; what both have is compared."""
    old, new = largest
    measured(tmp_path, Model(largest=old), "t::a")
    assert compared_with(tmp_path, Model(largest=new)).metrics["answers.vocabulary_shift"] == 0
    result = check(compared_with(tmp_path, Model(largest=new, raised=RAISED)))
    assert result.state is CheckStatus.FINDING and f"token {RAISED} is more probable" in result.text


def test_it_is_asked_after_the_first_test_alone(tmp_path: Path) -> None:
    old, new = Model(), Model()
    measured(tmp_path, old, "t::a", "t::b")
    assert sum(body["stream"] for body in old.asked) == PLACES
    result = check(compared_with(tmp_path, new, "t::b"))
    assert result.state is CheckStatus.OK and "that was done after t::a, once a run." in result.text
    assert not any(body["stream"] for body in new.asked)


def test_what_the_old_server_does_not_give_is_not_stored(tmp_path: Path) -> None:
    measured(tmp_path, Model(whole=False), "t::a")
    assert not (tmp_path / FILE).exists()
    assert "has not stored its own" in check(compared_with(tmp_path, Model())).text


def test_a_new_server_that_does_not_give_it_does_not_pass_a_gate(tmp_path: Path) -> None:
    measured(tmp_path, Model(), "t::a")
    assert check(compared_with(tmp_path, Model(whole=False)), gate=True).state is CheckStatus.INVALID


def test_a_server_that_ends_meanwhile_is_an_error_and_nothing_is_stored(tmp_path: Path) -> None:
    model = Model()
    model.ends_at = "vocabulary"
    with pytest.raises(NoAnswer):
        measured(tmp_path, model, "t::a")
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("damage", ["cut", "zeros", "other", "shape"])
def test_a_damaged_file_is_none(tmp_path: Path, damage: str) -> None:
    measured(tmp_path, Model(), "t::a")
    path = tmp_path / FILE
    data = path.read_bytes()
    if damage == "shape":
        with np.load(path) as file:
            np.savez(path, **(dict(file) | {"values": np.zeros(3)}))
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "zeros": bytes(100), "other": b"# text"}[damage])
    assert "has not stored its own" in check(compared_with(tmp_path, Model())).text


def test_a_row_is_cut_to_what_a_smaller_request_would_have_given() -> None:
    """By hand: of -1, -5, nan, -3, -2 the three most probable are -1, -3 and -2; the others count as -3."""
    row = array("f", [-1.0, -5.0, math.nan, -3.0, -2.0])
    first, second, third = _as_if_asked_for(3, row)
    assert (first, second) == (-1, -3) and math.isnan(third)
    assert list(_as_if_asked_for(2, row)) == [-1, -2]
    assert list(_as_if_asked_for(5, row))[:2] == [-1, -5]
