"""Old and new answers to the same questions, and whether they can be compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from slabench.messages import Message
from slabench.verdict.accuracy import Answers, Paired
from slabench.verdict.baseline import Baseline
from slabench.verdict.comparison import Comparison, ComparisonState, not_allowed
from slabench.verdict.differences import Sections, blocked, differences, of_versions
from slabench.verdict.reasons import Reason


def compare_answers(
    baseline: Baseline,
    test_id: str,
    new: Answers,
    fingerprint: Sections,
    workload: Mapping[str, Any],
    *,
    tolerance: float,
    allow: Collection[str] = (),
    checks: Collection[str] = (),
    interleaved: bool | None = None,
) -> Comparison:
    """Arguments as those of comparison.compare(). A history has no answers, so it has no entry to compare
    with.
    """
    entry = baseline.tests.get(test_id)
    if entry is None or entry.answers is None:
        return Comparison(baseline.path, ComparisonState.NO_BASELINE, reasons=(Reason.NO_BASELINE,))
    old = entry.answers
    stored, current = (
        {**baseline.fingerprint, "workload": entry.workload},
        {**fingerprint, "workload": workload},
    )
    differing = list(differences(stored, current))
    comparison = Comparison(
        baseline.path,
        ComparisonState.COMPARED,
        allowed=tuple(difference.message for difference in differing if difference.allowed(allow)),
        reasons=(Reason.ALLOWED_IN_BASELINE,) if entry.allowed else (),
        interleaved=interleaved,
        notes=tuple(
            Message("comparison.note_allowed", check=name, text=text) for name, text in entry.allowed.items()
        ),
    )
    if chosen := of_versions(stored, current):
        line = Message("comparison.note_versions", differences=tuple(chosen))
        comparison = replace(comparison, notes=(*comparison.notes, line))
    exempted = {name: text for name, text in entry.allowed.items() if name not in checks}
    for refusal in (
        _other_questions(baseline.path, old, new),
        blocked(differing, allow),
        not_allowed(baseline.path, exempted),
    ):
        if refusal is not None:
            return comparison.refused(*refusal)
    pairs = Paired.of(old, new)
    if not pairs.n:
        return comparison.refused(Message("accuracy.no_pairs", baseline=baseline.path))
    return comparison.with_result(pairs.against(tolerance))


def _other_questions(path: str, old: Answers, new: Answers) -> tuple[Message] | None:
    same = old.sha256 == new.sha256 and len(old.results) == len(new.results)
    return None if same else (Message("accuracy.other_questions", baseline=path),)
