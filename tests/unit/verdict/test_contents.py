"""What a stream's events hold beside their counts: answers whose counts, ids, texts and times do not belong
together.
"""

from __future__ import annotations

from typing import Any

import pytest

from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import CheckContext
from slabench.verdict.validity.contents import form_of_ids
from slabench.verdict.validity.context import Texts
from tests.unit.factories import answer
from tests.unit.verdict.test_validity import context, found_in


def counted(counts: list[int], ids: int | None, index: int = 0, **more: Any) -> RequestRecord:
    """An answer with an event every 10 ms, each with its count; ids: of the last event."""
    arrivals = tuple((110 + 10 * k, count) for k, count in enumerate(counts))
    first_ids = None if ids is None else counts[0]
    fields = {
        "output_len": counts[-1],
        "end": arrivals[-1][0] + 1,
        "output_ids": ids,
        "first_ids": first_ids,
    } | more
    return answer(index, arrivals=arrivals, **fields)  # type: ignore[no-untyped-call, no-any-return]


ONE_BY_ONE, BY_EIGHT, BY_FORTY = list(range(1, 61)), [1, 8, 16, 24, 32, 40, 48, 56, 60], [1, 40, 60]


@pytest.mark.parametrize(
    ("counts", "ids", "form"),
    [
        (ONE_BY_ONE, 60, "whole"),
        (BY_EIGHT, 60, "whole"),
        (BY_FORTY, 60, "whole"),
        ([60], 60, "whole"),
        ([1, 60], 60, "whole"),
        ([*ONE_BY_ONE, 60], 60, "whole"),  # the reason to end in an event of its own
        ([*ONE_BY_ONE, 60], 0, "none"),
        (ONE_BY_ONE, 1, "piece"),  # 0.5.2, --stream-output
        (BY_EIGHT, 4, "piece"),
        (BY_FORTY, 20, "piece"),
        ([*ONE_BY_ONE, 60], 1, "piece"),
        ([1, 2, 3, 6], 1, "part"),  # an event that was replaced by a newer one before it was sent
        (ONE_BY_ONE, 30, "other"),
        (ONE_BY_ONE, 4, "other"),
        (ONE_BY_ONE, 61, "other"),
        (ONE_BY_ONE, 0, "other"),
        (BY_EIGHT, 30, "other"),
        (BY_FORTY, 30, "other"),
        ([60], 30, "other"),
    ],
)
def test_the_last_event_s_ids_are_all_or_its_own(counts: list[int], ids: int, form: str) -> None:
    assert form_of_ids(counted(counts, ids)) == form


def token_counts(*records: RequestRecord, **more: Any) -> Check:
    return found_in(context(*records, **more), "token_counts")  # type: ignore[no-untyped-call, no-any-return]


@pytest.mark.parametrize("ids", [30, 4, 61, 0])
def test_counts_that_the_ids_do_not_hold_are_invalid(ids: int) -> None:
    said = token_counts(counted(ONE_BY_ONE, 60), counted(ONE_BY_ONE, ids, 1))
    assert said.state is CheckStatus.INVALID
    assert (
        f"of output_ids than they count (request 1: 60 tokens counted, {ids} ids in its last event)"
        in said.text
    )


@pytest.mark.parametrize(
    ("forms", "state"),
    [
        ([60, 60], CheckStatus.OK),
        ([1, 1], CheckStatus.OK),
        ([None, None], CheckStatus.OK),  # 0.4, /v1
        ([60, None], CheckStatus.INVALID),
        ([60, 1], CheckStatus.INVALID),
    ],
)
def test_all_answers_have_ids_of_one_form(forms: list[int | None], state: CheckStatus) -> None:
    assert token_counts(*(counted(ONE_BY_ONE, ids, k) for k, ids in enumerate(forms))).state is state


def test_ids_that_the_last_event_does_not_have_are_invalid() -> None:
    for more in ({"first_ids": 1}, {"middle": {"tokens": 40, "ids": 40}}):
        said = token_counts(*(counted(ONE_BY_ONE, None, k, **more) for k in range(2)))
        assert said.state is CheckStatus.INVALID
        assert (
            said.text
            == "2 of 2 answers begin with output_ids (first: request 0), and their last event has none."
        )


