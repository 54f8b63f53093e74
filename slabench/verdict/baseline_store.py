"""A run's figures into a baseline file that may hold others, and that another run may be adding to just now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.output_file import locked
from slabench.verdict.baseline_file import keep, load, save
from slabench.verdict.comparison import differences


def add_to(path: str, document: Mapping[str, Any], *, option: str) -> tuple[dict[str, Any], list[str]]:
    """(what the file holds now, the tests that had to go). ConfigError if the file that is there is no
    baseline.

    Two runs that end at once both find a place in it: it is read and written under a lock.
    """
    with locked(path):
        kept, gone = dict(document), list[str]()
        if Path(path).is_file():
            old = load(path, option=option)
            differ = [text for _, text in differences(old.fingerprint, document["fingerprint"])]
            kept, gone = keep(document, old, differ)
        save(path, kept)
    return kept, gone
