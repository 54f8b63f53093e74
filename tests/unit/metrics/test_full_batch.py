"""The full-batch window against numbers worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.compute import compute
from slabench.metrics.definitions import metric_of
from slabench.metrics.full_batch import full_batch, windows
from slabench.records import ErrorKind
from tests.unit.factories import MS, answer, run_of


def steady(index, first, step, count):
    """A token every step ms from first on."""
    return answer(
        index,
        sent=0,
        arrivals=tuple((first + step * n, n + 1) for n in range(count)),
        end=first + step * count,
    )


def test_one_wave_by_hand():
    # The first waits 200 ms for the second's prefill, then both take 10 ms a token, until the first ends at
    # 380.
    first = answer(0, sent=0, arrivals=((100, 1), (300, 2), (310, 3), (320, 4), (380, 10)), end=381)
    second = answer(1, sent=0, arrivals=((290, 1), (300, 2), (310, 3), (380, 10), (400, 12)), end=401)
    [window] = windows([first, second], 2)
    assert (window.begin, window.end, window.members) == (290 * MS, 380 * MS, (0, 1))
    metrics = full_batch([first, second], 2, 0.4)
    # request 0: 300 -> 380 with 8 tokens; request 1: 290 -> 380 with 9
    assert metrics == {
        "full_batch.windows": 1,
        "full_batch.tokens": 17,
        "full_batch.share": pytest.approx(90 / 400),
        "full_batch.tpot": pytest.approx(170 / 17),
    }
    # the classic mean has the stall in it
    assert compute(run_of(first, second))["tpot.mean"] == pytest.approx((280 / 9 + 110 / 11) / 2)


def test_each_wave_counts_and_the_time_between_does_not():
    records = [
        steady(0, 100, 10, 11),
        steady(1, 150, 10, 11),
        steady(2, 1000, 20, 11),
        steady(3, 1000, 20, 11),
    ]
    assert [(w.begin // MS, w.end // MS) for w in windows(records, 2)] == [(150, 200), (1000, 1200)]
    metrics = full_batch(records, 2, 2.0)
    assert metrics["full_batch.tokens"] == 5 + 5 + 10 + 10
    assert metrics["full_batch.tpot"] == pytest.approx((2 * 50 + 2 * 200) / 30)
    assert metrics["full_batch.share"] == pytest.approx(0.125)


def test_a_jittered_edge_adds_no_piece_of_a_step():
    records = [steady(0, 100, 10, 11), steady(1, 101, 10, 11)]  # the second is always a millisecond later
    assert full_batch(records, 2, 1.0)["full_batch.tpot"] == pytest.approx(10)


def test_a_batch_that_was_never_full_has_no_figure():
    # one ends as the other begins
    assert full_batch([steady(0, 100, 10, 5), steady(1, 140, 10, 5)], 2, 1.0) == {}
    assert full_batch([steady(0, 100, 10, 5)], 2, 1.0) == {}
    assert full_batch([steady(0, 100, 10, 5), answer(1, error=ErrorKind.RESET)], 2, 1.0) == {}
    assert full_batch([], 1, None) == {}


def test_an_answer_of_one_moment_is_in_no_batch():
    """It came in one read: it was decoding for no time, and not until the end of all others either."""
    at_once = answer(1, sent=0, arrivals=((120, 1), (120, 2), (120, 3)), end=121)
    assert full_batch([steady(0, 100, 10, 11), at_once], 2, 1.0) == {}
    later = steady(2, 150, 10, 6)
    [window] = windows([steady(0, 100, 10, 11), at_once, later], 2)
    assert (window.begin, window.end, window.members) == (150 * MS, 200 * MS, (0, 2))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), min_size=1, max_size=5))
def test_a_batch_is_full_from_the_last_first_token_to_the_first_last_one(made):
    records = [steady(n, 100 + offset, step, 5) for n, (offset, step) in enumerate(made)]
    firsts, lasts = [r.arrival_ns[0] for r in records], [r.arrival_ns[-1] for r in records]
    expected = [(max(firsts), min(lasts))] if max(firsts) < min(lasts) else []
    assert [(window.begin, window.end) for window in windows(records, len(records))] == expected


def test_one_event_inside_gives_no_tpot_and_no_zero():
    records = [
        answer(0, sent=0, arrivals=((100, 1), (250, 3)), end=260),
        answer(1, sent=0, arrivals=((90, 1), (240, 3)), end=250),
    ]
    metrics = full_batch(records, 2, 1.0)
    assert metrics["full_batch.windows"] == 1
    assert "full_batch.tpot" not in metrics


def test_several_tokens_an_event():
    record = answer(0, sent=0, arrivals=((100, 2), (130, 5), (160, 8)), end=170)
    assert full_batch([record], 1, 1.0)["full_batch.tpot"] == pytest.approx(10)


def test_the_figures_are_declared():
    for key in (
        "full_batch.tpot",
        "full_batch.share",
        "full_batch.tokens",
        "full_batch.windows",
        "log.tpot",
        "log.samples",
    ):
        assert metric_of(key) is not None


@given(
    st.integers(1, 6),
    st.integers(2, 40),
    st.lists(st.integers(0, 300), min_size=6, max_size=6),
    st.integers(1, 50),
)
def test_a_server_of_one_speed_gives_that_speed(batch_size, count, offsets, step):
    records = [steady(n, 100 + offsets[n], step, count) for n in range(batch_size)]
    metrics = full_batch(records, batch_size, 10.0)
    if "full_batch.tpot" in metrics:
        assert metrics["full_batch.tpot"] == pytest.approx(step)
    firsts, lasts = [r.arrival_ns[0] for r in records], [r.arrival_ns[-1] for r in records]
    assert ("full_batch.windows" in metrics) == (max(firsts) < min(lasts))
