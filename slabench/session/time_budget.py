"""--time-budget: which tests are measured, with how many pairs at most, so that all of it ends in time.

Chosen by a plan's times: first as many tests as five pairs of each allow, in the order of what a release
breaks most, then the most pairs that fit. Tests are left out rather than measured with pairs too few to
decide. While it runs the clock decides: no load begins once it is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT
from slabench.metrics.definitions import declared
from slabench.report.left_out import missing_methods
from slabench.run_document.run import LeftOut
from slabench.session.comparison import siblings
from slabench.session.plan import Knowledge, RunPlan, plan_run
from slabench.session.planned_load import PlannedTest
from slabench.session.settings import DEFAULT_PAIRS, Settings
from slabench.units import duration
from slabench.verdict.gated_metrics import gating
from slabench.verdict.looks import DEFAULT_LOOKS
from slabench.verdict.regression import ALPHA
from slabench.verdict.statistics import POWER, quantile

MARGIN = 0.9  # of the budget: a plan's times are off by some per cent


@dataclass(frozen=True, slots=True)
class Within:
    """test_ids: of the tests that are measured, in their order; plan: of these, with the most pairs."""

    test_ids: tuple[str, ...]
    most_pairs: int
    plan: RunPlan


def within(tests: Sequence[PlannedTest], settings: Settings, knowledge: Knowledge, budget_s: float) -> Within:
    """ConfigError where no test fits. A test that sends no load of its own, and one whose time is not known,
    is not measured.
    """

    def planned(chosen: Sequence[PlannedTest], pairs: int) -> RunPlan:
        return plan_run(chosen, replace(settings, most_pairs=pairs), knowledge)

    def fits(plan: RunPlan) -> bool:
        return _fits(plan, budget_s)

    first, last = DEFAULT_LOOKS.first, DEFAULT_LOOKS.last
    rank, chosen = _rank(tests), list[PlannedTest]()
    for pairs in (DEFAULT_PAIRS, first):
        for test in sorted((test for test in tests if test.loads), key=rank):
            if test not in chosen and fits(planned([*chosen, test], pairs)):
                chosen.append(test)
        if chosen:
            break
    else:
        raise ConfigError(Message("gate.budget_too_small", budget=duration(budget_s), pairs=first))
    kept = [test for test in tests if test in chosen]
    plans = {pairs: planned(kept, pairs) for pairs in range(first, last + 1)}
    most = max(pairs for pairs, plan in plans.items() if fits(plan))
    return Within(tuple(test.test_id for test in kept), most, plans[most])


def most_pairs(
    tests: Sequence[PlannedTest], settings: Settings, knowledge: Knowledge, budget_s: float
) -> int:
    """At which all of these fit; the fewest that a comparison takes where none does."""
    first, last = DEFAULT_LOOKS.first, DEFAULT_LOOKS.last
    plans = {
        pairs: plan_run(tests, replace(settings, most_pairs=pairs), knowledge)
        for pairs in range(first, last + 1)
    }
    return max([first, *(pairs for pairs, plan in plans.items() if _fits(plan, budget_s))])


def _fits(plan: RunPlan, budget_s: float) -> bool:
    known = not any(row.stops or row.seconds is None for row in plan.rows)
    return known and most_s(plan) <= budget_s * MARGIN


def timed(tests: Sequence[PlannedTest], settings: Settings, knowledge: Knowledge) -> bool:
    """Whether the time of any of them is known: that of a data set's own lengths is not."""
    rows = plan_run(tests, settings, knowledge).rows
    return any(row.seconds is not None and row.test.loads for row in rows)


def most_s(plan: RunPlan) -> float:
    """Of its tests, once the servers are up: the clock begins there."""
    return sum(row.seconds.most for row in plan.rows if row.seconds is not None)


def _rank(tests: Sequence[PlannedTest]) -> Callable[[PlannedTest], tuple[int, int]]:
    """The largest batch, tencent's load, prefill, the smallest batch; then the others as they come."""
    sizes = sorted(load.batch_size for test in tests for load in test.loads if load.batch_size is not None)

    def rank(test: PlannedTest) -> tuple[int, int]:
        form, size = test.loads[0].form, test.loads[0].batch_size
        place = tests.index(test)
        if form.method == ALI_DECODE.method and size is not None:
            return (0 if size == sizes[-1] else 3 if size == sizes[0] else 4), place
        return {TENCENT.method: 1, ALI_PREFILL.method: 2}.get(form.method, 4), place

    return rank


