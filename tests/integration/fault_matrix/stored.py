"""A run folder judged again: from requests.jsonl.gz and run.json alone, through the checks and the judge of the engine."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Set
from typing import Any

import pytest

from slabench.metrics.compute import compute
from slabench.records import ClientRecord, RunRecord, ServerEvidence
from slabench.report.records_file import read_records
from slabench.verdict import baseline_file, baselines, validity
from slabench.verdict.judge import Case, judge
from slabench.verdict.sla import slo
from slabench.verdict.words import Check, State, Verdict
from tests.integration.conftest import Done

TPOT_RULE = slo("tpot", "mean", "<=", 50)  # of tencent and ali decode, as published
# Checks that need no more than what a run folder holds. Taken from run.json as they are: the log's and the curve's, and those
# that look at the prompts themselves (prompt_length, prefix_cache) or at the log's word beside another (flush, batch_held).
FROM_RECORDS = frozenset(
    "completed finish_reason output_length token_counts same_server batch_fits batch_reached retraction client one_read".split()
)
SAME = {"ok": (1, 1), "not_checked": (None, None), "invalid": (1, 2)}  # who answered is no part of run.json, what was found is


class Stored:
    """One finished run."""

    def __init__(self, done: Done) -> None:
        assert done.folder is not None, done.output
        self.run = done.run
        self.folder = done.folder

    def red(self) -> dict[str, Any]:
        """The last test that is not green."""
        found: list[dict[str, Any]] = [entry for entry in self.run["tests"] if entry["word"] != "PASSED"]
        assert found, [(entry["id"], entry["word"]) for entry in self.run["tests"]]
        return found[-1]

    def failure(self, test_id: str) -> str:
        """JUnit's message of a test."""
        cases = ET.parse(self.folder / "junit.xml").getroot().iter("testcase")
        (case,) = [case for case in cases if case.get("name") == test_id.rpartition("::")[2]]
        found = case.find("failure")
        assert found is not None, "JUnit knows of no failure"
        return found.get("message", "")

    def record(self, entry: dict[str, Any]) -> RunRecord:
        path = self.folder / "requests.jsonl.gz"
        requests = sorted((one for test_id, one in read_records(path) if test_id == entry["id"]), key=lambda one: one.index)
        began = requests[0].due_ns  # the first request is due at the plan's zero
        client = ClientRecord(**entry["client"])
        server = ServerEvidence(flush_status=entry["server"]["flush_status"])
        return RunRecord(requests, began, 0.0, entry["workload"], entry["plan"], client, server)

    def _checks(self, entry: dict[str, Any], leave_out: Set[str]) -> list[Check]:
        """Ours are made anew from the records; those of the log and of the curve are taken as they are."""
        kept = [Check(one["name"], State(one["state"]), one["text"], one["remedy"]) for one in entry["checks"]]
        kept = [one for one in kept if one.name not in leave_out]
        if "records" not in entry:
            return kept
        run, server, told = self.record(entry), self.run["server"], {one["name"]: one["state"] for one in entry["checks"]}
        before, after = SAME[told["same_server"]]
        planned = self.run["options"]["num_prompts"] if entry["method"] in ("tencent", "serving") else len(run.requests)
        subject = validity.Subject(
            run=run,
            exact_prompt=entry["workload"]["prompt_form"] == "ids",
            planned=planned,
            batch_size=entry["point"].get("batch_size"),
            token_capacity=server["token_capacity"],
            max_running=server["max_running_requests"],
            identity_before=before,
            identity_after=after,
        )
        made = {one.name: one for one in validity.examine(subject, entry["method"], allow=self.run["options"]["allow"])}
        texts = {one["name"]: one["text"] for one in entry["checks"]}
        for name in FROM_RECORDS & made.keys() - leave_out:
            assert made[name].state.value == told[name], made[name]
            if name != "same_server":  # two seeds that differ can stand for one that fell silent
                # line ends of a server's own words are shown as blanks in every output
                assert made[name].text.split() == texts[name].split(), (made[name].text, texts[name])
        return [made[one.name] if one.name in FROM_RECORDS - {"same_server"} else one for one in kept]

    def judge(self, entry: dict[str, Any], leave_out: Set[str] = frozenset()) -> Verdict:
        """The verdict of the same records, without the checks that are named. NOT_COMPARABLE leaves out the baseline."""
        figures = dict(entry["metrics"])
        slos = (TPOT_RULE,) if entry["method"] in ("tencent", "ali-decode") else ()
        if "records" in entry:
            for key, value in compute(self.record(entry)).items():
                if not key.endswith("_per_gpu"):
                    assert figures[key] == pytest.approx(value), key
        options = self.run["options"]
        comparison = None
        if options["baseline"] is not None and "NOT_COMPARABLE" not in leave_out:
            comparison = baselines.compare(
                baseline_file.load(options["baseline"]),
                entry["id"],
                {key: [value] for key, value in figures.items()},
                {},
                self.run["server"]["fingerprint"],
                baseline_file.identity(entry["workload"], entry["plan"]),
                tolerance=options["tolerance"] / 100,
            )
        return judge(Case(figures, {}, self._checks(entry, leave_out), slos=slos, comparison=comparison))
