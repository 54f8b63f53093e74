"""What two servers find of the same answers: metrics by hand, and which of them are beyond their limits."""

from __future__ import annotations

import math

import pytest

from slabench.answer_records import Answer, Score, Scored
from slabench.messages import Message
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import LIMITS, Compared, check, difference, estimates

PLACES = 8


def answer(ids: list[int], logprob: float = -1.0) -> Answer:
    return Answer((1, 2), tuple(ids), (logprob,) * len(ids))


def score(logprobs: list[float], top: list[tuple[float, int]]) -> Score:
    return Score(tuple(logprobs), (tuple(top),) * len(logprobs))


def scored(
    change: float = 0.0,
    *,
    top: int = 5,
    decoded: float = -1.0,
    other: float = 0.0,
    answers: int = 4,
) -> Scored:
    """Answers of token 5 alone, to which the old server gives -1. change: of the new one's log-probability;
    top: its most probable token; decoded: what it reports while decoding; other: change of token 6 alone.
    """
    old = [score([-1.0] * PLACES, [(-1.0, 5), (-2.0, 6)])] * answers
    new = [score([-1.0 + change] * PLACES, [(-1.0 + change, top), (-2.0 + other, 6)])] * answers
    own = [answer([5] * PLACES)] * answers
    return Scored(own, old, new, [answer([5] * PLACES, decoded)] * answers, old)


def values(case: Scored) -> dict[str, float]:
    return {each.metric: each.value for each in estimates(case)}


def test_a_server_against_itself_changes_nothing() -> None:
    assert values(scored()) == {
        "answers.not_finite": 0,
        "answers.logprob_shift": 0,
        "answers.top1_agreement": 1,
        "answers.decode_shift": 0,
        "answers.decode_top1": 1,
        "answers.token_shift": 0,
    }
    result = check(Compared.of(scored()))
    assert (result.name, result.state) == ("same_answers", CheckStatus.OK)
    assert "identical" in result.text


@pytest.mark.parametrize(
    ("case", "metric", "value"),
    [
        (scored(-0.25), "answers.logprob_shift", 0.25),
        (scored(top=7), "answers.top1_agreement", 0.0),
        (scored(decoded=-1.5), "answers.decode_shift", 0.5),
        (scored(other=1.5), "answers.token_shift", 1.5),
        (scored(other=-1.5), "answers.token_shift", 1.5),
        (scored(math.nan), "answers.not_finite", 0.5),
    ],
)
def test_what_is_beyond_its_limit_is_a_finding_that_names_it(case: Scored, metric: str, value: float) -> None:
    assert values(case)[metric] == pytest.approx(value)
    compared = Compared.of(case)
    result = check(compared)
    assert result.state is CheckStatus.FINDING
    assert metric in result.text
    assert metric in [each.metric for each in compared.objectives if not each.holds]


def test_tokens_that_the_old_server_would_not_have_chosen() -> None:
    """The new server decodes token 6, which the old one finds second."""
    case = scored()
    wrong = [answer([6] * PLACES)] * 4
    case = Scored(case.old, case.old_by_old, case.old_by_new, wrong, case.new_by_old)
    assert values(case)["answers.decode_top1"] == 0
    assert check(Compared.of(case)).state is CheckStatus.FINDING


def test_two_tokens_with_the_same_logit_agree() -> None:
    tied = [score([-1.0] * PLACES, [(-1.0, 5), (-1.0, 6)])] * 4
    turned = [score([-1.0] * PLACES, [(-1.0, 6), (-1.0, 5)])] * 4
    own = [answer([5] * PLACES)] * 4
    assert values(Scored(own, tied, turned))["answers.top1_agreement"] == 1


def test_an_interval_that_holds_the_limit_is_no_finding() -> None:
    """Two answers of 0 and 0.16: 0.08 on average, over the limit, and 0 is in the interval (t = 12.7)."""
    old = [score([-1.0] * 2, [(-1.0, 5)])] * 2
    new = [score([-1.0] * 2, [(-1.0, 5)]), score([-1.16] * 2, [(-1.16, 5)])]
    case = Scored([answer([5, 5])] * 2, old, new)
    (shift,) = (each for each in estimates(case) if each.metric == "answers.logprob_shift")
    assert shift.value == pytest.approx(0.08) and shift.value > LIMITS[shift.metric].limit
    assert shift.low == pytest.approx(0.08 - 12.7062 * 0.08, rel=1e-4)
    assert shift.holds


def test_an_old_server_without_numbers_is_not_checked() -> None:
    case = scored(answers=2)
    silent = [score([math.nan] * PLACES, [])] * 2
    unknown = check(Compared.of(Scored(case.old, silent, case.old_by_new)))
    assert unknown.state is CheckStatus.NOT_CHECKED


def test_numbers_of_no_token_are_no_metric_of_the_new_servers_own_answers() -> None:
    """One after the other: the new server's own answers have no score by the old one."""
    case = scored()
    known = values(Scored(case.old, case.old_by_old, case.old_by_new))
    assert "answers.logprob_shift" in known and "answers.decode_shift" not in known


def test_answers_that_could_not_be_scored_are_not_checked_and_invalid_at_a_gate() -> None:
    why = Message("same_answers.no_prompts")
    assert check(why).state is CheckStatus.NOT_CHECKED
    result = check(why, gate=True)
    assert result.state is CheckStatus.INVALID and "--answers=off" in result.remedy


def test_the_first_difference_is_shown() -> None:
    old = [answer([1, 2, 3]), answer([1, 2, 3]), answer([4, 4, 4])]
    new = [answer([1, 2, 9]), answer([1, 2, 3]), answer([4, 8, 4])]
    parted = difference(old, new)
    assert parted is not None
    assert (parted.same, parted.median, parted.first) == (1, 1.5, (2, 1, 4, 8))
    assert "1 of 3 are identical" in str(parted.message)
    assert difference(old, []) is None
