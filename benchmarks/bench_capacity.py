"""The capacity search in virtual time: right within one step, how often UNRESOLVED, and what it costs beside the published search.

    nice -n 10 .venv/bin/python benchmarks/bench_capacity.py [--repeats 50] [--case NAME]

The embedded server's scheduler runs in virtual time; the records go through the real metrics, intervals and search. Everything
is an eighth of 3500/1200: prompts, answers, KV pool and chunks, with eight times the cost of a token of context, so that a step,
TPOT and the number that fits are the same and a wave takes an eighth (server-seconds are multiplied back). The truth is a scan of
every load on the grid without noise, of 100 waves where requests wait for each other, with throughput as the slope of the ends over
time: no probe's way of counting it (bench_saturated.py shows what fewer waves and other ways give). The published search has four
waves a probe. Noise, by the two runs in docs/examples/h200-qwen3-30b-a3b: every step's
time has a standard deviation of 2 % (a clean Decode line, ten steps, has 0.2 to 0.8 %, as independent steps of 0.7 to 2.5 % would
give), and each load is slower or faster as a whole by 0.15 % (the same batch size measured twice differs by 0.00 to 0.13 %).
"""

from __future__ import annotations

import argparse
import functools
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from slabench.records import RunRecord
from slabench.sim.profiles import PROFILES, Profile
from slabench.verdict.capacity import Ask, Outcome, Room, Search, grid
from slabench.verdict.capacity_probe import THROUGHPUT, Probe, measure
from slabench.verdict.sla import Slo, parse
from tests.unit.verdict.virtual_capacity import closed_loop, probe_in_virtual_time

EIGHTH = 8
PROMPT, OUTPUT = 3504 // EIGHTH, 1200 // EIGHTH
PUBLISHED = (6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 128)
STEP, WAVES = 0.02, 4
LONG = 100  # waves of the scan where requests wait for each other: of ten a figure is still wrong by 1 % (bench_saturated.py)
STEP_NOISE, RUN_NOISE = 0.02, 0.0015

# Fitted by hand on docs/examples/h200-qwen3-30b-a3b: prefill on its three prompt lengths, decode on its full-batch TPOT.
H200_LIKE = replace(
    PROFILES["a800-qwen3-30b-a3b"],
    name="h200-like",
    prefill_tokens_per_s=71_800,
    prefill_attention_ms=3.89,
    decode_base_ms=4.4,
    decode_expert_ms=12.2,
    expert_share=0.069,
    decode_context_ms=0.0397,
    pool_tokens=668_481,
    max_running=256,
)