def visible(test: PlannedTest, test_ids: Sequence[str], settings: Settings, pairs: int) -> dict[str, float]:
    """metric -> the share by which it may be worse and is FAILED in four of five runs of so many pairs.

    At the noise that its declaration has (run_to_run). Holm's first step over the metrics and the tests of
    one curve.
    """
    gates = [metric for load in test.loads for metric in gating(load.form.method, quick=load.form.quick)]
    looks, root = replace(DEFAULT_LOOKS, last=pairs), math.sqrt(pairs)
    found: dict[str, float] = {}
    for metric in gates:
        if metric.tolerance is None:
            continue
        level = looks.level(ALPHA / len(gates) / siblings(test.test_id, test_ids))
        wanted = quantile(pairs - 1, 1 - 2 * level) + quantile(pairs - 1, 2 * POWER - 1)
        share = settings.tolerance * metric.tolerance.times + wanted * metric.run_to_run / root
        found[f"{metric.name}.mean" if metric.spread else metric.name] = share
    return found


def left_out(
    chosen: Within, tests: Sequence[PlannedTest], settings: Settings, knowledge: Knowledge, budget_s: float
) -> LeftOut | None:
    """tests: all that could have been measured. None where each of them fits."""
    left = [test for test in tests if test.test_id not in chosen.test_ids]
    if not left:
        return None
    kept = {load.form.method for test in tests if test not in left for load in test.loads}
    methods = dict.fromkeys(load.form.method for test in left for load in test.loads)
    missing = tuple(method for method in methods if method not in kept)
    return LeftOut(
        tests=tuple(test.test_id for test in left),
        budget_s=budget_s,
        methods=missing,
        needed_s=_needed_s(tests, settings, knowledge) if missing else None,
    )


def _needed_s(tests: Sequence[PlannedTest], settings: Settings, knowledge: Knowledge) -> float | None:
    """A budget, in whole minutes, at which a test of each method is chosen: all that are chosen before the
    last of them fit too. None where the time of a method's tests is not known.
    """
    rank, first = _rank(tests), list[PlannedTest]()
    wanted = {load.form.method for test in tests for load in test.loads}
    for test in sorted((test for test in tests if test.loads), key=rank):
        if any(row.stops or row.seconds is None for row in plan_run([test], settings, knowledge).rows):
            continue
        first.append(test)
        wanted -= {load.form.method for load in test.loads}
        if not wanted:
            plan = plan_run(first, replace(settings, most_pairs=DEFAULT_PAIRS), knowledge)
            return math.ceil(most_s(plan) / MARGIN / 60) * 60.0
    return None


def budget_text(
    chosen: Within,
    tests: Sequence[PlannedTest],
    settings: Settings,
    budget_s: float,
    left_out: LeftOut | None,
) -> Iterator[Message]:
    """tests: all that could have been measured."""
    kept = [test for test in tests if test.test_id in chosen.test_ids]
    left = [test.test_id.rpartition("::")[2] for test in tests if test.test_id not in chosen.test_ids]
    yield Message(
        "gate.budget",
        budget=duration(budget_s),
        tests=Message("plan.one_test" if len(kept) == 1 else "plan.tests", tests=len(kept)),
        most=chosen.most_pairs,
        time=duration(most_s(chosen.plan)),
    )
    yield Message("gate.budget_left", tests=left) if left else Message("gate.budget_all")
    if left_out is not None and left_out.methods:
        yield missing_methods(left_out)
    worst: dict[str, float] = {}
    for test in kept:
        for key, share in visible(test, chosen.test_ids, settings, chosen.most_pairs).items():
            worst[key] = max(share, worst.get(key, 0.0))
    metrics = [
        Message("gate.sees_metric", metric=key, share=share, noise=declared(key).run_to_run)
        for key, share in worst.items()
    ]
    yield Message("gate.sees", metrics=metrics, pairs=chosen.most_pairs)
