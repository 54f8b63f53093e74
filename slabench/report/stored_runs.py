"""What can be compared later: run folders, baseline files, and files of sglang.bench_serving's rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slabench.bench_serving.row_checks import planned, row_checks, row_id, same_rows
from slabench.errors import ConfigError, system_words
from slabench.messages import Message
from slabench.report.resume import read_run
from slabench.run_document.entry import Entry
from slabench.run_document.write import stored
from slabench.server.info import SIMULATED_BY
from slabench.verdict import baseline_file
from slabench.verdict.accuracy import Answers
from slabench.verdict.baseline_file import identity, is_measured
from slabench.verdict.baseline_merge import run_ids
from slabench.verdict.gated_metrics import Gathered, gated_keys, gather
from slabench.verdict.launch_spread import ONE_LAUNCH, Launches
from slabench.verdict.outcome import Check, CheckStatus

# bench_serving's keys of the metrics that gate; its rows have no unit, they are ms and tokens a second.
ROW_METRICS = {
    "classic.tpot.mean": ("mean_tpot_ms",),
    "classic.ttft.mean": ("mean_ttft_ms",),
    "classic.total_throughput": ("total_throughput", "total_token_throughput"),  # the latter is vllm bench's
}
WANTED = Message("part.stored_wanted")
LOAD_KEYS = (
    "dataset_name", "num_prompts", "input_len", "output_len", "request_rate", "max_concurrency"
)  # fmt: skip
Row = Mapping[str, Any]  # a line of another client's file


@dataclass(frozen=True, slots=True)
class StoredTest:
    """One test of one side. classic: by bench_serving's definitions, for a side that has no others."""

    method: str
    workload: Mapping[str, object]
    samples: Gathered
    classic: Gathered = field(default_factory=lambda: Gathered({}))
    invalid: str | None = None  # why no verdict is possible
    # checks that are findings by --allow, with what they observed
    allowed: Mapping[str, str] = field(default_factory=dict)
    by_hand: bool = False  # only the metrics that it names are compared
    checks: tuple[Check, ...] = ()  # what is known of its validity
    accept_length: float | None = None  # of speculative decoding, mean over the repeats
    answers: Answers | None = None  # to the questions of --accuracy-file
    launches: Launches = ONE_LAUNCH  # what a baseline file knows of them


@dataclass(frozen=True, slots=True)
class StoredSide:
    """A run, a baseline, or rows, under the name that it was named by. rows: of another client; labels: the
    run's.
    """

    name: str
    fingerprint: Mapping[str, Mapping[str, object]]
    tests: Mapping[str, StoredTest]
    rows: bool = False
    version: str | None = None
    run_ids: frozenset[str] = frozenset()  # the runs it was made of, where it has them
    labels: tuple[str, ...] = ()


def read_side(name: str) -> StoredSide:
    """A run folder (or its run.json), a baseline file, or JSON lines of bench_serving; else ConfigError."""
    path = Path(name)
    if path.is_dir() or path.name == "run.json":
        return _run(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            Message("file.stored_unreadable", name=name, why=system_words(error), wanted=WANTED)
        ) from error
    try:
        document = json.loads(text)
    except ValueError:
        return _rows(name, list(_lines(name, text)))
    if isinstance(document, dict) and str(document.get("schema", "")).startswith("slabench.baseline/"):
        return _baseline(name)
    return _rows(name, [(Message("part.only_row"), document)])


