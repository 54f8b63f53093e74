"""The capacity search against servers that are a formula: it asks little, ends near the truth, and says when nobody can say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.verdict.capacity import MOST_PROBES, Ask, Kind, Outcome, Room, Search, grid
from slabench.verdict.capacity_answer import REPEATS
from slabench.verdict.capacity_interval import Estimate
from slabench.verdict.capacity_probe import Probe, bounding
from slabench.verdict.capacity_words import as_dict, remedy, sentence
from slabench.verdict.sla import parse, preset

TPOT = parse("tpot.mean<=50")
Server = Callable[[float], Mapping[str, float]]


def around(value: float, half: float) -> Estimate:
    return Estimate(value, value * (1 - half), value * (1 + half), 100)


def probe(load: float, figures: Mapping[str, float], half: float = 0.003) -> Probe:
    return Probe(load, {key: around(value, half) for key, value in figures.items()}, 10.0 * load, 2, False, figures=figures)


def line(base: float, each: float, most: float = math.inf) -> Server:
    """TPOT grows with the load up to `most` running requests; beyond it only TTFT does."""

    def figures(load: float) -> Mapping[str, float]:
        running = min(load, most)
        tpot = base + each * running
        return {"tpot.mean": tpot, "total_throughput": 4700 * running / (1.2 * tpot), "ttft.mean": 100.0 + 5000 * (load - running)}

    return figures


def run(search: Search, server: Server, half: float = 0.003, most: float = math.inf) -> Outcome:
    """most: above it requests wait for each other."""
    while isinstance(step := search.next(), Ask):
        search.tell(replace(probe(step.load, server(step.load), half), together=step.load <= most))
    return step


def test_the_grid_has_whole_steps_of_a_share() -> None:
    assert grid(1, 6, 0.02, whole=True) == (1, 2, 3, 4, 5, 6)
    assert grid(100, 109, 0.02, whole=True) == (100, 102, 104, 106, 108, 109)
    assert grid(1.0, 1.2, 0.1, whole=False) == pytest.approx((1.0, 1.1, 1.2))


def test_a_limit_between_two_loads() -> None:
    """10 + 0.5 x load = 50 at 80, whose interval contains it: 79 holds, 82 does not (the grid has steps of 2 there)."""
    search = Search(grid(1, 256, 0.02, whole=True), (TPOT,))
    found = run(search, line(10, 0.5))
    assert found.kind is Kind.FOUND
    assert found.holds is not None and found.fails is not None
    assert line(10, 0.5)(found.holds)["tpot.mean"] * 1.003 <= 50
    assert line(10, 0.5)(found.fails)["tpot.mean"] * 0.997 > 50
    assert len(search.probes) <= 6


@given(
    base=st.floats(1, 45),
    each=st.floats(0.05, 5),
    low=st.integers(1, 20),
    ratio=st.floats(2, 200),
    half=st.sampled_from([0.0, 0.001, 0.003]),
)
def test_within_one_step_of_the_truth_whatever_the_server(base: float, each: float, low: int, ratio: float, half: float) -> None:
    """The truth by every load of the grid: the smallest within 1 % of the most tokens/s among those that hold."""
    loads, server = grid(low, math.ceil(low * ratio), 0.02, whole=True), line(base, each)
    search = Search(loads, (TPOT,))
    found = run(search, server, half)
    good = [place for place, load in enumerate(loads) if server(load)["tpot.mean"] <= 50]
    if found.kind is Kind.UNRESOLVED:
        assert half > 0  # exact figures always end somewhere
        return
    assert len(search.probes) <= 12
    if found.kind is Kind.NONE_HOLDS:
        assert good == []
        return
    most = max(server(loads[place])["total_throughput"] for place in good)
    truth = min(place for place in good if server(loads[place])["total_throughput"] >= 0.99 * most)
    assert found.load is not None
    answer = loads.index(found.load)
    assert abs(answer - truth) <= 1, (loads[answer], loads[truth])
    assert server(found.load)["tpot.mean"] <= 50


def test_fewer_probes_than_the_published_list_and_its_bisection() -> None:
    """6 8 12 16 20 24 28 32 40 48 56 64 128: a limit at 80 takes 13 of them, and four more between 64 and 128 at steps of 2."""
    search = Search(grid(1, 256, 0.02, whole=True), (TPOT,))
    run(search, line(10, 0.5))
    assert len(search.probes) < 17 / 2


def test_the_smallest_load_within_one_per_cent_of_the_most() -> None:
    """TPOT = 1 + 0.5 x load is almost all load: 4700 x L / (1.2 x (1 + L/2)) at 98 is 7,677, and 1 % less, 7,601, at 64."""
    loads = grid(1, 256, 0.02, whole=True)
    found = run(Search(loads, (TPOT,)), line(1, 0.5))
    assert found.load is not None and found.holds is not None
    assert found.holds >= 94
    assert line(1, 0.5)(found.load)["total_throughput"] >= 0.985 * line(1, 0.5)(found.holds)["total_throughput"]
    assert 62 <= found.load <= 70


@pytest.mark.parametrize("told", [True, False])
def test_a_running_cap_is_the_server_s_own_limit(told: bool) -> None:
    room = Room(40, "The server runs at most 40 requests at once (--max-running-requests).") if told else None
    search = Search(grid(1, 256, 0.02, whole=True), (TPOT,), room=room)
    found = run(search, line(10, 0.2, most=40), most=40)
    assert found.kind is Kind.SERVER_LIMIT
    assert found.load is not None and abs(found.load - 40) <= 1
    text = sentence(search, found, "concurrency")
    assert "The limit is the server's own" in text and "throughput no longer grows" in text
    assert ("at most 40 requests" in text) is told
    assert len(search.probes) <= (4 if told else 14)


def test_the_sentence_tells_what_each_load_gave_and_then_what_they_are_taken_for() -> None:
    """156, 162 and 176 in flight queue: 12,531 and 12,835 tok/s are one throughput to the search, and stand there as measured."""
    search = Search(grid(128, 176, 0.04, whole=True), (TPOT,), room=Room(158, "The KV pool holds 158 requests."))
    for load, total, together in ((128, 11_100.0, True), (156, 11_994.0, True), (162, 12_531.0, False), (176, 12_835.0, False)):
        seen = probe(load, {"tpot.mean": 45.0, "total_throughput": total, "ttft.mean": 7000.0}, half=0.02)
        for _ in range(REPEATS):
            search.tell(replace(seen, together=together))
    found = search.next()
    assert isinstance(found, Outcome) and found.kind is Kind.SERVER_LIMIT
    text = sentence(search, found, "concurrency")
    assert "total 12,531 to 12,835 tok/s" in text
    assert "together 12,679 tok/s" in text  # equal shares, so weights of 1 / value squared


def test_the_sentence_says_how_surely_the_answer_is_known() -> None:
    """Level 12,000 known to 2 %, as the line below it: the answer is one of several loads, in the sentence and in run.json."""
    search = Search(grid(110, 200, 0.02, whole=True), (TPOT,), room=Room(140, "140 fit."))
    for load, total, together in ((110.0, 10_500.0, True), (138.0, 12_000.0, True), (177.0, 12_000.0, False)):
        seen = probe(load, {"tpot.mean": 45.0, "total_throughput": total, "ttft.mean": 700.0}, half=0.002)
        wide = {**seen.estimates, "total_throughput": around(total, 0.02)}
        for _ in range(REPEATS):
            search.tell(replace(seen, together=together, estimates=wide))
    found = search.next()
    assert isinstance(found, Outcome) and found.low is not None and found.high is not None
    assert found.low < 138 < found.high
    text = sentence(search, found, "concurrency")
    assert f"lies between {found.low:g} in flight and {found.high:g}, which is more than one step to either side" in text
    assert as_dict(search, found, "concurrency", [])["interval"] == [found.low, found.high]


def test_a_first_wave_no_longer_counts_once_there_is_a_steady_one() -> None:
    """Throughput 1,000 by the first wave, 1,030 by a later probe's second: the mean of both would be neither."""
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    figures = {"tpot.mean": 20.0, "total_throughput": 1000.0, "ttft.mean": 1.0}
    search.tell(replace(probe(16.0, figures, half=0.03), ramp=True))
    search.tell(probe(16.0, figures | {"total_throughput": 1030.0}))
    (seen,) = search.points().values()
    assert (seen.throughput.value, seen.probes, seen.ramp) == (1030, 1, False)


