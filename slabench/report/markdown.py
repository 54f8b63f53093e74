"""summary.md: the run for a step summary or a merge request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slabench.report import comparison
from slabench.report.capacity_section import HEAD, probe_cells
from slabench.report.console import METRICS, details, summary_cells
from slabench.report.headline import headline
from slabench.report.headline_metric import headline_metrics, run_verdict, verdict
from slabench.report.run_facts import run_facts
from slabench.run_document.entry import CurveRow, Entry
from slabench.run_document.run import RunDocument

# What makes a link, an image or a definition of one; a URL and an address by themselves; a character by its
# number or name.
_MARKS = re.compile(r"(?<=!)\[|(?<=\])[(\[:]|:(?=//)|(?<=\bwww)\.|(?<=mailto):", re.I)
_ENTITY = re.compile(r"&(?=#|\w+;)")
_LEADING = re.compile(r"^(?=[#+>=-]+(?:\s|$))|(?<=^\d)(?=[.)]\s)")


def cell(text: object) -> str:
    """Text that cannot end its cell or line, begin a tag, show an image, link a page, or mention a user."""
    escaped = str(text).replace("\\", "\\\\").replace("|", "\\|")
    escaped = _MARKS.sub(lambda match: f"\\{match[0]}", _ENTITY.sub("&amp;", escaped))
    escaped = escaped.replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    # GitHub and GitLab look for user names after everything else, where no backslash helps: a space of no
    # width stands after the sign.
    return _LEADING.sub(r"\\", " ".join(escaped.replace("@", "@\u200b").split()))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(map(cell, row))} |" for row in rows]


def summary_md(document: RunDocument) -> str:
    """The same verdicts and reasons as every other output."""
    run = (
        f"run {cell(document.run_id)}, slabench {cell(document.slabench)}, exit status {document.exit_status}"
    )
    facts = [f"- {cell(fact)}" for fact in run_facts(document)]
    lines = [f"# slabench: {run_verdict(document)}", "", *facts, f"- {run}", ""]
    if document.tests:
        head = ("verdict", "test", "metrics", *(name for name, _ in METRICS), "why")
        lines += table(head, [_test_row(entry) for entry in document.tests])
    if compared := comparison.comparison_rows(document.tests):
        lines += _section("Old and new", table(comparison.HEAD, compared))
    for entry in document.tests:
        if entry.curve:
            lines += _section("Decode curve", table(CURVE_HEAD.split(", "), _curve_rows(entry.curve)))
        if entry.capacity is not None:
            lines += _section("Capacity", table(HEAD, probe_cells(entry.capacity)))
        if more := details(entry):
            lines += ["", f"### {verdict(entry)} {cell(entry.id)}", "", *(f"- {cell(line)}" for line in more)]
    if document.not_run:
        lines += _section("Planned and not run", [f"- {cell(test_id)}" for test_id in document.not_run])
    return "\n".join(lines) + "\n"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *lines]


def _test_row(entry: Entry) -> tuple[str, ...]:
    head = (f"**{verdict(entry)}**", entry.name, headline_metrics(entry))
    return (*head, *summary_cells(entry), headline(entry))


CURVE_HEAD = (
    "running, samples, median tok/s, per GPU, per user, clean samples, clean median, clean TPOT ms, baseline"
)


def _curve_rows(curve: Sequence[CurveRow]) -> list[list[object]]:
    """Under CURVE_HEAD."""
    cells = [
        (
            row.running, row.samples, row.median, row.per_gpu, row.per_user,
            row.clean_samples, row.clean_median, row.clean_tpot_ms, row.baseline,
        )
        for row in curve
    ]  # fmt: skip
    return [["n/a" if value is None else round(value, 2) for value in row] for row in cells]
