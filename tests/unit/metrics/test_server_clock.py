"""Latencies by the server's own clock, worked by hand: two answers of 5 tokens, 100 and 200 ms to the first,
20 ms a token."""

from __future__ import annotations

import pytest

from slabench.metrics.server_clock import same_by_client, server_clock
from slabench.records import ErrorKind
from tests.unit.factories import answer

FIRST = answer(0, sent=0, arrivals=tuple((100 + 20 * k, k + 1) for k in range(5)), end=181, output_len=5)
SECOND = answer(1, sent=0, arrivals=tuple((200 + 20 * k, k + 1) for k in range(5)), end=281, output_len=5)
# By the server: received 2 ms after it was sent, and made 3 ms before it came.
COUNTED = {
    "requests": 2.0, "prompt_tokens": 200.0, "output_tokens": 10.0, "ttft.sum": 0.290, "ttft.count": 2.0,
    "e2el.sum": 0.450, "e2el.count": 2.0, "queue.sum": 0.040, "queue.count": 2.0,
}  # fmt: skip


def test_means_of_the_same_requests() -> None:
    """TPOT: (450 - 290) ms over 8 tokens after the first ones."""
    assert server_clock(COUNTED, [FIRST, SECOND], 10.0) == pytest.approx(
        {"server.ttft": 145.0, "server.e2el": 225.0, "server.queue": 20.0, "server.tpot": 20.0}
    )
    assert same_by_client([FIRST, SECOND]) == pytest.approx({"ttft": 150.0, "e2el": 230.0, "tpot": 20.0})


def test_the_server_s_own_tpot_idle_time_and_accept_length() -> None:
    later = {"tpot.sum": 0.043, "tpot.count": 2.0, "idle": 6.0, "idle.schedulers": 2.0, "verify_steps": 4.0}
    metrics = server_clock(COUNTED | later, [FIRST, SECOND], 10.0)
    own = {name: metrics[name] for name in ("server.tpot", "server.idle", "server.accept_len")}
    assert own == pytest.approx({"server.tpot": 21.5, "server.idle": 0.3, "server.accept_len": 2.5})


@pytest.mark.parametrize("counted", [None, {}, COUNTED | {"requests": 3.0}, COUNTED | {"requests": 1.0}])
def test_other_requests_say_nothing_of_ours(counted: dict[str, float] | None) -> None:
    assert server_clock(counted, [FIRST, SECOND], 10.0) == {}


def test_a_failed_request_leaves_the_means_open() -> None:
    failed = answer(1, error=ErrorKind.HTTP_STATUS, error_text="HTTP 503")
    assert server_clock(COUNTED, [FIRST, failed], 10.0) == {}


def test_a_histogram_of_another_number_of_requests_has_no_mean() -> None:
    """As with --enable-metrics-for-all-schedulers, where each scheduler observes the queue."""
    metrics = server_clock(COUNTED | {"queue.count": 4.0}, [FIRST, SECOND], 10.0)
    assert "server.queue" not in metrics
    assert metrics["server.ttft"] == pytest.approx(145.0)