def _lines(name: str, text: str) -> Iterator[tuple[Message, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield Message("part.line", number=number), json.loads(line)
            except ValueError as error:
                raise ConfigError(
                    Message("file.stored_no_json", name=name, number=number, why=error, wanted=WANTED)
                ) from error


def _run(path: str) -> StoredSide:
    _, document = read_run(path, "")
    return StoredSide(
        path,
        document.fingerprint,
        {entry.id: _test(entry) for entry in document.tests},
        version=None if document.server is None else document.server.version,
        run_ids=frozenset([document.run_id]),
        labels=document.labels,
    )


def _test(entry: Entry) -> StoredTest:
    runs = entry.runs()
    gated = gated_keys(entry.method, *runs, classic="BENCH_SERVING" in entry.reasons)
    return StoredTest(
        entry.method,
        identity(entry.workload, entry.plan),
        gather(runs, gated),
        gather(runs, [key for key in ROW_METRICS if any(key in run for run in runs)]),
        None if entry.valid else entry.headline,
        entry.allowed_checks,
        checks=tuple(Check.read(stored(check)) for check in entry.checks),
        accept_length=_mean(run.get("accept_length") for run in runs),
        answers=None if entry.accuracy is None else Answers(entry.accuracy.sha256, entry.accuracy.results),
    )


def _baseline(name: str) -> StoredSide:
    baseline = baseline_file.load(name, option="")
    tests = {
        test_id: StoredTest(
            test.method,
            test.workload,
            test.samples,
            allowed=test.allowed,
            by_hand=test.by_hand,
            accept_length=_mean([test.accept_length]),
            answers=test.answers,
            launches=test.launches,
        )
        for test_id, test in baseline.tests.items()
    }
    version = baseline.fingerprint.get("server", {}).get("version")
    made_of = frozenset(run_ids({"source": baseline.source}))
    labels = baseline.labels
    return StoredSide(name, baseline.fingerprint, tests, version=version, run_ids=made_of, labels=labels)


def _rows(name: str, rows: Sequence[tuple[Message, Any]]) -> StoredSide:
    """rows: (where, row). Rows of the same load are repeats of one test; a test id as tag names it."""
    repeats: dict[str, list[tuple[Row, dict[str, object]]]] = {}
    for where, row in rows:
        if not isinstance(row, dict) or "mean_ttft_ms" not in row or "completed" not in row:
            raise ConfigError(Message("file.stored_no_row", name=name, where=where, wanted=WANTED))
        try:
            workload = _row_workload(row)
        except (ValueError, TypeError, OverflowError) as error:
            rate = row["request_rate"]
            raise ConfigError(
                Message("file.stored_rate", name=name, where=where, rate=rate, wanted=WANTED)
            ) from error
        tag = str(row.get("tag") or "")
        repeats.setdefault(tag if "::" in tag else _row_name(workload), []).append((row, workload))
    if not repeats:
        raise ConfigError(Message("file.stored_empty", name=name, wanted=WANTED))
    tests = {test: _row_test([row for row, _ in loads], loads[-1][1]) for test, loads in repeats.items()}
    made_of = frozenset(run_id for _, row in rows if (run_id := row_id(row)) is not None)
    simulated = any(SIMULATED_BY in (row.get("server_info") or {}) for _, row in rows)
    labels = ("SIMULATED",) if simulated else ()
    return StoredSide(name, {}, tests, rows=True, run_ids=made_of, labels=labels)


def _row_test(rows: Sequence[Row], workload: Mapping[str, object]) -> StoredTest:
    runs = [_row_metrics(row) for row in rows]
    samples = gather(runs, (key for key in ROW_METRICS if any(key in run for run in runs)))
    length = _mean(row.get("accept_length") for row in rows)
    checks = _row_checks(rows)
    return StoredTest("serving", workload, samples, samples, checks=checks, accept_length=length)


def _mean(values: Iterable[object]) -> float | None:
    """Of the numbers among them."""
    numbers = [value for value in values if isinstance(value, int | float) and is_measured(value)]
    return sum(numbers) / len(numbers) if numbers else None


def _row_metrics(row: Row) -> dict[str, float]:
    """It has 0 for what is not defined, such as the TPOT of answers of one token."""
    values = {
        ours: next((row[key] for key in theirs if key in row), None) for ours, theirs in ROW_METRICS.items()
    }
    return {key: float(value) for key, value in values.items() if value is not None and is_measured(value)}


def _row_checks(rows: Sequence[Row]) -> tuple[Check, ...]:
    """Each check once, with the worst result of the repeats."""
    order = (CheckStatus.INVALID, CheckStatus.FINDING, CheckStatus.NOT_CHECKED, CheckStatus.OK)
    checks = []
    for column in zip(*(row_checks(row) for row in rows), strict=True):
        place, worst = min(enumerate(column, 1), key=lambda pair: order.index(pair[1].state))
        if len(rows) > 1 and worst.state in order[:2]:
            row = Message("load.row", row=place, rows=len(rows))
            worst = replace(worst, message=Message("load.check", load=row, check=worst.message, more=None))
        checks.append(worst)
    twice = same_rows(rows)
    return (*([twice] if twice is not None else []), *checks)


def _row_workload(row: Row) -> dict[str, object]:
    """As identity() has it; without a number of requests sent, the completed ones count."""
    rate, lengths = row.get("request_rate"), row.get("random_range_ratio")
    sharegpt = row.get("dataset_name") == "sharegpt"
    spread = {} if sharegpt or lengths is None else {"range_ratio": float(lengths)}
    return spread | {
        "dataset_name": row.get("dataset_name"),
        "num_prompts": planned(row) or row["completed"],
        "input_len": None if sharegpt else row.get("random_input_len"),
        "output_len": row.get("sharegpt_output_len") if sharegpt else row.get("random_output_len"),
        "request_rate": "inf" if rate in (None, "inf", "trace") or math.isinf(float(rate)) else float(rate),
        "max_concurrency": row.get("max_concurrency"),
    }


def _row_name(workload: Mapping[str, object]) -> str:
    """`random-ids 3500/1200, 128 prompts, rate 128.0, concurrency 128`"""
    sizes = "" if workload["input_len"] is None else f" {workload['input_len']}/{workload['output_len']}"
    sizes += f" x {workload['range_ratio']:g} to 1" if workload.get("range_ratio", 1) != 1 else ""
    cap = "" if workload["max_concurrency"] is None else f", concurrency {workload['max_concurrency']}"
    load = f"{workload['num_prompts']} prompts, rate {workload['request_rate']}{cap}"
    return f"{workload['dataset_name']}{sizes}, {load}"


def same_load(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    """True if both have the same load in what both have."""
    both = ("range_ratio",) if "range_ratio" in first and "range_ratio" in second else ()
    return all(first.get(key) == second.get(key) for key in (*LOAD_KEYS, *both))
