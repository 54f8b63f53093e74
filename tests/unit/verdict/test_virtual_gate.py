"""The gate in virtual time, small: benchmarks/bench_gate.py is the same with two hundred comparisons and the
published lengths.
"""

from __future__ import annotations

from collections import Counter

import pytest

from slabench.session.settings import DEFAULT_PAIRS
from slabench.verdict.outcome import CheckStatus
from tests.unit.verdict.virtual_gate import Run, gate, run

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


def test_no_check_speaks(old: list[Run]) -> None:
    assert {
        (check.name, check.state)
        for run in old
        for check in run.checks
        if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
    } == set()
