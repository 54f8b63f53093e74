"""Adds a run's metrics to a baseline file that may hold others, and that another run may be writing to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.output_file import locked
from slabench.verdict.baseline_file import keep, load, save
from slabench.verdict.differences import differences


def add_to(path: str, document: Mapping[str, Any], *, option: str) -> tuple[dict[str, Any], list[str]]:
    """(what the file holds now, the tests that were removed). ConfigError if an existing file is no baseline.

    It is read and written under a lock, so that two runs that end at the same time are both stored.
    """
    with locked(path):
        kept, removed = dict(document), list[str]()
        if Path(path).is_file():
            old = load(path, option=option)
            differ = any(differences(old.fingerprint, document["fingerprint"]))
            kept, removed = keep(document, old, differ=differ)
        save(path, kept)
    return kept, removed
