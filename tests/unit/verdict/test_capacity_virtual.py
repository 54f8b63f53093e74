"""Noisy searches in virtual time through the real metrics: benchmarks/bench_capacity.py in small."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from fixtures.capacity import Watched
from slabench.records import GpuCounts
from slabench.sim.profiles import PROFILES
from slabench.verdict.capacity import Ask, Kind, Room, Search, grid
from slabench.verdict.capacity_interval import RAMP_RATE, RAMP_SHARE
from slabench.verdict.capacity_probe import Probe, Standing, certain, standing
from slabench.verdict.sla import parse
from tests.unit.verdict.virtual_capacity import closed_loop, probe_in_virtual_time

LENGTHS, WAVES = (64, 40), 4
# TPOT = 5 + 0.5 a request and a little for the contexts; 24 fit.
SERVER = replace(PROFILES["demo"], decode_request_ms=0.5, decode_base_ms=5.0, pool_tokens=24 * 104 + 60)
LOADS = grid(1, 48, 0.02, whole=True)


def exact(load: float, rule: str) -> Probe:
    return probe_in_virtual_time(SERVER, load, (parse(rule),), LENGTHS, WAVES, seed=0, early=False)


@pytest.fixture(scope="module")
def truth() -> float:
    """The highest load with TPOT <= 12 ms, by all of them; each gives more tokens/s than the one below it."""
    seen = {load: exact(load, "tpot.mean<=12").figures for load in LOADS if load <= 24}
    assert sorted(seen, key=lambda load: seen[load]["total_throughput"]) == list(seen)
    return max(load for load in seen if seen[load]["tpot.mean"] <= 12)


def test_twenty_noisy_searches_end_within_one_step(truth: float) -> None:
    rules, unresolved = (parse("tpot.mean<=12"),), 0
    for seed in range(20):
        dice, search = random.Random(seed), Search(LOADS, rules)
        while isinstance(step := search.next(), Ask):
            noise = {"seed": dice.getrandbits(32), "step_noise": 0.02, "run_noise": 0.0015, "settled": step.settled}
            search.tell(probe_in_virtual_time(SERVER, step.load, rules, LENGTHS, WAVES, **noise))  # type: ignore[arg-type]
        if step.kind is Kind.UNRESOLVED:
            unresolved += 1
            continue
        assert step.kind is Kind.FOUND
        assert step.load is not None and abs(step.load - truth) <= 1, (seed, step)
        assert len(search.probes) <= 8
    assert unresolved <= 2


def test_a_pool_that_is_full_is_the_server_s_limit() -> None:
    rules = (parse("tpot.mean<=50"),)
    search = Search(LOADS, rules, room=Room(24, "The server's KV pool holds 24."))
    while isinstance(step := search.next(), Ask):
        search.tell(probe_in_virtual_time(SERVER, step.load, rules, LENGTHS, WAVES, seed=1, settled=step.settled))
    assert step.kind is Kind.SERVER_LIMIT
    assert step.load is not None and 22 <= step.load <= 30
    assert len(search.probes) <= 8


def test_a_probe_far_from_the_limit_ends_with_its_first_wave() -> None:
    """TPOT 7 of 50: one wave of four. Of 7.2: the first wave may be 10 % off, so a second one is waited for."""
    rules = (parse("tpot.mean<=50"),), (parse("tpot.mean<=7.6"),)
    far, near = (probe_in_virtual_time(SERVER, 4, rule, LENGTHS, WAVES, seed=0) for rule in rules)
    assert (far.waves, far.ramp, far.stopped) == (1, True, True)
    assert (near.waves, near.ramp) == (2, False)
    assert certain(far, (parse("tpot.mean<=50"),))
    assert not certain(far, (parse("tpot.mean<=7.6"),))
    assert standing(near.estimates, (parse("tpot.mean<=7.6"),)) is Standing.HOLDS


def test_a_load_that_waits_for_itself_is_not_judged_by_its_first_wave() -> None:
    """48 where 24 fit: half of the first wave waits for the other half."""
    found = probe_in_virtual_time(SERVER, 48, (parse("tpot.mean<=50"),), LENGTHS, WAVES, seed=0)
    assert not found.together
    assert found.waves == WAVES


@pytest.fixture(scope="module")
def full() -> float:
    """Total tokens/s of the server when 24 run and others wait: the ends of a long load, but for a twentieth at either side."""
    ends = sorted(record.end_ns for record in closed_loop(SERVER, 30, LENGTHS, 100, 0).requests if record.end_ns is not None)
    count, edge = len(ends), len(ends) // 20
    lump = 24  # the edges lie whole lumps apart
    last = edge + (count - 2 * edge) // lump * lump
    return (last - edge) * sum(LENGTHS) / ((ends[last] - ends[edge]) / 1e9)


@pytest.mark.parametrize("load", [28, 30, 32, 36, 40])
def test_what_a_full_server_gives_is_known_from_four_waves_whatever_waits(full: float, load: int) -> None:
    """By slots the same loads are up to 6 % apart: their waves are no whole number of the lumps of 24."""
    found = probe_in_virtual_time(SERVER, load, (parse("tpot.mean<=50"),), LENGTHS, WAVES, seed=0)
    throughput = found.estimates["total_throughput"]
    assert not found.together
    assert throughput.value == pytest.approx(full, rel=0.01)
    assert throughput.low <= full <= throughput.high


def test_of_two_waves_that_wait_throughput_is_said_to_be_unsure() -> None:
    """A fifth of the time goes to prefills, which stand between the lumps, and two waves hold no stretch that comes back."""
    slow = replace(SERVER, prefill_tokens_per_s=SERVER.prefill_tokens_per_s / 20)
    found = probe_in_virtual_time(slow, 26, (parse("tpot.mean<=50"),), LENGTHS, 2, seed=0)
    throughput = found.estimates["total_throughput"]
    assert not found.together
    assert throughput.half >= RAMP_SHARE * throughput.value


def test_a_first_wave_s_throughput_is_unsure_and_a_probe_made_for_it_goes_on() -> None:
    """TPOT far below the limit: the objective needs one wave, throughput another."""
    rules = (parse("tpot.mean<=50"),)
    first, second = (probe_in_virtual_time(SERVER, 16, rules, LENGTHS, WAVES, seed=0, settled=settled) for settled in (False, True))
    assert (first.waves, second.waves) == (1, 2)
    assert first.estimates["total_throughput"].half >= RAMP_RATE * first.estimates["total_throughput"].value
    assert second.estimates["total_throughput"].half < 0.006 * second.estimates["total_throughput"].value


@pytest.mark.parametrize("settled", [False, True])
def test_the_client_ends_such_a_probe_as_the_model_does(settled: bool) -> None:
    watched = Watched(Ask(16, "", settled), 16, WAVES, (parse("tpot.mean<=50"),), closed=True, gpus=GpuCounts.alike(1))
    ended = []
    for record in closed_loop(SERVER, 16, LENGTHS, WAVES, 0).requests:
        watched.keep(record)
        if watched.enough():
            ended.append(record.index)
            break
    assert ended == [31 if settled else 15]


def test_noisy_searches_end_within_one_step_where_throughput_is_flat(full: float) -> None:
    """The truth: each load by itself up to 24, and the long load's figure for all that wait."""
    rules = (parse("tpot.mean<=50"),)
    truth = min(load for load in LOADS if load <= 24 and exact(load, "tpot.mean<=50").figures["total_throughput"] >= 0.99 * full)
    for seed in range(10):
        dice, search = random.Random(seed), Search(LOADS, rules, room=Room(24, "The server's KV pool holds 24."))
        while isinstance(step := search.next(), Ask):
            noise = {"seed": dice.getrandbits(32), "step_noise": 0.02, "run_noise": 0.0015, "settled": step.settled}
            search.tell(probe_in_virtual_time(SERVER, step.load, rules, LENGTHS, WAVES, **noise))  # type: ignore[arg-type]
        assert step.kind is Kind.SERVER_LIMIT
        assert step.load is not None and abs(LOADS.index(step.load) - LOADS.index(truth)) <= 1, (seed, step)
        assert step.low is not None and step.high is not None and step.low <= step.load <= step.high
