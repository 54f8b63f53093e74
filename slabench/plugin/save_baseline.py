"""--save-baseline: a finished run's valid tests into a file that may hold others and floors already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slabench.verdict import baseline_file
from slabench.verdict.baseline_store import add_to


def save_baseline(data: Mapping[str, Any], target: Path) -> Iterator[str]:
    """data: run.json's document. Writes, and says what became of it in sentences."""
    document = baseline_file.build(
        source=data["run_id"],
        created_utc=data["updated_utc"],
        fingerprint=data["server"].get("fingerprint", {}),
        labels=data["labels"],
        tests=data["tests"],
    )
    if not document["tests"]:
        yield f"No baseline was written to {target}: no test of this run was valid."
        return
    measured = len(document["tests"])
    document, gone = add_to(str(target), document, option="--save-baseline=")
    kept = len(document["tests"]) - measured
    beside = f", {kept} that it held already were kept" if kept else ""
    yield f"Baseline of {measured} test{'' if measured == 1 else 's'} written to {target}{beside}."
    for test_id, entry in document["tests"].items():
        if entry.get("allowed"):
            names = ",".join(entry["allowed"])
            yield f"{test_id} was measured with --allow={names}; what is compared with it has to allow the same."
        if entry.get("lacking"):
            yield f"{test_id} lacks {', '.join(entry['lacking'])} in some repeat, so nothing can be compared with it."
    if gone:
        yield f"Of another hardware, model or server, and no longer in {target}: {', '.join(gone)}."
