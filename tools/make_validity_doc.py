"""The tables of docs/validity.md, from the checks' registrations: `python tools/make_validity_doc.py` writes
them.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.verdict.validity import registered  # noqa: E402
from tools.doc_tables import cell, spliced, table  # noqa: E402


def checks(*, other: bool = False) -> str:
    """Every check; other: those of a load that another client drove."""
    head = ("check", "evidence", "INVALID when", "why this limit", "only for")
    rows = [
        (f"`{check.name}`", *map(cell, (check.evidence, check.invalid, check.why, check.applies.text)))
        for check in registered()
        if (check.client == "other") == other
    ]
    return table(head, rows)


def findings() -> str:
    """Methods and checks of one reason in a row."""
    rows: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for check in registered():
        if check.finding_for:
            rows.setdefault((check.finding_for, check.finding_why), []).append(f"`{check.name}`")
    methods = [
        (", ".join(f"`{method}`" for method in each), ", ".join(names), why)
        for (each, why), names in rows.items()
    ]
    return table(("methods", "checks", "reason"), methods)


def pages() -> dict[Path, str]:
    """Each page as it is to be."""
    path = REPO / "docs" / "validity.md"
    page, maker = path.read_text(encoding="utf-8"), "tools/make_validity_doc.py"
    for part, made in (("checks", checks()), ("other client", checks(other=True)), ("findings", findings())):
        page = spliced(page, f"{maker}, {part}", made)
    return {path: page}


if __name__ == "__main__":
    for page, made in pages().items():
        page.write_text(made, encoding="utf-8")