@pytest.mark.parametrize(
    ("ids", "middle", "state"),
    [
        (60, {"tokens": 40, "ids": 40}, CheckStatus.OK),
        (60, {"tokens": 40, "ids": 30}, CheckStatus.OK),
        (60, {"tokens": 40, "ids": 29}, CheckStatus.INVALID),  # they come behind their counts
        (60, {"tokens": 40, "ids": 1}, CheckStatus.INVALID),
        (60, {"tokens": 40}, CheckStatus.OK),
        (60, {}, CheckStatus.OK),
        (1, {"tokens": 40, "ids": 1}, CheckStatus.OK),  # an event has its own ids only
        (None, {"tokens": 40, "characters": 120, "of": 180}, CheckStatus.OK),
        (None, {"tokens": 40, "characters": 30, "of": 180}, CheckStatus.OK),
        (None, {"tokens": 40, "characters": 29, "of": 180}, CheckStatus.INVALID),
        (None, {"tokens": 40, "characters": 0, "of": 180}, CheckStatus.INVALID),
        # ids say that they are there
        (60, {"tokens": 40, "ids": 40, "characters": 0, "of": 180}, CheckStatus.OK),
    ],
)
def test_an_event_in_the_middle_brings_what_it_counts(
    ids: int | None, middle: dict[str, int], state: CheckStatus
) -> None:
    said = token_counts(*(counted(ONE_BY_ONE, ids, k, middle=middle) for k in range(2)))
    assert said.state is state, said.text
    if state is CheckStatus.INVALID:
        assert "an event in their middle that counts more than it brings (request 0: 40 of 60" in said.text


def test_one_text_in_two_that_begins_late_is_no_lie() -> None:
    late, good = {"tokens": 40, "characters": 0, "of": 180}, {"tokens": 40, "characters": 120, "of": 180}
    assert (
        token_counts(
            *(counted(ONE_BY_ONE, None, k, middle=middle) for k, middle in enumerate((late, good)))
        ).state
        is CheckStatus.OK
    )
    said = token_counts(
        *(counted(ONE_BY_ONE, None, k, middle=middle) for k, middle in enumerate((late, good, late)))
    )
    assert said.state is CheckStatus.INVALID


def test_own_ids_where_the_server_says_that_they_are_cumulative_are_a_finding() -> None:
    assert token_counts(counted(ONE_BY_ONE, 1), incremental=False).state is CheckStatus.FINDING
    assert token_counts(counted(ONE_BY_ONE, 1), incremental=True).state is CheckStatus.OK


def test_an_event_that_was_replaced_now_and_then_is_no_lie_and_in_most_answers_it_is() -> None:
    whole, part = [1, 2, 3, 4], [1, 2, 4]
    assert token_counts(counted(whole, 1), counted(part, 1, 1)).state is CheckStatus.OK
    assert (
        token_counts(counted(whole, 1), counted(part, 1, 1), counted(part, 1, 2)).state is CheckStatus.INVALID
    )


def test_output_in_events_without_a_count_beside_counted_ones_is_invalid() -> None:
    said = token_counts(
        counted(ONE_BY_ONE, None), counted(ONE_BY_ONE, None, 1, uncounted_outputs=60, events=120)
    )
    assert said.state is CheckStatus.INVALID
    assert "1 of 2 answers has output in events without a token count" in said.text
    assert "request 1: 60 of 120 events" in said.text


@pytest.mark.parametrize(
    ("tokens", "characters", "state"),
    [
        (60, 200, CheckStatus.OK),
        (36, 200, CheckStatus.OK),
        (150, 400, CheckStatus.OK),
        (30, 90, CheckStatus.FINDING),
        (4, 12, CheckStatus.FINDING),
        (151, 400, CheckStatus.FINDING),
        (0, 0, CheckStatus.FINDING),
        (None, 60, CheckStatus.OK),  # without a tokenizer: a token has a character at least
        (None, 59, CheckStatus.FINDING),
    ],
)
def test_texts_far_from_the_counts_are_a_finding(
    tokens: int | None, characters: int, state: CheckStatus
) -> None:
    said = token_counts(counted(ONE_BY_ONE, None), texts=Texts(1, 60, tokens, characters))
    assert said.state is state, said.text


def first_token(*records: RequestRecord) -> Check:
    return found_in(context(*records), "first_token")  # type: ignore[no-untyped-call, no-any-return]


LATE = tuple((at, k + 1) for k, at in enumerate([11, 2511, 2521, 2531, 2541, 2551]))
EVEN = tuple((at, k + 1) for k, at in enumerate([2501, 2511, 2521, 2531, 2541, 2551]))


def begun(arrivals: tuple[tuple[int, int], ...], index: int = 0, **more: Any) -> RequestRecord:
    return answer(index, arrivals=arrivals, output_len=6, end=arrivals[-1][0] + 1, **more)  # type: ignore[no-untyped-call, no-any-return]


