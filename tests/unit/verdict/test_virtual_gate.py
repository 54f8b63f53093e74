"""The gate in virtual time, small: benchmarks/bench_gate.py is the same with two hundred comparisons and the
published lengths.
"""

from __future__ import annotations

from collections import Counter

import pytest

from slabench.session.measurement import BASELINE, NEW, Trial
from slabench.session.settings import DEFAULT_PAIRS
from slabench.verdict.outcome import CheckStatus
from tests.unit.verdict.virtual_gate import Run, gate, gate_until_decided, run

COMPARISONS = 20


def runs(slowdown: float, first: int) -> list[Run]:
    return [run(first + k, slowdown, prompt=512, output=640) for k in range(COMPARISONS * DEFAULT_PAIRS)]


@pytest.fixture(scope="module")
def old() -> list[Run]:
    return runs(0.0, 10_000)


def words(new: list[Run], old: list[Run], siblings: int = 1) -> Counter[str]:
    sides = [(new[k::COMPARISONS], old[k::COMPARISONS]) for k in range(COMPARISONS)]
    return Counter(gate(mine, theirs, siblings=siblings).word.value for mine, theirs in sides)


def test_equal_servers_pass(old: list[Run]) -> None:
    found = words(runs(0.0, 20_000), old)
    assert found["FAILED"] == 0
    assert found["PASSED"] >= 0.85 * COMPARISONS, found


@pytest.mark.parametrize("siblings", [1, 14])
def test_a_tenth_slower_fails(old: list[Run], siblings: int) -> None:
    assert words(runs(0.10, 30_000), old, siblings) == {"FAILED": COMPARISONS}


def test_faster_is_never_red(old: list[Run]) -> None:
    assert words(runs(-0.10, 40_000), old) == {"PASSED": COMPARISONS}


def test_a_fixed_number_of_pairs_says_what_it_always_did(old: list[Run]) -> None:
    """The words, and one line, of these seeds before pairs were added until it is decided."""
    new = runs(0.03, 50_000)
    verdicts = [gate(new[k::COMPARISONS], old[k::COMPARISONS]) for k in range(COMPARISONS)]
    assert Counter("INCONCLUSIVE" in verdict.reasons for verdict in verdicts) == {False: 11, True: 9}
    assert verdicts[0].headline.startswith(
        "tpot mean 15.37 ms is worse by more than 2 % of baseline 14.88 ms (+3.3 %, interval +2.7 % to "
        "+3.8 %, 5 pairs); output_throughput 513.07 tok/s is worse by more than 2 % of baseline 530.28 tok/s "
        "(-3.2 %, interval -3.7 % to -2.7 %, 5 pairs)"
    )


@pytest.mark.parametrize(
    ("slowdown", "word", "most"), [(0.0, "PASSED", 4.5), (0.05, "FAILED", 4.5), (-0.1, "PASSED", 3)]
)
def test_pairs_are_added_until_it_is_decided(slowdown: float, word: str, most: float) -> None:
    """Each run an independent one; `most` pairs on average."""
    seeds = {side: iter(range(first, first + 1000)) for side, first in ((BASELINE, 60_000), (NEW, 70_000))}

    def measure(trial: Trial) -> Run:
        slower = slowdown if trial.side == NEW else 0.0
        return run(next(seeds[trial.side]), slower, prompt=512, output=640)

    found = [gate_until_decided(measure) for _ in range(COMPARISONS)]
    assert Counter(verdict.word.value for verdict, _ in found) == {word: COMPARISONS}
    used = [pairs for _, pairs in found]
    assert min(used) == 3 and sum(used) / COMPARISONS <= most, used


def test_no_check_speaks(old: list[Run]) -> None:
    assert {
        (check.name, check.state)
        for run in old
        for check in run.checks
        if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
    } == set()
