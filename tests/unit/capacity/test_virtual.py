"""Noisy searches in virtual time through the real metrics: benchmarks/bench_capacity.py in small."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from slabench.capacity.gaps import Ask, Mark
from slabench.capacity.probe import Probe, ProbePlan, Standing, standing
from slabench.capacity.search import Kind, Search, grid
from slabench.capacity.watch import Watch
from slabench.messages import as_message
from slabench.metrics.steady_state import WORST_ERROR
from slabench.records import ErrorKind
from slabench.sim.profiles import PROFILES, Profile
from slabench.verdict.sla import parse
from tests.unit.capacity.virtual_capacity import closed_loop, probe_in_virtual_time

LENGTHS, WAVES = (64, 40), 4
# TPOT = 5 + 0.5 a request and a little for the contexts; 24 fit.
SERVER = replace(PROFILES["demo"], decode_request_ms=0.5, decode_base_ms=5.0, pool_tokens=24 * 104 + 60)
LOADS = grid(1, 48, 0.02, whole=True)
ROOM = Mark(24, as_message("The server's KV pool holds 24."), queues=True)


def exact(load: float, rule: str, server: Profile = SERVER) -> Probe:
    return probe_in_virtual_time(server, load, (parse(rule),), LENGTHS, WAVES, seed=0, early=False)


def noisy_search(search: Search, seed: int, server: Profile = SERVER) -> tuple[Kind, float | None]:
    dice = random.Random(seed)
    while isinstance(step := search.next(), Ask):
        search.add(
            probe_in_virtual_time(
                server, step.load, search.rules, LENGTHS, WAVES, seed=dice.getrandbits(32), step_noise=0.02,
                run_noise=0.0015, rule_out=step.rule_out, speed=100.0,
            )
        )  # fmt: skip
    return step.kind, step.load


def test_twenty_noisy_searches_end_near_the_best_load_that_holds() -> None:
    """The truth by all loads: the most tokens/s with TPOT <= 12 ms."""
    known = {load: exact(load, "tpot.mean<=12").metrics for load in LOADS if load <= 24}
    most = max(metrics["total_throughput"] for metrics in known.values() if metrics["tpot.mean"] <= 12)
    for seed in range(20):
        kind, load = noisy_search(Search(LOADS, (parse("tpot.mean<=12"),)), seed)
        assert kind in (Kind.FOUND, Kind.SERVER_LIMIT) and load is not None
        assert known[load]["tpot.mean"] <= 12 * 1.002
        assert known[load]["total_throughput"] >= 0.985 * most, (seed, load)


def test_a_stair_and_a_cliff() -> None:
    """Stairs of 8 and no CUDA graph above 20: 16 and 20 are the places to be, and the cliff is met once."""
    server = replace(SERVER, decode_stair=8, graph_max_bs=20, eager_ms=10.0, pool_tokens=200_000)
    rules = (parse("tpot.mean<=18"),)
    known = {load: exact(load, "tpot.mean<=18", server).metrics for load in LOADS}
    most = max(metrics["total_throughput"] for metrics in known.values() if metrics["tpot.mean"] <= 18)
    for seed in range(5):
        search = Search(
            LOADS, rules, marks=(Mark(20, as_message("The largest CUDA graph is of 20."), cliff=True),)
        )
        kind, load = noisy_search(search, seed, server)
        assert load is not None and known[load]["total_throughput"] >= 0.985 * most, (seed, kind, load)
        assert sum(probe.load > 20 for probe in search.probes) <= 3


def test_a_pool_that_is_full_is_the_server_s_limit() -> None:
    search = Search(LOADS, (parse("tpot.mean<=50"),), marks=(ROOM,))
    while isinstance(step := search.next(), Ask):
        search.add(
            probe_in_virtual_time(
                SERVER, step.load, search.rules, LENGTHS, WAVES, seed=1, rule_out=step.rule_out, speed=100.0
            )
        )
    assert step.kind is Kind.SERVER_LIMIT
    assert step.load is not None and 22 <= step.load <= 32
    assert step.highest is not None and step.highest > 24


def test_a_wave_that_goes_in_step_is_enough() -> None:
    """All are prefilled together and end together, so the second wave begins as the first did."""
    rules = (parse("tpot.mean<=50"),)
    result = probe_in_virtual_time(SERVER, 8, rules, LENGTHS, WAVES, seed=0, speed=100.0)
    assert (result.waves, result.ramp, result.stopped) == (1, True, True)
    whole = exact(8, "tpot.mean<=50")
    assert result.estimates["total_throughput"].value == pytest.approx(
        whole.metrics["total_throughput"], rel=0.002
    )
    assert result.estimates["tpot.mean"].value == pytest.approx(whole.metrics["tpot.mean"], rel=0.002)


def test_a_wave_too_near_to_a_limit_is_followed_by_others() -> None:
    """TPOT 9.4 of 9.41: no wave can tell, so all are made."""
    tpot = exact(8, "tpot.mean<=50").metrics["tpot.mean"]
    rules = (parse(f"tpot.mean<={tpot + 0.01:.4f}"),)
    result = probe_in_virtual_time(SERVER, 8, rules, LENGTHS, WAVES, seed=0, speed=100.0)
    assert result.waves == WAVES
    assert standing(result.estimates, rules) is Standing.UNSURE


def test_a_load_that_waits_for_itself_is_not_judged_by_its_first_wave() -> None:
    """48 where 24 fit: half of the first wave waits for the other half."""
    result = probe_in_virtual_time(SERVER, 48, (parse("tpot.mean<=50"),), LENGTHS, WAVES, seed=0)
    assert not result.together
    assert result.waves == WAVES


def test_a_probe_ends_inside_its_first_wave_once_it_is_sure_to_fail() -> None:
    """TPOT 17 of 10: seen after 40 tokens of 400."""
    result = probe_in_virtual_time(
        SERVER_LONG, 22, (parse("tpot.mean<=10"),), LONG, WAVES, seed=0, speed=20.0
    )
    whole = probe_in_virtual_time(SERVER_LONG, 22, (parse("tpot.mean<=10"),), LONG, 1, seed=0, early=False)
    assert result.early is not None and result.early.standing is Standing.FAILS
    assert (result.waves, result.estimates) == (0, {})
    assert result.seconds < whole.seconds / 4
    assert result.early.stress is not None and 1.03 < result.early.stress <= whole.metrics["tpot.mean"] / 10


def test_a_probe_ends_inside_its_first_wave_once_it_cannot_give_enough() -> None:
    """The ceiling by half of a wave is not below what the whole wave gives."""
    rules = (parse("tpot.mean<=50"),)
    whole = probe_in_virtual_time(SERVER_LONG, 16, rules, LONG, 1, seed=0, early=False)
    most = whole.metrics["total_throughput"]
    result = probe_in_virtual_time(
        SERVER_LONG, 16, rules, LONG, WAVES, seed=0, rule_out=1.2 * most, speed=20.0
    )
    assert result.early is not None and result.early.standing is Standing.RULED_OUT
    assert most <= result.early.ceiling < 1.2 * most
    kept = probe_in_virtual_time(
        SERVER_LONG, 16, rules, LONG, WAVES, seed=0, rule_out=0.99 * most, speed=20.0
    )
    assert kept.early is None and kept.waves >= 1


LONG = (64, 400)
SERVER_LONG = replace(SERVER, pool_tokens=200_000)


@pytest.fixture(scope="module")
def full() -> float:
    """Total tokens/s of the server when 24 run and others wait: the ends of a long load, but for a twentieth
    at either side.
    """
    ends = sorted(
        record.end_ns
        for record in closed_loop(SERVER, 30, LENGTHS, 100, 0).requests
        if record.end_ns is not None
    )
    count, edge = len(ends), len(ends) // 20
    lump = 24  # the edges lie whole lumps apart
    last = edge + (count - 2 * edge) // lump * lump
    return (last - edge) * sum(LENGTHS) / ((ends[last] - ends[edge]) / 1e9)


@pytest.mark.parametrize("load", [28, 30, 32, 36, 40])
def test_what_a_full_server_gives_is_known_from_four_waves_whatever_waits(full: float, load: int) -> None:
    """By slots the same loads are up to 6 % apart: their waves are no whole number of the lumps of 24."""
    result = probe_in_virtual_time(SERVER, load, (parse("tpot.mean<=50"),), LENGTHS, WAVES, seed=0)
    throughput = result.estimates["total_throughput"]
    assert not result.together
    assert throughput.value == pytest.approx(full, rel=0.01)
    assert throughput.low <= full <= throughput.high


def test_of_two_waves_that_wait_throughput_is_said_to_be_unsure() -> None:
    """A fifth of the time goes to prefills, which stand between the lumps, and two waves hold no stretch that
    comes back."""
    slow = replace(SERVER, prefill_tokens_per_s=SERVER.prefill_tokens_per_s / 20)
    result = probe_in_virtual_time(slow, 26, (parse("tpot.mean<=50"),), LENGTHS, 2, seed=0)
    throughput = result.estimates["total_throughput"]
    assert not result.together
    assert throughput.half >= WORST_ERROR * throughput.value


def test_the_client_ends_a_probe_as_the_model_does() -> None:
    """In step and far inside the limit: with the last answer of the first wave."""
    watch = Watch(ProbePlan(16, 16, WAVES, (parse("tpot.mean<=50"),), LENGTHS))
    ended = []
    for record in closed_loop(SERVER, 16, LENGTHS, WAVES, 0).requests:
        watch.keep(record)
        if watch.enough():
            ended.append(record.index)
            break
    assert ended == [15]


def test_a_failed_request_ends_the_probe() -> None:
    watch = Watch(ProbePlan(16, 16, WAVES, (parse("tpot.mean<=50"),), LENGTHS))
    first = closed_loop(SERVER, 16, LENGTHS, 1, 0).requests[0]
    watch.keep(replace(first, error=ErrorKind.RESET))
    assert watch.enough() and watch.broken


def test_noisy_searches_end_near_the_best_where_throughput_is_flat(full: float) -> None:
    """The truth: each load by itself up to 24, and the long load's figure for all that wait."""
    known = {load: exact(load, "tpot.mean<=50").metrics["total_throughput"] for load in LOADS if load <= 24}
    for seed in range(10):
        kind, load = noisy_search(Search(LOADS, (parse("tpot.mean<=50"),), marks=(ROOM,)), seed)
        assert kind is Kind.SERVER_LIMIT and load is not None
        assert known.get(load, full) >= 0.985 * max(full, *known.values()), (seed, load)
