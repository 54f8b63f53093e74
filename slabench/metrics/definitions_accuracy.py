"""The metrics of answers to questions (--accuracy-file): they are judged by verdict/accuracy.py, and not by
repeats.
"""

from __future__ import annotations

from slabench.metrics.declaration import Metric

_ANSWERS = "answers to --accuracy-file"

ACCURACY: tuple[Metric, ...] = (
    Metric("accuracy", "share", "none", "right answers / questions with an answer", _ANSWERS),
    Metric("accuracy.low", "share", "none", "lower 95 % bound of accuracy (Clopper-Pearson)", _ANSWERS),
    Metric("accuracy.high", "share", "none", "its upper 95 % bound", _ANSWERS),
    Metric("accuracy.questions", "count", "none", "questions with an answer", _ANSWERS),
)
