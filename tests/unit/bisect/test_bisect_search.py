"""The search alone: every place of the change, with the fewest launches, and tests that decide nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.bisect.search import Answer, Ask, NoAnswer, Standing, next_step

MOST = {Standing.UNDECIDED: 3, Standing.INVALID: 2, Standing.UNMEASURED: 1}  # runs of a version
Test = Callable[[int, int], Standing]  # of (place, attempt)


def walk(
    versions: int, test: Test, *, oldest_is_reference: bool = True
) -> tuple[Answer | NoAnswer, list[Ask]]:
    standings: dict[int, list[Standing]] = {}
    asked: list[Ask] = []
    while True:
        step = next_step(versions, standings, oldest_is_reference=oldest_is_reference)
        if not isinstance(step, Ask):
            return step, asked
        assert step not in asked, "the same question twice"
        asked.append(step)
        standings.setdefault(step.place, []).append(test(step.place, step.attempt))


def slower_from(change: int) -> Test:
    return lambda place, attempt: Standing.SLOWER if place >= change else Standing.NOT_SLOWER


@pytest.mark.parametrize("versions", [2, 3, 4, 7, 16, 33])
def test_every_change_is_found_with_the_launches_of_a_binary_search(versions: int) -> None:
    """The newest, and then halves: 1 + log2 of the places that are left; the oldest is launched once."""
    for change in range(1, versions):
        answer, asked = walk(versions, slower_from(change))
        assert answer == Answer(change - 1, change, ())
        assert len(asked) <= 1 + math.ceil(math.log2(versions - 1))


def test_sixteen_versions_take_five_launches_at_most() -> None:
    assert max(len(walk(16, slower_from(change))[1]) for change in range(1, 16)) == 5


def test_newest_first_then_oldest() -> None:
    _, asked = walk(16, slower_from(5), oldest_is_reference=False)
    assert [ask.place for ask in asked[:2]] == [15, 0]
    assert 0 not in [ask.place for ask in walk(16, slower_from(5))[1]]


def test_nothing_to_find_takes_one_launch_and_an_oldest_that_is_slower_two() -> None:
    assert walk(16, slower_from(16)) == (NoAnswer(15, Standing.NOT_SLOWER), [Ask(15, 1)])
    answer, asked = walk(16, slower_from(0), oldest_is_reference=False)
    assert (answer, len(asked)) == (NoAnswer(0, Standing.SLOWER), 2)


def test_an_undecided_version_is_asked_again_with_twice_the_pairs() -> None:
    def test(place: int, attempt: int) -> Standing:
        return slower_from(9)(place, attempt) if place != 7 or attempt == 2 else Standing.UNDECIDED

    answer, asked = walk(16, test)
    assert answer == Answer(8, 9, ())
    assert [(ask.attempt, ask.repeats(5)) for ask in asked if ask.place == 7] == [(1, 5), (2, 10)]
    assert asked.index(Ask(7, 2, 1)) == asked.index(Ask(7, 1)) + 1


def test_a_run_that_was_not_valid_is_made_once_more_with_the_same_pairs() -> None:
    said = [Standing.INVALID, Standing.UNDECIDED, Standing.SLOWER]
    answer, asked = walk(3, lambda place, attempt: said[attempt - 1] if place == 2 else Standing.NOT_SLOWER)
    assert answer == Answer(1, 2, ())
    assert [ask.repeats(5) for ask in asked] == [5, 5, 10, 5]


@given(st.integers(2, 24), st.data())
def test_versions_that_decide_nothing_are_passed_over_and_named(versions: int, data: st.DataObject) -> None:
    change = data.draw(st.integers(1, versions - 1))
    blank = data.draw(st.sets(st.integers(1, max(1, versions - 2))))
    kinds = {place: data.draw(st.sampled_from([*MOST])) for place in blank}
    blank.discard(versions - 1)

    def test(place: int, attempt: int) -> Standing:
        return kinds[place] if place in blank else slower_from(change)(place, attempt)

    answer, asked = walk(versions, test)
    assert isinstance(answer, Answer)
    # by hand: the nearest versions on both sides that can be decided
    good = [place for place in range(change) if place not in blank]
    bad = [place for place in range(change, versions) if place not in blank]
    assert (answer.before, answer.slower) == (max(good), min(bad))
    assert answer.unresolved == tuple(range(max(good) + 1, min(bad)))
    for place in blank:
        attempts = [ask.attempt for ask in asked if ask.place == place]
        assert attempts == [*range(1, len(attempts) + 1)] and len(attempts) in (0, MOST[kinds[place]])


@pytest.mark.parametrize("standing", [*MOST])
def test_without_the_newest_there_is_no_answer(standing: Standing) -> None:
    answer, asked = walk(8, lambda place, attempt: standing)
    assert answer == NoAnswer(7, standing)
    assert len(asked) == MOST[standing]


def test_a_walk_that_is_stopped_anywhere_goes_on_as_if_it_had_not_been() -> None:
    """What is known is all that counts: the questions before a crash are the first ones of a whole walk."""
    dice = random.Random(4)
    for _ in range(50):
        change = dice.randrange(1, 16)
        _, asked = walk(16, slower_from(change))
        stop = dice.randrange(len(asked))
        known = {ask.place: [slower_from(change)(ask.place, 1)] for ask in asked[:stop]}
        assert next_step(16, known, oldest_is_reference=True) == asked[stop]
