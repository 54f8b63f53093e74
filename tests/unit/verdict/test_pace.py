"""Did the whole server stop, and was something done for the first time: runs in virtual time, and what a
pause does to them.
"""

from __future__ import annotations

import itertools
from array import array
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slabench.metrics.pauses import first_requests, pauses
from slabench.records import RequestRecord, RunRecord
from slabench.sim.profiles import PROFILES, Profile
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import CheckContext, examine
from tests.unit.factories import MS, answer, run_of
from tests.unit.verdict.virtual import BEGIN, NS, load, noisy, tencent, wave

DEMO = PROFILES["demo"]
SLOW = replace(DEMO, prefill_tokens_per_s=300, decode_base_ms=120.0)  # a CPU
A800 = PROFILES["a800-qwen3-30b-a3b"]


def prefill(profile: Profile, lengths: list[int], cap: int | None = None, gap_s: float = 0.0) -> RunRecord:
    return load(profile, [(length, 1) for length in lengths], [gap_s * k for k in range(len(lengths))], cap)


def frozen(run: RunRecord, at_s: float, for_s: float) -> RunRecord:
    """The same run at a server that stopped: whatever came or, in a closed loop, was sent after that moment
    is later.
    """

    def later(stamp: int) -> int:
        return stamp + round(for_s * NS) * (stamp > BEGIN + at_s * NS)

    def moved(record: RequestRecord) -> RequestRecord:
        stamps = array("q", map(later, record.arrival_ns))
        assert record.sent_ns is not None
        at = {
            name: later(getattr(record, name))
            for name in ("due_ns", "start_ns", "sent_ns", "end_ns", "first_text_ns")
        }
        return replace(record, arrival_ns=stamps, **at)

    return replace(run, requests=tuple(map(moved, run.requests)))


def checks(run: RunRecord, method: str = "ali-prefill", **more: object) -> dict[str, Check]:
    context = CheckContext(run=run, exact_prompt=True, planned=len(run.requests), **more)  # type: ignore[arg-type]
    return {check.name: check for check in examine(context, method)}


def states(run: RunRecord, method: str = "ali-prefill", **more: object) -> tuple[CheckStatus, CheckStatus]:
    found = checks(run, method, **more)
    return found["stall"].state, found["first_run"].state


HEALTHY = {
    "512 prompts at once": prefill(A800, [1024] * 512),
    "closed loop": prefill(DEMO, [128] * 200, cap=8),
    "one huge prompt on a slow server": prefill(SLOW, [6000]),
    "huge prompts, one after another": prefill(SLOW, [6000, 9000], cap=1),
    "one huge prompt among short ones": prefill(SLOW, [64] * 12 + [16_000] + [64] * 12, cap=1),
    "slow and sparse": prefill(SLOW, [2000, 3000, 2500, 4000], gap_s=30.0),
    "all lengths": prefill(noisy(SLOW, 0.3), [100 * (k % 37 + 1) for k in range(120)], cap=4),
    "a batch of one": wave(SLOW, 1, 6000, 40),
    "a batch on a slow server": wave(SLOW, 4, 3000, 60),
    "a queue on a slow server": load(SLOW, [(3000, 20)] * 24, [0.0] * 24, 8),
    "published tencent": tencent(PROFILES["r1-fp8-tp8"], 256),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_the_pace_of_a_healthy_run_is_no_pause_however_slow(name: str) -> None:
    assert pauses(HEALTHY[name].requests)[0] == []
    run = HEALTHY[name]
    method = "tencent" if name.startswith("published") else "ali-prefill"
    found = checks(run, method, batch_size=len(run.requests) if name.startswith("a batch") else None)
    assert "whole server" not in found["stall"].text
    assert found["first_run"].state is CheckStatus.OK


@pytest.mark.parametrize("method", ["ali-prefill", "tencent", "serving", "ali-saturation"])
def test_a_server_that_stops_is_invalid_by_every_method(method: str) -> None:
    run = HEALTHY["closed loop"]
    half = (run.requests[100].end_ns or 0) / NS - BEGIN / NS
    found = checks(frozen(run, half, 7.0), method)["stall"]
    assert found.state is CheckStatus.INVALID
    assert "nothing arrived for 7.0 s" in found.text
    assert "limit 5 s (--stall-limit)" in found.text
    # most of the run all the same
    assert states(frozen(run, half, 7.0), method, stall_limit_s=60.0)[0] is CheckStatus.INVALID
    assert states(frozen(run, half, 0.9), method) == (CheckStatus.OK, CheckStatus.OK)


def test_one_answer_that_pauses_is_a_finding_where_the_method_queues() -> None:
    run = load(DEMO, [(64, 400)] * 4, [0.0] * 4, None)
    third = run.requests[2]
    waits = array("q", [stamp + 7 * NS * (place > 200) for place, stamp in enumerate(third.arrival_ns)])
    # The others go on meanwhile: their answers are as long as its pause.
    others = [
        replace(rest, arrival_ns=array("q", [BEGIN + (stamp - BEGIN) * 5 for stamp in rest.arrival_ns]))
        for rest in run.requests
    ]
    others[2] = replace(third, arrival_ns=waits)
    paused = replace(run, requests=tuple(others))
    assert states(paused, "tencent")[0] is CheckStatus.FINDING
    assert states(paused, "ali-prefill")[0] is CheckStatus.INVALID


SLOW_STEPS = ("published tencent", "a queue on a slow server", "all lengths")


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(
        ["512 prompts at once", "closed loop", "all lengths", "a queue on a slow server", "published tencent"]
    ),
    place=st.floats(0.0, 0.98),
    for_s=st.floats(30.0, 300.0),
)
def test_a_long_stop_is_found_wherever_it_is(name: str, place: float, for_s: float) -> None:
    """Before the first answer too; 30 s, or 300, are many times what any step of these runs takes."""
    run = HEALTHY[name]
    last = max(record.end_ns or 0 for record in run.requests)
    stopped = frozen(run, place * (last - BEGIN) / NS, for_s * (10 if name in SLOW_STEPS else 1))
    assert states(stopped, "tencent")[0] is CheckStatus.INVALID


