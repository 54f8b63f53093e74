"""--save-baseline: a finished run's valid tests into a file that may hold others and floors already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from slabench.verdict.baseline_file import add_to, build

if TYPE_CHECKING:
    from slabench.run_document.run import RunDocument


def save_baseline(run: RunDocument, target: Path) -> Iterator[str]:
    """Writes, and reports in sentences what was written."""
    document = build(run)
    if not document["tests"]:
        yield f"No baseline was written to {target}: no test of this run was valid."
        return
    measured = len(document["tests"])
    document, removed = add_to(str(target), document, option="--save-baseline=")
    kept = len(document["tests"]) - measured
    more = f", {kept} that it held already were kept" if kept else ""
    yield f"Baseline of {measured} test{'' if measured == 1 else 's'} written to {target}{more}."
    for test_id, entry in document["tests"].items():
        if entry.get("allowed"):
            names = ",".join(entry["allowed"])
            yield f"{test_id} was measured with --allow={names}; compare with it under the same --allow."
        if entry.get("lacking"):
            lacking = ", ".join(entry["lacking"])
            yield f"{test_id} lacks {lacking} in some repeat, so nothing can be compared with it."
    if removed:
        tests = ", ".join(removed)
        yield f"Removed from {target}, since they are of other hardware, another model or server: {tests}."
