"""--resume: a finished test is not run but reported again, so that every output has the whole run in it."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.plugin.finished import attach_entry, junit_properties
from slabench.plugin.order import is_live
from slabench.records import LogSpan
from slabench.verdict.outcome import Outcome

if TYPE_CHECKING:
    from slabench.run_document.entry import Entry
    from slabench.run_document.run import ServerEntry
    from slabench.session.campaign import Campaign
    from slabench.session.deployment import Deployment


_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


class Resumed:
    """The run that is continued: its kept entries by test id, and the server that they were measured on.

    planned: ids of its tests, finished or not.
    """

    def __init__(
        self,
        path: str,
        kept: Mapping[str, Entry],
        server: ServerEntry | None,
        planned: Collection[str] = (),
    ) -> None:
        self.path, self.planned = path, planned
        self.kept = kept
        self.server = server

    def all_kept(self, items: list[pytest.Item]) -> bool:
        """Nothing is left to measure."""
        return all(item.nodeid in self.kept for item in items if is_live(item))

    def check_server(self, campaign: Campaign, deployment: Deployment) -> str:
        """ConfigError if another server answers than the kept tests were measured on; else one sentence on
        its process.
        """
        from slabench.report.resume import server_differences
        from slabench.server.roles import identity

        before, now = self.server, campaign.servers.entry
        lines = server_differences(before, now, same_url=campaign.servers.launched is None)
        if before is not None and before.baseline is not None and now.baseline is not None:
            same_url = campaign.servers.launched_baseline is None
            baseline = server_differences(before.baseline, now.baseline, same_url=same_url)
            lines += [f"baseline server: {line}" for line in baseline]
        if lines:
            raise ConfigError(Message("file.resume_server", path=self.path, lines=lines))
        if before is None:
            return "no test had finished"
        process = identity(before.info)
        same = process is not None and process == identity(now.info)
        line = "the same server process" if same else "the same server, started anew"
        # By the kept tests and not by the options: a --resume that was refused has left its own there.
        loads = [entry.server for entry in self.kept.values() if entry.server is not None]
        was = list(dict.fromkeys(span.path for load in loads for span in load.log_spans))
        if not was or (deployment.logs and set(deployment.logs) <= set(was)):
            return line
        logs = ", ".join(deployment.logs) or "not named"
        return f"{line}, its deploy log is {logs} and was {', '.join(was)}"

    def restore(self, campaign: Campaign, items: Sequence[pytest.Item]) -> None:
        """The decode tests that the curve is made from.

        ConfigError if it is to be made, and their part of a log is missing.
        """
        from slabench.session.decode_curve import DecodePoint

        left = [item for item in items if item.nodeid not in self.kept]
        needed = any("judge_curve" in getattr(item, "fixturenames", ()) for item in left)
        for entry in self.kept.values():
            if entry.method != "ali-decode" or entry.batch_size is None:
                continue
            if entry.server is None:  # refused before load
                campaign.refused_sizes.append(entry.batch_size)
            else:
                point = DecodePoint.of(entry, entry.batch_size)
                for span in point.spans if needed else ():
                    self._check_log(span)
                campaign.decode_points.append(point)

    def _check_log(self, span: LogSpan) -> None:
        try:
            size = os.stat(span.path).st_size
        except OSError as error:
            problem = Message("part.unreadable", why=error.strerror)
        else:
            if size >= span.end:
                return
            problem = Message("part.has_bytes", size=size)
        raise ConfigError(
            Message(
                "file.resume_log",
                path=self.path,
                begin=span.begin,
                end=span.end,
                log=span.path,
                problem=problem,
            )
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        entry = self.kept.get(item.nodeid)
        if entry is None or not is_live(item):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for when in _PHASES:
            item.ihook.pytest_runtest_logreport(report=_report(item, entry, when))
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True


def _report(item: pytest.Item, entry: Entry, when: Literal["setup", "call", "teardown"]) -> pytest.TestReport:
    from slabench.report.console import failure_text

    red = when == "call" and entry.word is not Outcome.PASSED
    now = time.time()
    report = pytest.TestReport(
        item.nodeid,
        item.location,
        dict.fromkeys(item.keywords, 1),
        "failed" if red else "passed",
        failure_text(entry) if red else None,
        when,
        duration=entry.duration_s if when == "call" else 0.0,
        start=now,
        stop=now,
    )
    if when == "call":
        attach_entry(report, entry)
    if when == "teardown":
        report.user_properties += junit_properties(entry)
    return report


RESUMED = pytest.StashKey[Resumed]()