def test_a_load_above_one_that_fails_is_no_candidate() -> None:
    """39 holds, 40 fails, and 44 was measured too near to the limit to say: noise, since it lies above."""
    search, server = Search(grid(1, 64, 0.02, whole=True), (TPOT,)), line(10, 1.02)
    for load, tpot in ((30.0, 40.6), (39.0, 49.8), (40.0, 50.8), (44.0, 50.1)):
        search.tell(probe(load, {**server(load), "tpot.mean": tpot}))
    found = search.next()
    assert isinstance(found, Outcome)
    assert (found.holds, found.fails, found.unsure, found.load) == (39, 40, (), 38)  # 99 % of 39's tokens/s are at 37.2


def test_one_probe_s_noise_does_not_move_the_answer() -> None:
    """69 is the highest that holds. Measured 0.4 % low, and 66 a little high, 67 would give 99 % of it; the line says 68."""
    loads, server = grid(1, 192, 0.02, whole=True), line(16.2, 0.197)
    search = Search(loads, (parse("tpot.mean<=30"),))
    for load, error in ((66.0, 1.002), (69.0, 0.996), (70.0, 0.996), (74.0, 1.001)):
        true = server(load)
        tpot = true["tpot.mean"] + (0.2 if load == 70 else 0.0)  # 29.99 is measured as a load that fails
        search.tell(probe(load, {**true, "tpot.mean": tpot, "total_throughput": true["total_throughput"] * error}))
    found = search.next()
    assert isinstance(found, Outcome) and found.kind is Kind.FOUND
    assert (found.holds, found.fails, found.load) == (69, 70, 68)