def test_a_first_event_without_ids_in_an_answer_with_ids_is_invalid() -> None:
    good = {"first_empty": False, "first_ids": 1, "output_ids": 6}
    assert first_token(begun(EVEN, **good)).state is CheckStatus.OK
    for ids in (0, None):
        said = first_token(begun(EVEN, **good), begun(LATE, 1, first_empty=True, first_ids=ids, output_ids=6))
        assert said.state is CheckStatus.INVALID
        assert (
            "first counted event of 1 of 2 answers has no output_ids (request 1: 1 token counted)"
            in said.text
        )


def test_a_text_of_nothing_first_is_a_finding_where_decoding_begins_much_later() -> None:
    """By text alone: random weights decode many tokens to no text, and then the next token comes as all
    others do.
    """
    assert first_token(begun(EVEN, first_empty=True)).state is CheckStatus.OK
    assert first_token(begun(LATE, first_empty=True)).state is CheckStatus.FINDING
    # half of them: prefills of others
    assert first_token(begun(LATE, first_empty=True), begun(EVEN, 1)).state is CheckStatus.OK
    assert first_token(begun(LATE, first_empty=False)).state is CheckStatus.OK
    assert first_token(begun(LATE, first_empty=True, first_ids=1, output_ids=6)).state is CheckStatus.FINDING


@pytest.mark.parametrize(
    ("stamps", "text_at", "state"),
    [
        ([11, 21, 31, 2511, 2521, 2531, 2541], 3, CheckStatus.FINDING),  # three empty events before it
        ([11, 21, 31, 41, 51, 61, 71], 3, CheckStatus.OK),  # tokens without a text, one by one
        ([11, 161, 171, 321, 331, 341, 351], 3, CheckStatus.OK),  # prefills of others between them
        ([11, 21, 31, 2511, 2521, 4521, 4531], 3, CheckStatus.OK),  # it pauses as long later on
        ([11, 21, 31, 2511], 3, CheckStatus.OK),  # nothing to hold it against
    ],
)
def test_a_text_that_begins_after_some_empty_events(
    stamps: list[int], text_at: int, state: CheckStatus
) -> None:
    arrivals = tuple((at, k + 1) for k, at in enumerate(stamps))
    said = first_token(begun(arrivals, first_empty=True, first_text_at=text_at))
    assert said.state is state
    if state is CheckStatus.FINDING:
        assert "their first text follows after a gap of 2480 ms on average" in said.text


def tpot_defined(*records: RequestRecord, judged: tuple[str, ...] = ("tpot.mean",)) -> Check:
    return found_in(context(*records, judged=judged), "tpot_defined")  # type: ignore[no-untyped-call, no-any-return]


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ([59, 60], CheckStatus.INVALID),
        ([50, *range(51, 61)], CheckStatus.INVALID),
        ([46, *range(47, 61)], CheckStatus.INVALID),  # 14 of 59 are behind it
        ([45, *range(46, 61)], CheckStatus.OK),  # 15 of 59
        (ONE_BY_ONE, CheckStatus.OK),
        ([4, 7, 10, 60], CheckStatus.OK),  # speculative decoding
        ([8, 16, 60], CheckStatus.OK),
        ([16, 32, 60], CheckStatus.OK),
        ([40, 60], CheckStatus.OK),
        (BY_FORTY, CheckStatus.OK),
        ([3, 4], CheckStatus.OK),
    ],
)
def test_a_tpot_is_of_enough_of_its_answer(counts: list[int], state: CheckStatus) -> None:
    assert tpot_defined(counted(counts, None)).state is state
    if state is CheckStatus.INVALID:
        assert tpot_defined(counted(counts, None), judged=("ttft.mean",)).state is CheckStatus.FINDING


def test_one_answer_in_a_hundred_that_comes_so_does_not_move_the_mean() -> None:
    many = [counted(ONE_BY_ONE, None, k) for k in range(99)]
    assert tpot_defined(*many, counted([59, 60], None, 99)).state is CheckStatus.OK
    assert tpot_defined(*many[:40], counted([59, 60], None, 99)).state is CheckStatus.INVALID


@pytest.mark.parametrize(
    ("trails", "state"),
    [
        ([1, 1], CheckStatus.OK),
        ([900, 1, 1, 1, 1, 1, 1, 1, 1, 1], CheckStatus.OK),
        ([150, 100], CheckStatus.FINDING),
        ([1001, *[1] * 99], CheckStatus.FINDING),
    ],
)
def test_an_end_that_comes_late_is_a_finding(trails: list[int], state: CheckStatus) -> None:
    case: CheckContext = context(*(answer(k, end=140 + trail) for k, trail in enumerate(trails)))  # type: ignore[no-untyped-call]
    said = found_in(case, "stream_end")  # type: ignore[no-untyped-call]
    assert said.state is state
    assert f"at most {max(trails)} ms" in said.text
