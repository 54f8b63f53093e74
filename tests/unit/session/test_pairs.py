"""Repeats that are added until the comparison is decided: when the next one is measured, and why none is."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.methods import SERVING
from slabench.session import pairs
from slabench.session.comparison import ComparedWith
from slabench.session.measurement import BASELINE, NEW, Evaluated, Trial, trials
from slabench.session.pairs import Looking, stop_reason, until_decided
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.looks import DEFAULT_LOOKS, StopReason
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.regression import compare_metrics
from slabench.verdict.sla import Slo, parse
from slabench.verdict.validity import CheckContext
from tests.unit.factories import run_of

OLD = SimpleNamespace(url="http://old", fingerprint={})


@pytest.mark.parametrize("both", [True, False])
def test_no_load_is_measured_after_the_look_that_decides(both: bool) -> None:
    seen: list[int] = []

    def look(repeat: Sequence[Trial]) -> StopReason | None:
        seen.append(len(repeat))
        return StopReason.DECIDED if repeat[0].repeat == 4 else None

    loads, stopped = until_decided(trials(10, both=both, until_decided=True), lambda trial: trial, look)
    sides = 2 if both else 1
    assert stopped is StopReason.DECIDED
    assert seen == [sides] * 4  # one look a pair, with the pair's loads
    assert loads == list(trials(10, both=both, until_decided=True))[: 4 * sides]


def test_what_is_never_decided_ends_with_the_last_pair() -> None:
    loads, stopped = until_decided(
        trials(10, both=True, until_decided=True), lambda trial: trial, lambda pair: None
    )
    assert (len(loads), stopped) == (20, StopReason.MOST_REPEATS)


def compared(**tpots: Sequence[float]) -> Comparison:
    """Of pairs against 40 ms."""
    old = {key: [40.0] * len(values) for key, values in tpots.items()}
    new = {f"{key}.mean": values for key, values in tpots.items()}
    metrics = compare_metrics(
        new,
        {f"{key}.mean": values for key, values in old.items()},
        tolerance=0.02,
        pairs=True,
        looks=DEFAULT_LOOKS,
    )
    return Comparison("old", ComparisonState.COMPARED, metrics=metrics)


def test_every_metric_has_to_be_decided_unless_one_is_worse() -> None:
    equal, worse, open_ = [39.99, 40.0, 40.01], [44.0, 44.01, 44.02], [38.0, 40.0, 42.0]
    assert stop_reason(compared(tpot=equal, itl=equal)) is StopReason.DECIDED
    assert stop_reason(compared(tpot=equal, itl=open_)) is None
    assert stop_reason(compared(tpot=worse, itl=open_)) is StopReason.WORSE
    assert stop_reason(None) is StopReason.NOT_COMPARED
    refused = Comparison("old", ComparisonState.NOT_COMPARABLE)
    assert stop_reason(refused) is StopReason.NOT_COMPARED


CONTEXT = CheckContext(run=run_of(), exact_prompt=True, planned=0)


def looking(monkeypatch: pytest.MonkeyPatch, *checks: Check, slos: Sequence[Slo] = ()) -> Looking:
    """With every load's TPOT as the test sends it in, and these checks of each."""

    def evaluate(loads: Sequence[Any], *rest: Any) -> tuple[Evaluated, ...]:
        return tuple(
            Evaluated(
                load,
                {"tpot.mean": load.tpot, "ttft.mean": 20.0, "total_throughput": 900.0},
                {},
                checks,
                CONTEXT,
            )
            for load in loads
        )

    monkeypatch.setattr(pairs, "evaluate_loads", evaluate)
    monkeypatch.setattr(pairs.Rules, "of", lambda *rest: SimpleNamespace(slos=slos))
    return Looking(DEFAULT_LOOKS, None, ComparedWith("t", {}, server=OLD, looks=DEFAULT_LOOKS), None)


def pair(repeat: int, new: float, old: float = 40.0) -> list[Any]:
    run = SimpleNamespace(workload={"num_prompts": 8}, plan={}, reported=None)
    return [
        SimpleNamespace(
            trial=Trial(side, repeat, 10, "pair"), form=SERVING.replaced(num_prompts=8), run=run, tpot=tpot
        )
        for side, tpot in ((BASELINE, old), (NEW, new))
    ]


def test_the_first_look_is_after_three_pairs_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    look = looking(monkeypatch)
    # by itself the third pair shows nothing, and two would not be looked at
    assert [look(pair(k, 40.0 + 0.01 * k)) for k in (1, 2)] == [None, None]
    assert look(pair(3, 40.03)) is StopReason.DECIDED
    assert len(look.evaluated) == 6


def test_pairs_are_added_while_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    look = looking(monkeypatch)
    reasons = [look(pair(k, tpot)) for k, tpot in enumerate((42.0, 38.5, 40.0, 40.0, 40.1), 1)]
    assert reasons == [None] * 5


def test_a_percentile_s_requests_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """p90 takes 29 requests, and each pair has 8 of them."""
    look = looking(monkeypatch, slos=(parse("ttft.p90<=100"), parse("ttft.mean<=100")))
    reasons = [look(pair(k, 40.0 + 0.01 * k)) for k in (1, 2, 3, 4)]
    assert reasons == [None, None, None, StopReason.DECIDED]
    worse = looking(monkeypatch, slos=(parse("ttft.p90<=100"),))
    assert [worse(pair(k, 48.0 + 0.01 * k)) for k in (1, 2, 3)][-1] is StopReason.WORSE


def test_an_invalid_load_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Check("completed", CheckStatus.INVALID, "1 of 8 requests failed.")
    assert looking(monkeypatch, bad)(pair(1, 40.0)) is StopReason.INVALID
    # the limit for the client's own error is of all pairs together
    unsure = Check("client_error", CheckStatus.INVALID, "The client is 2 % off.")
    assert looking(monkeypatch, unsure)(pair(1, 40.0)) is None


def test_no_load_begins_once_the_time_is_over_and_half_a_pair_does_not_count() -> None:
    """Five loads are measured: two whole pairs, and the first of the third."""
    measured: list[Trial] = []

    def measure(trial: Trial) -> Trial:
        measured.append(trial)
        return trial

    planned = list(trials(10, both=True, until_decided=True))
    loads, stopped = until_decided(planned, measure, lambda pair: None, lambda: len(measured) == 5)
    assert (measured, loads, stopped) == (planned[:5], planned[:4], StopReason.TIME_BUDGET)
    assert until_decided(planned, measure, lambda pair: None, lambda: True) == ([], StopReason.TIME_BUDGET)
