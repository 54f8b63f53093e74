"""The baseline file: read, checked, made from runs, written. JSON; docs/baselines.md describes
it.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slabench.errors import ConfigError, system_words
from slabench.messages import Message
from slabench.metrics.definitions import METRICS, metric_of
from slabench.output_file import locked, write_whole
from slabench.strict_json import dumps
from slabench.verdict.accuracy import NONE, RIGHT, WRONG
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.differences import EXTRAS, UPGRADED, either_way, joined
from slabench.verdict.gated_metrics import gated_keys, gather
from slabench.verdict.stored_launches import SPREAD, wrong_spread

if TYPE_CHECKING:
    from slabench.run_document.entry import Entry
    from slabench.run_document.run import RunDocument

# slabench.baseline/2: `samples`, one value a repeat, beside each test's `figures` (their means), and `rules`,
# what may differ. slabench.baseline/1: the first form, one run, `figures` alone. Still read: one sample a
# metric, without a spread.
SCHEMA = "slabench.baseline/2"
# of any metric in its unit: beyond are numbers that were typed, some of which no float can hold
POSSIBLE = (1e-9, 1e15)
# of a workload's identity, and of its plan's
SENT = "dataset_name prompt_form num_prompts input_len output_len range_ratio same_prompts".split()
SENT_HOW = ("request_rate", "max_concurrency", "backend", "warmup_requests", "flush_cache")
SHAREGPT = "sharegpt"  # the data set whose conversations have the lengths that are sent
READ = (SCHEMA, "slabench.baseline/1")
# of a test's entry
OBJECTS = (
    "workload",
    "figures",
    "information",
    "floors",
    "samples",
    "lacking",
    "allowed",
    "launch_spread",
    "answers",
)

RULES = {
    "may_differ": list(UPGRADED),
    "may_not_differ": ["hardware", "model", "workload", "server"],
    "unless": "--allow-diff names the section or the key",
}

# Kept beside the gated ones.
INFORMATION = tuple(
    f"{metric.name}.{metric.information}" if metric.spread else metric.name
    for metric in METRICS.values()
    if metric.information is not None
)


def load(path: str, *, option: str = "--baseline=") -> Baseline:
    """Read a baseline; ConfigError in one sentence if it cannot be used."""
    document = read_document(path, option=option)
    tests = {test_id: BaselineTest.read(entry, path) for test_id, entry in document["tests"].items()}
    labels = tuple(map(str, document.get("labels") or ()))
    source = str(document.get("source", path))
    return Baseline(path, source, document["fingerprint"], tests, labels=labels)


def read_document(path: str, *, option: str) -> dict[str, Any]:
    """The same as the file has it."""
    remedy, named = Message("part.save_baseline"), f"{option}{path}"
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(Message("file.baseline_missing", named=named, remedy=remedy)) from error
    except (OSError, ValueError, RecursionError) as error:
        # RecursionError: nested too deep; a number of thousands of digits is a ValueError of its own
        raise ConfigError(
            Message("file.baseline_unreadable", named=named, why=system_words(error), remedy=remedy)
        ) from error
    if (wrong := _wrong(document)) is not None:
        raise ConfigError(Message("file.baseline_wrong", named=named, wrong=wrong, remedy=remedy))
    published = "PUBLISHED" in (document.get("labels") or ())
    tests = {test_id: _of_text(entry, published=published) for test_id, entry in document["tests"].items()}
    return {**document, "tests": tests}


def _wrong(document: Any) -> Message | None:
    """Why it is not a baseline, or None."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema not in READ:
        return Message("wrong.schema", schema=schema, read=READ)
    if not isinstance(document.get("tests"), dict) or not isinstance(document.get("fingerprint"), dict):
        return Message("wrong.nothing")
    for name, entry in (*document["fingerprint"].items(), *document["tests"].items()):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key, {}), dict) for key in OBJECTS):
            return Message("wrong.form", name=name)
    for test_id, entry in document["tests"].items():
        if "answers" in entry and not _are_answers(entry["answers"]):
            return Message("wrong.answers", test=test_id)
        figures = entry.get("figures", {})
        for key, value in (*figures.items(), *entry.get("floors", {}).items()):
            if metric_of(key) is None or not is_measured(value):
                return Message("wrong.metric", test=test_id, key=key, value=value)
        for key, values in entry.get("samples", {}).items():
            if not isinstance(values, list) or not values or not all(map(is_measured, values)):
                return Message("wrong.samples", test=test_id, key=key, values=values)
            mean = figures.get(key)
            if mean is None or not math.isclose(mean, statistics.fmean(values), rel_tol=1e-6):
                return Message("wrong.mean", test=test_id, key=key, mean=mean, values=values)
        if (wrong := wrong_spread(entry)) is not None:
            return Message("wrong.spread", test=test_id, what=wrong)
    return None


def _are_answers(stored: Mapping[str, Any]) -> bool:
    known = {"sha256", "results"} == set(stored) and all(isinstance(text, str) for text in stored.values())
    return known and set(stored["results"]) <= {RIGHT, WRONG, NONE}


