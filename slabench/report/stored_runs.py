"""What can be compared after the fact: run folders, baseline files, and files of sglang.bench_serving's rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slabench.bench_serving.row_checks import planned, row_checks, row_id, same_rows
from slabench.errors import ConfigError, system_words
from slabench.messages import Message
from slabench.report.resume import read_run
from slabench.verdict import baseline_file
from slabench.verdict.baseline_file import allowed_checks, identity, is_measured, only_inconclusive, run_ids
from slabench.verdict.gated_metrics import Gathered, gather, samples_of
from slabench.verdict.outcome import Check, CheckStatus

# bench_serving's keys of what its figures are gated by; its rows name no unit, they are ms and tokens a
# second.
ROW_FIGURES = {
    "classic.tpot.mean": ("mean_tpot_ms",),
    "classic.ttft.mean": ("mean_ttft_ms",),
    "classic.total_throughput": ("total_throughput", "total_token_throughput"),  # the latter is vllm bench's
}


@dataclass(frozen=True, slots=True)
class StoredTest:
    """One test of one side. classic: the same by bench_serving's definitions, for a side that has no other."""

    method: str
    workload: Mapping[str, Any]
    samples: Gathered
    classic: Gathered = field(default_factory=lambda: Gathered({}))
    invalid: str | None = None  # why nobody can judge it
    # checks that --allow let pass, with what they saw
    allowed: Mapping[str, str] = field(default_factory=dict)
    by_hand: bool = False  # names the figures that are to be compared, and no others
    checks: tuple[Check, ...] = ()  # what is known of its validity
    accept_length: float | None = None  # of speculative decoding, mean over the repeats


@dataclass(frozen=True, slots=True)
class StoredSide:
    """A run, a baseline, or rows, under the name that was given for it. rows: another client's, which alone
    tell their validity.
    """

    name: str
    fingerprint: Mapping[str, Mapping[str, Any]]
    tests: Mapping[str, StoredTest]
    rows: bool = False
    version: str | None = None
    run_ids: frozenset[str] = frozenset()  # the runs it was made of, where it says


def read_side(given: str) -> StoredSide:
    """A run folder (or its run.json), a baseline file, or JSON lines of bench_serving.

    ConfigError in one sentence otherwise.
    """
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
        return _rows(given, _lines(given, text))
    if isinstance(document, dict) and str(document.get("schema", "")).startswith("slabench.baseline/"):
        return _baseline(given)
    return _rows(given, [("its only row", document)])


