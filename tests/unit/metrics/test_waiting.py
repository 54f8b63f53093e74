"""TTFT in parts, and its sentence, by hand."""

import pytest

from slabench.metrics.waiting import explained, parts, waiting
from tests.unit.metrics.test_compute import answer

# Sent at 10, tokens at 110, 120 and 140 ms: TTFT 100; the server says 60 ms queued, and 125 of the 130 ms to the last token.
TOLD = {"queue_time": 0.060, "e2e_latency": 0.125}


def test_one_answer_by_hand():
    assert parts(answer(server=TOLD)) == pytest.approx((60.0, 35.0, 5.0))
    assert sum(parts(answer(server={"queue_time": 0.5, "e2e_latency": 0.0}))) == pytest.approx(100.0)  # never more than TTFT
    assert parts(answer()) is None
    assert parts(answer(server=TOLD | {"total_retractions": 1.0})) is None


def test_who_ran_and_who_waited():
    """Three sent at 10; first tokens at 110, 130, 200, last ones at 140, 190, 300: two ran at once, three waited."""
    found = waiting(
        [
            answer(0, server=TOLD),
            answer(1, arrivals=((130, 1), (190, 4)), end=191),
            answer(2, arrivals=((200, 1), (300, 4)), end=301),
        ]
    )
    assert (found["ran.peak"], found["waited.peak"]) == (2, 3)
    assert found["ttft_queue.mean"] == pytest.approx(60.0)


def test_the_sentence():
    figures = {"ttft.mean": 144_639.0, "ttft_queue.mean": 139_000.0, "ttft_prefill.mean": 5_637.5, "ttft_outside.mean": 1.5}
    text = "TTFT mean 144,639 ms: 139,000 ms queued at the server, 5,638 ms in prefill, 1.5 ms outside of it."
    assert explained(figures) == text
    assert (
        explained(figures, queue_max=110, running_max=18)
        == f"{text} The server ran at most 18 at once, up to 110 waited (deploy log)."
    )
    untold = explained({"ttft.mean": 144_639.0, "ran.peak": 18.0, "waited.peak": 120.0})
    assert "--enable-metrics" in untold
    assert untold.endswith("The server ran at most 18 at once, up to 120 waited for their first token.")
    assert explained({"ttft.mean": 44.0, "ran.peak": 8.0, "waited.peak": 8.0}) is None
    assert explained({}) is None
