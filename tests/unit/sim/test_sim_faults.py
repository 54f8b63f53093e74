"""Which requests a fault hits, and what a profile says of faults that there are not."""

from __future__ import annotations

import pytest

from slabench.sim import wire
from slabench.sim.fault_table import Choice
from slabench.sim.profiles import UnknownProfile, read_profile


def hit(share: float, index: int = -1, skip: int = 1, requests: int = 9) -> list[int]:
    choice = Choice(frozenset({"busy"}), index, share, 4, 1.0, skip)
    return [number for number in range(requests) if choice.hits(number)]


def test_the_warm_up_is_left_alone_and_the_share_is_spread_evenly() -> None:
    assert hit(1.0) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert hit(0.5) == [2, 4, 6, 8]
    assert hit(0.25) == [4, 8]
    assert hit(0.0) == []
    assert hit(1.0, skip=0) == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_an_index_hits_one_request() -> None:
    assert hit(1.0, index=2) == [3]
    assert hit(0.0, index=0) == [1]


def test_a_profile_without_a_fault_has_none() -> None:
    assert read_profile("demo").faults is None
    assert read_profile("demo?fault_tokens=3").faults is None


def test_faults_are_combined_with_commas() -> None:
    choice = read_profile("demo?fault=busy,info_slow&fault_s=0.2&fault_index=1").faults
    assert choice == Choice(frozenset({"busy", "info_slow"}), 1, 1.0, 4, 0.2, 1)


def test_an_unknown_fault_is_one_sentence_that_names_the_known_ones() -> None:
    with pytest.raises(UnknownProfile, match=r"no fault 'nosuch'\. There are busy, rate_limit"):
        read_profile("demo?fault=busy,nosuch")


def test_the_payload_of_chunks_is_what_was_put_into_them() -> None:
    assert (
        wire.payload(wire.piece(b"ab\r\n") + wire.chunk(b"{}") + wire.DONE)
        == b"ab\r\ndata: {}\n\ndata: [DONE]\n\n"
    )