def test_a_ttft_objective_turns_the_server_s_limit_into_the_objective_s() -> None:
    """At 41 of 40 running TTFT is 5.1 s: the objectives' limit lies where throughput ends, and either may say so."""
    rules = preset("tencent")
    found = run(Search(grid(1, 256, 0.02, whole=True), rules), line(10, 0.2, most=40), most=40)
    assert found.kind in (Kind.FOUND, Kind.SERVER_LIMIT)
    assert found.load is not None and 38 <= found.load <= 40


def test_a_range_that_ends_where_requests_wait_ends_at_the_server_s_limit() -> None:
    """40 run at once and the range ends at 44: all hold, and it is no range end."""
    search = Search(grid(20, 44, 0.02, whole=True), (TPOT,), room=Room(40, "40 fit."))
    while isinstance(step := search.next(), Ask):
        search.tell(replace(probe(step.load, line(10, 0.2, most=40)(step.load)), together=step.load <= 40))
    assert step.kind is Kind.SERVER_LIMIT
    assert step.load in (39, 40, 41)


def test_none_holds() -> None:
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    found = run(search, line(60, 1))
    assert (found.kind, found.load) == (Kind.NONE_HOLDS, 1)
    assert "Not even the range's beginning holds: 1 in flight: tpot mean 61.00 ms" in sentence(search, found, "concurrency")


def test_all_hold_to_the_range_s_end() -> None:
    search = Search(grid(8, 24, 0.02, whole=True), (TPOT,))
    found = run(search, line(10, 0.5))
    assert (found.kind, found.load, found.holds) == (Kind.RANGE_END, 24, 24)
    assert "at least" in sentence(search, found, "concurrency") and "Raise HI" in remedy(search, found)


