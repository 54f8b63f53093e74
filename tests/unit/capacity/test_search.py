"""The capacity search against servers that are a formula: it ends near the best load, asks little, and says
how it ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slabench.capacity.gaps import Ask, Mark
from slabench.capacity.probe import THROUGHPUT, UNSURE_REPEATS, Early, Probe, Standing, bounding
from slabench.capacity.search import MOST_PROBES, REPEATS, Kind, Search, SearchResult, grid
from slabench.messages import Message, as_message
from slabench.report.capacity_entry import capacity_entry, remedy, result_message
from slabench.verdict.estimate import Estimate
from slabench.verdict.sla import parse, preset

TPOT = parse("tpot.mean<=50")
Server = Callable[[float], Mapping[str, float]]


def around(value: float, half: float) -> Estimate:
    return Estimate(value, value * (1 - half), value * (1 + half), 100)


def probe(load: float, figures: Mapping[str, float], half: float = 0.003) -> Probe:
    return Probe(
        load,
        {key: around(value, half) for key, value in figures.items()},
        10.0 * load,
        2,
        False,
        metrics=figures,
    )


def line(base: float, each: float, most: float = math.inf) -> Server:
    """TPOT grows with the load up to `most` running requests; beyond it only TTFT does."""

    def figures(load: float) -> Mapping[str, float]:
        running = min(load, most)
        tpot = base + each * running
        return {
            "tpot.mean": tpot,
            "total_throughput": 4700 * running / (1.2 * tpot),
            "ttft.mean": 100.0 + 5000 * (load - running),
        }

    return figures


# The H200's own figures (server A and B of docs/capacity.md), with lines in between: a stair from 96 to 104,
# a cliff above 128.
H200 = {
    1: 590, 64: 8_100, 96: 9_881, 97: 8_600, 104: 9_219, 112: 9_742, 120: 10_321, 128: 10_875, 129: 6_950,
    141: 7_579, 160: 8_500,
}  # fmt: skip


def staircase(load: float) -> Mapping[str, float]:
    loads = sorted(H200)
    above = next(known for known in loads if known >= load)
    below = max(known for known in loads if known <= load)
    share = 0.0 if above == below else (load - below) / (above - below)
    total = H200[below] + share * (H200[above] - H200[below])
    tpot = 1000 * load * 4700 / total / 1200 - 2.5 * load / 96
    return {"tpot.mean": tpot, "total_throughput": total, "ttft.mean": 35 * load}


def run(search: Search, server: Server, half: float = 0.003, most: float = math.inf) -> SearchResult:
    """most: above it requests wait for each other.

    A probe that the search needs to rule out only is ended early.
    """
    while isinstance(step := search.next(), Ask):
        metrics = server(step.load)
        result = replace(probe(step.load, metrics, half), together=step.load <= most)
        limits = [rule.limit for rule in search.rules if rule.metric == "tpot.mean"]
        stress = metrics["tpot.mean"] / min(limits) if limits else 0.0
        ceiling = step.rule_out if step.load <= most else None
        if stress > 1.03:
            early = Early(Standing.FAILS, 1e9, stress)
            result = replace(result, estimates={}, metrics={}, early=early)
        elif ceiling is not None and metrics["total_throughput"] < ceiling:
            early = Early(Standing.RULED_OUT, ceiling * 0.999)
            result = replace(result, estimates={}, metrics={}, early=early, seconds=3.0)
        search.add(result, step.why)
    return step


def ids(message: object) -> list[str]:
    """Of a message and those that it is made of."""
    if isinstance(message, Message):
        return [message.id, *(name for value in message.arguments.values() for name in ids(value))]
    return [name for part in message for name in ids(part)] if isinstance(message, list | tuple) else []


def sentence(search: Search, result: SearchResult) -> Message:
    return result_message(search, result, "concurrency")


def cause(result: SearchResult) -> str | None:
    """Why it is unresolved."""
    return None if result.detail is None else result.detail.id


def test_the_grid_has_whole_steps_of_a_share_and_the_marks_with_their_next() -> None:
    assert grid(1, 6, 0.02, whole=True) == (1, 2, 3, 4, 5, 6)
    assert grid(100, 109, 0.02, whole=True) == (100, 102, 104, 106, 108, 109)
    assert grid(100, 109, 0.02, whole=True, marks=[105]) == (100, 102, 104, 105, 106, 108, 109)
    assert grid(1.0, 1.2, 0.1, whole=False) == pytest.approx((1.0, 1.1, 1.2))


def test_the_real_staircase_is_not_taken_for_a_plateau() -> None:
    """96 gives more than 104 and 112, and 128 more than all: the best lies beyond the stair and before the
    cliff.
    """
    marks = (
        Mark(128, as_message("The largest CUDA graph is of 128."), cliff=True),
        Mark(142, as_message("The KV pool holds 142."), queues=True),
    )
    loads = grid(64, 160, 0.02, whole=True, marks=[128, 142])
    search = Search(loads, (TPOT,), marks=marks)
    result = run(search, staircase)
    assert result.load == 128
    assert len(search.probes) <= 10
    text = str(sentence(search, result))
    assert text.startswith(
        "Best load within all objectives: 128 in flight (its probes: total_throughput 10,875 tok/s, 95 % "
        "interval 10,842 to 10,908; tpot mean"
    )
    assert "The largest CUDA graph is of 128." in text


def test_the_real_staircase_without_what_the_server_reports() -> None:
    search = Search(grid(1, 160, 0.02, whole=True), (TPOT,))
    result = run(search, staircase)
    assert result.load is not None
    assert staircase(result.load)["total_throughput"] >= 0.985 * 10_875


def test_an_objective_below_the_stair() -> None:
    """TPOT <= 38: 96 (37.7) holds, 104 and all above do not."""
    search = Search(grid(1, 160, 0.02, whole=True), (parse("tpot.mean<=38"),))
    result = run(search, staircase)
    assert result.load is not None and 94 <= result.load <= 97
    assert result.fails is not None


def truth(loads: tuple[float, ...], server: Server) -> float:
    """The most tokens/s of all loads that hold."""
    return max(
        (server(load)["total_throughput"] for load in loads if server(load)["tpot.mean"] <= 50), default=0.0
    )


@given(
    base=st.floats(1, 45),
    each=st.floats(0.05, 5),
    low=st.integers(1, 20),
    ratio=st.floats(2, 100),
    half=st.sampled_from([0.0, 0.001, 0.003]),
    stair=st.sampled_from([1, 4, 16]),
)
@example(base=1.0, each=4.453125, low=11, ratio=2.0, half=0.001, stair=1)
@settings(deadline=None)
def test_near_the_best_whatever_the_server(
    base: float, each: float, low: int, ratio: float, half: float, stair: int
) -> None:
    """Against all loads of the grid: 1.5 % below the best at most, 3 % where stairs make it a saw."""
    loads = grid(low, math.ceil(low * ratio), 0.02, whole=True)

    def server(load: float) -> Mapping[str, float]:
        tpot = base + each * math.ceil(load / stair) * stair
        return {"tpot.mean": tpot, "total_throughput": 4700 * load / (1.2 * tpot), "ttft.mean": 100.0}

    search = Search(loads, (TPOT,))
    result = run(search, server, half)
    most = truth(loads, server)
    if result.kind is Kind.NONE_HOLDS:
        assert most == 0
        return
    if result.kind is Kind.UNRESOLVED:
        assert cause(result) == "capacity.too_near"  # 0.3 % is what two runs of one load differ by
        assert all(server(load)["tpot.mean"] * 1.004 > 50 for load in loads)
        return
    assert result.load is not None
    assert server(result.load)["tpot.mean"] <= 50
    near = max((load for load in loads if server(load)["tpot.mean"] * (1 + half) <= 50), default=0)
    # where only a load within the noise of its limit holds, finding it is all there is to ask
    best = max((server(load)["total_throughput"] for load in loads if load <= near), default=0.0)
    assert server(result.load)["total_throughput"] >= (0.985 if stair == 1 else 0.97) * best


def test_the_answer_was_measured_at_that_load() -> None:
    search = Search(grid(1, 256, 0.02, whole=True), (TPOT,))
    result = run(search, line(10, 0.5))
    assert result.load in [shown.load for shown in search.probes if shown.estimates]


def test_two_loads_that_give_about_as_much_are_measured_twice() -> None:
    """Flat from 40 on by 0.2 %, within the intervals of 0.5 %."""

    def server(load: float) -> Mapping[str, float]:
        return {
            "tpot.mean": 20.0,
            "total_throughput": 100 * min(load, 40.0) + 0.2 * max(load - 40, 0),
            "ttft.mean": 1.0,
        }

    search = Search((20.0, 40.0, 48.0), (TPOT,), named=True)
    result = run(search, server, half=0.005)
    assert result.load == 40
    assert [shown.load for shown in search.probes].count(40.0) == REPEATS
    assert [shown.load for shown in search.probes].count(20.0) == 1


@pytest.mark.parametrize("reported", [True, False])
def test_a_running_cap_is_the_server_s_own_limit(reported: bool) -> None:
    marks = (
        (
            Mark(
                40,
                as_message("The server runs at most 40 requests at once (--max-running-requests)."),
                queues=True,
            ),
        )
        if reported
        else ()
    )
    search = Search(grid(1, 256, 0.02, whole=True, marks=[mark.load for mark in marks]), (TPOT,), marks=marks)
    result = run(search, line(10, 0.2, most=40), most=40)
    assert result.kind is Kind.SERVER_LIMIT
    assert result.load is not None and 39 <= result.load <= 41
    assert result.highest is not None and result.highest > 40  # a load that queues was measured
    message = sentence(search, result)
    assert "capacity.server_limit" in ids(message)
    assert ("at most 40 requests" in str(message)) is reported


def test_no_plateau_is_said_by_two_neighbours() -> None:
    """Equal throughput at 96 and 104, and more at 160: the search goes on."""

    def server(load: float) -> Mapping[str, float]:
        total = 100 * load if load <= 96 else 9_600 if load <= 104 else 9_600 + 50 * (load - 104)
        return {"tpot.mean": 30.0, "total_throughput": total, "ttft.mean": 1.0}

    search = Search(grid(96, 160, 0.02, whole=True), (TPOT,))
    assert run(search, server).load == 160


def test_a_first_wave_no_longer_counts_once_there_is_a_steady_one() -> None:
    """Throughput 1,000 by the first wave, 1,030 by a later probe's second: the mean would be neither."""
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    figures = {"tpot.mean": 20.0, "total_throughput": 1000.0, "ttft.mean": 1.0}
    search.add(replace(probe(16.0, figures, half=0.03), ramp=True))
    search.add(probe(16.0, figures | {"total_throughput": 1030.0}))
    (at,) = search.points.values()
    assert (at.estimates[THROUGHPUT].value, at.probes) == (1030, 1)


