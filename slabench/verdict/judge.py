"""First valid, then good enough: from checks, metrics, objectives and a baseline to one outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slabench.messages import Message, as_message
from slabench.metrics.classic import of_text
from slabench.metrics.definitions import declared, too_few
from slabench.verdict.bounded import Undecided, evaluate
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.outcome import NOTHING_JUDGED, Check, CheckStatus, Objective, Outcome, Verdict
from slabench.verdict.percentiles import Certified
from slabench.verdict.reasons import Reason
from slabench.verdict.shares import CertifiedShare
from slabench.verdict.sla import Slo


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
    # what the requests of all repeats certify of the percentiles and shares among slos
    certified: Mapping[Slo, Certified | CertifiedShare] = field(default_factory=dict)
    accuracy: Objective | Undecided | None = None  # against --accuracy-floor
    answers: Sequence[Objective] = ()  # of --answers=gate


def judge(case: Case) -> Verdict:
    """One outcome with its reasons. INVALID wins over FAILED: no verdict is made of invalid data."""
    comparison = case.comparison or Comparison("", ComparisonState.NO_BASELINE, reasons=(Reason.NO_BASELINE,))
    floors = (*case.floors, *comparison.floors)
    results = [_result(case, "slo", rule) for rule in case.slos]
    results += [_result(case, "floor", rule) for rule in floors]
    results += [] if case.accuracy is None else [case.accuracy]
    decided = (result for result in results if isinstance(result, Objective))
    objectives = (*decided, *comparison.objectives, *case.answers)
    required = case.require_baseline and Reason.NO_BASELINE in comparison.reasons
    reporting = [
        check.name for check in case.checks if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)
    ]
    undecided = [
        result.message for result in results if isinstance(result, Undecided) and result.inconclusive
    ]
    message = _invalid(case, results) or comparison.not_comparable
    outcome = Outcome.INVALID
    if message is None:
        open_lines = [*undecided, *([] if comparison.inconclusive is None else [comparison.inconclusive])]
        outcome, message = _concluded(case, objectives, open_lines, missing=required)
        if not _judging(objectives) and not required and not open_lines:
            reporting.append(NOTHING_JUDGED)
    # What it failed for comes first: a reader takes the first code for the cause.
    first: list[str] = []
    if outcome is Outcome.FAILED:
        first = [f"{each.kind.upper()}:{each.metric}" for each in objectives if not each.holds]
    elif outcome is Outcome.INVALID and not reporting:
        first = [f"UNDEFINED:{rule.metric}" for rule in results if isinstance(rule, Slo)]
    # What there is nothing of is no reason, unless it was required.
    reasons = [each for each in comparison.reasons if required or each is not Reason.NO_BASELINE]
    has_floor = floors or case.accuracy is not None
    absent = (*([] if has_floor else [Reason.NO_FLOOR]), *(set(comparison.reasons) - set(reasons)))
    inconclusive = [Reason.INCONCLUSIVE] if undecided else []
    codes = tuple(dict.fromkeys((*first, *reporting, *reasons, *inconclusive, *case.labels)))
    advice = tuple(as_message(text) if isinstance(text, str) else text for text in case.advice)
    return Verdict(outcome, message, codes, objectives, tuple(case.checks), advice, absent)


def _result(case: Case, kind: str, rule: Slo) -> Objective | Undecided | Slo:
    """The rule itself where its metric is not defined."""
    # Each repeat must have enough requests; the n that is shown is of all repeats.
    counted = case.sizes if case.counted is None else case.counted
    certified = case.certified.get(rule) if kind == "slo" else None
    return evaluate(rule, case.metrics, counted, kind=kind, least=case.sizes, certified=certified) or rule


def _judging(objectives: Sequence[Objective]) -> list[Objective]:
    """Those that a test can pass by. That its answers are answers says nothing of its speed: it is no verdict
    where nothing else was judged.
    """
    return [objective for objective in objectives if objective.kind != "answers"]


def _concluded(
    case: Case, objectives: Sequence[Objective], inconclusive: Sequence[Message], *, missing: bool
) -> tuple[Outcome, Message]:
    """Of a valid run. inconclusive: lines on what is undecided; missing: a required baseline is not there."""
    violated = tuple(objective.message for objective in objectives if not objective.holds)
    if violated:
        return Outcome.FAILED, Message("verdict.objectives", objectives=violated[:3])
    # After what failed: one metric that is surely worse is enough, whatever the others are.
    if inconclusive:
        return Outcome.INVALID, inconclusive[0]
    if missing:
        return Outcome.FAILED, Message("verdict.no_baseline")
    objectives = _judging(objectives)
    if not objectives:
        return (Outcome.PASSED if case.gate is None else Outcome.INVALID), _nothing(case)
    first, more = objectives[0].message, len(objectives) - 1
    return Outcome.PASSED, Message("verdict.more_hold", objective=first, more=more) if more else first


def _invalid(case: Case, results: Sequence[Objective | Undecided | Slo]) -> Message | None:
    """The line that says why the run's own data permit no verdict, or None."""
    invalid = [check for check in case.checks if check.state is CheckStatus.INVALID]
    if invalid:
        return invalid_checks(invalid)
    for result in results:
        if isinstance(result, Undecided) and not result.inconclusive:
            return result.message
    undefined = next((result for result in results if isinstance(result, Slo)), None)
    return None if undefined is None else _undefined(case, undefined)


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
    why = _too_few(case, rule.metric)
    line = Message("verdict.undefined", metric=rule.metric, why=why, objective=str(rule))
    cause = next((check for check in case.checks if check.name == "tpot_defined"), None)
    if cause is None or cause.state is CheckStatus.OK or not rule.metric.startswith("tpot."):
        return line
    remedy = cause.remedy_message
    return Message("verdict.undefined_check", undefined=line, text=cause.message, remedy=remedy)


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
