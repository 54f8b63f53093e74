"""The part of an entry that questions with known answers fill (--accuracy-file)."""

from __future__ import annotations

from dataclasses import dataclass

from slabench.run_document.field import optional


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAnswer:
    """A question that was answered wrong."""

    line: int  # of the file, from 1
    wanted: str  # the answer, or the pattern between slashes
    answer: str  # its beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The answers. results: a character a question in the file's order: 1 right, 0 wrong, - no answer."""

    file: str  # without its folder
    sha256: str  # of the file
    concurrency: int  # questions asked at once, at most
    results: str  # of the server under test
    old_results: str | None = optional()  # of the baseline server, in an A/B run
    low: float | None  # lower end of the share's interval (Clopper-Pearson); null: no answer
    high: float | None  # its upper end
    level: float  # one-sided confidence level of each end
    floor: float | None  # --accuracy-floor
    cut: int  # answers that max_tokens ended
    wrong: tuple[WrongAnswer, ...] = ()  # the first of them