def test_the_mean_decides_at_last_where_few_probes_are_in_step() -> None:
    """Nine probes, one of them steady, are asked on; with the tenth the mean decides."""
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    figures = {"tpot.mean": 49.99, "total_throughput": 1000.0, "ttft.mean": 1.0}
    search.add(probe(16.0, figures, half=0.03))
    for _ in range(8):
        search.add(replace(probe(16.0, figures, half=0.03), ramp=True))
    (at,) = search.points.values()
    assert (at.standing, at.probes) == (Standing.UNSURE, 1)
    search.add(replace(probe(16.0, figures, half=0.03), ramp=True))
    (at,) = search.points.values()
    assert (at.standing, at.probes) == (Standing.HOLDS, 10)


def test_a_ttft_objective_turns_the_server_s_limit_into_the_objective_s() -> None:
    """At 41 of 40 running TTFT is 5.1 s."""
    result = run(Search(grid(1, 256, 0.02, whole=True), preset("tencent")), line(10, 0.2, most=40), most=40)
    assert result.load is not None and 38 <= result.load <= 40


def test_none_holds() -> None:
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    result = run(search, line(60, 1))
    assert (result.kind, result.load) == (Kind.NONE_HOLDS, 1)
    assert sentence(search, result).id == "capacity.none_holds"
    assert remedy(search, result) == Message("capacity.remedy.none_holds")
    # one probe alone may have met a cold server
    assert [shown.load for shown in search.probes].count(1) == REPEATS


