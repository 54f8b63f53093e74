"""Two or more stored sides against the first: one word a test and side, and the pages of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from slabench.report import markdown
from slabench.report.comparison import HEAD, figure_row
from slabench.report.console import table
from slabench.report.html import css
from slabench.report.html_table import table as html_table
from slabench.report.plain import plain_values
from slabench.report.stored_sides import StoredSide, StoredTest, same_load
from slabench.verdict.baseline_file import Baseline
from slabench.verdict.baselines import Comparison, compare, differences
from slabench.verdict.samples import both_sides
from slabench.verdict.words import Word, overall

# slabench.compare/1: first form.
SCHEMA = "slabench.compare/1"


CAPACITY = "tencent-capacity"
# What two capacity searches that ended at different loads differ in.
LOADS = ("workload.num_prompts", "workload.request_rate", "workload.max_concurrency", "workload.warmup_requests")


@dataclass(frozen=True, slots=True)
class Rules:
    """tolerance: a share; allow: differences, as --allow-diff names them; checks: validity checks, as --allow does."""

    tolerance: float
    allow: Collection[str] = ()
    checks: Collection[str] = ()


def compare_sides(sides: Sequence[StoredSide], rules: Rules) -> dict[str, Any]:
    """The document: every test of the first side against each of the others. A test that a side lacks is INVALID there."""
    old, *others = sides
    tests = []
    for side in others:
        taken = set()
        for test_id in old.tests:
            name = _match(old.tests[test_id], test_id, side)
            taken.add(name)
            tests.append({"id": test_id, "side": side.name, **_judged(old, test_id, side, name, rules)})
        for test_id in side.tests:
            if test_id not in taken:
                line = f"{old.name} has no such test, so it is not compared."
                tests.append({"id": test_id, "side": side.name, "word": None, "line": line, "reasons": ["NO_BASELINE"]})
    word = overall([Word(one["word"]) for one in tests if one["word"] is not None]) or Word.INVALID
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "word": word.value,
        "tolerance": rules.tolerance,
        "allow_diff": list(rules.allow),
        "allow": list(rules.checks),
        "old": old.name,
        "sides": [{"name": one.name, "version": one.version, "unchecked": one.rows} for one in sides],
        "tests": tests,
    }
    found: dict[str, Any] = plain_values(document)
    return found


def _match(wanted: StoredTest, test_id: str, side: StoredSide) -> str | None:
    """The test of the same id, else the one of the same load: rows of another client have no ids."""
    if test_id in side.tests:
        return test_id
    return next((name for name, one in side.tests.items() if side.rows and same_load(wanted.workload, one.workload)), None)


def _judged(old: StoredSide, test_id: str, side: StoredSide, name: str | None, rules: Rules) -> dict[str, Any]:
    was = old.tests[test_id]
    if name is None:
        return _invalid(f"{side.name} has no such test.", "NOT_MEASURED")
    now = side.tests[name]
    for one, of in ((was, old), (now, side)):
        if one.invalid is not None:
            return _invalid(f"{of.name}: {one.invalid}", "NOT_VALID")
    rows = old.rows or side.rows
    samples, mine = (was.classic, now.classic) if rows else (was.samples, now.samples)
    # Rows say nothing of hardware and model, and name less of a workload: what they do not name is not compared.
    named = {key: value for key, value in was.workload.items() if not rows or key in now.workload}
    means = {key: sum(values) / len(values) for key, values in samples.values.items()}
    entry = {"workload": named, "figures": means, "samples": samples.values, "lacking": samples.lacking}
    entry["allowed"] = {**was.allowed, **now.allowed}
    searched = was.method == now.method == CAPACITY and any(key in LOADS for key, _ in _differ(named, now.workload))
    fingerprint = {} if rows else old.fingerprint
    siblings = sum(one.partition("[")[0] == name.partition("[")[0] for one in side.tests)
    known = Baseline(old.name, old.name, fingerprint, {test_id: entry})
    found = compare(
        known,
        test_id,
        mine.values,
        {},
        side.fingerprint,
        now.workload,
        tolerance=rules.tolerance,
        lacking=mine.lacking,
        wanted=() if was.by_hand else both_sides(entry, (*mine.values, *mine.lacking)),
        allow=(*rules.allow, *(LOADS if searched else ())),
        checks=rules.checks,
        siblings=siblings,
    )
    if searched and found.not_comparable is None:
        line = f"two searches that ended at different loads ({'; '.join(found.allowed)}): shown, and gated by nobody"
        return {"word": None, "line": line, "reasons": ["NOT_GATED"], "comparison": found.as_dict()}
    word, line = _word(found)
    reasons = [*found.reasons, *(["UNCHECKED"] if rows else [])]
    return {"word": word.value, "line": line, "reasons": reasons, "comparison": found.as_dict()}


def _differ(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str]]:
    return list(differences({"workload": was}, {"workload": now}))


def _word(found: Comparison) -> tuple[Word, str]:
    if found.not_comparable is not None:
        return Word.INVALID, found.not_comparable
    worse = [one.text for one in found.objectives if not one.holds]
    if worse:
        return Word.FAILED, "; ".join(worse)
    if found.inconclusive is not None:
        return Word.INVALID, found.inconclusive
    return Word.PASSED, found.objectives[0].text


def _invalid(line: str, reason: str) -> dict[str, Any]:
    return {"word": Word.INVALID.value, "line": line, "reasons": [reason]}


def exit_status(document: Mapping[str, Any]) -> int:
    """As the suite's: 0 all PASSED, 1 any FAILED, 6 otherwise."""
    return {"PASSED": 0, "FAILED": 1, "INVALID": 6}[document["word"]]


