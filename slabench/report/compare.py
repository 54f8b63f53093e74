"""Two or more stored sides against the first: one word a test and side, and the pages of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from slabench.metrics.definitions import curve_size
from slabench.report import markdown
from slabench.report.comparison import HEAD, figure_row
from slabench.report.console import table
from slabench.report.html import css
from slabench.report.html_table import table as html_table
from slabench.report.sanitize import plain_values
from slabench.report.stored_runs import StoredSide, StoredTest, same_load
from slabench.verdict.baseline_file import Baseline
from slabench.verdict.comparison import Comparison, compare
from slabench.verdict.differences import Difference, differences
from slabench.verdict.gated_metrics import Gathered, both_sides
from slabench.verdict.outcome import Check, CheckStatus, Outcome, overall
from slabench.verdict.validity.policy import settle

# slabench.compare/1: first form.
SCHEMA = "slabench.compare/1"


CAPACITY = "tencent-capacity"
# What two capacity searches that ended at different loads differ in.
LOADS = (
    "workload.num_prompts",
    "workload.request_rate",
    "workload.max_concurrency",
    "workload.warmup_requests",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """tolerance: a share; allow: differences, as --allow-diff names them; checks: validity checks, as --allow
    does.

    strict: what was not checked is INVALID; common: tests and points of a curve that only one side has are
    left out.
    """

    tolerance: float
    allow: Collection[str] = ()
    checks: Collection[str] = ()
    strict: bool = False
    common: bool = False


def compare_sides(sides: Sequence[StoredSide], rules: Rules) -> dict[str, Any]:
    """The document: every test of the first side against each of the others.

    A test that a side lacks is INVALID there.
    """
    old, *others = sides
    tests = []
    left_out: dict[str, list[str]] = {}
    for side in others:
        names = {test_id: _match(old.tests[test_id], test_id, side) for test_id in old.tests}
        for test_id, name in names.items():
            if name is None and rules.common:
                left_out.setdefault(old.name, []).append(test_id)
                continue
            tests.append({"id": test_id, "side": side.name, **_judged(old, test_id, side, name, rules)})
            for whose, points in tests[-1].pop("left_out", {}).items():
                left_out.setdefault(whose, []).extend(points)
        for test_id in side.tests:
            if test_id in names.values():
                continue
            if rules.common:
                left_out.setdefault(side.name, []).append(test_id)
                continue
            line = f"{old.name} has no such test, so it is not compared."
            tests.append(
                {"id": test_id, "side": side.name, "word": None, "line": line, "reasons": ["NO_BASELINE"]}
            )
    word = overall([Outcome(one["word"]) for one in tests if one["word"] is not None]) or Outcome.INVALID
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "word": word.value,
        "tolerance": rules.tolerance,
        "allow_diff": list(rules.allow),
        "allow": list(rules.checks),
        "old": old.name,
        "sides": [{"name": one.name, "version": one.version, "unchecked": one.rows} for one in sides],
        "left_out": {whose: list(dict.fromkeys(names)) for whose, names in left_out.items()},
        "tests": tests,
    }
    found: dict[str, Any] = plain_values(document)
    return found


def _match(wanted: StoredTest, test_id: str, side: StoredSide) -> str | None:
    """The test of the same id, else the one of the same load: rows of another client have no ids."""
    if test_id in side.tests:
        return test_id
    return next(
        (name for name, one in side.tests.items() if side.rows and same_load(wanted.workload, one.workload)),
        None,
    )


def _judged(
    old: StoredSide, test_id: str, side: StoredSide, name: str | None, rules: Rules
) -> dict[str, Any]:
    was = old.tests[test_id]
    if name is None:
        return _invalid(f"{side.name} has no such test.", "NOT_MEASURED")
    now = side.tests[name]
    for one, of in ((was, old), (now, side)):
        if one.invalid is not None:
            return _invalid(f"{of.name}: {one.invalid}", "NOT_VALID")
        bad = [check for check in _settled(one, rules) if check.state is CheckStatus.INVALID]
        if bad:
            more = (
                f" (and {len(bad) - 1} more: {', '.join(check.name for check in bad[1:])})"
                if len(bad) > 1
                else ""
            )
            return _invalid(f"{of.name}: {bad[0].name}: {bad[0].text}{more}", "NOT_VALID", bad[0].name)
    unchecked = old.rows or side.rows
    samples, mine = (was.classic, now.classic) if unchecked else (was.samples, now.samples)
    left_out: dict[str, list[str]] = {}
    if rules.common:
        samples, mine, single = _common_points(samples, mine)
        left_out = {
            of.name: [f"{test_id} at {point}" for point in points]
            for of, points in zip((old, side), single, strict=True)
        }
    # Rows say nothing of hardware and model, and name less of a workload: what they do not name is not
    # compared.
    named = {key: value for key, value in was.workload.items() if not unchecked or key in now.workload}
    means = {key: sum(values) / len(values) for key, values in samples.values.items()}
    entry = {"workload": named, "figures": means, "samples": samples.values, "lacking": samples.lacking}
    entry["allowed"] = {**was.allowed, **now.allowed}
    entry["information"] = {} if was.accept_length is None else {"accept_length": was.accept_length}
    searched = was.method == now.method == CAPACITY and any(
        difference.key in LOADS for difference in _differ(named, now.workload)
    )
    fingerprint = {} if unchecked else old.fingerprint
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
        strict=rules.strict,
        siblings=siblings,
        accept_length=now.accept_length,
    )
    if searched and found.not_comparable is None:
        line = f"two searches that ended at different loads ({'; '.join(map(str, found.allowed))}): shown, but not a gate"
        return {"word": None, "line": line, "reasons": ["NOT_GATED"], "comparison": found.as_dict()}
    word, line = _word(found)
    checks = [
        {"side": of.name, **check.as_dict()}
        for one, of in ((was, old), (now, side))
        if of.rows
        for check in _settled(one, rules)
    ]
    reasons = [*found.reasons, *(["UNCHECKED"] if unchecked else [])]
    return {
        "word": word.value,
        "line": line,
        "reasons": reasons,
        "comparison": found.as_dict(),
        "checks": checks,
        "left_out": left_out,
    }


def _common_points(old: Gathered, new: Gathered) -> tuple[Gathered, Gathered, list[list[int]]]:
    """A curve's points that both sides have, and those of each alone; every other figure that one side lacks
    is still missing.
    """
    points = [
        {key for key in (*one.values, *one.lacking) if curve_size(key) is not None} for one in (old, new)
    ]
    single = points[0] ^ points[1]

    def both(one: Gathered) -> Gathered:
        values = {key: value for key, value in one.values.items() if key not in single}
        return Gathered(values, {key: where for key, where in one.lacking.items() if key not in single})

    return (
        both(old),
        both(new),
        [sorted(size for key in own & single if (size := curve_size(key)) is not None) for own in points],
    )


def _settled(test: StoredTest, rules: Rules) -> list[Check]:
    return [settle(one, test.method, allow=rules.checks, strict=rules.strict) for one in test.checks]


def _differ(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    return list(differences({"workload": was}, {"workload": now}))


def _word(found: Comparison) -> tuple[Outcome, str]:
    if found.not_comparable is not None:
        return Outcome.INVALID, str(found.not_comparable)
    worse = [one.text for one in found.objectives if not one.holds]
    if worse:
        return Outcome.FAILED, "; ".join(worse)
    if found.inconclusive is not None:
        return Outcome.INVALID, str(found.inconclusive)
    return Outcome.PASSED, found.objectives[0].text


def _invalid(line: str, *reasons: str) -> dict[str, Any]:
    return {"word": Outcome.INVALID.value, "line": line, "reasons": list(reasons)}


def exit_status(document: Mapping[str, Any]) -> int:
    """As the suite's: 0 all PASSED, 1 any FAILED, 6 otherwise."""
    return {"PASSED": 0, "FAILED": 1, "INVALID": 6}[document["word"]]