def test_all_hold_to_the_range_s_end() -> None:
    search = Search(grid(8, 24, 0.02, whole=True), (TPOT,))
    result = run(search, line(10, 0.5))
    assert (result.kind, result.load) == (Kind.RANGE_END, 24)
    assert "capacity.range_end" in ids(sentence(search, result))
    assert remedy(search, result) == Message("capacity.remedy.range_end")


@pytest.mark.parametrize(("begin", "answer"), [(9.98, (40,)), (10.02, (38, 39))])
def test_a_load_too_near_to_the_limit_is_decided_by_the_mean_of_three_probes(
    begin: float, answer: tuple[float, ...]
) -> None:
    """TPOT 49.98 or 50.02 at 40, known to 1 %: no probe decides it. 38 gives 0.5 % less than 39."""
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    result = run(search, line(begin, 1.0), half=0.01)
    assert result.kind is Kind.FOUND and result.load in answer
    assert [probe.load for probe in search.probes].count(40) == UNSURE_REPEATS


def test_a_load_a_little_beyond_the_limit_is_not_measured_until_it_holds() -> None:
    """50.2 of 50 ms, known to 1 %."""
    search = Search((40.0, 41.0), (TPOT,), named=True)
    result = run(
        search, lambda load: {"tpot.mean": 50.2, "total_throughput": 100 * load, "ttft.mean": 1.0}, half=0.01
    )
    assert (result.kind, cause(result), result.load) == (Kind.UNRESOLVED, "capacity.too_near", None)
    assert [probe.load for probe in search.probes] == [40, 41]
    assert remedy(search, result) == Message("capacity.remedy.intervals")


