"""The comparison of stored runs as text, Markdown and HTML."""

from __future__ import annotations

from slabench.messages import Message
from slabench.report import markdown
from slabench.report.compare_document import CompareDocument, ComparedTest
from slabench.report.comparison import HEAD, known_of_launches, metric_row
from slabench.report.page.render import Group, listing_page
from slabench.report.page.table import Cell, Column, Table
from slabench.report.text_table import table
from slabench.verdict.outcome import CheckStatus, Outcome
from slabench.verdict.reasons import Reason
from slabench.verdict.tolerances import SINGLE

Cells = tuple[str, ...]


def _facts(document: CompareDocument) -> list[str]:
    lines = []
    for place, side in enumerate(document.sides):
        name: Message | str = side.name
        if side.version:
            name = Message("compare.version", side=name, version=side.version)
        if side.unchecked:
            name = Message("compare.unchecked", side=name)
        if side.labels:
            name = Message("compare.labels", side=name, labels=side.labels)
        lines.append(Message("compare.new" if place else "compare.old", side=name))
    lines.append(Message("compare.tolerance", pct=document.tolerance * 100))
    if any({Reason.SINGLE_RUN, Reason.NO_SPREAD} & set(test.reasons) for test in document.tests):
        lines.append(Message("compare.single", pct=SINGLE * 100))
    compared = [test.comparison for test in document.tests if test.comparison is not None]
    return [*map(str, lines), *known_of_launches(compared)]


NOT_GATED = Message("compared.not_gated")


def _rows(document: CompareDocument) -> tuple[tuple[Message, ...], list[Cells], frozenset[int]]:
    """(head, rows, columns of text); with several new sides each row names its side."""
    side_head = [Message("label.new")] if document.several else []
    head = (Message("label.verdict_of_test"), *side_head, *HEAD)
    rows = []
    for test in document.tests:
        for metric in () if test.comparison is None else test.comparison.metrics:
            cells = metric_row(test.name, metric)
            if test.word is None:
                cells = (*cells[:-2], "n/a", str(NOT_GATED))
            side = [test.side] if document.several else []
            rows.append((test.word or str(NOT_GATED), *side, *cells))
    first = len(head) - len(HEAD)
    return head, rows, frozenset((*range(first + 2), first + 4, len(head) - 1))


def _lines(document: CompareDocument) -> list[str]:
    """Each sentence once, with the outcome and the tests that it applies to."""
    ids: dict[Cells, list[str]] = {}
    for test in document.tests:
        side = f" ({test.side})" if document.several else ""
        reasons = f" [{', '.join(test.reasons)}]" if test.reasons else ""
        word = test.word or str(Message("compared.not_compared") if test.comparison is None else NOT_GATED)
        ids.setdefault((word, side, f"{test.line}{reasons}", *_more(test)), []).append(test.id)
    lines = []
    for (word, side, line, *more), names in ids.items():
        which = names[0] if len(names) == 1 else Message("compare.several", tests=len(names))
        lines += [
            str(Message("compare.test", word=word, test=which, side=side, line=line)),
            *([f"  {', '.join(names)}"] if len(names) > 1 else []),
            *more,
        ]
    for side, tests in document.left_out.items():
        short = [name.rpartition("/")[2] for name in tests]
        lines += [str(Message("compare.left_out", side=side, tests=short))] if tests else []
    if not document.tests:
        lines.append(str(Message("compare.no_test")))
    return lines


def _more(test: ComparedTest) -> list[str]:
    """What stands below a test's sentence."""
    notes = () if test.comparison is None else test.comparison.notes
    lines = [Message("console.note", text=note) for note in notes]
    lines += [
        Message("compare.finding", check=check.name, side=check.side, text=check.text)
        for check in test.findings
    ]
    hidden = dict.fromkeys(check.name for check in test.checks if check.state is CheckStatus.NOT_CHECKED)
    lines += [Message("compare.not_checked", checks=tuple(hidden))] if hidden else []
    return [f"  {line}" for line in lines]


def as_text(document: CompareDocument) -> str:
    head, rows, text = _rows(document)
    lines = [*_facts(document), *([table(head, rows, left=text)] if rows else []), *_lines(document)]
    return "\n".join([*lines, str(Message("compare.verdict", word=_word(document)))])


def _word(document: CompareDocument) -> str:
    """The outcome, with the labels that stand beside it."""
    return " ".join([document.word, *document.labels])


def as_markdown(document: CompareDocument) -> str:
    head, rows, _ = _rows(document)
    facts, lines = ([f"- {markdown.cell(line)}" for line in of(document)] for of in (_facts, _lines))
    table_lines = [*markdown.table(head, rows), ""] if rows else []
    title = Message("compare.title", word=_word(document))
    return "\n".join([f"# {title}", "", *facts, "", *table_lines, *lines]) + "\n"


def as_html(document: CompareDocument) -> str:
    head, rows, text = _rows(document)
    columns = [Column(str(name), "text" if place in text else "") for place, name in enumerate(head)]
    cells = [[_html_cell(cell) for cell in row] for row in rows]
    tables = (Table("slabench compare", columns, cells),) if rows else ()
    word, lines = _word(document), tuple(_lines(document))
    title, heading = f"slabench compare {word}", str(Message("compare.verdict", word=word))
    groups = [Group(tables=tables), Group(lines=lines)]
    return listing_page(title, heading, _facts(document), groups, word=document.word)


def _html_cell(text: str) -> Cell:
    return Cell(text, word=text if text in list(Outcome) else "")
