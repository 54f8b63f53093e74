"""Has every question of --accuracy-file an answer?"""

from __future__ import annotations

from dataclasses import dataclass

from slabench.verdict.outcome import Check, invalid, ok
from slabench.verdict.validity.registry import Registration, Stage


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """errors: (side, line of the file, what went wrong) of each question without an answer; asked: of all
    sides.
    """

    asked: int
    errors: tuple[tuple[str, int, str], ...] = ()


@Registration(
    Stage.TEST,
    evidence="answers to the questions of --accuracy-file",
    invalid="a question has no answer: an error, a time-out, a status other than 200",
    why="a request that failed says nothing of the model, so it counts neither as right nor as wrong",
)
def answered(evidence: AnswerEvidence) -> Check:
    if not evidence.errors:
        return ok("answered.ok", questions=evidence.asked)
    side, line, error = evidence.errors[0]
    return invalid(
        "answered.failed",
        errors=len(evidence.errors),
        questions=evidence.asked,
        side=side,
        line=line,
        error=error,
    )
