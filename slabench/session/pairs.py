"""--repeats=auto: repeats are measured until the comparison is decided, in A/B runs pair by pair.

The first pair counts like the others: the warm-up of its shape (--warmup-requests) has compiled its kernels
and raised the clocks of each server before that server's first load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from slabench.session.comparison import ComparedWith, compare
from slabench.session.evaluate import SessionFacts, evaluate_loads
from slabench.session.measurement import Evaluated, Measured, Trial
from slabench.session.rules import Rules
from slabench.verdict.compared import ComparisonResult
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.looks import Looks, StopReason
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.sla import needs

if TYPE_CHECKING:
    from slabench.session.settings import Settings

# Its limit is set by all repeats together, so one of them does not show whether the test will hold it.
OF_ALL_REPEATS = frozenset({"client_error"})


Load = TypeVar("Load")


def until_decided(
    trials: Iterable[Trial],
    measure: Callable[[Trial], Load],
    look: Callable[[Sequence[Load]], StopReason | None],
    over: Callable[[], bool] = lambda: False,
) -> tuple[list[Load], StopReason]:
    """The loads of all trials, or of those up to the repeat after which look() has a reason to stop.

    look: called with the loads of one repeat, after each. over: whether the time is, asked before each load;
    a repeat that is not complete then does not count.
    """
    loads: list[Load] = []
    for _, repeat in groupby(trials, key=lambda trial: trial.repeat):
        measured = []
        for trial in repeat:
            if over():
                return loads, StopReason.TIME_BUDGET
            measured.append(measure(trial))
        loads += measured
        stopped = look(measured)
        if stopped is not None:
            return loads, stopped
    return loads, StopReason.MOST_REPEATS


class Looking:
    """One test's looks. Each load is evaluated once, after its repeat; callable as look() above.

    By the command line's rules: a test's own objectives change neither its gated metrics nor its checks, but
    for those of OF_ALL_REPEATS.
    """

    def __init__(self, looks: Looks, settings: Settings, compared: ComparedWith, facts: SessionFacts) -> None:
        self.looks, self.settings, self.compared, self.facts = looks, settings, compared, facts
        self.evaluated: list[Evaluated] = []

    def __call__(self, repeat: Sequence[Measured]) -> StopReason | None:
        rules = Rules.of(self.settings, repeat[0], ())
        self.evaluated += evaluate_loads(repeat, rules, self.settings, self.compared, self.facts)
        if any(map(_invalid, self.evaluated[-len(repeat) :])):
            return StopReason.INVALID
        number, form = repeat[0].trial.repeat, repeat[0].form
        if number < self.looks.first:
            return None
        reason = stop_reason(compare(self.compared, form.method, self.evaluated))
        # A percentile's bound takes so many requests whatever they show: waiting for them is no further look.
        wanted = max((needs(slo)[1] for slo in rules.slos), default=1)
        if reason is StopReason.DECIDED and number * form.num_prompts < wanted:
            return None
        return reason


def _invalid(load: Evaluated) -> bool:
    return any(
        check.state is CheckStatus.INVALID and check.name not in OF_ALL_REPEATS for check in load.checks
    )


def stop_reason(comparison: Comparison | None) -> StopReason | None:
    """Why no further repeat is needed; None: one may decide it."""
    if comparison is None or comparison.state is not ComparisonState.COMPARED:
        return StopReason.NOT_COMPARED
    results = {metric.outcome for metric in comparison.metrics}
    if ComparisonResult.WORSE in results:
        return StopReason.WORSE
    return None if ComparisonResult.INCONCLUSIVE in results else StopReason.DECIDED