def _facts(document: Mapping[str, Any]) -> list[str]:
    lines = []
    for place, one in zip(("old", *["new"] * len(document["sides"])), document["sides"], strict=False):
        version = f", sglang {one['version']}" if one["version"] else ""
        unchecked = (
            "; rows of another client: what they do not show was not checked" if one["unchecked"] else ""
        )
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
    """Each sentence once, with the word and the tests that it is said of."""
    several = len(document["sides"]) > 2
    said: dict[tuple[str, ...], list[str]] = {}
    for one in document["tests"]:
        whose = f" ({one['side']})" if several else ""
        reasons = f" [{', '.join(one['reasons'])}]" if one["reasons"] else ""
        word = one["word"] or ("not gated" if one.get("comparison") else "not compared")
        said.setdefault((word, whose, f"{one['line']}{reasons}", *_beside(one)), []).append(one["id"])
    found = []
    for (word, whose, line, *beside), ids in said.items():
        found.append(f"{word} {ids[0] if len(ids) == 1 else f'{len(ids)} tests'}{whose}: {line}")
        found += [f"  {', '.join(ids)}"] if len(ids) > 1 else []
        found += beside
    for whose, names in document.get("left_out", {}).items():
        short = [name.rpartition("/")[2] for name in names]
        found += [f"Left out by --common, only in {whose}: {', '.join(short)}."] if names else []
    if not document["tests"]:
        found.append("INVALID: there is no test that both sides have, so nothing was compared.")
    return found


