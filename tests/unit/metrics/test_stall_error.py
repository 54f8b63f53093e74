"""The bound of a figure's error from the client's stalls: by hand, and against the truth that a frozen client
did not see.
"""

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics import stall_error
from slabench.metrics.compute import compute
from slabench.metrics.declaration import ClientError
from slabench.metrics.definitions import declared
from slabench.metrics.stall_error import error_bound, late_ns, out_of_order
from tests.unit.factories import MS, answer, run_of


def stalled(*stalls_ms, records=None):
    run = run_of(*(records or [answer()]))
    return replace(run, client=replace(run.client, stalls_ms=stalls_ms))


def test_a_stamp_inside_a_stall_may_be_late_by_what_has_passed_of_it():
    run = stalled((100, 20), (115, 35), (300, 5))
    stamps = [99, 100, 110, 120, 121, 150, 151, 305, 306]
    assert [late / MS for late in late_ns(run, [at * MS for at in stamps])] == [0, 0, 10, 20, 6, 35, 0, 5, 0]


def test_a_metric_of_another_kind_has_no_bound(monkeypatch):
    """It had that of a first token, which is too small for the time between two tokens."""
    between = replace(declared("ttft.mean"), client_error=ClientError.BETWEEN_TOKENS)
    monkeypatch.setattr(stall_error, "metric_of", lambda key: between)
    assert error_bound(stalled((80, 31)), "ttft.mean") is None


def test_bounds_by_hand():
    """Sent at 10, tokens at 110, 120 and 140 (four): TPOT 10, TTFT 100, E2EL 130; the run's zero is 0."""
    first = stalled((80, 31))
    assert error_bound(first, "ttft.mean") == pytest.approx(30 / 100)
    assert error_bound(first, "ttft_due.p50") == pytest.approx(30 / 110)
    # 60 ms for three tokens, had it come at 80
    assert error_bound(first, "tpot.mean") == pytest.approx(30 / 30)
    assert error_bound(first, "classic.tpot.median") == pytest.approx(1)
    assert error_bound(first, "e2el.max") == error_bound(first, "duration") == 0
    assert error_bound(first, "itl.mean") == pytest.approx(1)
    last = stalled((126, 20))
    assert error_bound(last, "tpot.mean") == pytest.approx(14 / 30)
    assert error_bound(last, "ttft.mean") == 0
    assert error_bound(last, "e2el.mean") == pytest.approx(14 / 130)
    for key in (
        "duration",
        "qpm",
        "total_throughput",
        "classic.request_throughput",
        "input_throughput_per_gpu",
    ):
        assert error_bound(last, key) == pytest.approx(14 / 140), key
    assert error_bound(stalled((115, 20)), "tpot.mean") == 0  # in the middle of the answer
    for key in ("itl.p99", "tpot.std", "gap_max", "goodput.share"):
        assert error_bound(first, key) is None, key


def test_a_median_moves_with_the_requests_that_were_late():
    """Three of five have 40 ms a token, and two of these may have had 60: then the median is 60, though most
    are on time.
    """
    firsts, tpots = (110, 110, 200, 200, 200), (40, 40, 40, 60, 60)
    records = [
        answer(k, arrivals=((at, 1), (at + 3 * tpot, 4)), end=500)
        for k, (at, tpot) in enumerate(zip(firsts, tpots, strict=True))
    ]
    assert error_bound(stalled((50, 60), records=records), "tpot.p50") == pytest.approx(20 / 40)


def waited(*reads, records=None):
    """Answers with segments out of order: (first, last) read in ms."""
    records = records or [answer(k) for k in range(len(reads))]
    return run_of(
        *(
            replace(record, out_of_order=1, first_read_ns=first * MS, last_read_ns=last * MS)
            for record, (first, last) in zip(records, reads, strict=True)
        )
    )