def _facts(document: Mapping[str, Any]) -> list[str]:
    lines = []
    for place, one in zip(("old", *["new"] * len(document["sides"])), document["sides"], strict=False):
        version = f", sglang {one['version']}" if one["version"] else ""
        unchecked = "; rows of bench_serving, which nobody checked for validity" if one["unchecked"] else ""
        lines.append(f"{place}: {one['name']}{version}{unchecked}")
    lines.append(f"tolerance {document['tolerance'] * 100:g} %")
    return lines


def _rows(document: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows; with more than two sides each row says whose it is."""
    several = len(document["sides"]) > 2
    head = ("verdict", *(("new",) if several else ()), *HEAD)
    rows = []
    for test in document["tests"]:
        for one in (test.get("comparison") or {}).get("figures", ()):
            cells = figure_row(test["id"].rpartition("/")[2], one)
            if test["word"] is None:
                cells = (*cells[:-2], "n/a", "not gated")
            rows.append((test["word"] or "not gated", *((test["side"],) if several else ()), *cells))
    return head, rows


def _lines(document: Mapping[str, Any]) -> list[str]:
    """Every test's word and line."""
    several = len(document["sides"]) > 2
    found = []
    for one in document["tests"]:
        whose = f" ({one['side']})" if several else ""
        reasons = f" [{', '.join(one['reasons'])}]" if one["reasons"] else ""
        word = one["word"] or ("not gated" if one.get("comparison") else "not compared")
        found.append(f"{word} {one['id']}{whose}: {one['line']}{reasons}")
        found += [f"  baseline: {note}" for note in (one.get("comparison") or {}).get("notes", ())]
    return found


def as_text(document: Mapping[str, Any]) -> str:
    head, rows = _rows(document)
    text = len(head) - len(HEAD)
    lines = [*_facts(document)]
    lines += [table(head, rows, left=(*range(text + 2), text + 4, len(head) - 1))] if rows else []
    return "\n".join([*lines, *_lines(document), f"Verdict: {document['word']}"])


def as_markdown(document: Mapping[str, Any]) -> str:
    head, rows = _rows(document)
    lines = [f"# slabench compare: {document['word']}", "", *(f"- {markdown.cell(one)}" for one in _facts(document)), ""]
    lines += [*markdown.table(head, rows), ""] if rows else []
    return "\n".join([*lines, *(f"- {markdown.cell(one)}" for one in _lines(document))]) + "\n"


def as_html(document: Mapping[str, Any]) -> str:
    head, rows = _rows(document)
    word = escape(document["word"])
    text = frozenset((*range(len(head) - len(HEAD) + 2), len(head) - 1))
    body = f'<div class="slab"><h2>Verdict: <span class="word {word}">{word}</span></h2>'
    body += "".join(f"<p>{escape(one)}</p>" for one in _facts(document)) + (html_table(head, rows, text) if rows else "")
    body += f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in _lines(document))}</ul></div>"
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    title = f"<title>slabench compare {word}</title>"
    return f'<!doctype html><html lang="en"><head>{meta}{title}<style>{css()}</style></head><body>{body}</body></html>\n'
