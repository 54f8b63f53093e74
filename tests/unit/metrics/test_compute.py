"""Figures against numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute, goodput, inter_token_latencies, sample_sizes
from slabench.metrics.per_request import e2el, e2el_due, gap_max, tpot, ttft, ttft_due
from slabench.records import ErrorKind, GpuCounts
from tests.unit.factories import MS, answer, run_of


@pytest.mark.parametrize("counts", [(1, 2, 9, 2, 4, 6), (5, 1, 2, 6), (1, 1, 1), (1, 10**11), (2**62, 1)])
def test_counts_that_make_no_sense_are_no_crash(counts):
    """They are the check token_counts' business; a gap ends where the count is above all before it."""
    wild = answer(arrivals=tuple((110 + 10 * k, count) for k, count in enumerate(counts)), end=200)
    metrics = inter_token_latencies(wild)
    assert (metrics >= 0).all() and len(metrics) < 100
    assert compute(run_of(wild, answer(1)))["completed"] == 2
    assert "classic.completed" in compute_classic(run_of(wild, answer(1)))


def test_a_count_that_falls_ends_no_gap():
    metrics = inter_token_latencies(answer(arrivals=((110, 1), (120, 3), (130, 2), (140, 4)), end=150))
    assert metrics.tolist() == [5, 5, 20]


def test_one_answer_by_hand():
    assert ttft(answer()) == 100  # 110 - 10
    assert ttft_due(answer()) == 110
    assert tpot(answer()) == 10  # (140 - 110) / (4 - 1)
    assert e2el(answer()) == 130  # the last token at 140, not [DONE] at 150
    assert e2el_due(answer()) == 140
    assert gap_max(answer()) == 20


def test_tpot_leaves_out_what_the_first_event_held():
    assert tpot(answer(arrivals=((100, 3), (140, 5)))) == 20  # 40 ms for the 2 tokens after the first 3


@pytest.mark.parametrize("arrivals", [((100, 1),), ((100, 4),)], ids=["one token", "all in one event"])
def test_tpot_is_undefined_when_nothing_follows_the_first_event(arrivals):
    assert tpot(answer(arrivals=arrivals)) is None
    assert not [key for key in compute(run_of(answer(arrivals=arrivals))) if key.startswith(("tpot", "itl"))]


def test_itl_counts_each_token_of_an_event():
    assert inter_token_latencies(answer()).tolist() == [10, 10, 10]  # 10 ms for one, 20 ms for two
    # no new token ends no gap
    assert inter_token_latencies(answer(arrivals=((100, 1), (105, 1), (120, 2)))).tolist() == [20]


def test_throughput_by_hand():
    run = run_of(answer(0), answer(1, sent=0, arrivals=((200, 1), (1000, 2)), end=1010))
    metrics = compute(run, gpus=GpuCounts(prefill=4, decode=3, total=7))
    assert metrics["duration"] == 1.0  # zero to the last token at 1000 ms
    assert metrics["request_throughput"] == 2
    assert metrics["qpm"] == 120
    assert metrics["input_throughput"] == 200
    assert metrics["output_throughput"] == 6
    assert metrics["input_throughput_per_gpu"] == 50
    assert metrics["output_throughput_per_gpu"] == 2
    assert metrics["total_throughput_per_gpu"] == pytest.approx(206 / 7)
    assert compute(run, GpuCounts.alike(2))["total_throughput_per_gpu"] == 103
    known = compute(run, GpuCounts(decode=3))
    # not known is absent
    assert [key for key in known if key.endswith("_per_gpu")] == ["output_throughput_per_gpu"]
    assert metrics["concurrency.mean"] == pytest.approx((140 + 1010) / 1000)
    assert metrics["concurrency.peak"] == 2
    # 3 tokens and 1
    assert sample_sizes(run) == {"ttft": 2, "ttft_due": 2, "tpot": 2, "e2el": 2, "e2el_due": 2, "itl": 4}


def test_a_failed_request_is_in_no_statistic_but_counted():
    metrics = compute(run_of(answer(0), answer(1, error=ErrorKind.IN_STREAM)))
    assert (metrics["requests"], metrics["completed"], metrics["failed"]) == (2, 1, 1)
    assert metrics["input_tokens"] == 100


def test_no_answer_gives_no_figure():
    assert compute(run_of(answer(error=ErrorKind.CONNECT))) == {
        "requests": 1,
        "completed": 0,
        "failed": 1,
        "resent": 0,
    }


REPEATED = ((110, 1), (120, 2), (130, 3), (140, 4), (2640, 4))


@pytest.mark.parametrize("more", [(), ((2640, 4),), ((2640, 4), (2650, 4))])
def test_the_last_token_is_where_the_count_last_grew(more):
    """A reason to end 2.5 s later in an event of its own, which repeats the count: 30 ms / 3 tokens."""
    record = answer(0, arrivals=(*REPEATED[:4], *more), end=2700)
    assert (tpot(record), gap_max(record), e2el(record)) == (10.0, 10.0, 130.0)
    assert record.span_ns == (110 * MS, 140 * MS)
    figures = compute(run_of(record))
    assert figures["duration"] == pytest.approx(0.14)
    assert figures["itl.max"] == 10.0


def test_an_answer_whose_count_never_grows_has_one_token_time():
    record = answer(0, arrivals=((110, 4), (120, 4), (130, 4)))
    assert record.span_ns == (110 * MS, 110 * MS)
    assert tpot(record) is None


def test_peak_touching_requests_do_not_overlap():
    def peak(end: int) -> float:
        return compute(run_of(answer(0, sent=0, end=end), answer(1, sent=100, end=200)))["concurrency.peak"]

    assert (peak(100), peak(101)) == (1, 2)


def test_goodput_by_hand():
    run = run_of(
        answer(0),
        answer(1, arrivals=((110, 1), (410, 4))),
        answer(2, error=ErrorKind.RESET),
        answer(3, arrivals=((100, 1),)),
    )
    assert goodput(run, {"tpot": 50.0}, 2.0) == {"goodput.share": 0.25, "goodput.request_throughput": 0.5}
    assert goodput(run, {}, 2.0) == {}


@given(
    st.lists(
        st.tuples(st.integers(1, 10_000), st.integers(0, 5)),
        min_size=2,
        max_size=40,
    )
)
def test_itl_adds_up_to_the_time_between_first_and_last_new_token(steps):
    at, count, arrivals = 100, 1, [(100, 1)]
    for gap, new in steps:
        at, count = at + gap, count + new
        arrivals.append((at, count))
    record = answer(arrivals=tuple(arrivals))
    gaps = inter_token_latencies(record)
    last_new = max(
        (stamp for (stamp, seen), (_, before) in zip(arrivals[1:], arrivals, strict=False) if seen > before),
        default=100,
    )
    assert len(gaps) == count - 1
    assert np.sum(gaps) == pytest.approx(last_new - 100)


LEAST = [(9, set()), (10, {"p90"}), (20, {"p90", "p95"}), (99, {"p90", "p95"}), (100, {"p90", "p95", "p99"})]


@pytest.mark.parametrize(("n", "kept"), LEAST)
def test_a_percentile_needs_a_request_beyond_it(n, kept):
    metrics = compute(run_of(*(answer(k) for k in range(n))))
    assert {name for name in ("p90", "p95", "p99") if f"tpot.{name}" in metrics} == kept
    assert {"tpot.mean", "tpot.p50", "tpot.max"} <= set(metrics)
