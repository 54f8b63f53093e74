"""--save-baseline: a finished run's valid tests into a file that may hold others and floors already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from slabench.messages import Message, Sentence
from slabench.verdict.baseline_file import add_to, build

if TYPE_CHECKING:
    from slabench.run_document.run import RunDocument


def save_baseline(run: RunDocument, target: Path) -> Iterator[Sentence]:
    """Writes, and reports in sentences what was written."""
    document = build(run)
    if not document["tests"]:
        yield Sentence.of("saved.nothing", target=str(target))
        return
    measured = len(document["tests"])
    document, removed = add_to(str(target), document, option="--save-baseline=")
    kept = len(document["tests"]) - measured
    more = Message("saved.kept", kept=kept) if kept else None
    written = "saved.one" if measured == 1 else "saved.several"
    yield Sentence.of(written, tests=measured, target=str(target), more=more)
    for test_id, entry in document["tests"].items():
        if entry.get("allowed"):
            yield Sentence.of("saved.allowed", test=test_id, checks=tuple(entry["allowed"]))
        if entry.get("lacking"):
            yield Sentence.of("saved.lacking", test=test_id, metrics=tuple(entry["lacking"]))
    if removed:
        yield Sentence.of("saved.removed", target=str(target), tests=tuple(removed))
