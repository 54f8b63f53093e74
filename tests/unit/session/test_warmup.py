"""Warm-up: as many requests as the load has in flight, once for each server process and shape."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.loadgen.plan import Plan
from slabench.session.warmup import Shapes, WarmUp
from slabench.workloads.model import Prompt, Workload, WorkloadSpec
from tests.unit.factories import answer


class Server:
    """Stands for a session's servers, and counts what they were sent."""

    def __init__(self, wanted: int | str = "batch") -> None:
        self.wanted, self.backend = wanted, "sglang"
        self.served: Shapes = set()
        self.sent: list[int] = []
        self.fails = False

    def load(
        self, plan: Plan, input_len: int = 64, output_len: int = 40, url: str = "http://a", **how: Any
    ) -> WarmUp:
        prompts = [Prompt(None, None, input_len, output_len) for _ in range(plan.count)]
        workload = Workload(WorkloadSpec("random-ids", plan.count, input_len, output_len), prompts, ())
        warmup = WarmUp.of(self.wanted, url, self.backend, workload, plan)
        self.notes = warmup.run(self.served, self.send, **how)
        return warmup

    def send(self, prompts: Any) -> Any:
        self.sent.append(len(prompts))
        return SimpleNamespace(
            requests=[answer(k, end=150) if not self.fails else failed(k) for k in range(len(prompts))]
        )


def failed(index: int) -> Any:
    return answer(index, error="reset")


@pytest.mark.parametrize(
    ("plan", "in_flight"),
    [
        (Plan.at_once(12), 12),  # a prefill test, and a batch-size point
        (Plan.closed_loop(128, 8), 8),
        (Plan.closed_loop(4, 8), 4),
        (Plan.open_loop(128, 128.0, arrivals="constant", cap=16), 16),
        (Plan.open_loop(512, 10.0, arrivals="constant"), 18),  # 10 a second for 1 s and 40 tokens of 20 ms
    ],
)
def test_as_many_as_the_load_has_in_flight(plan: Plan, in_flight: int) -> None:
    server = Server()
    assert server.load(plan).requests == in_flight
    assert server.sent == [in_flight]


def test_once_for_each_server_process_and_shape() -> None:
    server, plan = Server(), Plan.closed_loop(32, 8)
    # of the same shape: what a baseline compares
    assert [server.load(plan).requests for _ in range(3)] == [8, 8, 8]
    assert server.sent == [8]
    server.load(plan, input_len=128)
    server.load(plan, output_len=1)  # a prefill alone
    server.load(plan, output_len=900)  # as 40: both are cut to 16
    server.load(Plan.closed_loop(32, 4))
    server.load(plan, url="http://b")  # the baseline server
    assert server.sent == [8, 8, 8, 4, 8]
    server.backend = "sglang-oai"
    server.load(plan)
    assert server.sent == [8, 8, 8, 4, 8, 8]


def test_a_number_is_sent_before_every_load_and_0_none() -> None:
    server, plan = Server(3), Plan.at_once(2)
    assert [server.load(plan).requests for _ in range(2)] == [3, 3]
    assert server.sent == [3, 3]  # of 2 prompts: the first again
    nothing = Server(0)
    assert nothing.load(plan).requests == 0 and nothing.sent == []


def test_a_warm_up_that_failed_is_no_warm_server() -> None:
    server, plan = Server(), Plan.at_once(2)
    server.fails = True
    server.load(plan)
    assert server.notes == ["2 of 2 warm-up requests failed."]
    server.fails = False
    server.load(plan)
    assert server.sent == [2, 2] and server.notes == []


def test_loads_whose_first_wave_is_not_counted_are_warm_once_for_their_lengths() -> None:
    """The probes of a search."""
    server = Server()
    for cap in (1, 16, 8):
        server.load(Plan.closed_loop(64, cap), first_counts=False)
    server.load(Plan.closed_loop(64, 8), input_len=128, first_counts=False)
    assert server.sent == [1, 8]
    server.load(Plan.closed_loop(64, 8))
    assert server.sent == [1, 8, 8]
