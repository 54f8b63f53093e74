"""--resume as pytest sees it: a finished test is not run but reported again, so that every output has the
whole run in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from slabench.errors import ConfigError
from slabench.plugin.order import is_live
from slabench.records import LogSpan

if TYPE_CHECKING:
    from slabench.session.campaign import Campaign
    from slabench.session.deployment import Deployment


class Resumed:
    """The run that is continued: its kept entries by test id, and the server that they were measured on."""

    def __init__(self, given: str, kept: dict[str, dict[str, Any]], server: dict[str, Any]) -> None:
        self.given = given
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

        now = campaign.as_dict()
        odd = server_differences(self.server, now, same_url=campaign.servers.launched is None)
        if "baseline" in self.server and "baseline" in now:
            same_url = campaign.servers.launched_baseline is None
            beside = server_differences(self.server["baseline"], now["baseline"], same_url=same_url)
            odd += [f"baseline server: {one}" for one in beside]
        if odd:
            raise ConfigError(
                f"--resume={self.given}: another server answers than the run was begun with ({'; '.join(odd)}). Bring back that "
                "server, or start a run of its own."
            )
        before, after = (identity(one.get("info")) for one in (self.server, now))
        if not self.server:
            return "no test had finished"
        process = (
            "the same server process"
            if before is not None and before == after
            else "the same server, started anew"
        )
        # By the kept tests and not by the options: a --resume that was refused has left its own there.
        spans = [one for entry in self.kept.values() for one in entry.get("server", {}).get("log_spans", ())]
        was = list(dict.fromkeys(one["path"] for one in spans))
        if not was or (deployment.logs and set(deployment.logs) <= set(was)):
            return process
        return f"{process}, its deploy log is {', '.join(deployment.logs) or 'not given'} and was {', '.join(was)}"

    def restore(self, campaign: Campaign, items: Sequence[pytest.Item]) -> None:
        """The decode tests that the curve is made from.

        ConfigError if it is to be made, and their part of a log is gone.
        """
        from slabench.run_document.entry import Entry
        from slabench.run_document.read import parse
        from slabench.session.decode_curve import DecodePoint

        needed = any(
            "judge_curve" in getattr(item, "fixturenames", ())
            for item in items
            if item.nodeid not in self.kept
        )
        for kept in self.kept.values():
            if kept["method"] == "ali-decode":
                point = DecodePoint.of(parse(Entry, kept), kept["point"]["batch_size"])
                for span in point.spans if needed else ():
                    self._check_log(span)
                campaign.decode_points.append(point)

    def _check_log(self, span: LogSpan) -> None:
        try:
            size = os.stat(span.path).st_size
        except OSError as error:
            seen = f"cannot be read ({error.strerror})"
        else:
            if size >= span.end:
                return
            seen = f"has {size} bytes"
        raise ConfigError(
            f"--resume={self.given}: the decode curve is made from bytes {span.begin} to {span.end} of the deploy log {span.path} "
            f"too, which the kept decode tests are in, and it {seen}. Bring it back under that name, or start a run of its own."
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        entry = self.kept.get(item.nodeid)
        if entry is None or not is_live(item):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for when in ("setup", "call", "teardown"):
            item.ihook.pytest_runtest_logreport(report=_report(item, entry, when))
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True


def _report(item: pytest.Item, entry: dict[str, Any], when: Any) -> pytest.TestReport:
    from slabench.report.console import failure_text

    red = when == "call" and entry["word"] != "PASSED"
    now = time.time()
    report = pytest.TestReport(
        item.nodeid,
        item.location,
        dict.fromkeys(item.keywords, 1),
        "failed" if red else "passed",
        failure_text(entry) if red else None,
        when,
        duration=entry["duration_s"] if when == "call" else 0.0,
        start=now,
        stop=now,
    )
    if when == "call":
        report.slabench = {"entry": entry, "server": None, "labels": []}  # type: ignore[attr-defined]
    if when == "teardown":
        report.user_properties += [
            ("slabench.verdict", entry["word"]),
            ("slabench.reasons", ", ".join(entry["reasons"])),
        ]
    return report


RESUMED = pytest.StashKey[Resumed]()
