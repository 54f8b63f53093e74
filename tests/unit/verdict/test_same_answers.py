"""What two servers find of the same answers: metrics by hand, and which of them are beyond their limits."""

from __future__ import annotations

import math
import random
import statistics
from array import array
from dataclasses import replace

import pytest

from slabench.answer_records import Answer, Score, Scored, Vocabulary
from slabench.messages import Message, in_language
from slabench.verdict.answer_estimate import LIMITS
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import Compared, check, difference, estimates

PLACES = 8
NOISE = 0.03 * math.sqrt(math.pi / 2)  # nats, deviation: on average 0.03 in size, as decoding had on an H200
TOKEN = 0  # whose logit is too large, in simulated answers


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
        "answers.decode_token_shift": 0,
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
        (scored(decoded=-1.5), "answers.decode_token_shift", 0.5),
        (scored(decoded=-0.5), "answers.decode_token_shift", 0.5),
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


def test_why_the_vocabulary_was_not_compared_is_one_clause_of_the_check() -> None:
    """One after the other. In either language, and a finding has it as well."""
    for case in (scored(), scored(-0.25)):
        text = check(Compared.of(case)).text
        assert (
            text.count("whole vocabulary was not compared: the old server's run has not stored its own.") == 1
        )
    with in_language("zh"):
        assert (
            "没有比较整个词表：旧服务端的运行没有存储它的词表概率。两边" in check(Compared.of(scored())).text
        )


def test_a_place_at_which_the_new_server_has_no_number_of_the_vocabulary_is_not_finite() -> None:
    plain, none = array("f", [-1.0, -2.0]), array("f", [math.nan, math.nan])
    case = replace(scored(), vocabulary=Vocabulary([plain, plain, none], [plain, none, none]))
    assert beyond(case) == ["answers.not_finite"]
    # of 3 answers with their tokens, read and decoded, and two places of which the old server has numbers
    tokens = sum(len(each.logprobs) for each in (*case.old_by_new, *case.new))
    assert values(case)["answers.not_finite"] == 1 / (tokens + 2)


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


def beyond(case: Scored) -> list[str]:
    return [each.metric for each in estimates(case) if not each.holds]


def decoding(answers: list[tuple[list[int], list[float], list[float]]]) -> Scored:
    """Of (ids, log-probabilities as decoded, as the old server reads them); the old answers show nothing."""
    case = scored(answers=len(answers))
    own = [Answer((1, 2), tuple(ids), tuple(new)) for ids, new, _ in answers]
    read = [Score(tuple(old), tuple(((-1.0, token),) for token in ids)) for ids, _, old in answers]
    return Scored(case.old, case.old_by_old, case.old_by_old, own, read)


def raised(dice: random.Random, share: float) -> tuple[list[int], list[float], list[float]]:
    """An answer of 24 tokens: at a share of the old server's places TOKEN is the most probable one; the new
    server adds 2 to its logit, and decodes with an H200's noise. Logits are relative to the best other's.
    """
    ids, new, old = [], [], []
    for _ in range(24):
        before, others = dice.gauss(2 * statistics.NormalDist().inv_cdf(share), 2), dice.uniform(0.1, 1)
        after = before + 2
        chosen = after > 0
        ids.append(TOKEN if chosen else dice.randrange(1, 30))
        old.append((before if chosen else 0) - math.log(math.exp(before) + math.exp(others)))
        new.append((after if chosen else 0) - math.log(math.exp(after) + math.exp(others)))
        new[-1] += dice.gauss(0, NOISE)
    return ids, new, old


def test_a_logit_that_is_too_large_shows_in_the_new_servers_answers() -> None:
    """A token of 3 % of the answers: the new ones have it at a fifth of their places."""
    dice = random.Random(1)
    case = decoding([raised(dice, 0.03) for _ in range(16)])
    assert 55 < sum(list(each.ids).count(TOKEN) for each in case.new) < 95
    assert "answers.decode_token_shift" in beyond(case)


def test_a_token_of_few_places_is_found_though_the_mean_over_all_tokens_holds() -> None:
    dice = random.Random(1)
    cases = [decoding([raised(dice, 0.0005) for _ in range(16)]) for _ in range(40)]
    assert sum("answers.decode_shift" in beyond(case) for case in cases) < 8
    assert sum("answers.decode_token_shift" in beyond(case) for case in cases) > 20


@pytest.mark.parametrize(("draws", "repeated"), [(1000, False), (200, True)])
def test_the_noise_of_decoding_on_an_h200_is_no_finding(draws: int, repeated: bool) -> None:
    """Draws of 16 answers, of 30 tokens from frequent to rare. repeated: a token has the same noise wherever
    one answer has it, as in a loop.
    """
    dice = random.Random(2)
    for _ in range(draws):
        answers = []
        for _ in range(16):
            ids = [int(30 * dice.random() ** 2) for _ in range(24)]
            own = [dice.gauss(0, NOISE) for _ in range(30)]
            new = [own[token] if repeated else dice.gauss(0, NOISE) for token in ids]
            answers.append((ids, new, [0.0] * 24))
        assert beyond(decoding(answers)) == []


@pytest.mark.parametrize(
    ("answers", "known"),
    [([3, 1], True), ([2, 1], False), ([8], False), ([2, 0, 2], True)],
)
def test_a_token_is_judged_by_four_places_in_two_answers(answers: list[int], known: bool) -> None:
    case = decoding([([7] * count, [-1.0] * count, [-3.0] * count) for count in answers])
    assert ("answers.decode_token_shift" in values(case)) is known
