"""TPOT of streams that are counted at their end only: bounds by hand, and the truth between them whatever the
events hold.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.bounded import bounds, ends, with_tokens
from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute, sample_sizes
from slabench.records import RequestRecord
from slabench.verdict.bounded import TPOT_BOUNDED, Undecided, evaluate
from slabench.verdict.gated_metrics import gated_keys, gather
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import CheckStatus, Outcome
from slabench.verdict.sla import slo
from tests.unit.factories import MS, answer, run_of


def chunked(*stamps: int, n: int, piece: str | None = "ab", **more: Any) -> RequestRecord:
    """An answer of n tokens with events of text at these ms."""
    whole = answer(0, sent=100, end=stamps[-1] + 5, output_len=n)
    texts = array("q", [at * MS for at in stamps])
    return replace(
        whole,
        arrival_ns=array("q"),
        arrival_tokens=array("q"),
        completion_tokens=n,
        first_text_ns=texts[0],
        last_text_ns=texts[-1],
        text_ns=texts,
        first_piece=piece,
        last_choice_ns=texts[-1],
        **more,
    )


def test_bounds_by_hand() -> None:
    record = chunked(110, 130, 150, n=11)
    # 40 ms over 10 tokens, if the first event has one; over 9, if its two bytes are two.
    assert ends(record) == (4.0, pytest.approx(40 / 9))
    assert ends(replace(record, first_piece_tokens=1)) == (4.0, 4.0)
    assert ends(replace(record, first_piece_tokens=6)) == (4.0, 8.0)
    # The reason to end came 20 ms after the last text: tokens without a text may have come until then.
    assert ends(replace(record, first_piece_tokens=1, last_choice_ns=170 * MS)) == (4.0, 6.0)
    # Two events without text before it: 11 tokens over 5 events are at most 3 an event, so 6 tokens and its
    # own one came by then.
    assert ends(replace(record, first_piece_tokens=1, no_text_first=2)) == (4.0, 10.0)


@pytest.mark.parametrize(
    "record",
    [
        chunked(110, 130, n=11, piece=None),  # too long to be kept
        chunked(110, 130, n=2),  # both tokens can have come first
        chunked(110, n=11),
        chunked(110, 110, n=11),  # one read
        chunked(110, 130, n=1),
        chunked(110, 130, n=11, first_piece_tokens=11),
        answer(0),
    ],
)
def test_no_bounds(record: RequestRecord) -> None:
    assert ends(record) is None


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 200)), min_size=2, max_size=20),
    st.integers(0, 3),
    st.integers(0, 50),
    st.integers(0, 4),
)
def test_the_truth_lies_between(events: list[tuple[int, int]], quiet: int, tail_ms: int, silent: int) -> None:
    """events: (tokens, ms since the one before); each token is a letter and our tokenizer counts letters.
    quiet: tokens without a text at the end, tail_ms later.
    """
    at, stamps = 110, []
    for k, (_, gap) in enumerate(events):
        at += gap if k else 0
        stamps.append(at)
    first = events[0][0]
    n = sum(tokens for tokens, _ in events) + quiet
    end = stamps[-1] + (tail_ms if quiet else 0)
    record = replace(
        chunked(*stamps, n=n, piece="a" * first, first_piece_tokens=first), last_choice_ns=end * MS
    )
    found = ends(replace(record, no_text_first=silent))
    true = (end - stamps[0]) / (n - first)
    if found is not None:
        assert found[0] <= true * (1 + 1e-12)
        assert true <= found[1] * (1 + 1e-12)


def test_a_run_has_both_ends_and_no_figure_in_the_middle() -> None:
    run = run_of(chunked(110, 130, 150, n=11), chunked(110, 150, 190, n=11))
    figures, sizes = compute(run), sample_sizes(run)
    assert "tpot.mean" not in figures and "itl.mean" not in figures
    assert figures["tpot_low.mean"] == 6.0 and figures["tpot_high.mean"] == pytest.approx(60 / 9)
    assert (sizes["tpot"], sizes["tpot_low"], sizes["tpot_high"]) == (0, 2, 2)
    assert bounds("tpot.mean", figures) == (6.0, pytest.approx(60 / 9))
    assert bounds("ttft.mean", figures) is None and bounds("tpot.mean", {"tpot.mean": 5.0, **figures}) is None
    assert (figures["ttft.mean"], figures["output_tokens"], figures["gap_max"]) == (10.0, 22, 40.0)
    odd = compute(run_of(chunked(110, 130, 150, n=11), chunked(110, n=11)))
    assert "tpot_low.mean" not in odd  # a mean over those that have bounds would leave one out


def test_classic_figures_as_bench_serving_has_them() -> None:
    """A chunk is a token there: gaps of 20 ms, TTFT at the first text, latency to [DONE] over the tokens
    after the first.
    """
    figures = compute_classic(run_of(chunked(110, 130, 150, n=11)))
    assert figures["classic.completed"] == 1 and figures["classic.total_output"] == 11
    assert figures["classic.ttft.mean"] == pytest.approx(10)
    assert figures["classic.itl.mean"] == pytest.approx(20)
    assert figures["classic.tpot.mean"] == pytest.approx((155 - 110) / 10)
    assert figures["classic.e2el.mean"] == pytest.approx(55)


def test_the_first_text_is_counted_where_there_is_a_tokenizer() -> None:
    records = [chunked(110, 130, n=11), chunked(110, 130, n=11, piece=None), answer(2)]
    counted = with_tokens(records, len)
    assert [record.first_piece_tokens for record in counted] == [2, None, None]
    assert [record.first_piece_tokens for record in with_tokens(records, lambda _: None)] == [
        None,
        None,
        None,
    ]
    plain = [answer(0)]
    assert with_tokens(plain, len) is plain


BOTH = {"tpot_low.mean": 20.0, "tpot_high.mean": 25.0, "tpot_low.p99": 20.0, "tpot_high.p99": 25.0}


@pytest.mark.parametrize(
    ("limit", "op", "word"),
    [
        (50, "<=", Outcome.PASSED),
        (25, "<=", Outcome.PASSED),
        (24.9, "<=", Outcome.INVALID),
        (20, "<=", Outcome.INVALID),
        (19.9, "<=", Outcome.FAILED),
        (10, "<=", Outcome.FAILED),
    ],
)
def test_an_objective_is_judged_where_both_ends_say_the_same(limit: float, op: str, word: Outcome) -> None:
    found = judge(
        Case(
            metrics=BOTH, sizes={"tpot": 0, "tpot_high": 8}, checks=(), slos=(slo("tpot", "mean", op, limit),)
        )
    )
    assert found.word is word
    assert TPOT_BOUNDED in found.headline
    if word is Outcome.INVALID:
        assert found.headline.startswith(
            f"TPOT_BOUNDED: tpot mean 20.00 to 25.00 ms, and the limit of {limit:g} ms is between"
        )
        assert (
            "continuous_usage_stats" in found.headline
            and "gateway" in found.headline
            and not found.objectives
        )
    else:
        (objective,) = found.objectives
        assert objective.observed == (25.0 if word is Outcome.PASSED else 20.0)
        assert objective.n == 8


def test_the_sentence_of_a_bounded_objective() -> None:
    found = evaluate(slo("tpot", "mean", "<=", 50), BOTH, {"tpot_high": 8})
    assert found is not None and not isinstance(found, Undecided)
    assert found.text == "tpot mean 20.00 to 25.00 ms <= 50 ms (-50 %, n=8, TPOT_BOUNDED)"
    failed = evaluate(slo("tpot", "mean", "<=", 10), BOTH, {"tpot_high": 8})
    assert failed is not None and not isinstance(failed, Undecided)
    assert failed.text == "tpot mean 20.00 to 25.00 ms > 10 ms (+100 %, n=8, TPOT_BOUNDED)"


def test_a_percentile_of_too_few_is_still_none() -> None:
    rule = slo("tpot", "p99", "<=", 50)
    assert evaluate(rule, BOTH, {"tpot_high": 8}) is None
    assert evaluate(rule, BOTH, {"tpot_high": 100}) is not None
    assert evaluate(slo("ttft", "mean", "<=", 50), BOTH, {"tpot_high": 100}) is None


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (BOTH, {"tpot.mean": 20.0}),
        ({"tpot.mean": 20.0}, BOTH),
        (BOTH, BOTH),
    ],
)
def test_a_tpot_within_bounds_is_not_compared_silently(
    new: Mapping[str, float], old: Mapping[str, float]
) -> None:
    """Its key is wanted of both sides, and a side without it is NOT_COMPARABLE (verdict/comparison.py)."""
    keys = gated_keys("serving", new, old)
    assert "tpot.mean" in keys
    assert any("tpot.mean" in gather([side], keys).lacking for side in (new, old))


def test_the_label_is_a_reason() -> None:
    from slabench.session.evaluate import codes
    from slabench.verdict.bounded import LABEL

    assert codes([LABEL], simulated=False) == (TPOT_BOUNDED,)


def test_where_the_first_event_may_hold_all_tokens_the_remedy_names_what_counts_them() -> None:
    from slabench.verdict.validity.requests import tpot_defined
    from tests.unit.verdict.test_validity import context

    check = tpot_defined(context(chunked(110, 130, n=2), judged=("tpot.mean",)))  # type: ignore[no-untyped-call]
    assert check.state is CheckStatus.INVALID
    assert "the first event of 1 of 1 answer may hold all of them (request 0: 2)" in check.text
    assert "continuous_usage_stats" in check.remedy and "gateway" in check.remedy
    # Where nothing defines a TPOT, what the objective asked for is the sentence, with the same remedy.
    found = judge(
        Case(
            metrics={},
            sizes={},
            checks=(replace(check, state=CheckStatus.FINDING),),
            slos=(slo("tpot", "mean", "<=", 50),),
        )
    )
    assert found.word is Outcome.INVALID
    assert found.headline.startswith(
        "tpot.mean is not defined for this run, so no verdict on tpot.mean<=50 is possible: The server counts"
    )
    assert check.remedy in found.headline
