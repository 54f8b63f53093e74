"""A run folder judged again: from requests.jsonl.gz and run.json alone, through the checks and the judge of
the engine.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Set
from typing import Any

import pytest

from slabench.load_host import LoadHost
from slabench.metrics.compute import compute
from slabench.records import Calibration, ClientRecord, RunRecord, ServerEvidence
from slabench.report.records_file import read_records
from slabench.verdict import baseline_file, validity
from slabench.verdict.comparison import compare
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Check, Verdict
from slabench.verdict.sla import slo
from slabench.verdict.validity.context_json import restore
from tests.integration.conftest import Done

TPOT_RULE = slo("tpot", "mean", "<=", 50)  # of tencent and ali decode, as published
# Not made by examine(): objectives that do not apply, and the decode curve, which has no records of its own.
AS_THEY_ARE = frozenset(
    {"slo_applies", *(check.name for check in validity.registered(validity.Stage.CURVE, validity.Stage.TEST))}
)


class Stored:
    """One finished run."""

    def __init__(self, done: Done) -> None:
        assert done.folder is not None, done.output
        self.run = done.run
        self.folder = done.folder

    def red(self) -> dict[str, Any]:
        """The last test that is not green."""
        entries: list[dict[str, Any]] = self.run["tests"]
        red = [entry for entry in entries if entry["word"] != "PASSED"]
        assert red, [(entry["id"], entry["word"]) for entry in entries]
        return red[-1]

    def failure(self, test_id: str) -> str:
        """JUnit's message of a test."""
        cases = ET.parse(self.folder / "junit.xml").getroot().iter("testcase")
        (case,) = [case for case in cases if case.get("name") == test_id.rpartition("::")[2]]
        failure = case.find("failure")
        assert failure is not None, "JUnit has no failure"
        return failure.get("message", "")

    def record(self, entry: dict[str, Any]) -> RunRecord:
        path = self.folder / "requests.jsonl.gz"
        own = [record for test_id, record in read_records(path) if test_id == entry["id"]]
        requests = sorted(own, key=lambda record: record.index)
        began = requests[0].due_ns  # the first request is due at the plan's zero
        bar = entry["client"]["calibration"]
        hosts = [LoadHost(**host) for host in entry["client"].get("hosts", ())]
        client = ClientRecord(
            **entry["client"] | {"calibration": None if bar is None else Calibration(**bar), "hosts": hosts}
        )
        stored = entry["server"]
        counted = None if stored["flush_workers"] is None else tuple(stored["flush_workers"])
        server = ServerEvidence(
            flush_status=stored["flush_status"], flush_lines=stored["flush_lines"], flush_workers=counted
        )
        return RunRecord(requests, began, 0.0, entry["workload"], entry["plan"], client, server)

    def _checks(self, entry: dict[str, Any], leave_out: Set[str]) -> list[Check]:
        """All are made anew, from the records and the evidence in run.json, and equal those of the run."""
        stored = [Check.read(check) for check in entry["checks"]]
        if "records" not in entry:
            return [check for check in stored if check.name not in leave_out]
        context = restore(self.record(entry), entry["evidence"])
        options = self.run["options"]
        made = validity.examine(
            context, entry["method"], allow=options["allow"], strict=options["strict_validity"]
        )
        checks = [*made, *(check for check in stored if check.name in AS_THEY_ARE)]
        assert list(map(_words, checks)) == list(map(_words, stored))
        return [check for check in checks if check.name not in leave_out]

    def judge(self, entry: dict[str, Any], leave_out: Set[str] = frozenset()) -> Verdict:
        """The verdict of the same records, without the checks that are named.

        NOT_COMPARABLE leaves out the baseline.
        """
        metrics = dict(entry["metrics"])
        slos = (TPOT_RULE,) if entry["method"] in ("tencent", "ali-decode") else ()
        if "records" in entry:
            for key, value in compute(self.record(entry)).items():
                if not key.endswith("_per_gpu"):
                    assert metrics[key] == pytest.approx(value), key
        options = self.run["options"]
        comparison = None
        if options["baseline"] is not None and "NOT_COMPARABLE" not in leave_out:
            comparison = compare(
                baseline_file.load(options["baseline"]),
                entry["id"],
                {key: [value] for key, value in metrics.items()},
                {},
                self.run["server"]["fingerprint"],
                baseline_file.identity(entry["workload"], entry["plan"]),
                tolerance=options["tolerance"] / 100,
            )
        return judge(Case(metrics, {}, self._checks(entry, leave_out), slos=slos, comparison=comparison))


def _words(check: Check) -> tuple[str, str, list[str]]:
    """Line ends of a server's own words are shown as blanks in every output."""
    return check.name, check.state.value, check.text.split()
