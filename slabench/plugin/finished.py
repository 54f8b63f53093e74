"""What a finished test left: typed on its item, in built-in types on its report, which xdist sends on.

The run document's types cost start-up time that a collection does not need, so they are imported where a test
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slabench.plugin.stash import ENTRY
from slabench.report.sanitize import plain_values
from slabench.strict_json import finite

if TYPE_CHECKING:
    from slabench.run_document.entry import Entry
    from slabench.run_document.run import FinishedTest


def keep(item: pytest.Item, left: object) -> None:
    """left: a FinishedTest, or the same as JSON has it."""
    item.stash[ENTRY] = as_finished(left)


def as_finished(left: object) -> FinishedTest:
    from slabench.run_document.read import parse
    from slabench.run_document.run import FinishedTest
    from slabench.run_document.write import stored

    return parse(FinishedTest, stored(left), strict=True)


def attach(report: pytest.TestReport, left: FinishedTest) -> FinishedTest:
    """Put it on the report without control characters and numbers that are not finite, and return it so."""
    from slabench.run_document.write import stored

    report.slabench = finite(plain_values(stored(left)))  # type: ignore[attr-defined]
    return as_finished(report.slabench)


def finished(report: Any) -> FinishedTest | None:
    """What attach() put on it."""
    left = getattr(report, "slabench", None)
    return None if left is None else as_finished(left)


def junit_properties(entry: Entry) -> list[tuple[str, object]]:
    """JUnit knows no word for what passed: the verdict and its reasons stand as properties of every test
    case.
    """
    resent = entry.metrics.get("resent")
    properties: list[tuple[str, object]] = [
        ("slabench.verdict", entry.word.value),
        ("slabench.reasons", ", ".join(entry.reasons)),
    ]
    return [*properties, ("slabench.resent", f"{resent:g}")] if resent else properties
