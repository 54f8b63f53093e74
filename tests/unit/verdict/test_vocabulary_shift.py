"""One token's log-probability among the whole vocabulary's: by hand, in noise, where numbers are missing."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.answer_records import Vocabulary
from slabench.messages import Message
from slabench.verdict.vocabulary_shift import MASKED, lost_places, vocabulary_shift

QUANTILE = 3.3353
LOWEST = -3.4028234663852886e38  # what some servers write for a token that is masked


def of(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> Vocabulary:
    return Vocabulary([array("f", row) for row in old], [array("f", row) for row in new])


def shift(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> tuple[float, int | None, bool]:
    estimate = vocabulary_shift(of(old, new))
    assert estimate is not None
    return (round(estimate.value, 4), estimate.token, estimate.lower)


def test_by_hand() -> None:
    """All tokens of the first place gain 0.125 and those of the second lose 0.25, as a normalisation does.
    Token 2 changes by 2 and by 1.5 more, at 4 places each: 1.75 on average, with a standard error of 0.25 /
    sqrt(7). QUANTILE is that of 7 degrees of freedom at 1 - 0.05 / 4, by
    numerical integration of the density.
    """
    old = [[-4.0, -5.0, -6.0, -7.0]] * 8
    new = [[-3.875, -4.875, -3.875, -6.875], [-4.25, -5.25, -4.75, -7.25]] * 4
    estimate = vocabulary_shift(of(old, new))
    assert estimate is not None
    assert (estimate.value, estimate.token, estimate.lower, estimate.n) == (1.75, 2, False, 8)
    half = QUANTILE * 0.25 / math.sqrt(7)
    assert (estimate.low, estimate.high) == pytest.approx((1.75 - half, 1.75 + half), rel=1e-3)


def test_a_token_that_is_less_probable() -> None:
    old = [[-4.0, -5.0, -6.0]] * 8
    estimate = vocabulary_shift(of(old, [[-4.0, -7.0, -6.0]] * 8))
    assert estimate is not None and not estimate.holds
    assert (estimate.value, estimate.low, estimate.high) == (2, 2, 2)
    assert "token 1 is less probable" in str(estimate.message)


def noisy(dice: random.Random, tokens: int, deviation: float, raised: float = 0.0) -> Vocabulary:
    """16 places; raised: of token 0, by 15 % more or less, as in tools/sglang_cpu/make_variants.py."""
    old = [[-12.0] * tokens] * 16
    new = [[-12.0 + dice.gauss(0, deviation) for _ in range(tokens)] for _ in old]
    for row in new:
        row[0] += raised * dice.gauss(1, 0.15)
    return of(old, new)


@pytest.mark.parametrize("deviation", [0.03, 0.3, 2.0])
def test_noise_is_no_finding_however_large(deviation: float) -> None:
    """The largest of 2,000 means is 1.8 with a deviation of 2, and no more than chance."""
    dice = random.Random(1)
    for _ in range(20):
        estimate = vocabulary_shift(noisy(dice, 2000, deviation))
        assert estimate is not None and estimate.holds


@pytest.mark.parametrize("deviation", [0.03, 0.1])
def test_a_logit_that_is_2_too_large_is_found_in_every_draw(deviation: float) -> None:
    dice = random.Random(2)
    for _ in range(20):
        estimate = vocabulary_shift(noisy(dice, 2000, deviation, 2.0))
        assert estimate is not None and not estimate.holds
        assert (estimate.token, estimate.lower) == (0, False)


def test_a_token_that_both_servers_mask_has_not_changed() -> None:
    """In whatever way: no number, or the lowest one. The others' normalisation is not its change either."""
    old = [[-4.0, -5.0, -6.0, math.nan, LOWEST, MASKED - 1]] * 8
    assert shift(old, [[-3.5, -4.5, -5.5, LOWEST, math.nan, MASKED - 9]] * 8) == (0, 0, False)


@pytest.mark.parametrize("masked", [math.nan, -math.inf, LOWEST])
def test_a_token_that_one_server_alone_masks_is_a_finding(masked: float) -> None:
    plain, other = [[-4.0, -5.0, -6.0]] * 8, [[-4.0, -5.0, masked]] * 8
    assert shift(plain, other) == (94, 2, True)
    assert shift(other, plain) == (94, 2, False)


def test_a_place_without_numbers_is_left_out_and_counted() -> None:
    old, good, none = [[-4.0, -5.0, -6.0]] * 9, [-4.0, -5.0, -4.0], [math.nan] * 3
    assert shift(old, [*[good] * 8, none]) == (2, 2, False)
    assert vocabulary_shift(of(old, [*[good] * 7, none, none])) is None  # too few
    assert vocabulary_shift(Message("vocabulary.not_stored")) is None
    assert lost_places(of(old, [*[good] * 7, none, none])) == [False] * 7 + [True] * 2
    assert lost_places(of([*old[:8], none], [none, *[good] * 7, none])) == [True] + [False] * 7
    assert lost_places(Message("vocabulary.not_stored")) == []


@pytest.mark.parametrize("kind", ["a number is missing", "tokens of other noise"])
def test_a_larger_change_that_is_not_sure_hides_none_that_is(kind: str) -> None:
    """Token 0 is 2 too large at every place. One number is missing at one place, which counts as -100; or a
    hundredth of the tokens have noise of 4 nats.
    """
    dice = random.Random(3)
    for _ in range(20):
        vocabulary = noisy(dice, 2000, 0.03, 2.0)
        for row in vocabulary.new:
            if kind == "a number is missing":
                vocabulary.new[5][7] = math.nan
            else:
                for token in range(1, 21):
                    row[token] += dice.gauss(0, 4)
        estimate = vocabulary_shift(vocabulary)
        assert estimate is not None and not estimate.holds and estimate.token == 0


VALUES = st.lists(st.floats(-40, -1, width=32), min_size=5, max_size=5)


@given(st.lists(st.tuples(VALUES, VALUES, st.floats(-9, 9, width=16)), min_size=8, max_size=10), st.randoms())
def test_neither_the_order_of_places_nor_what_all_tokens_of_one_share_matters(
    places: list[tuple[list[float], list[float], float]], dice: random.Random
) -> None:
    old, new = [place[0] for place in places], [place[1] for place in places]
    known = vocabulary_shift(of(old, new))
    moved = [(before, [value + constant for value in after]) for before, after, constant in places]
    dice.shuffle(moved)
    other = vocabulary_shift(of([place[0] for place in moved], [place[1] for place in moved]))
    assert known is not None and other is not None
    assert other.value == pytest.approx(known.value, abs=1e-4)
