"""Noisy searches in virtual time through the real metrics: benchmarks/bench_capacity.py in small."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from slabench.sim.profiles import PROFILES
from slabench.verdict.capacity import Ask, Kind, Room, Search, grid
from slabench.verdict.capacity_probe import Probe, Standing, certain, standing
from slabench.verdict.sla import parse
from tests.unit.verdict.virtual_capacity import probe_in_virtual_time

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
