"""A run's valid tests as a baseline document."""

from __future__ import annotations

from typing import Any

from slabench.run_document.run import RunDocument
from slabench.run_document.write import stored
from slabench.verdict.baseline_file import build


def as_baseline(run: RunDocument) -> dict[str, Any]:
    return build(
        run.run_id, run.updated_utc, run.fingerprint, run.labels, [stored(entry) for entry in run.tests]
    )
