"""What can be compared after the fact: run folders, baseline files, and files of sglang.bench_serving's rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError, system_words
from slabench.report.resume import read_run
from slabench.verdict import baseline_file
from slabench.verdict.baseline_file import allowed_checks, identity, is_measured, only_inconclusive, run_ids
from slabench.verdict.samples import Gathered, gather, samples_of

# bench_serving's keys of what its figures are gated by; its rows name no unit, they are ms and tokens a second.
ROW_FIGURES = {
    "classic.tpot.mean": "mean_tpot_ms",
    "classic.ttft.mean": "mean_ttft_ms",
    "classic.total_throughput": "total_throughput",
}


@dataclass(frozen=True, slots=True)
class StoredTest:
    """One test of one side. classic: the same by bench_serving's definitions, for a side that has no other."""

    method: str
    workload: Mapping[str, Any]
    samples: Gathered
    classic: Gathered = field(default_factory=lambda: Gathered({}))
    invalid: str | None = None  # why nobody can judge it
    allowed: Mapping[str, str] = field(default_factory=dict)  # checks that --allow let pass, with what they saw
    by_hand: bool = False  # names the figures that are to be compared, and no others


@dataclass(frozen=True, slots=True)
class StoredSide:
    """A run, a baseline, or rows, under the name that was given for it. rows: nobody checked that they are valid."""

    name: str
    fingerprint: Mapping[str, Mapping[str, Any]]
    tests: Mapping[str, StoredTest]
    rows: bool = False
    version: str | None = None
    run_ids: frozenset[str] = frozenset()  # the runs it was made of, where it says


def read_side(given: str) -> StoredSide:
    """A run folder (or its run.json), a baseline file, or JSON lines of bench_serving. ConfigError in one sentence otherwise."""
    path = Path(given)
    if path.name == "run.json":
        path = path.parent
    if path.is_dir():
        return _run(given, path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{given} cannot be read ({system_words(error)}); {WANTED}.") from error
    try:
        document = json.loads(text)
    except ValueError:
        return _rows(given, text)
    if isinstance(document, dict) and str(document.get("schema", "")).startswith("slabench.baseline/"):
        return _baseline(given)
    return _rows(given, text)


WANTED = "give run folders such as reports/latest, baseline files, or files that sglang.bench_serving wrote (--output-file)"


def _run(given: str, folder: Path) -> StoredSide:
    _, data = read_run(given, "")
    tests = {}
    for entry in data["tests"]:
        bad = entry["word"] == "INVALID" and not only_inconclusive(entry)
        runs = [one["metrics"] for one in entry.get("repeats", ()) if one["side"] == "new"] or [entry["metrics"]]
        classic = gather(runs, (key for key in ROW_FIGURES if any(key in run for run in runs)))
        work = identity(entry["workload"], entry["plan"])
        said, let_pass = entry["headline"] if bad else None, allowed_checks(entry)
        tests[entry["id"]] = StoredTest(entry["method"], work, samples_of(entry), classic, said, let_pass)
    server = data["server"]
    made_of = frozenset([str(data["run_id"])])
    return StoredSide(given, server.get("fingerprint", {}), tests, version=server.get("version"), run_ids=made_of)


def _baseline(given: str) -> StoredSide:
    found = baseline_file.load(given, option="")
    tests = {
        test_id: StoredTest(
            entry.get("method", "serving"),
            entry.get("workload", {}),
            Gathered(found.samples(test_id), entry.get("lacking", {})),
            allowed=entry.get("allowed", {}),
            by_hand="samples" not in entry,
        )
        for test_id, entry in found.tests.items()
    }
    version = found.fingerprint.get("server", {}).get("version")
    return StoredSide(given, found.fingerprint, tests, version=version, run_ids=frozenset(run_ids({"source": found.source})))


def _rows(given: str, text: str) -> StoredSide:
    """Rows of the same load are repeats of one test; a tag that is a test's id is its name."""
    works: dict[str, dict[str, Any]] = {}
    repeats: dict[str, list[dict[str, float]]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{given}, line {number} is no JSON ({error}); {WANTED}.") from error
        if not isinstance(row, dict) or "mean_ttft_ms" not in row or "completed" not in row:
            raise ConfigError(f"{given}, line {number} is no row of sglang.bench_serving; {WANTED}.")
        try:
            work = _row_workload(row)
        except (ValueError, TypeError, OverflowError) as error:
            rate = row["request_rate"]
            raise ConfigError(f"{given}, line {number}: request_rate={rate!r:.60} is no rate; {WANTED}.") from error
        tag = str(row.get("tag") or "")
        name = tag if "::" in tag else _row_name(work)
        found = {ours: row.get(theirs) for ours, theirs in ROW_FIGURES.items()}
        # It writes 0 for what is not defined, such as the TPOT of answers of one token.
        figures = {key: float(one) for key, one in found.items() if isinstance(one, int | float) and is_measured(one)}
        works[name] = work
        repeats.setdefault(name, []).append(figures)
    if not works:
        raise ConfigError(f"{given} has no row in it; {WANTED}.")
    tests = {}
    for name, work in works.items():
        samples = gather(repeats[name], (key for key in ROW_FIGURES if any(key in one for one in repeats[name])))
        tests[name] = StoredTest("serving", work, samples, samples)
    return StoredSide(given, {}, tests, rows=True)


def _row_workload(row: Mapping[str, Any]) -> dict[str, Any]:
    """As identity() has it, of what a row tells; the number of prompts is that of the completed ones."""
    rate = row.get("request_rate")
    sharegpt = row.get("dataset_name") == "sharegpt"
    return {
        "dataset_name": row.get("dataset_name"),
        "num_prompts": row["completed"],
        "input_len": None if sharegpt else row.get("random_input_len"),
        "output_len": row.get("sharegpt_output_len") if sharegpt else row.get("random_output_len"),
        "request_rate": "inf" if rate in (None, "inf", "trace") or math.isinf(float(rate)) else float(rate),
        "max_concurrency": row.get("max_concurrency"),
    }


def _row_name(work: Mapping[str, Any]) -> str:
    """`random-ids 3500/1200, 128 prompts, rate 128.0, concurrency 128`"""
    lengths = "" if work["input_len"] is None else f" {work['input_len']}/{work['output_len']}"
    cap = "" if work["max_concurrency"] is None else f", concurrency {work['max_concurrency']}"
    return f"{work['dataset_name']}{lengths}, {work['num_prompts']} prompts, rate {work['request_rate']}{cap}"


def same_load(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True if both name the same load in what both name."""
    keys = ("dataset_name", "num_prompts", "input_len", "output_len", "request_rate", "max_concurrency")
    return all(one.get(key) == other.get(key) for key in keys)
