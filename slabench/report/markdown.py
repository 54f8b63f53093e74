"""summary.md: the run for a step summary or a merge request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slabench.messages import Message
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


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(map(str, head))} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(map(cell, row))} |" for row in rows]


def summary_md(document: RunDocument) -> str:
    """The same verdicts and reasons as every other output."""
    parts = {"run_id": cell(document.run_id), "version": cell(document.slabench)}
    run = Message("run.line", **parts, status=str(document.exit_status))
    facts = [f"- {cell(fact)}" for fact in run_facts(document)]
    title = Message("run.title", verdict=run_verdict(document))
    lines = [f"# {title}", "", *facts, f"- {run}", ""]
    if document.tests:
        first = (Message("label.verdict"), Message("label.test"), Message("label.metrics"))
        head = (*first, *(name for name, _ in METRICS), Message("label.why"))
        lines += table(head, [_test_row(entry) for entry in document.tests])
    if compared := comparison.comparison_rows(document.tests):
        lines += _section(Message("label.old_and_new"), table(comparison.HEAD, compared))
    for entry in document.tests:
        if entry.curve:
            lines += _section(Message("label.decode_curve"), table(CURVE_HEAD, _curve_rows(entry.curve)))
        if entry.capacity is not None and entry.capacity.probes:
            lines += _section(Message("label.capacity"), table(HEAD, probe_cells(entry.capacity)))
        if more := details(entry):
            lines += ["", f"### {verdict(entry)} {cell(entry.id)}", "", *(f"- {cell(line)}" for line in more)]
    if document.not_run:
        lines += _section(Message("label.not_run"), [f"- {cell(test_id)}" for test_id in document.not_run])
    return "\n".join(lines) + "\n"


def _section(title: Message, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *lines]


def _test_row(entry: Entry) -> tuple[str, ...]:
    head = (f"**{verdict(entry)}**", entry.name, headline_metrics(entry))
    return (*head, *summary_cells(entry), headline(entry))


CURVE_HEAD = (
    Message("curve.running"),
    Message("curve.samples"),
    Message("curve.median"),
    Message("curve.per_gpu"),
    Message("curve.per_user"),
    Message("curve.clean_samples"),
    Message("curve.clean_median"),
    Message("curve.clean_tpot"),
    Message("curve.baseline"),
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
