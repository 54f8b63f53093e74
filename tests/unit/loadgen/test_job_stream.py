"""What a load process on another machine reads from its standard input, however it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slabench.loadgen.job_stream import DrawnAhead, JobStream


@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_orders_and_jobs_come_whole(piece: int) -> None:
    job = bytes(range(256)) + b'\n{"stop": true}\n'  # what looks like an order inside it is none
    sent = b'{"ping": 1}\n' + json.dumps({"job_bytes": len(job), "number": 2}).encode() + b"\n" + job
    sent += b'{"zero_ns": 5}\n{"indices": [7], "more": false}\n'
    orders: list[dict[str, Any]] = []
    stream = JobStream(orders.append)
    for at in range(0, len(sent), piece):
        stream.data_received(sent[at : at + piece])
    assert orders == [
        {"ping": 1},
        {"job_bytes": len(job), "number": 2, "job": job},
        {"zero_ns": 5},
        {"indices": [7], "more": False},
    ]


def test_each_draw_asks_for_one_more_and_a_slot_that_finds_none_waits() -> None:
    asked: list[int] = []
    drawn = DrawnAhead([4, 5], more=True, ask=asked.append)
    assert [drawn.draw(), drawn.draw(), drawn.draw()] == [4, 5, None]
    assert sum(asked) == 3 and drawn.waiting() and drawn.dry_ns is None
    (filled,) = drawn.came([8, 9, 10], more=True)
    assert filled[0] == 8 and not drawn.waiting()
    assert (drawn.waits, drawn.draw(), drawn.draw()) == (1, 9, 10)
    assert drawn.waited_ns > 0


def test_a_plan_without_more_leaves_slots_free() -> None:
    asked: list[int] = []
    drawn = DrawnAhead([], more=True, ask=asked.append)
    assert drawn.draw() is None and drawn.waiting()
    assert drawn.came([], more=False) == []
    assert not drawn.waiting() and drawn.dry_ns is not None
    assert drawn.draw() is None and sum(asked) == 1  # not asked for what is not there
    assert drawn.waits == 0
