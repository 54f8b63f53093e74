"""Loads of several hosts: what of them makes a run INVALID, and what their clocks leave open."""

from dataclasses import replace

import pytest

from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity import Margin
from slabench.verdict.validity.load_hosts import load_clock, load_hosts
from tests.unit.factories import answer
from tests.unit.verdict.test_validity import BROKEN, host, hosted, states


def test_nothing_wrong_is_reported_in_one_sentence():
    case = hosted(host(requests=3), host(name="b", requests=4, round_trip_ms=1.5))
    check = load_hosts(case)
    assert check.state is CheckStatus.OK
    assert check.text.startswith("Requests sent by each load host: a 3, b 4. The longest")
    assert "load_hosts" not in states(hosted()) and "load_clock" not in states(hosted())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"silent_s": 5.2}, "Nothing came from load host b for 5.2 s of the load (limit 2 s)"),
        ({"cpu_share": 0.97}, "A load process of host b used 97 % of a core"),
        # two slots for a second: 30 ms of them are 1.5 %
        ({"slot_wait_s": 0.03}, "for 1.5 % of their time (limit 1 %)"),
    ],
)
def test_what_is_wrong_with_a_host(more, says):
    case = hosted(host(), host(name="b", **more))
    case = replace(case, run=replace(case.run, plan={"max_concurrency": 2}))
    check = load_hosts(case)
    assert check.state is CheckStatus.INVALID and says in check.text


def test_a_clock_that_was_not_read_after_the_load():
    check = load_clock(hosted(host(), host(name="b", clock_error_ms=None)))
    assert check.state is CheckStatus.INVALID and "load host b was not read" in check.text


def test_what_the_clocks_leave_open_is_named():
    check = load_clock(BROKEN["load_clock"])
    assert check.text == (
        "The clocks of the load hosts are known to 1.500 ms, and within that another result is possible: "
        "batch_reached."
    )
    exact = hosted(
        host(clock_error_ms=0.9),
        host(name="b", clock_error_ms=0.9),
        records=BROKEN["load_clock"].run.requests,
        batch_size=2,
        token_capacity=9999,
    )
    assert load_clock(exact).state is CheckStatus.OK


# the run lasts from 0 to the last token of host b at 1000 ms: 8 tokens in 1 s, in 0.99 s 8.08
@pytest.mark.parametrize(("limit", "state"), [(8.05, CheckStatus.INVALID), (8.1, CheckStatus.OK)])
@pytest.mark.parametrize("metric", ["output_throughput", "output_throughput_per_gpu"])
def test_an_objective_of_the_whole_run_at_its_limit(metric, limit, state):
    case = hosted(
        host(clock_error_ms=10.0),
        host(name="b", clock_error_ms=10.0),
        records=(answer(0, host="a"), answer(1, arrivals=((500, 1), (1000, 4)), end=1000, host="b")),
        margins=(Margin(metric, 8.0, limit),),
    )
    check = load_clock(case)
    assert check.state is state
    assert (metric in check.text) is (state is CheckStatus.INVALID)


def test_every_two_of_many_hosts_are_moved_apart():
    """Five hosts: the second and the fourth alone have answers together, for 2 ms of 3 that are open."""
    hosts = [host(name=str(k), clock_error_ms=1.5) for k in range(5)]
    records = (answer(0, host="1"), answer(1, arrivals=((138, 1), (150, 4)), end=151, host="3"))
    case = hosted(*hosts, records=records, batch_size=2, token_capacity=9999)
    assert load_clock(case).state is CheckStatus.INVALID
