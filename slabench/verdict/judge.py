"""First valid, then good enough: from checks, figures, objectives and a baseline to one word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import metric_name, number
from slabench.metrics.classic import of_text
from slabench.metrics.definitions import declared, too_few
from slabench.verdict import reasons as reason_codes
from slabench.verdict.bounded import Undecided, evaluate_bounded
from slabench.verdict.comparison import Comparison
from slabench.verdict.outcome import NOTHING_JUDGED, Check, CheckStatus, Objective, Outcome, Verdict
from slabench.verdict.sla import Slo, evaluate


@dataclass(frozen=True, slots=True)
class Case:
    """Everything one test's verdict is made from."""

    figures: Mapping[str, float]
    # n behind a figure's statistics; with repeats the fewest, since a percentile is taken in each
    sizes: Mapping[str, int]
    checks: Sequence[Check]
    slos: Sequence[Slo] = ()
    floors: Sequence[Slo] = ()
    comparison: Comparison | None = None
    require_baseline: bool = False
    # the option that asks for a verdict, such as --baseline=FILE: a test it does not reach is INVALID
    gate: str | None = None
    labels: Sequence[str] = ()  # REDUCED, SIMULATED
    advice: Sequence[str] = ()
    counted: Mapping[str, int] | None = None  # n of all repeats together; None: as sizes
    shown: Sequence[str] = ()  # figures that stand for the test where it has no objective


def judge(case: Case) -> Verdict:
    """One word with its reasons. INVALID beats FAILED inside one test: what cannot be trusted is not judged."""
    objectives: list[Objective] = []
    undefined: list[Slo] = []
    undecided: list[Undecided] = []
    floors = (*case.floors, *(case.comparison.floors if case.comparison is not None else ()))
    for kind, wanted in (("slo", case.slos), ("floor", floors)):
        for one in wanted:
            # Too few is asked of each repeat, and n told of all.
            counted = case.sizes if case.counted is None else case.counted
            few = too_few(one.metric, case.sizes) is not None
            outcome = evaluate_bounded(one, case.figures, counted, kind=kind)
            if outcome is None and not few:
                outcome = evaluate(one, case.figures, counted, kind=kind)
            if isinstance(outcome, Undecided):
                undecided.append(outcome)
            elif outcome is None:
                undefined.append(one)
            else:
                objectives.append(outcome)
    reasons: list[str] = []
    if not floors:
        reasons.append("NO_FLOOR")
    if case.comparison is None:
        reasons.append("NO_BASELINE")
    else:
        objectives += case.comparison.objectives
        reasons += case.comparison.reasons
    spoke = [check.name for check in case.checks if check.state in (CheckStatus.INVALID, CheckStatus.FINDING)]
    reasons = [*spoke, *reasons, *case.labels]

    headline = _invalid(case, undefined, undecided)
    if headline is not None:
        word = Outcome.INVALID
    else:
        failed = [one for one in objectives if not one.holds]
        missing = case.require_baseline and "NO_BASELINE" in reasons
        nothing = not objectives and not missing
        open_ = case.comparison.inconclusive if case.comparison is not None else None
        if failed:
            word, headline = Outcome.FAILED, "; ".join(one.text for one in failed[:3])
        elif open_ is not None:
            # After what failed: one figure that is surely worse is enough, whatever the others are.
            word, headline = Outcome.INVALID, open_
        elif missing:
            word, headline = (
                Outcome.FAILED,
                "no baseline for this test, and --require-baseline asks for one; save one with --save-baseline=FILE",
            )
        elif nothing:
            reasons.insert(len(spoke), NOTHING_JUDGED)
            word, headline = (Outcome.PASSED if case.gate is None else Outcome.INVALID), _nothing(case)
        else:
            word, headline = Outcome.PASSED, _good(objectives)
    # What it failed for comes first: else a reader takes the first code, of something that is merely absent,
    # for the cause.
    if word is Outcome.FAILED:
        reasons = [*reason_codes.failed(objectives), *reasons]
    elif word is Outcome.INVALID and not spoke:
        reasons = [*(f"UNDEFINED:{one.metric}" for one in undefined), *reasons]
    return Verdict(
        word,
        headline,
        tuple(dict.fromkeys(reasons)),
        tuple(objectives),
        tuple(case.checks),
        tuple(case.advice),
    )


def _invalid(case: Case, undefined: Sequence[Slo], undecided: Sequence[Undecided]) -> str | None:
    """The one line that says why nobody can judge, or None."""
    bad = [check for check in case.checks if check.state is CheckStatus.INVALID]
    if bad:
        more = (
            f" (and {len(bad) - 1} more: {', '.join(check.name for check in bad[1:])})"
            if len(bad) > 1
            else ""
        )
        return f"{bad[0].name}: {bad[0].text}{more}"
    if undecided:
        return undecided[0].text
    if undefined:
        line = f"{undefined[0].metric} is not defined for this run{_too_few(case, undefined[0])}, so {undefined[0]} cannot be judged"
        why = next(
            (one for one in case.checks if one.name == "tpot_defined" and one.state is not CheckStatus.OK),
            None,
        )
        return (
            f"{line}: {why.text} {why.remedy}"
            if why is not None and undefined[0].metric.startswith("tpot.")
            else line
        )
    if case.comparison is not None and case.comparison.not_comparable:
        return case.comparison.not_comparable
    return None


def _too_few(case: Case, rule: Slo) -> str:
    """Why a percentile, or a figure that bench_serving takes by the first text, is not there, if that is why."""
    found = too_few(rule.metric, case.sizes)
    answers = case.sizes.get("ttft", 0)
    silent = answers - case.sizes.get("text", answers)
    if found is None and silent > 0 and of_text(rule.metric):
        return (
            f" (it is taken by each answer's first text, and {silent} of {answers} answers brought no text)"
        )
    if found is None:
        return ""
    what = "tokens after the first" if declared(rule.metric).per == "token" else "requests"
    return f" ({rule.metric.rpartition('.')[2]} needs {found[1]} {what}, there are {found[0]})"


def _good(objectives: Sequence[Objective]) -> str:
    more = f" (and {len(objectives) - 1} more hold)" if len(objectives) > 1 else ""
    return objectives[0].text + more


def _nothing(case: Case) -> str:
    """What was measured, that it was not judged, and how it would be."""
    shown = [
        f"{metric_name(key)} {number(case.figures[key])} {declared(key).unit}"
        for key in case.shown
        if key in case.figures
    ]
    known = (
        f", and the baseline {case.comparison.baseline} has no entry for it"
        if case.comparison is not None
        else ""
    )
    asked = f"; {case.gate} asks for a verdict" if case.gate is not None else ""
    measured = f" Measured: {', '.join(shown)}." if shown else ""
    return (
        f"{NOTHING_JUDGED}: no objective, floor or comparison applies to this test{known}{asked}.{measured} "
        "Give an objective (--slo='METRIC<=LIMIT'), or a baseline that has this test."
    )
