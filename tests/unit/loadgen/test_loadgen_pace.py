"""When arrivals may gather before they are read, worked by hand."""

from __future__ import annotations

import pytest

from slabench.loadgen.pace import EVERY_NS, MS, WINDOW_NS, Pace


def nap_after(reads: dict[int, int], *, stamped: bool = True) -> int:
    """The nap after a window in which each of these sockets was read so often."""
    pace = Pace()
    pace.turn(1000 * MS, stamped=stamped)
    assert (pace.watching, pace.due_ns, pace.nap_ns) == (True, 1000 * MS + WINDOW_NS, 0)
    for fd, times in reads.items():
        for _ in range(times):
            pace.see([(fd, 1)])
    pace.turn(1000 * MS + WINDOW_NS, stamped=stamped)
    assert (pace.watching, pace.due_ns) == (False, 1000 * MS + EVERY_NS)
    return pace.nap_ns


@pytest.mark.parametrize(
    ("reads", "nap_ns"),
    [
        ({}, 0),
        # 256 streams, a token every 20 ms: once or twice in 25 ms; an eighth of 12.5 ms is more than the most
        (dict.fromkeys(range(256), 1) | {3: 2}, MS),
        # 40 streams with a token every 5 ms: 25 / 5 / 8 = 0.625 ms, in which 40 * 5 / 25 * 0.625 = 5 come
        (dict.fromkeys(range(40), 5), 625_000),
        # one stream among them that gets a token every millisecond: its tokens would gather, 25 / 25 / 8 = 0.125 ms is too little
        (dict.fromkeys(range(40), 5) | {99: 25}, 0),
        # eight streams, two reads in 25 ms each: less than one a millisecond
        (dict.fromkeys(range(8), 2), 0),
    ],
)
def test_the_nap_follows_the_fastest_stream_and_what_it_gathers(reads: dict[int, int], nap_ns: int) -> None:
    assert nap_after(reads) == nap_ns


def test_without_the_kernel_s_times_every_read_is_read_at_once() -> None:
    assert nap_after(dict.fromkeys(range(256), 1), stamped=False) == 0


def test_a_window_is_watched_without_a_nap_and_forgets_the_one_before() -> None:
    pace = Pace()
    pace.turn(0, stamped=True)
    pace.see([(fd, 1) for fd in range(256)])
    pace.turn(WINDOW_NS, stamped=True)
    assert pace.nap_ns == MS
    pace.turn(EVERY_NS, stamped=True)
    assert (pace.watching, pace.nap_ns) == (True, 0)
    pace.turn(EVERY_NS + WINDOW_NS, stamped=True)  # nothing came in it
    assert pace.nap_ns == 0