def _of_text(entry: Mapping[str, Any], *, published: bool) -> Mapping[str, Any]:
    """Published metrics and bench_serving's are of prompts sent as text, where the entry does not record the
    form.

    The server's tokenizer is part of such a prefill: a run that sends ids does other work.
    """
    keys, work = (*entry.get("figures", {}), *entry.get("floors", {})), entry.get("workload", {})
    if "prompt_form" in work or not (published or any(key.startswith("classic.") for key in keys)):
        return entry
    return {**entry, "workload": {**work, "prompt_form": "text"}}


def is_measured(value: object) -> bool:
    """A number that a run can have: any value is better than an infinite time or a throughput of 0."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and POSSIBLE[0] < value < POSSIBLE[1]
    )


def identity(workload: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two workloads the same: lengths, counts, data, arrival plan, and what precedes it (warm-up,
    flush).

    Seeds are information, not identity; so is the hash of a data set that provides texts and no lengths.
    Whether all repeats have the same prompts is identity: their mean and their spread are others.
    """
    hashed = ("dataset_sha256",) if workload.get("dataset_name") == SHAREGPT else ()
    arrivals = ("arrivals",) if plan.get("kind") == "open_loop" else ()
    return {key: workload[key] for key in (*SENT, *hashed) if key in workload} | {
        key: plan[key] for key in (*SENT_HOW, *arrivals, *EXTRAS) if key in plan
    }


def build(run: RunDocument) -> dict[str, Any]:
    """The baseline document of a run's PASSED and FAILED tests; an INVALID one is left out."""
    return {
        "schema": SCHEMA,
        "source": run.run_id,
        "created_utc": run.updated_utc,
        "labels": list(run.labels),
        "rules": RULES,
        "fingerprint": {
            section: dict(run.fingerprint.get(section, {})) for section in ("server", "hardware", "model")
        },
        "tests": {entry.id: _stored(entry) for entry in run.tests if entry.valid},
    }


def _stored(entry: Entry) -> dict[str, Any]:
    runs = entry.runs()
    classic = "BENCH_SERVING" in entry.reasons
    gathered = gather(runs, gated_keys(entry.method, *runs, classic=classic))
    # `lacking`: so that a comparison reports the metric that it cannot compare, instead of leaving it out
    further: dict[str, Mapping[str, str]] = {
        "lacking": dict(gathered.lacking),
        "allowed": entry.allowed_checks,
        "answers": {}
        if entry.accuracy is None
        else {"sha256": entry.accuracy.sha256, "results": entry.accuracy.results},
    }
    return {
        "method": entry.method,
        "workload": identity(entry.workload, entry.plan),
        **of_samples(gathered.values),
        "information": {
            key: entry.metrics[key]
            for key in INFORMATION
            if key in entry.metrics and key not in gathered.values
        },
        "floors": {},
        **{key: value for key, value in further.items() if value},
    }


def keep(
    document: Mapping[str, Any], old: Mapping[str, Any], *, differ: bool
) -> tuple[dict[str, Any], list[str]]:
    """(document with what an existing file holds beside it, the tests that were removed).

    Floors are written by hand, and stay. Tests that this run did not measure stay where the two deployments
    do not differ; so does the spread of launches of the same workload.
    """
    tests = {test_id: dict(entry) for test_id, entry in document["tests"].items()}
    for test_id, entry in tests.items():
        before = old["tests"].get(test_id, {})
        entry["floors"] = dict(before.get("floors", {}))
        if not differ and before.get("workload") == entry.get("workload") and SPREAD in before:
            entry.setdefault(SPREAD, before[SPREAD])
    others = {test_id: entry for test_id, entry in old["tests"].items() if test_id not in tests}
    if differ and others:
        return {**document, "tests": tests}, sorted(others)
    prints = document["fingerprint"], old["fingerprint"]
    fingerprint = joined(*prints) if others else prints[0]
    return {**document, "fingerprint": fingerprint, "tests": {**others, **tests}}, []


def of_samples(samples: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The parts of a test's entry that follow from its samples."""
    return {
        "repeats": max((len(values) for values in samples.values()), default=1),
        "figures": {key: statistics.fmean(values) for key, values in samples.items()},
        "samples": {key: list(values) for key, values in samples.items()},
    }


def save(path: str, document: Mapping[str, Any]) -> None:
    """Write atomically, so that an interrupted save never leaves half a baseline."""
    write_whole(path, dumps(document, indent=1) + "\n")


def add_to(path: str, document: Mapping[str, Any], *, option: str) -> tuple[dict[str, Any], list[str]]:
    """(what the file holds now, the tests that were removed). ConfigError if an existing file is no baseline.

    It is read and written under a lock, so that two runs that end at the same time are both stored.
    """
    with locked(path):
        kept, removed = dict(document), list[str]()
        if Path(path).is_file():
            old = read_document(path, option=option)
            differ = bool(either_way(old["fingerprint"], document["fingerprint"]))
            kept, removed = keep(document, old, differ=differ)
        save(path, kept)
    return kept, removed
