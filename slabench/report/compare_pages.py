"""The comparison of stored runs as text, Markdown and HTML."""

from __future__ import annotations

from html import escape

from slabench.report import markdown
from slabench.report.compare_document import CompareDocument, ComparedTest
from slabench.report.comparison import HEAD, metric_row
from slabench.report.console import table
from slabench.report.html import page
from slabench.report.html_table import listed
from slabench.report.html_table import table as html_table
from slabench.verdict.outcome import CheckStatus

Cells = tuple[str, ...]


def _facts(document: CompareDocument) -> list[str]:
    lines = []
    for place, side in enumerate(document.sides):
        version = f", sglang {side.version}" if side.version else ""
        unchecked = "; rows of another client: what they do not show was not checked" * side.unchecked
        lines.append(f"{'new' if place else 'old'}: {side.name}{version}{unchecked}")
    return [*lines, f"tolerance {document.tolerance * 100:g} %"]


def _rows(document: CompareDocument) -> tuple[Cells, list[Cells], frozenset[int]]:
    """(head, rows, columns of text); with several new sides each row names its side."""
    head = ("verdict", *(["new"] if document.several else []), *HEAD)
    rows = []
    for test in document.tests:
        for metric in () if test.comparison is None else test.comparison.metrics:
            cells = metric_row(test.name, metric)
            if test.word is None:
                cells = (*cells[:-2], "n/a", "not gated")
            side = [test.side] if document.several else []
            rows.append((test.word or "not gated", *side, *cells))
    first = len(head) - len(HEAD)
    return head, rows, frozenset((*range(first + 2), first + 4, len(head) - 1))


def _lines(document: CompareDocument) -> list[str]:
    """Each sentence once, with the outcome and the tests that it applies to."""
    ids: dict[Cells, list[str]] = {}
    for test in document.tests:
        side = f" ({test.side})" if document.several else ""
        reasons = f" [{', '.join(test.reasons)}]" if test.reasons else ""
        word = test.word or ("not compared" if test.comparison is None else "not gated")
        ids.setdefault((word, side, f"{test.line}{reasons}", *_more(test)), []).append(test.id)
    lines = []
    for (word, side, line, *more), names in ids.items():
        which = names[0] if len(names) == 1 else f"{len(names)} tests"
        lines += [
            f"{word} {which}{side}: {line}",
            *([f"  {', '.join(names)}"] if len(names) > 1 else []),
            *more,
        ]
    for side, tests in document.left_out.items():
        short = [name.rpartition("/")[2] for name in tests]
        lines += [f"Left out by --common, only in {side}: {', '.join(short)}."] if tests else []
    if not document.tests:
        lines.append("INVALID: there is no test that both sides have, so nothing was compared.")
    return lines


def _more(test: ComparedTest) -> list[str]:
    """What stands below a test's sentence."""
    lines = [f"  note: {note}" for note in (() if test.comparison is None else test.comparison.notes)]
    lines += [f"  finding {check.name} ({check.side}): {check.text}" for check in test.findings]
    hidden = dict.fromkeys(check.name for check in test.checks if check.state is CheckStatus.NOT_CHECKED)
    if hidden:
        names = ", ".join(hidden)
        lines.append(f"  not checked: {names}; a row does not show it (INVALID under --strict-validity)")
    return lines


def as_text(document: CompareDocument) -> str:
    head, rows, text = _rows(document)
    lines = [*_facts(document), *([table(head, rows, left=text)] if rows else []), *_lines(document)]
    return "\n".join([*lines, f"Verdict: {document.word}"])


def as_markdown(document: CompareDocument) -> str:
    head, rows, _ = _rows(document)
    facts, lines = ([f"- {markdown.cell(line)}" for line in of(document)] for of in (_facts, _lines))
    table_lines = [*markdown.table(head, rows), ""] if rows else []
    return "\n".join([f"# slabench compare: {document.word}", "", *facts, "", *table_lines, *lines]) + "\n"


def as_html(document: CompareDocument) -> str:
    head, rows, text = _rows(document)
    word = document.word
    facts = "".join(f"<p>{escape(line)}</p>" for line in _facts(document))
    parts = (facts, html_table(head, rows, text) if rows else "", listed(_lines(document)))
    verdict = f'<h2>Verdict: <span class="word {word}">{word}</span></h2>'
    return page(f"slabench compare {word}", f'<div class="slab">{verdict}{"".join(parts)}</div>')