def test_between_two_loads_of_one_graph_nothing_is_looked_for() -> None:
    """121 to 124 run in the graph of 128, as 125 does; 118 runs in the graph of 120."""

    def asked(loads: tuple[int, int], sizes: tuple[int, ...]) -> list[float]:
        search = Search([float(load) for load in range(loads[0], loads[1] + 1)], (TPOT,), sizes=sizes)
        for load in loads:
            search.add(probe(load, {"tpot.mean": 40.0, "total_throughput": 9600.0, "ttft.mean": 1.0}))
        step = search.next()
        return [step.load] if isinstance(step, Ask) and step.load not in loads else []

    assert asked((120, 125), (112, 120, 128)) == []
    assert asked((120, 125), ()) != [] and asked((120, 125), (128,)) != []
    assert asked((118, 123), (112, 120, 128)) == [120]
    assert asked((121, 128), (112, 120, 128)) != []  # 6 % apart


def test_a_server_that_gets_better_with_load_is_measured_and_not_explained() -> None:
    """8 fails twice, 16 holds: the answer is what was measured."""

    def odd(load: float) -> Mapping[str, float]:
        return {"tpot.mean": 60.0 if load < 10 else 40.0, "total_throughput": 100.0 * load, "ttft.mean": 1.0}

    search = Search((8.0, 16.0), (TPOT,), named=True)
    result = run(search, odd)
    assert (result.kind, result.load) == (Kind.RANGE_END, 16)


def test_a_budget_that_is_spent_is_unresolved_with_the_best_so_far() -> None:
    search = Search(grid(1, 256, 0.02, whole=True), (TPOT,), budget_s=1500)
    result = run(search, line(10, 0.5))
    assert (result.kind, cause(result)) == (Kind.UNRESOLVED, "capacity.budget.seconds")
    assert search.spent_s <= 1500
    assert result.detail is not None and result.detail.arguments["budget_s"] == 1500
    further = remedy(search, result)
    assert further is not None and further.id == "capacity.remedy.budget"
    assert result.load == search.points.best() is not None
    assert f"Best load so far: {result.load:g} in flight" in str(sentence(search, result))


