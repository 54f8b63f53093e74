"""What both servers' answers of an A/B run showed, in run.json."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersMetric:
    """One metric over the answers."""

    metric: str  # metric key
    value: float  # in the metric's unit
    low: float  # lower end of its two-sided 95 % interval
    high: float  # upper end
    op: str  # <= or >=
    limit: float  # of the check same_answers, in the metric's unit
    holds: bool  # false: the whole interval is beyond the limit
    n: int  # answers; of answers.token_shift and answers.vocabulary_shift places in them
    token: int | None = None  # id whose change it is; null: the metric is of no single token


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersEntry:
    """The same answers scored by the old and by the new server (docs/answers.md)."""

    answers: int  # prompts that both servers answered
    tokens: int  # of the longest answer
    # of the two servers' own answers, those that are identical; null: the new server's are not known
    identical: int | None
    # tokens before the first different one, median over the others; null: there are none
    first_difference: float | None
    metrics: tuple[AnswersMetric, ...]  # those that are defined