def eighth(profile: Profile) -> Profile:
    """The same server for requests of an eighth: equal step times and room, waves that are over in an eighth of the time."""
    return replace(
        profile,
        prefill_attention_ms=profile.prefill_attention_ms * EIGHTH,
        decode_context_ms=profile.decode_context_ms * EIGHTH,
        pool_tokens=profile.pool_tokens // EIGHTH,
        chunked_prefill=profile.chunked_prefill // EIGHTH,
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A server, the objectives and the range that is searched. told: the server says how much room it has."""

    name: str
    profile: Profile
    slos: tuple[str, ...]
    low: int
    high: int
    told: bool = True

    @property
    def rules(self) -> tuple[Slo, ...]:
        return tuple(parse(one) for one in self.slos)

    @property
    def room(self) -> Room | None:
        fits = min(self.profile.pool_tokens // (PROMPT + OUTPUT), self.profile.max_running)
        return Room(fits, f"{fits} fit") if self.told else None


A800, R1, H200 = (eighth(one) for one in (PROFILES["a800-qwen3-30b-a3b"], PROFILES["r1-fp8-tp8"], H200_LIKE))
CASES = (
    Case("r1-fp8-tp8, TPOT 25", R1, ("tpot.mean<=25",), 1, 64),
    Case("a800, TPOT 25", A800, ("tpot.mean<=25",), 1, 64),
    Case("h200-like, TPOT 40", H200, ("tpot.mean<=40",), 1, 192),
    Case("r1-fp8-tp8, TPOT 50", R1, ("tpot.mean<=50",), 1, 64),
    Case("a800, TPOT 50", A800, ("tpot.mean<=50",), 1, 64),
    Case("a800, TPOT 50, room not told", A800, ("tpot.mean<=50",), 1, 64, told=False),
    Case("h200-like, TPOT 30", H200, ("tpot.mean<=30",), 1, 192),
    Case("h200-like, TPOT 50", H200, ("tpot.mean<=50",), 1, 192),
)


@dataclass(frozen=True, slots=True)
class Scan:
    """The truth: place on the grid, and why."""

    place: int
    limited: bool  # by an objective, not by the server

    @classmethod
    def of(cls, case: Case, loads: Sequence[float], at: Callable[[float], Probe]) -> Scan:
        """Every load without noise; the values decide, not their intervals."""
        points = [at(load) for load in loads]

        def holds(probe: Probe) -> bool:
            return all(probe.figures[rule.metric] <= rule.limit for rule in case.rules)

        good = [place for place, one in enumerate(points) if holds(one)]
        most = max(points[place].figures[THROUGHPUT] for place in good)
        found = min(place for place in good if points[place].figures[THROUGHPUT] >= 0.99 * most)
        return cls(found, not all(holds(one) for one in points[: found + 3]))


@functools.cache
def long_run(profile: Profile, load: float) -> Probe:
    """One load for LONG waves without noise, throughput by the line through its ends but for the first and last twentieth."""
    run = closed_loop(profile, load, (PROMPT, OUTPUT), LONG, 0)
    found = measure(run, load, int(load), (), planned_waves=LONG, seconds=0.0)
    assert found is not None
    return replace(found, figures={**found.figures, THROUGHPUT: slope_of_ends(run) * (PROMPT + OUTPUT)})


def slope_of_ends(run: RunRecord) -> float:
    """Requests that end in a second, by least squares."""
    ends = np.sort([record.end_ns for record in run.requests if record.end_ns is not None]) / 1e9
    middle = slice(len(ends) // 20, len(ends) - len(ends) // 20)
    return float(np.polyfit(ends[middle] - ends[0], np.arange(len(ends))[middle], 1)[0])


def search(case: Case, loads: Sequence[float], seed: int) -> tuple[Search, Outcome]:
    """One noisy search."""
    dice = random.Random(f"{case.name}:{seed}")
    found = Search(loads, case.rules, room=case.room)
    while isinstance(step := found.next(), Ask):
        found.tell(
            probe_in_virtual_time(
                case.profile, step.load, case.rules, (PROMPT, OUTPUT), WAVES, seed=dice.getrandbits(32), step_noise=STEP_NOISE,
                run_noise=RUN_NOISE, settled=step.settled,
            )
        )  # fmt: skip
    return found, step


def published(case: Case, loads: Sequence[float], at: Callable[[float], Probe]) -> tuple[int, float]:
    """(probes, server-seconds) of the published list up to the first load that does not hold, then bisection on the grid."""

    def holds(load: float) -> bool:
        probe = at(load)
        asked.append(probe.seconds)
        return all(probe.figures[rule.metric] <= rule.limit for rule in case.rules)

    asked: list[float] = []
    low, high = 0.0, math.inf
    for load in PUBLISHED:
        if case.low <= load <= case.high:
            if not holds(load):
                high = load
                break
            low = load
    between = [load for load in loads if low < load < high] if high < math.inf else []
    while between:
        middle = between[len(between) // 2]
        between = [load for load in between if load > middle] if holds(middle) else [load for load in between if load < middle]
    return len(asked), sum(asked) * EIGHTH


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--repeats", type=int, default=50)
    given.add_argument("--case", default="")
    options = given.parse_args()
    print(
        "| case | truth | within one step | in the interval | UNRESOLVED | answers | probes | server-seconds "
        "| published: probes | server-seconds |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    wrong = 0
    for case in CASES:
        if options.case not in case.name:
            continue
        began, known = time.monotonic(), dict[float, Probe]()
        loads = grid(case.low, case.high, STEP, whole=True)

        def exact(load: float, case: Case = case, known: dict[float, Probe] = known) -> Probe:
            if load not in known:
                known[load] = probe_in_virtual_time(case.profile, load, case.rules, (PROMPT, OUTPUT), WAVES, seed=0, early=False)
            return known[load]

        def scanned(load: float, case: Case = case, exact: Callable[[float], Probe] = exact) -> Probe:
            return exact(load) if exact(load).together else long_run(case.profile, load)

        truth = Scan.of(case, loads, scanned)
        right = inside = unresolved = 0
        seconds, probes, answers, kinds = [], [], [], set()
        for seed in range(options.repeats):
            found, outcome = search(case, loads, seed)
            seconds.append(found.spent_s * EIGHTH)
            probes.append(len(found.probes))
            if outcome.load is None or outcome.low is None or outcome.high is None:
                unresolved += 1
                continue
            kinds.add(outcome.kind.value)
            answers.append(outcome.load)
            right += abs(loads.index(outcome.load) - truth.place) <= 1
            inside += outcome.low <= loads[truth.place] <= outcome.high
        wrong += options.repeats - right - unresolved + (unresolved > options.repeats // 10)
        many, theirs = published(case, loads, exact)
        told = f"{min(answers):g} to {max(answers):g}" if answers else "none"
        print(
            f"| {case.name} | {loads[truth.place]:g} | {right} of {options.repeats - unresolved} | {inside} | {unresolved} "
            f"| {told}, {', '.join(sorted(kinds))} | {statistics.fmean(probes):.1f} | {statistics.fmean(seconds):,.0f} | {many} | "
            f"{theirs:,.0f} | ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
