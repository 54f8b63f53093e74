"""Tokens/s of a full server, worked by hand: lumps that come back, a load that is no whole number of them,
and too little time.
"""

from __future__ import annotations

from array import array

import pytest

from slabench.metrics.saturated import saturated_flow
from slabench.records import ErrorKind, RequestRecord

MS = 1_000_000


def lumps(count: int, room: int, error: ErrorKind | None = None) -> list[RequestRecord]:
    """As many at once as there is room for, one lump after another of 2 s each:

    1 s without a token, then ten, 100 ms apart.
    """
    found = []
    for k in range(count):
        begin = 2000 * (k // room)
        stamps = array("q", [(begin + 1000 + 100 * j) * MS for j in range(1, 11)])
        found.append(
            RequestRecord(index=k, input_len=1, output_len=10, due_ns=0, sent_ns=0, arrival_ns=stamps,
                          done=error is None, error=error, arrival_tokens=array("q", range(1, 11)),
                          end_ns=stamps[-1], completion_tokens=10,
                          finish_reason="length")
        )  # fmt: skip
    return found


def test_whole_lumps_are_found_whatever_the_load() -> None:
    """Five requests of ten tokens in 2 s: 25 tokens/s, whether 20, 23 or 27 requests were sent."""
    for count in (20, 23, 27):
        found = saturated_flow(lumps(count, 5))
        assert found is not None
        assert found.rate == pytest.approx(25, rel=0.01)
        assert found.spread < 0.02


def test_a_stretch_that_cannot_come_back_says_so() -> None:
    """Two lumps leave 1.1 s between the first end and the last first token: no stretch of 2 s fits, and the
    spread is large.
    """
    found = saturated_flow(lumps(10, 5))
    assert found is None or found.spread > 0.2


def test_one_lump_has_no_time_in_which_anybody_waits() -> None:
    assert saturated_flow(lumps(5, 5)) is None
    assert saturated_flow([]) is None
    assert saturated_flow(lumps(20, 5, ErrorKind.INTERRUPTED)) is None


def test_several_tokens_in_one_piece_are_all_counted() -> None:
    """The same answers in five pieces of two tokens each."""

    def paired(record: RequestRecord) -> RequestRecord:
        return RequestRecord(
            index=record.index, input_len=1, output_len=10, due_ns=0, sent_ns=0,
            arrival_ns=record.arrival_ns[1::2], done=True, arrival_tokens=record.arrival_tokens[1::2],
            end_ns=record.end_ns, completion_tokens=10, finish_reason="length",
        )  # fmt: skip

    found = saturated_flow([paired(record) for record in lumps(25, 5)])
    assert found is not None and found.rate == pytest.approx(25, rel=0.02)
