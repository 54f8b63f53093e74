"""The report of a test that Ctrl-C ended, which pytest itself does not make."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.report.sanitize import plain_values


def interrupted_reports(handed: dict[str, Any]) -> list[pytest.TestReport]:
    """Of its call, with the entry, and of its teardown: junit.xml takes its properties from that one."""
    from slabench.plugin.reporting import junit_properties
    from slabench.report.console import failure_text

    handed = plain_values(handed)
    entry = handed["entry"]
    where = (entry["id"].partition("::")[0], None, entry["id"].rpartition("::")[2])
    call = pytest.TestReport(entry["id"], where, {}, "failed", failure_text(entry), "call")
    call.slabench = handed  # type: ignore[attr-defined]
    end = pytest.TestReport(
        entry["id"], where, {}, "passed", None, "teardown", user_properties=junit_properties(entry)
    )
    return [call, end]