def test_bounds_of_tokens_that_waited_for_a_lost_segment_by_hand():
    """As above, and a second answer that nothing is known of: its times are right."""
    first = waited((125, 140))
    assert error_bound(first, "ttft.mean", out_of_order) == pytest.approx(15 / 100)
    assert error_bound(first, "tpot.mean", out_of_order) == pytest.approx(15 / 30)
    assert error_bound(first, "itl.mean", out_of_order) == pytest.approx(15 / 30)
    assert error_bound(first, "e2el.mean", out_of_order) == error_bound(first, "qpm", out_of_order) == 0
    last = waited((110, 147))
    assert error_bound(last, "ttft.p99", out_of_order) == 0
    assert error_bound(last, "tpot.mean", out_of_order) == pytest.approx(7 / 30)
    assert error_bound(last, "e2el.mean", out_of_order) == pytest.approx(7 / 130)
    assert error_bound(last, "duration", out_of_order) == pytest.approx(7 / 140)
    assert error_bound(last, "e2el.mean") == 0  # no stall
    assert error_bound(last, "itl.p99", out_of_order) is None
    both = run_of(*last.requests, answer(1))
    assert error_bound(both, "e2el.mean", out_of_order) == pytest.approx(3.5 / 130)
    assert error_bound(run_of(answer()), "duration", out_of_order) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300), st.lists(st.tuples(st.integers(1, 90), st.integers(0, 200)), min_size=1)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_truth_is_never_further_than_the_bound_where_segments_were_lost(requests):
    """Each token has come so much earlier than it could be read; none is read before the one before it."""
    truth, found = [], []
    for index, (sent, tokens) in enumerate(requests):
        stamps = list(accumulate((gap for gap, _ in tokens), initial=sent))[1:]
        read = list(accumulate((at + wait for at, (_, wait) in zip(stamps, tokens, strict=True)), max))
        ends = {"output_len": len(tokens), "sent": sent, "due": sent}
        real, seen = (
            answer(index, arrivals=tuple(zip(times, range(1, 99), strict=False)), end=times[-1], **ends)
            for times in (read, stamps)
        )
        truth.append(real)
        found.append(replace(seen, out_of_order=1, first_read_ns=read[0] * MS, last_read_ns=read[-1] * MS))
    run, real = run_of(*found), compute(run_of(*truth))
    for key, value in compute(run).items():
        bound = error_bound(run, key, out_of_order)
        if bound is not None and value > 0:
            allowed = bound * (real[key] if key.endswith("throughput") or key == "qpm" else value)
            assert abs(real[key] - value) <= allowed + 1e-9, key


REQUEST = st.tuples(st.integers(0, 300), st.lists(st.integers(1, 120), min_size=1, max_size=8))


@given(
    st.lists(REQUEST, min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 900), st.integers(5, 400)), max_size=4),
)
def test_the_truth_is_never_further_than_the_bound(requests, stalls):
    """What comes while the client stands still is stamped at the end of it, one stall after the other."""
    apart, at = [], 0
    for begin, length in sorted(stalls):
        at = max(at, begin)
        apart.append((at, length))
        at += length + 1

    def seen(stamp):
        return next((begin + length for begin, length in apart if begin <= stamp <= begin + length), stamp)

    def records(stamped):
        made = []
        for index, (sent, gaps) in enumerate(requests):
            stamps = [sent + sum(gaps[: k + 1]) for k in range(len(gaps))]
            arrivals = tuple((stamped(stamp), k + 1) for k, stamp in enumerate(stamps))
            made.append(
                answer(
                    index, sent=sent, due=sent, arrivals=arrivals, output_len=len(gaps), end=arrivals[-1][0]
                )
            )
        return made

    truth, found = compute(run_of(*records(lambda stamp: stamp))), compute(run_of(*records(seen)))
    run = stalled(*apart, records=records(seen))
    for key, value in found.items():
        bound = error_bound(run, key)
        if bound is not None and value > 0:
            allowed = bound * value
            if key.endswith("throughput") or key == "qpm":  # over the duration, whose bound it is
                allowed = truth[key] * bound
            assert abs(truth[key] - value) <= allowed + 1e-9, key
