"""What the real routers make of a stream: sglang-router 0.3.2, its mini_lb, and smg 1.13.0 over the real
0.5.7.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench.loadgen.backends.completions import CompletionsMeter
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.http1 import END, Answer
from slabench.loadgen.stream import StreamMeter
from tests.unit.loadgen.reading import V1, last_event

ROUTERS = Path(__file__).parents[2] / "data" / "routers"
LIMIT = 1 << 20
NAMES = ["sglang-router", "sglang-router-pd", "mini-lb", "smg", "smg-pd"]


def read(router: str, name: str, size: int, meter: StreamMeter) -> Answer:
    data = (ROUTERS / f"{router}.{name}.http").read_bytes()
    answer = Answer(meter)
    for at in range(0, len(data), size):
        answer.feed(at + 1, data[at : at + size])
    return answer


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize("router", NAMES)
def test_generate_through_a_router(router: str, size: int) -> None:
    answer = read(router, "generate_stream", size, GenerateMeter(LIMIT))
    meter = answer.meter
    assert (answer.error, answer.state, meter.error, meter.broken) == (None, END, None, None)
    assert meter.arrival_tokens[-1] == 4
    assert list(meter.arrival_tokens) == sorted(set(meter.arrival_tokens))
    assert meter.done_ns is not None
    event = last_event(meter)
    assert (event.completion_tokens, event.finish_reason, event.prompt_tokens) == (4, "length", 5)


@pytest.mark.parametrize("router", NAMES)
def test_v1_through_a_router(router: str) -> None:
    """sglang-router drops continuous_usage_stats of a request: then there are no counts along the stream,
    only the sum.
    """
    answer = read(router, "v1_completions_stream", 7, CompletionsMeter(LIMIT))
    meter = answer.meter
    assert (answer.error, answer.state, meter.error, meter.broken) == (None, END, None, None)
    counted = list(meter.arrival_tokens)
    assert not counted if router.startswith("sglang-router") else counted[-1] == 4
    event = last_event(meter, V1)
    assert event.completion_tokens == 4
