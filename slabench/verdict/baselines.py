"""Baselines: what a run is compared with, when it may be, and by how much it may be worse.

A baseline file is JSON: schema, source, fingerprint {server, hardware, model}, and per test id its workload, the figures that
are gated, others for information, and floors. What it does not name is not compared; what it names and this run does not
know is a difference, since nobody can say that it is the same.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError
from slabench.metrics.definitions import metric_of, too_few
from slabench.verdict.sla import Slo, check, number, spoken
from slabench.verdict.words import Objective

# slabench.baseline/1: first form.
SCHEMA = "slabench.baseline/1"

# Sections and keys of the fingerprint that an upgrade gate may see differ: the sglang version is the point of it.
MAY_DIFFER = ("server",)
SECTIONS = ("hardware", "model", "workload")
OBJECTS = ("workload", "figures", "information", "floors")  # of a test's entry

# The figures a method is gated by; a run stores the rest for information. Noise decides: TTFT of one request is no gate.
GATED: Mapping[str, tuple[str, ...]] = {
    "ali-decode": ("tpot.mean", "output_throughput"),
    "ali-prefill": ("input_throughput",),
    "ali-saturation": ("tpot.mean", "total_throughput"),
    "tencent": ("tpot.mean", "ttft.mean", "total_throughput"),
    "tencent-capacity": ("total_throughput",),
    "serving": ("tpot.mean", "ttft.mean", "total_throughput"),
}
INFORMATION = (
    "tpot.p99",
    "ttft.p99",
    "itl.p99",
    "e2el.mean",
    "gap_max",
    "full_batch.tpot",
    "full_batch.share",
    "log.tpot",
    "qpm",
    "input_throughput",
    "output_throughput",
    "duration",
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """One baseline file, read and checked."""

    path: str
    source: str
    fingerprint: Mapping[str, Mapping[str, Any]]
    tests: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test against a baseline."""

    baseline: str
    state: str  # compared | NO_BASELINE | NOT_COMPARABLE
    objectives: tuple[Objective, ...] = ()
    differences: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()  # differences that --allow-diff names
    reasons: tuple[str, ...] = ()
    not_comparable: str | None = None
    floors: tuple[Slo, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        return {
            "baseline": self.baseline,
            "state": self.state,
            "differences": list(self.differences),
            "allowed_differences": list(self.allowed),
        }


def load(path: str) -> Baseline:
    """Read a baseline; ConfigError in one sentence if it cannot be used."""
    remedy = "save one with --save-baseline=FILE"
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"--baseline={path} does not exist; {remedy}.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"--baseline={path} cannot be read as a baseline ({error}); {remedy}.") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConfigError(f"--baseline={path} has schema {schema!r}, this slabench reads {SCHEMA}; {remedy} with this version.")
    if not isinstance(document.get("tests"), dict) or not isinstance(document.get("fingerprint"), dict):
        raise ConfigError(f"--baseline={path} has no tests or no fingerprint; {remedy}.")
    for part in (document["fingerprint"], document["tests"]):
        for name, entry in part.items():
            if not isinstance(entry, dict) or not all(isinstance(entry.get(key, {}), dict) for key in OBJECTS):
                raise ConfigError(f"--baseline={path}: {name!r} is not as a baseline has it; {remedy}.")
    for test_id, entry in document["tests"].items():
        for key, value in (*entry.get("figures", {}).items(), *entry.get("floors", {}).items()):
            if metric_of(key) is None or not _is_measured(value):
                raise ConfigError(f"--baseline={path}: {test_id} has {key}={value!r}, which is no known metric with a number.")
    return Baseline(path, str(document.get("source", path)), document["fingerprint"], document["tests"])


def _is_measured(value: object) -> bool:
    """A finite number above 0: no valid run gives another, and everything is better than an infinite time or no throughput."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def differences(stored: Mapping[str, Mapping[str, Any]], current: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(`section.key`, sentence) for what the baseline names and this run has otherwise or does not know."""
    for section in SECTIONS:
        now = current.get(section, {})
        for key, was in stored.get(section, {}).items():
            if was is None or now.get(key) == was:
                continue
            seen = "unknown here" if now.get(key) is None else repr(now[key])
            yield f"{section}.{key}", f"{section}.{key}: {seen}, {was!r} in the baseline"


def compare(
    baseline: Baseline,
    test_id: str,
    figures: Mapping[str, float],
    sizes: Mapping[str, int],
    fingerprint: Mapping[str, Mapping[str, Any]],
    workload: Mapping[str, Any],
    *,
    tolerance: float,
    allow: Collection[str] = (),
) -> Comparison:
    """One test's figures against its entry: no figure may be worse by more than `tolerance` (a share), floors must hold.

    fingerprint: this run's; workload: what the test sent, as identity() gives it.
    """
    entry = baseline.tests.get(test_id)
    if entry is None:
        return Comparison(baseline.path, "NO_BASELINE", reasons=("NO_BASELINE",))
    stored = {**baseline.fingerprint, "workload": entry.get("workload", {})}
    found = list(differences(stored, {**fingerprint, "workload": workload}))
    allowed = tuple(text for key, text in found if key in allow or key.partition(".")[0] in allow)
    blocking = tuple(text for _, text in found if text not in allowed)
    floors = tuple(check(Slo(key, _op(key), float(limit))) for key, limit in entry.get("floors", {}).items())
    if blocking:
        sections = ",".join(sorted({one.partition(".")[0] for one in blocking}))
        line = f"NOT_COMPARABLE: {'; '.join(blocking)} (--allow-diff={sections} would compare all the same)"
        return Comparison(baseline.path, "NOT_COMPARABLE", (), blocking, allowed, ("NOT_COMPARABLE",), line, floors)
    objectives, missing = [], []
    for key, was in entry.get("figures", {}).items():
        observed = figures.get(key)
        few = too_few(key, sizes)
        if observed is None:
            missing.append(key)
        elif few is not None:
            missing.append(f"{key} to be compared by ({few[0]} samples, it needs {few[1]})")
        else:
            objectives.append(_objective(key, observed, float(was), tolerance, sizes))
    if missing or not objectives:
        what = f"this run has no {', '.join(missing)}" if missing else "the baseline's entry names no figure"
        line = f"NOT_COMPARABLE: {what}, so it cannot be compared with {baseline.path}"
        return Comparison(baseline.path, "NOT_COMPARABLE", (), (line,), allowed, ("NOT_COMPARABLE",), line, floors)
    return Comparison(baseline.path, "compared", tuple(objectives), (), allowed, (), None, floors)


def _op(key: str) -> str:
    metric = metric_of(key)
    return ">=" if metric is not None and metric.better == "higher" else "<="


def _objective(key: str, observed: float, was: float, tolerance: float, sizes: Mapping[str, int]) -> Objective:
    op = _op(key)
    limit = was * (1 + tolerance) if op == "<=" else was * (1 - tolerance)
    holds = observed <= limit if op == "<=" else observed >= limit
    metric = metric_of(key)
    unit = metric.unit if metric is not None else ""
    n = sizes.get(metric.name.removeprefix("classic.")) if metric is not None else None
    change = f"{(observed - was) / was * 100:+.1f} %" if was else "no ratio to 0"
    verb = "is within" if holds else "is worse by more than"
    many = "" if n is None else f", n={n}"
    text = f"{spoken(key)} {number(observed)} {unit} {verb} {tolerance:.3g} of baseline {number(was)} {unit} ({change}{many})"
    return Objective(
        "baseline", key, op, limit, observed, unit, holds, n, text.replace(f"{tolerance:.3g} of", f"{tolerance * 100:g} % of")
    )


def identity(workload: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two workloads the same: lengths, counts, data, arrival plan. Seeds and hashes are information, not identity."""
    keys = ("dataset_name", "prompt_form", "num_prompts", "input_len", "output_len", "range_ratio")
    return {key: workload[key] for key in keys if key in workload} | {
        key: plan[key] for key in ("request_rate", "max_concurrency", "backend") if key in plan
    }


def build(
    source: str, created_utc: str, fingerprint: Mapping[str, Any], labels: Sequence[str], tests: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The baseline document of a run's PASSED and FAILED tests (run.json's entries): an INVALID one is no baseline."""
    stored: dict[str, Any] = {}
    for entry in tests:
        if entry["word"] == "INVALID":
            continue
        metrics = entry["metrics"]
        gated = (
            [key for key in metrics if key.startswith("curve.")]
            if entry["method"] == "ali-decode-curve"
            else GATED.get(entry["method"], GATED["serving"])  # a method of your own
        )
        # A run that another client drove has bench_serving's figures only; other runs have those too and can be compared.
        gated = [key if key in metrics or f"classic.{key}" not in metrics else f"classic.{key}" for key in gated]
        stored[entry["id"]] = {
            "method": entry["method"],
            "workload": identity(entry["workload"], entry["plan"]),
            "figures": {key: metrics[key] for key in gated if key in metrics},
            "information": {key: metrics[key] for key in INFORMATION if key in metrics and key not in gated},
            "floors": {},
        }
    return {
        "schema": SCHEMA,
        "source": source,
        "created_utc": created_utc,
        "labels": list(labels),
        "fingerprint": {section: dict(fingerprint.get(section, {})) for section in ("server", "hardware", "model")},
        "tests": stored,
    }


def keep(document: Mapping[str, Any], old: Baseline) -> tuple[dict[str, Any], list[str]]:
    """(document with what an existing file holds beside it, what had to go).

    Floors are written by hand, and stay. Tests that this run did not measure stay where hardware and model are the same.
    """
    tests = {test_id: dict(entry) for test_id, entry in document["tests"].items()}
    for test_id, entry in tests.items():
        entry["floors"] = dict(old.tests.get(test_id, {}).get("floors", {}))
    others = {test_id: entry for test_id, entry in old.tests.items() if test_id not in tests}
    differ = [text for key, text in differences(old.fingerprint, document["fingerprint"]) if not key.startswith("workload.")]
    if differ and others:
        return {**document, "tests": tests}, sorted(others)
    return {**document, "tests": {**others, **tests}}, []


def save(path: str, document: Mapping[str, Any]) -> None:
    """Write atomically, so that an interrupted save never leaves half a baseline."""
    target = Path(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    scratch.write_text(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(scratch, target)