def _lines(given: str, text: str) -> list[tuple[str, Any]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append((f"line {number}", json.loads(line)))
            except ValueError as error:
                raise ConfigError(f"{given}, line {number} is no JSON ({error}); {WANTED}.") from error
    return found


WANTED = "give run folders such as reports/latest, baseline files, or files that sglang.bench_serving wrote (--output-file)"


def _run(given: str, folder: Path) -> StoredSide:
    _, data = read_run(given, "")
    tests = {}
    for entry in data["tests"]:
        bad = entry["word"] == "INVALID" and not only_inconclusive(entry)
        runs = [one["metrics"] for one in entry.get("repeats", ()) if one["side"] == "new"] or [
            entry["metrics"]
        ]
        classic = gather(runs, (key for key in ROW_FIGURES if any(key in run for run in runs)))
        work = identity(entry["workload"], entry["plan"])
        said, let_pass = entry["headline"] if bad else None, allowed_checks(entry)
        checks = tuple(Check.read(stored) for stored in entry["checks"])
        length = _mean(run.get("accept_length") for run in runs)
        tests[entry["id"]] = StoredTest(
            entry["method"],
            work,
            samples_of(entry),
            classic,
            said,
            let_pass,
            checks=checks,
            accept_length=length,
        )
    server = data["server"]
    made_of = frozenset([str(data["run_id"])])
    return StoredSide(
        given, server.get("fingerprint", {}), tests, version=server.get("version"), run_ids=made_of
    )


def _baseline(given: str) -> StoredSide:
    found = baseline_file.load(given, option="")
    tests = {
        test_id: StoredTest(
            entry.get("method", "serving"),
            entry.get("workload", {}),
            Gathered(found.samples(test_id), entry.get("lacking", {})),
            allowed=entry.get("allowed", {}),
            by_hand="samples" not in entry,
            accept_length=_mean([entry.get("information", {}).get("accept_length")]),
        )
        for test_id, entry in found.tests.items()
    }
    version = found.fingerprint.get("server", {}).get("version")
    return StoredSide(
        given, found.fingerprint, tests, version=version, run_ids=frozenset(run_ids({"source": found.source}))
    )


def _rows(given: str, rows: Sequence[tuple[str, Any]]) -> StoredSide:
    """rows: (where, row). Those of the same load are repeats of one test; a tag that is a test's id is its
    name.
    """
    works: dict[str, dict[str, Any]] = {}
    repeats: dict[str, list[dict[str, Any]]] = {}
    for where, row in rows:
        if not isinstance(row, dict) or "mean_ttft_ms" not in row or "completed" not in row:
            raise ConfigError(f"{given}, {where} is no row of sglang.bench_serving; {WANTED}.")
        try:
            work = _row_workload(row)
        except (ValueError, TypeError, OverflowError) as error:
            rate = row["request_rate"]
            raise ConfigError(f"{given}, {where}: request_rate={rate!r:.60} is no rate; {WANTED}.") from error
        tag = str(row.get("tag") or "")
        name = tag if "::" in tag else _row_name(work)
        works[name] = work
        repeats.setdefault(name, []).append(row)
    if not works:
        raise ConfigError(f"{given} has no row in it; {WANTED}.")
    tests = {}
    for name, work in works.items():
        figures = [_row_figures(row) for row in repeats[name]]
        samples = gather(figures, (key for key in ROW_FIGURES if any(key in one for one in figures)))
        length = _mean(row.get("accept_length") for row in repeats[name])
        tests[name] = StoredTest(
            "serving", work, samples, samples, checks=_row_checks(repeats[name]), accept_length=length
        )
    made_of = frozenset(found for _, row in rows if (found := row_id(row)) is not None)
    return StoredSide(given, {}, tests, rows=True, run_ids=made_of)


def _mean(values: Iterable[Any]) -> float | None:
    """Of what is a number."""
    found = [float(value) for value in values if is_measured(value)]
    return sum(found) / len(found) if found else None


def _row_figures(row: Mapping[str, Any]) -> dict[str, float]:
    """It writes 0 for what is not defined, such as the TPOT of answers of one token."""
    found = {
        ours: next((row[key] for key in theirs if key in row), None) for ours, theirs in ROW_FIGURES.items()
    }
    return {
        key: float(one) for key, one in found.items() if isinstance(one, int | float) and is_measured(one)
    }


def _row_checks(rows: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """Each check once, as the worst of the repeats has it."""
    order = (CheckStatus.INVALID, CheckStatus.FINDING, CheckStatus.NOT_CHECKED, CheckStatus.OK)
    each = [row_checks(row) for row in rows]
    found = []
    for column in zip(*each, strict=True):
        place, worst = min(enumerate(column, 1), key=lambda one: order.index(one[1].state))
        if len(rows) > 1 and worst.state in order[:2]:
            row = Message("load.row", row=place, rows=len(rows))
            worst = replace(worst, message=Message("load.check", load=row, check=worst.message, more=None))
        found.append(worst)
    twice = same_rows(rows)
    return (*([twice] if twice is not None else []), *found)


def _row_workload(row: Mapping[str, Any]) -> dict[str, Any]:
    """As identity() has it, of what a row tells; where it does not tell how many were sent, the completed
    ones are counted.
    """
    rate = row.get("request_rate")
    sharegpt = row.get("dataset_name") == "sharegpt"
    spread = (
        {}
        if sharegpt or row.get("random_range_ratio") is None
        else {"range_ratio": float(row["random_range_ratio"])}
    )
    return spread | {
        "dataset_name": row.get("dataset_name"),
        "num_prompts": planned(row) or row["completed"],
        "input_len": None if sharegpt else row.get("random_input_len"),
        "output_len": row.get("sharegpt_output_len") if sharegpt else row.get("random_output_len"),
        "request_rate": "inf" if rate in (None, "inf", "trace") or math.isinf(float(rate)) else float(rate),
        "max_concurrency": row.get("max_concurrency"),
    }


def _row_name(work: Mapping[str, Any]) -> str:
    """`random-ids 3500/1200, 128 prompts, rate 128.0, concurrency 128`"""
    lengths = "" if work["input_len"] is None else f" {work['input_len']}/{work['output_len']}"
    cap = "" if work["max_concurrency"] is None else f", concurrency {work['max_concurrency']}"
    lengths += f" x {work['range_ratio']:g} to 1" if work.get("range_ratio", 1) != 1 else ""
    return f"{work['dataset_name']}{lengths}, {work['num_prompts']} prompts, rate {work['request_rate']}{cap}"


def same_load(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True if both name the same load in what both name."""
    keys = ["dataset_name", "num_prompts", "input_len", "output_len", "request_rate", "max_concurrency"]
    keys += ["range_ratio"] if "range_ratio" in one and "range_ratio" in other else []
    return all(one.get(key) == other.get(key) for key in keys)