def test_a_first_compilation_is_a_first_run_effect_and_the_rate_is_not_the_servers() -> None:
    """0.10 s of prefill, and 3.4 s before it: the rate is a thirty-fifth, and no pause is longer than
    --stall-limit.
    """
    run = prefill(DEMO, [128] * 64, cap=8)
    found = checks(frozen(run, 0.0, 3.4))["first_run"]
    assert found.state is CheckStatus.INVALID
    assert "nothing arrived for 3.4 s" in found.text
    assert "done for the first time" in found.text
    assert states(frozen(run, 0.0, 0.9))[1] is CheckStatus.OK  # a busy machine may do that


@pytest.mark.parametrize(
    ("requests", "taken_in_s", "state"),
    [
        (512, 1.2, CheckStatus.FINDING),
        (512, 0.3, CheckStatus.INVALID),
        (512, 0.0, CheckStatus.INVALID),
        (512, None, CheckStatus.INVALID),
        (8, 1.2, CheckStatus.INVALID),  # 150 ms a request: the whole server stood still
    ],
)
def test_a_server_that_takes_long_to_take_the_requests_in_has_done_nothing_for_the_first_time(
    requests: int, taken_in_s: float | None, state: CheckStatus
) -> None:
    """As a real 0.5.12 with a small model on an H200: 512 requests at once, nothing came for 1.1 s of 2.2 s,
    and by its own times the first answers had taken 0.46 s. What a compilation takes is in those times.
    """
    run = frozen(prefill(DEMO, [16] * 512, cap=requests), 0.0, 1.6)

    def reported(record: RequestRecord) -> RequestRecord:
        if taken_in_s is None or record.end_ns is None or record.sent_ns is None:
            return record
        return replace(record, server={"e2e_latency": (record.end_ns - record.sent_ns) / NS - taken_in_s})

    found = checks(replace(run, requests=tuple(map(reported, run.requests))))["first_run"]
    assert found.state is state
    assert ("1.2 s of it went by before the server's own time" in found.text) is (
        state is CheckStatus.FINDING
    )


def test_a_beginning_that_costs_a_little_is_a_finding() -> None:
    run = prefill(A800, [1024] * 512)
    assert 15 < max(record.end_ns or 0 for record in run.requests) / NS - BEGIN / NS < 60
    assert states(frozen(run, 0.0, 3.0)) == (CheckStatus.OK, CheckStatus.FINDING)