def test_a_figure_that_is_not_defined_decides_nothing() -> None:
    """A p99 of too few requests: never taken for one that holds."""
    search = Search(grid(1, 8, 0.02, whole=True), (parse("tpot.p99<=50"),))
    result = run(search, line(10, 0.5))
    assert (result.kind, result.detail) == (Kind.UNRESOLVED, Message("capacity.undefined", key="tpot.p99"))


def test_it_always_ends() -> None:
    """Verdicts without any order, from a fixed sequence."""
    for seed in range(40):
        search = Search(grid(1, 256, 0.02, whole=True), (TPOT,))

        def wild(load: float, seed: int = seed) -> Mapping[str, float]:
            return {
                "tpot.mean": 30 + 40 * ((load * 7919 + seed * 104729) % 97) / 97,
                "total_throughput": load % 13 + 1,
            }

        run(search, wild)
        assert len(search.probes) <= MOST_PROBES


def test_a_floor_under_throughput_does_not_bound_the_load() -> None:
    rules = (TPOT, parse("total_throughput>=1800"), parse("goodput.share>=0.9"))
    assert [str(rule) for rule in bounding(rules)] == ["tpot.mean<=50", "goodput.share>=0.9"]


def test_the_document_holds_every_probe_with_its_interval_and_the_best_so_far() -> None:
    search = Search(grid(1, 64, 0.02, whole=True), (TPOT,))
    step = search.next()
    assert isinstance(step, Ask) and capacity_entry(search, None, "concurrency").best_so_far is None
    search.add(probe(step.load, line(10, 1.0)(step.load)))
    assert capacity_entry(search, None, "concurrency").best_so_far == step.load
    result = run(search, line(10, 1.0))
    kept = capacity_entry(search, result, "concurrency")
    assert kept.outcome == "FOUND" and kept.load == kept.best_so_far == result.load
    assert [shown.load for shown in kept.probes] == [shown.load for shown in search.probes]
    first = kept.probes[0]
    interval = first.intervals["tpot.mean"]
    assert interval.low < first.metrics["tpot.mean"] < interval.high
    assert kept.seconds == pytest.approx(search.spent_s)
    early = [shown for shown in kept.probes if shown.standing == "ruled out"]
    assert early and all((shown.at_most or 0) > 0 and not shown.metrics for shown in early)


def cold(until: int, server: Server) -> Server:
    """The first `until` probes meet a server that is slow whatever the load."""
    asked = []

    def figures(load: float) -> Mapping[str, float]:
        asked.append(load)
        return (
            {"tpot.mean": 80.0, "total_throughput": 100 * load, "ttft.mean": 100.0}
            if len(asked) <= until
            else server(load)
        )

    return figures


@pytest.mark.parametrize("until", [1, 2, 3])
def test_a_cold_server_s_first_probes_are_no_limit(until: int) -> None:
    search = Search(grid(1, 64, 0.2, whole=True), (TPOT,))
    result = run(search, cold(until, line(4, 0.1)))
    assert (result.kind, cause(result)) == (Kind.UNRESOLVED, "capacity.changed"), result
    assert remedy(search, result) == Message("capacity.remedy.changed")


def test_a_cliff_that_the_server_does_not_explain_is_measured_twice_and_stays_one() -> None:
    """A step from 20 to 80 ms between 12 and 14: not a slope, and the same whenever it is asked."""

    def server(load: float) -> Mapping[str, float]:
        tpot = 20.0 if load <= 12 else 80.0
        return {"tpot.mean": tpot, "total_throughput": 1000 * load / tpot, "ttft.mean": 100.0}

    search = Search(grid(1, 64, 0.2, whole=True), (TPOT,))
    result = run(search, server)
    assert (result.kind, result.load, result.fails) == (Kind.FOUND, 12, 14), result
    assert [shown.load for shown in search.probes].count(14) == REPEATS
