"""Shares of right answers: intervals by the binomial's own sums, a floor, two sides of the same questions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from slabench.verdict.accuracy import ALPHA, Answers, Paired, against_floor
from slabench.verdict.accuracy_comparison import compare_answers
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.bounded import Undecided
from slabench.verdict.comparison import ComparisonState
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import CheckStatus, Objective, Outcome
from slabench.verdict.shares import interval
from slabench.verdict.validity.answered import AnswerEvidence, answered

HARDWARE = {"hardware": {"gpu": "H200"}}


def answers(right: int, wrong: int, without: int = 0) -> Answers:
    return Answers("same", "1" * right + "0" * wrong + "-" * without)


def tail(n: int, share: float, least: int) -> float:
    """P(binomial >= least)"""
    return sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(least, n + 1))


@pytest.mark.parametrize(("right", "n"), [(1, 1), (3, 10), (38, 40), (200, 400)])
def test_the_ends_are_the_shares_at_which_the_seen_number_has_the_level(right: int, n: int) -> None:
    low, high = interval(right, n)
    assert tail(n, low, right) == pytest.approx(0.05)
    if right < n:
        assert 1 - tail(n, high, right + 1) == pytest.approx(0.05)


def test_all_or_none_has_one_end_at_the_edge() -> None:
    """0.05 ** (1 / 59) is 0.9505: the rule of three for 95 %."""
    assert interval(59, 59) == (pytest.approx(0.05 ** (1 / 59)), 1.0)
    assert interval(0, 59) == (0.0, pytest.approx(1 - 0.05 ** (1 / 59)))


def test_a_floor_holds_fails_or_needs_more_questions() -> None:
    held, failed = against_floor(answers(480, 20), 0.9), against_floor(answers(400, 100), 0.9)
    assert isinstance(held, Objective) and isinstance(failed, Objective)
    assert (held.holds, failed.holds, held.n, held.kind) == (True, False, 500, "floor")
    assert str(failed.message) == "accuracy 80.0 % < 90.0 % (95 % bounds 76.8 % and 82.9 %, n=500)"
    open_ = against_floor(answers(38, 2), 0.9)
    assert isinstance(open_, Undecided) and open_.inconclusive
    assert str(open_.message).startswith(
        "INCONCLUSIVE: accuracy 95.0 % may be below 90.0 % (95 % bounds 85.1 %"
    )
    asked = int(str(open_.message).rpartition("about ")[2].partition(" ")[0])
    more = against_floor(answers(asked * 95 // 100, asked - asked * 95 // 100), 0.9)
    assert isinstance(more, Objective) and more.holds, "the advised number decides, with as large a share"


def test_a_share_at_the_floor_is_not_advised_a_number() -> None:
    at = against_floor(answers(36, 4), 0.9)
    assert isinstance(at, Undecided) and str(at.message).endswith("no number of questions would decide")


def test_questions_without_an_answer_are_in_no_share() -> None:
    assert (answers(3, 1, 6).n, answers(3, 1, 6).right) == (4, 3)
    assert Paired.of(Answers("s", "11-01"), Answers("s", "10110")) == Paired(4, 3, 2, 1)


def test_without_a_tolerance_it_is_mcnemars_test() -> None:
    """(15 - 5) / sqrt(15 + 5)"""
    assert Paired(100, 90, 15, 5).score(0) == pytest.approx(10 / math.sqrt(20))


def test_the_ends_of_the_interval_have_the_score_of_the_level() -> None:
    pairs = Paired(200, 180, 12, 4)
    low, high = pairs.interval()
    assert low < pairs.change < high
    assert pairs.score(-low) == pytest.approx(-1.959964, abs=1e-4)
    assert pairs.score(-high) == pytest.approx(1.959964, abs=1e-4)


@pytest.mark.parametrize(
    ("pairs", "holds"),
    [(Paired(1000, 900, 12, 8), True), (Paired(1000, 900, 60, 10), False), (Paired(189, 189, 0, 0), True)],
)
def test_old_and_new_with_a_tolerance_of_2_points(pairs: Paired, holds: bool) -> None:
    result = pairs.against(0.02)
    assert isinstance(result, Objective) and result.holds is holds


@pytest.mark.parametrize("pairs", [Paired(40, 40, 2, 0), Paired(188, 188, 0, 0), Paired(1, 1, 1, 0)])
def test_too_few_questions_decide_nothing(pairs: Paired) -> None:
    assert not isinstance(pairs.against(0.02), Objective)
    questions = pairs.questions(0.02)
    assert questions is not None and (pairs.n < questions or pairs.n == 1)


@pytest.mark.parametrize("n", [20, 60])
@pytest.mark.parametrize("gain", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("tolerance", [0.02, 0.05])
def test_a_loss_at_the_tolerance_is_rarely_taken_for_more_or_for_less(
    n: int, gain: float, tolerance: float
) -> None:
    """Every outcome of n questions with its probability: no simulation. Nominal are 2.5 % on each side."""
    worse = held = 0.0
    loss = gain + tolerance
    for lost in range(n + 1):
        for gained in range(n + 1 - lost):
            ways = math.comb(n, lost) * math.comb(n - lost, gained)
            chance = ways * loss**lost * gain**gained * (1 - loss - gain) ** (n - lost - gained)
            if chance < 1e-7:
                continue
            result = Paired(n, n, lost, gained).against(tolerance)
            if isinstance(result, Objective):
                held, worse = held + chance * result.holds, worse + chance * (not result.holds)
    assert worse <= ALPHA + 0.01 and held <= ALPHA + 0.01


def baseline(stored: Answers | None, **more: object) -> Baseline:
    test = BaselineTest(Gathered({}), {"num_prompts": 500}, answers=stored, **more)  # type: ignore[arg-type]
    return Baseline("old.json", "old", HARDWARE, {"t": test})


def compared(known: Baseline, new: Answers, **more: object) -> object:
    given = {"tolerance": 0.02, **more}
    return compare_answers(known, "t", new, HARDWARE, {"num_prompts": 500}, **given)  # type: ignore[arg-type]


def test_what_a_version_chose_by_itself_stands_beside_answers_too() -> None:
    sides = [
        {**HARDWARE, "server": {"version": version, "attention_backend": backend, "arguments": 181}}
        for version, backend in (("0.5.7", "null"), ("0.5.12", "fa3"))
    ]
    stored = Answers("a" * 64, "1" * 500)
    known = replace(baseline(stored), fingerprint=sides[0])
    result = compare_answers(known, "t", stored, sides[1], {"num_prompts": 500}, tolerance=0.02)
    assert result.state is ComparisonState.COMPARED
    assert "server.attention_backend: 'fa3', 'null' in the baseline" in str(result.notes[0])


def test_a_stored_side_is_compared_question_by_question() -> None:
    old = answers(480, 20)
    for new, word in (
        (answers(480, 20), Outcome.PASSED),
        (answers(300, 200), Outcome.FAILED),
        (answers(473, 27), Outcome.INVALID),
    ):
        comparison = compared(baseline(old), new)
        verdict = judge(Case(metrics={}, sizes={}, checks=(), comparison=comparison))  # type: ignore[arg-type]
        assert verdict.word is word, verdict.headline
    assert "INCONCLUSIVE" in verdict.reasons and "would probably decide" in verdict.headline


@pytest.mark.parametrize(
    ("known", "new", "says"),
    [
        (baseline(answers(500, 0)), Answers("other", "1" * 500), "answers to other questions"),
        (baseline(answers(0, 0, 500)), answers(500, 0), "no question was answered both here and in old.json"),
        (baseline(answers(500, 0), allowed={"answered": "1 of 500"}), answers(500, 0), "--allow=answered"),
    ],
)
def test_what_cannot_be_compared_says_why(known: Baseline, new: Answers, says: str) -> None:
    comparison = compared(known, new)
    assert comparison.state is ComparisonState.NOT_COMPARABLE  # type: ignore[attr-defined]
    assert says in str(comparison.not_comparable)  # type: ignore[attr-defined]


def test_other_hardware_is_not_comparable_unless_allowed() -> None:
    test = BaselineTest(Gathered({}), {}, answers=answers(500, 0))
    other = Baseline("old.json", "old", {"hardware": {"gpu": "H20"}}, {"t": test})
    assert "hardware.gpu" in str(compared(other, answers(500, 0)).not_comparable)  # type: ignore[attr-defined]
    allowed = compared(other, answers(500, 0), allow=("hardware",))
    assert allowed.state is ComparisonState.COMPARED  # type: ignore[attr-defined]


def test_a_baseline_without_answers_has_nothing_to_compare_with() -> None:
    assert compared(baseline(None), answers(5, 0)).state is ComparisonState.NO_BASELINE  # type: ignore[attr-defined]


def test_an_inconclusive_floor_is_invalid_and_one_that_does_not_hold_failed() -> None:
    for given, word, reason in (
        (answers(480, 20), Outcome.PASSED, None),
        (answers(300, 200), Outcome.FAILED, "FLOOR:accuracy"),
        (answers(38, 2), Outcome.INVALID, "INCONCLUSIVE"),
    ):
        verdict = judge(Case(metrics={}, sizes={}, checks=(), accuracy=against_floor(given, 0.9)))
        assert verdict.word is word and (reason is None or reason in verdict.reasons)
        assert "NO_FLOOR" not in verdict.absent


def test_an_error_is_invalid_and_no_wrong_answer() -> None:
    assert answered(AnswerEvidence(40)).state is CheckStatus.OK
    check = answered(AnswerEvidence(40, (("new", 5, "status 503"), ("baseline", 6, "x"))))
    assert check.state is CheckStatus.INVALID
    assert check.text == (
        "2 of 40 questions have no answer, the first by the new server to line 5: status 503"
    )
    verdict = judge(Case(metrics={}, sizes={}, checks=(check,), accuracy=against_floor(answers(1, 400), 0.9)))
    assert verdict.word is Outcome.INVALID, "though the floor does not hold"
