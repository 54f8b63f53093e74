"""How late the load process stamps: on average, worked by hand, and where it stood still."""

import asyncio
import time
from array import array
from types import SimpleNamespace

import pytest

from slabench.loadgen.loop_lag import MOST_STALLS, LoopWatch
from slabench.loadgen.stream_selector import new_loop

MS = 1_000_000


@pytest.mark.parametrize(
    ("lags_ms", "expected_ms"),
    [
        ([0, 0, 0, 0], 0.0),
        # one sample of 2 ms in ten, 20 ms apart: 2 * (20 + 1) over 200 + 2
        ([2] + [0] * 9, 42 / 202),
        # a freeze of a second is worked off for a second: 1000 * (20 + 500) over 80 + 1000
        ([0, 0, 0, 1000], 520_000 / 1080),
    ],
)
def test_the_lateness_of_an_arrival_at_a_random_moment(lags_ms, expected_ms):
    watch = SimpleNamespace(lag_ns=array("q", [lag * MS for lag in lags_ms]))
    assert LoopWatch.lateness_ns(watch) == pytest.approx(expected_ms * MS)


def test_no_sample_is_no_lateness():
    assert LoopWatch.lateness_ns(SimpleNamespace(lag_ns=array("q"))) is None


def watched(act, loop):
    """The watch of a loop in which act() ran between two ticks."""

    async def load():
        watch = LoopWatch(loop)
        watch.begin()
        await asyncio.sleep(0.05)
        await act()
        watch.end()
        return watch

    try:
        return loop.run_until_complete(load())
    finally:
        loop.close()


@pytest.mark.parametrize("make", [asyncio.new_event_loop, lambda: new_loop()[0]])
def test_a_loop_that_stood_still_says_from_when_to_when(make):
    """What can be read is read before the timers are called."""

    async def stand():
        begin = time.perf_counter_ns()
        time.sleep(0.2)
        stand.span = begin, time.perf_counter_ns()
        await asyncio.sleep(0.05)

    watch = watched(stand, make())
    begin, end = max(watch.stalls_ns(), key=lambda stall: stall[1] - stall[0])
    assert 0 <= begin - stand.span[0] <= 25 * MS  # the tick that did not come was due within its period
    assert end >= stand.span[1]
    assert 170 * MS <= end - begin <= 1000 * MS


@pytest.mark.parametrize("make", [asyncio.new_event_loop, lambda: new_loop()[0]])
def test_a_stall_at_the_very_end_is_not_lost(make):
    """The last token is read, and the load is over, before a timer is called."""

    async def stand():
        time.sleep(0.2)

    watch = watched(stand, make())
    assert max(end - begin for begin, end in watch.stalls_ns()) >= 170 * MS
    assert max(watch.lag_ns) >= 170 * MS


@pytest.mark.parametrize("make", [asyncio.new_event_loop, lambda: new_loop()[0]])
def test_what_is_read_behind_the_tick_belongs_to_the_stall(make):
    """Turn after turn takes 3 ms each: the backlog is still being worked off."""
    loop = make()

    async def stand():
        time.sleep(0.1)
        for _ in range(5):
            await asyncio.sleep(0)
            time.sleep(0.003)
        stand.caught_up = time.perf_counter_ns()
        await asyncio.sleep(0.1)

    watch = watched(stand, loop)
    longest = max(watch.stalls_ns(), key=lambda stall: stall[1] - stall[0])
    assert -4 * MS <= longest[1] - stand.caught_up < 60 * MS  # and ends soon after it


def test_the_longest_stalls_are_reported_in_their_order():
    watch = SimpleNamespace(_stalls=[[k * 100 * MS, (k * 100 + 5 + k) * MS] for k in range(MOST_STALLS + 9)])
    found = LoopWatch.stalls_ns(watch)
    assert len(found) == MOST_STALLS
    assert found == sorted(found)
    assert found[0][0] == 9 * 100 * MS