def _beside(test: Mapping[str, Any]) -> list[str]:
    """What is said below a test's sentence."""
    checks = test.get("checks", ())
    found = [f"  note: {note}" for note in (test.get("comparison") or {}).get("notes", ())]
    found += [
        f"  finding {one['name']} ({one['side']}): {one['text']}"
        for one in checks
        if one["state"] == "finding"
    ]
    hidden = dict.fromkeys(one["name"] for one in checks if one["state"] == "not_checked")
    if hidden:
        found.append(
            f"  not checked: {', '.join(hidden)}; a row does not show it (INVALID under --strict-validity)"
        )
    return found


def as_text(document: Mapping[str, Any]) -> str:
    head, rows = _rows(document)
    text = len(head) - len(HEAD)
    lines = [*_facts(document)]
    lines += [table(head, rows, left=(*range(text + 2), text + 4, len(head) - 1))] if rows else []
    return "\n".join([*lines, *_lines(document), f"Verdict: {document['word']}"])


def as_markdown(document: Mapping[str, Any]) -> str:
    head, rows = _rows(document)
    lines = [
        f"# slabench compare: {document['word']}",
        "",
        *(f"- {markdown.cell(one)}" for one in _facts(document)),
        "",
    ]
    lines += [*markdown.table(head, rows), ""] if rows else []
    return "\n".join([*lines, *(f"- {markdown.cell(one)}" for one in _lines(document))]) + "\n"


def as_html(document: Mapping[str, Any]) -> str:
    head, rows = _rows(document)
    word = escape(document["word"])
    text = frozenset((*range(len(head) - len(HEAD) + 2), len(head) - 1))
    body = f'<div class="slab"><h2>Verdict: <span class="word {word}">{word}</span></h2>'
    body += "".join(f"<p>{escape(one)}</p>" for one in _facts(document)) + (
        html_table(head, rows, text) if rows else ""
    )
    body += f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in _lines(document))}</ul></div>"
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    title = f"<title>slabench compare {word}</title>"
    return f'<!doctype html><html lang="en"><head>{meta}{title}<style>{css()}</style></head><body>{body}</body></html>\n'
