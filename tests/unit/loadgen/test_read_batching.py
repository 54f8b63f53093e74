"""When arrivals may gather before they are read, worked by hand."""

from __future__ import annotations

import pytest

from slabench.loadgen.read_batching import EVERY_NS, WINDOW_NS, Pace
from slabench.units import NS_PER_MS


def pause_after(reads: list[tuple[int, list[float]]], *, stamped: bool = True) -> int:
    """The nap after a window in which so many sockets were read at these moments, in ms after its begin."""
    pace = Pace()
    begin = 1000 * NS_PER_MS
    pace.switch(begin, stamped=stamped)
    assert (pace.watching, pace.due_ns, pace.pause_ns) == (True, begin + WINDOW_NS, 0)
    first = 0
    for sockets, moments in reads:
        for moment in moments:
            pace.observe(begin + int(moment * NS_PER_MS), [(fd, 1) for fd in range(first, first + sockets)])
        first += sockets
    pace.switch(begin + WINDOW_NS, stamped=stamped)
    assert (pace.watching, pace.due_ns) == (False, begin + EVERY_NS)
    return pace.pause_ns


@pytest.mark.parametrize(
    ("reads", "pause_ns"),
    [
        ([], 0),
        # 256 streams, a token every 20 ms: an eighth of that is more than the most
        ([(200, [3.0]), (56, [1.0, 21.0])], NS_PER_MS),
        # a token every 41 ms: no socket is read twice
        ([(128, [7.0])], NS_PER_MS),
        # 40 streams with a token every 5 ms: 5 / 8 = 0.625 ms, in which 40 / 5 * 0.625 = 5 come
        ([(40, [1.0, 6.0, 11.0, 16.0, 21.0])], 625_000),
        # three tokens in a row, 0.5 ms apart, then a pause: they would be one read
        ([(48, [2.0, 2.5, 3.0])], 0),
        # four streams of 44 like that: more than one gap in fifty
        ([(40, [1.0, 6.0, 11.0, 16.0, 21.0]), (4, [2.0, 2.5, 3.0, 3.5])], 0),
        # one event that came in two pieces does not count
        ([(40, [1.0, 6.0, 11.0, 16.0, 21.0]), (1, [2.0, 2.01])], 625_000),
        # eight streams, one read each in 25 ms: 0.3 a millisecond
        ([(8, [3.0])], 0),
    ],
)
def test_the_nap_follows_the_shortest_gaps_and_what_it_gathers(
    reads: list[tuple[int, list[float]]], pause_ns: int
) -> None:
    assert pause_after(reads) == pause_ns


def test_without_the_kernel_s_times_every_read_is_read_at_once() -> None:
    assert pause_after([(256, [3.0])], stamped=False) == 0


def test_a_closed_loop_has_no_nap() -> None:
    pace = Pace()
    for closed in (True, False):  # one load after the other
        pace.closed_loop = closed
        pace.switch(0, stamped=True)
        pace.observe(2 * NS_PER_MS, [(fd, 1) for fd in range(256)])
        pace.switch(WINDOW_NS, stamped=True)
        assert pace.pause_ns == (0 if closed else NS_PER_MS)


def test_a_window_is_watched_without_a_nap_and_forgets_the_one_before() -> None:
    pace = Pace()
    pace.switch(0, stamped=True)
    pace.observe(2 * NS_PER_MS, [(fd, 1) for fd in range(256)])
    pace.switch(WINDOW_NS, stamped=True)
    assert pace.pause_ns == NS_PER_MS
    pace.gathered()  # a read brought two events
    assert pace.pause_ns == 0
    pace.switch(EVERY_NS, stamped=True)
    assert (pace.watching, pace.pause_ns) == (True, 0)
    pace.switch(EVERY_NS + WINDOW_NS, stamped=True)  # nothing came in it
    assert pace.pause_ns == 0