def test_first_requests_that_wait_while_the_others_go_on() -> None:
    """Three of eight slots wait 3.5 s for something that is done once; the other five serve meanwhile,
    without a pause.
    """
    records = [answer(k, sent=0, arrivals=((3600, 1),), end=3600, output_len=1) for k in range(3)]
    for _ in range(5):
        records += [
            answer(0, sent=100 * k, arrivals=((100 * k + 100, 1),), end=100 * k + 100, output_len=1)
            for k in range(36)
        ]
    records += [
        answer(0, sent=3600 + 100 * k, arrivals=((3700 + 100 * k, 1),), end=3700 + 100 * k, output_len=1)
        for k in range(5)
    ]
    run = run_of(*(replace(record, index=k) for k, record in enumerate(records)))
    seen = first_requests(run.requests)
    assert seen is not None and (seen.requests, seen.slower, seen.longest_ms, seen.later_longest_ms) == (
        8,
        3,
        3600,
        100,
    )
    assert seen.lost_share == pytest.approx(3 * 3.5 / (3 * 3.6 + 185 * 0.1))
    found = checks(run)["first_run"]
    assert found.state is CheckStatus.INVALID
    assert (
        "3 of the first 8 requests waited longer than any later one, 3600 ms against at most 100 ms"
        in found.text
    )
    assert "36 % of all waiting" in found.text


# in ms; 0: a client that stood still stamps both at the same moment
MOMENT = st.integers(0, 3).map(lambda half: 500 * half)


@settings(max_examples=300, deadline=None)
@example([(500, 0, []), (500, 0, [])])
@example([(0, 500, []), (1500, 0, [500]), (1500, 1500, [0])])
@given(st.lists(st.tuples(MOMENT, MOMENT, st.lists(MOMENT, max_size=3)), min_size=1, max_size=6))
def test_requests_that_were_stamped_as_sent_when_their_answer_was_there_are_in_flight_in_no_pause(
    made: list[tuple[int, int, list[int]]],
) -> None:
    """A stamp of the kernel's is taken as no earlier than that, and both may be one.

    Sent one after another, in any closed loop.
    """
    records, sent = [], 0
    for index, (gap, wait, more) in enumerate(made):
        sent += gap
        stamps = list(itertools.accumulate([sent + wait, *more]))
        arrivals = tuple((at, k) for k, at in enumerate(stamps, start=1))
        records.append(answer(index, sent=sent, arrivals=arrivals, output_len=len(stamps), end=stamps[-1]))
    found, busy_ns = pauses(records)
    flights = [(record.sent_ns or 0, record.arrival_ns[-1]) for record in records]
    for pause in found:
        assert any(begin <= pause.begin_ns < pause.end_ns <= end for begin, end in flights)
        assert pause.in_flight >= 1
    assert busy_ns <= max(end for _, end in flights) - min(begin for begin, _ in flights)
    first_ns = min(record.arrival_ns[0] for record in records)
    early = sum((record.sent_ns or 0) < first_ns for record in records)
    seen = first_requests(records)
    assert (seen is not None) == (all(not more for _, _, more in made) and 0 < early <= len(records) - early)
    assert seen is None or seen.requests == early


def test_answers_whose_events_have_no_times_are_no_pause() -> None:
    """/v1 without counts along the stream: when a piece of text came is known of the first and the last
    alone.
    """
    silent = answer(arrivals=())
    silent = replace(silent, first_text_ns=100 * MS, last_text_ns=60_000 * MS, end_ns=60_000 * MS)
    assert pauses([silent, replace(silent, index=1)])[0] == []


def test_pauses_by_hand() -> None:
    """Four prompts of 100 tokens, one after another: 1 s each, and 20 s for the third. Busy 23 s."""
    times = ((0, 1000), (1000, 2000), (2000, 22_000), (22_000, 23_000))
    records = [
        answer(k, sent=sent, arrivals=((at, 1),), end=at, output_len=1) for k, (sent, at) in enumerate(times)
    ]
    (pause,), busy = pauses(records)
    assert busy == 23_000 * MS
    assert (pause.begin_ns, pause.end_ns, pause.in_flight, pause.early) == (2000 * MS, 22_000 * MS, 1, False)
    assert pause.expected_ns == pytest.approx(1000 * MS)  # 100 tokens where 300 took 3 s
    assert pause.lost_ns == pytest.approx(19_000 * MS)
    apart = [
        replace(records[3], sent_ns=40_000 * MS, arrival_ns=array("q", [41_000 * MS]), end_ns=41_000 * MS)
    ]
    (same,), busy = pauses([*records[:3], *apart])
    assert busy == 23_000 * MS and same == pause  # 18 s without a request in flight belong to no pause
