"""What a finished test left: typed on its item, in built-in types on its report, which xdist sends on.

The run document's types cost start-up time that a collection does not need, so they are imported where a test
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slabench.report.sanitize import plain_values
from slabench.strict_json import finite

if TYPE_CHECKING:
    from slabench.run_document.entry import Entry
    from slabench.run_document.run import FinishedTest


def attach(report: Any, left: FinishedTest) -> Entry:
    """Put it on the report, without control characters and numbers that are not finite; its entry is
    returned.
    """
    from slabench.run_document.write import stored

    report.slabench = finite(plain_values(stored(left)))
    return _read(report.slabench).entry


def attach_entry(report: Any, entry: Entry) -> Entry:
    """The same, of a test that no server was identified for."""
    from slabench.run_document.run import FinishedTest

    return attach(report, FinishedTest(entry=entry))


def finished(report: Any) -> FinishedTest | None:
    """What attach() put on it."""
    left = getattr(report, "slabench", None)
    return None if left is None else _read(left)


def _read(left: object) -> FinishedTest:
    from slabench.run_document.read import parse
    from slabench.run_document.run import FinishedTest

    return parse(FinishedTest, left, strict=True)


def junit_properties(entry: Entry) -> list[tuple[str, object]]:
    """JUnit has no element for a test that passed: outcome and reasons are properties of every test case."""
    resent = entry.metrics.get("resent")
    properties: list[tuple[str, object]] = [
        ("slabench.verdict", entry.word.value),
        ("slabench.reasons", ", ".join(entry.reasons)),
    ]
    launches = None if entry.comparison is None else entry.comparison.launches
    properties += [("slabench.launches", launches.text)] if launches is not None and launches.text else []
    return [*properties, ("slabench.resent", f"{resent:g}")] if resent else properties
