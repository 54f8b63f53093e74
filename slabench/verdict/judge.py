"""First valid, then good enough: from checks, metrics, objectives and a baseline to one outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message, as_message
from slabench.metrics.classic import of_text
from slabench.metrics.definitions import declared, too_few
from slabench.verdict.bounded import Undecided, evaluate_bounded
from slabench.verdict.comparison import Comparison
from slabench.verdict.outcome import NOTHING_JUDGED, Check, CheckStatus, Objective, Outcome, Verdict
from slabench.verdict.reasons import Reason, failed
from slabench.verdict.sla import Slo, evaluate


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that one test's verdict is made from."""

    metrics: Mapping[str, float]
    # n of a metric's statistics; with repeats the smallest, since a percentile is taken in each
    sizes: Mapping[str, int]
    checks: Sequence[Check]
    slos: Sequence[Slo] = ()
    floors: Sequence[Slo] = ()
    comparison: Comparison | None = None
    require_baseline: bool = False
    # the option that asks for a verdict, such as --baseline=FILE: a test without any objective is then
    # INVALID
    gate: str | None = None
    labels: Sequence[str] = ()  # REDUCED, SIMULATED
    advice: Sequence[Message | str] = ()
    counted: Mapping[str, int] | None = None  # n of all repeats together; None: as sizes
    shown: Sequence[str] = ()  # metrics that stand for the test where it has no objective

    @property
    def invalid(self) -> list[Check]:
        return [check for check in self.checks if check.state is CheckStatus.INVALID]


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """The objectives and floors of a test, by what came of them."""

    decided: tuple[Objective, ...]
    undecided: tuple[Undecided, ...]
    undefined: tuple[Slo, ...]


def judge(case: Case) -> Verdict:
    """One outcome with its reasons. INVALID wins over FAILED: no verdict is made of invalid data."""
    comparison = case.comparison
    floors = (*case.floors, *(comparison.floors if comparison is not None else ()))
    results = _evaluated(case, floors)
    objectives = (*results.decided, *(comparison.objectives if comparison is not None else ()))
    reasons: list[str] = [] if floors else [Reason.NO_FLOOR]
    reasons += [Reason.NO_BASELINE] if comparison is None else comparison.reasons
    reporting = [
        check.name for check in case.checks if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
    ]
    message = _invalid(case, results)
    if message is not None:
        outcome = Outcome.INVALID
    else:
        missing = case.require_baseline and Reason.NO_BASELINE in reasons
        if not objectives and not missing and (comparison is None or comparison.inconclusive is None):
            reporting.append(NOTHING_JUDGED)
        outcome, message = _concluded(case, objectives, missing)
    # What it failed for comes first: a reader takes the first code for the cause.
    first: list[str] = []
    if outcome is Outcome.FAILED:
        first = failed(objectives)
    elif outcome is Outcome.INVALID and not reporting:
        first = [f"UNDEFINED:{rule.metric}" for rule in results.undefined]
    codes = tuple(dict.fromkeys((*first, *reporting, *reasons, *case.labels)))
    advice = tuple(as_message(text) if isinstance(text, str) else text for text in case.advice)
    return Verdict(outcome, message, codes, objectives, tuple(case.checks), advice)


def _evaluated(case: Case, floors: Sequence[Slo]) -> _Evaluated:
    # Each repeat must have enough requests; the n that is shown is of all repeats.
    counted = case.sizes if case.counted is None else case.counted
    decided: list[Objective] = []
    undecided: list[Undecided] = []
    undefined: list[Slo] = []
    for kind, rule in (*(("slo", rule) for rule in case.slos), *(("floor", rule) for rule in floors)):
        result = evaluate_bounded(rule, case.metrics, counted, kind=kind)
        if result is None and too_few(rule.metric, case.sizes) is None:
            result = evaluate(rule, case.metrics, counted, kind=kind)
        if isinstance(result, Undecided):
            undecided.append(result)
        elif result is None:
            undefined.append(rule)
        else:
            decided.append(result)
    return _Evaluated(tuple(decided), tuple(undecided), tuple(undefined))


def _concluded(case: Case, objectives: Sequence[Objective], missing: bool) -> tuple[Outcome, Message]:
    """Of a valid run. missing: a baseline is required, and there is none."""
    violated = [objective for objective in objectives if not objective.holds]
    if violated:
        texts = tuple(objective.message for objective in violated[:3])
        return Outcome.FAILED, Message("verdict.objectives", objectives=texts)
    # After what failed: one metric that is surely worse is enough, whatever the others are.
    if case.comparison is not None and case.comparison.inconclusive is not None:
        return Outcome.INVALID, case.comparison.inconclusive
    if missing:
        return Outcome.FAILED, Message("verdict.no_baseline")
    if not objectives:
        return (Outcome.PASSED if case.gate is None else Outcome.INVALID), _nothing(case)
    first, more = objectives[0].message, len(objectives) - 1
    return Outcome.PASSED, Message("verdict.more_hold", objective=first, more=more) if more else first


def _invalid(case: Case, results: _Evaluated) -> Message | None:
    """The line that says why no verdict is possible, or None."""
    if case.invalid:
        return invalid_checks(case.invalid)
    if results.undecided:
        return results.undecided[0].message
    if results.undefined:
        return _undefined(case, results.undefined[0])
    return None if case.comparison is None else case.comparison.not_comparable


def invalid_checks(checks: Sequence[Check]) -> Message:
    """The first check in full, and the names of the others."""
    first, *others = checks
    if not others:
        return Message("verdict.invalid", check=first.name, text=first.message)
    return Message(
        "verdict.invalid_more",
        check=first.name,
        text=first.message,
        more=len(others),
        others=tuple(check.name for check in others),
    )


def _undefined(case: Case, rule: Slo) -> Message:
    line = Message(
        "verdict.undefined", metric=rule.metric, why=_too_few(case, rule.metric), objective=str(rule)
    )
    for check in case.checks:
        if (
            check.name == "tpot_defined"
            and check.state is not CheckStatus.OK
            and rule.metric.startswith("tpot.")
        ):
            return Message(
                "verdict.undefined_check", undefined=line, text=check.message, remedy=check.remedy_message
            )
    return line


def _too_few(case: Case, metric: str) -> Message | str:
    """Why a percentile, or a metric that bench_serving takes at the first text, is absent, if that is the
    reason.
    """
    few = too_few(metric, case.sizes)
    if few is not None:
        unit = Message("verdict.tokens" if declared(metric).per == "token" else "verdict.requests")
        return Message(
            "verdict.too_few", statistic=metric.rpartition(".")[2], least=few[1], unit=unit, n=few[0]
        )
    answers = case.sizes.get("ttft", 0)
    without = answers - case.sizes.get("text", answers)
    if without > 0 and of_text(metric):
        return Message("verdict.no_text", without=without, answers=answers)
    return ""


def _nothing(case: Case) -> Message:
    """What was measured, that no verdict was made of it, and how to have one."""
    shown = [
        Message("verdict.metric", metric=key, value=case.metrics[key], unit=declared(key).unit)
        for key in case.shown
        if key in case.metrics
    ]
    return Message(
        "verdict.nothing_judged",
        baseline=Message("verdict.not_in_baseline", baseline=case.comparison.baseline)
        if case.comparison is not None
        else "",
        gate=Message("verdict.gate", gate=case.gate) if case.gate is not None else "",
        measured=Message("verdict.measured", metrics=shown) if shown else "",
    )
