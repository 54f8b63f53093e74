"""The report of a test that Ctrl-C ended, which pytest itself does not make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slabench.plugin.finished import attach, junit_properties
from slabench.plugin.language import spoken

if TYPE_CHECKING:
    from slabench.run_document.run import FinishedTest


def interrupted_reports(finished: FinishedTest, config: pytest.Config) -> list[pytest.TestReport]:
    """Of its call, with the entry, and of its teardown: junit.xml takes its properties from that one."""
    from slabench.report.console import failure_text
    from slabench.report.localized import localized

    test_id = finished.entry.id
    where = (test_id.partition("::")[0], None, test_id.rpartition("::")[2])
    call = pytest.TestReport(test_id, where, {}, "failed", None, "call")
    entry = attach(call, finished)
    with spoken(config):
        call.longrepr = failure_text(localized(entry))
    properties = junit_properties(entry)
    return [
        call,
        pytest.TestReport(test_id, where, {}, "passed", None, "teardown", user_properties=properties),
    ]