def test_one_load_too_near_to_the_limit_gives_the_one_below_it() -> None:
    """Steps of one, TPOT 49, 50 and 51 at 39, 40 and 41, known to 1 %: 40 cannot be told, 39 holds, 41 does not."""
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    found = run(search, line(10, 1.0), half=0.01)
    assert found.kind is Kind.FOUND
    assert (found.holds, found.unsure, found.fails) == (39, (40,), 41)
    assert "40 in flight: tpot mean 50.00 ms (49.50 to 50.50), limit 50, is too near to the limit" in sentence(
        search, found, "concurrency"
    )


def test_intervals_wider_than_the_steps_are_unresolved_and_say_what_to_do() -> None:
    """Known to 5 %, 38 to 42 contain the limit, whichever way they are probed again."""
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    found = run(search, line(10, 1.0), half=0.05)
    assert (found.kind, found.load) == (Kind.UNRESOLVED, None)
    assert len(found.unsure) > 1
    assert max(sum(one.load == load for one in search.probes) for load in found.unsure) == 2
    assert "--capacity-waves" in remedy(search, found)


def test_a_server_that_gets_better_with_load_is_unresolved() -> None:
    def odd(load: float) -> Mapping[str, float]:
        return {"tpot.mean": 60.0 if load < 10 else 40.0, "total_throughput": 100.0 * load, "ttft.mean": 1.0}

    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    for load in (8.0, 16.0):
        search.tell(probe(load, odd(load)))
    step = search.next()
    assert isinstance(step, Outcome) and step.kind is Kind.UNRESOLVED
    assert "16 holds and one of 8 does not" in step.why


def test_a_budget_that_is_spent_is_unresolved_with_the_bracket() -> None:
    search = Search(grid(1, 256, 0.02, whole=True), (TPOT,), budget_s=1500)
    found = run(search, line(10, 0.5))
    assert found.kind is Kind.UNRESOLVED
    assert search.spent_s <= 1500
    assert "budget of 1500 s" in found.why
    assert "--capacity-budget" in remedy(search, found)


def test_a_figure_that_is_not_defined_decides_nothing() -> None:
    """A p99 of too few requests: never taken for one that holds."""
    search = Search(grid(1, 8, 0.02, whole=True), (parse("tpot.p99<=50"),))
    found = run(search, line(10, 0.5))
    assert found.kind is Kind.UNRESOLVED
    assert "tpot.p99 is not defined" in found.why


def test_it_always_ends() -> None:
    """Verdicts without any order, from a fixed sequence."""
    for seed in range(40):
        search = Search(grid(1, 256, 0.02, whole=True), (TPOT,))

        def wild(load: float, seed: int = seed) -> Mapping[str, float]:
            return {"tpot.mean": 30 + 40 * ((load * 7919 + seed * 104729) % 97) / 97, "total_throughput": load % 13 + 1}

        run(search, wild)
        assert len(search.probes) <= MOST_PROBES


def test_a_floor_under_throughput_does_not_bound_the_load() -> None:
    rules = (TPOT, parse("total_throughput>=1800"), parse("goodput.share>=0.9"))
    assert [str(one) for one in bounding(rules)] == ["tpot.mean<=50", "goodput.share>=0.9"]


def test_the_document_holds_every_probe_with_its_interval() -> None:
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    found = run(search, line(10, 1.0))
    kept = as_dict(search, found, "concurrency", ["because"] * len(search.probes))
    assert kept["outcome"] == "FOUND"
    assert [one["load"] for one in kept["probes"]] == [one.load for one in search.probes]
    first = kept["probes"][0]
    assert first["intervals"]["tpot.mean"]["low"] < first["metrics"]["tpot.mean"] < first["intervals"]["tpot.mean"]["high"]
    assert kept["seconds"] == pytest.approx(sum(10.0 * one.load for one in search.probes))
