"""The answers to questions, in the lines below a test's outcome."""

from __future__ import annotations

from slabench.messages import Message
from slabench.run_document.accuracy import Accuracy
from slabench.verdict.accuracy import NONE, RIGHT


def accuracy_lines(accuracy: Accuracy | None) -> list[Message]:
    """The share with its interval, the baseline server's, and the first wrong answers."""
    if accuracy is None:
        return []
    lines = []
    right, n = _counts(accuracy.results)
    if n:
        lines.append(
            Message(
                "accuracy.line",
                file=accuracy.file,
                right=right,
                n=n,
                share=right / n,
                low=accuracy.low,
                high=accuracy.high,
                concurrency=accuracy.concurrency,
            )
        )
    right, n = _counts(accuracy.old_results or "")
    if n:
        lines.append(Message("accuracy.old_line", file=accuracy.file, right=right, n=n, share=right / n))
    return lines + [
        Message("accuracy.wrong", line=each.line, wanted=each.wanted, answer=each.answer)
        for each in accuracy.wrong
    ]


def _counts(results: str) -> tuple[int, int]:
    """(right, all with an answer)"""
    return results.count(RIGHT), len(results) - results.count(NONE)
