"""summary.md: the run for a step summary or a merge request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.report.capacity_section import HEAD, probe_cells
from slabench.report.comparison import HEAD as COMPARED
from slabench.report.comparison import comparison_rows
from slabench.report.console import FIGURES, figure, run_facts, said
from slabench.report.headline_metric import run_verdict, standing, verdict

# What makes a link, an image or a definition of one; a URL and an address by themselves; a character by its
# number or name.
_MARKS = re.compile(r"(?<=!)\[|(?<=\])[(\[:]|:(?=//)|(?<=\bwww)\.|(?<=mailto):", re.I)
_ENTITY = re.compile(r"&(?=#|\w+;)")
_LEADING = re.compile(r"^(?=[#+>=-]+(?:\s|$))|(?<=^\d)(?=[.)]\s)")


def cell(text: object) -> str:
    """Text that cannot end its cell, begin a tag, show an image, lead to a page, call somebody, or break out
    of the line."""
    escaped = str(text).replace("\\", "\\\\").replace("|", "\\|")
    escaped = _MARKS.sub(lambda found: f"\\{found[0]}", _ENTITY.sub("&amp;", escaped))
    escaped = escaped.replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    # GitHub and GitLab look for names after all else, so that no backslash helps: a space of no width stands
    # after the sign.
    return _LEADING.sub(r"\\", " ".join(escaped.replace("@", "@\u200b").split()))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(cell(one) for one in row)} |" for row in rows]


def summary_md(data: Mapping[str, Any]) -> str:
    """The same words and reasons as every other output."""
    lines = [f"# slabench: {run_verdict(data)}", ""]
    lines += [f"- {cell(fact)}" for fact in run_facts(data)]
    lines += [
        f"- run {cell(data['run_id'])}, slabench {cell(data['slabench'])}, exit status {data['exit_status']}",
        "",
    ]
    rows = [
        (
            f"**{verdict(entry)}**",
            entry["id"].rpartition("/")[2],
            standing(entry),
            *(figure(entry["metrics"], key) for _, key in FIGURES),
            entry["headline"],
        )
        for entry in data["tests"]
    ]
    if rows:
        lines += table(("verdict", "test", "figure", *(name for name, _ in FIGURES), "why"), rows)
    compared = comparison_rows(data["tests"])
    if compared:
        lines += ["", "## Old and new", "", *table(COMPARED, compared)]
    for entry in data["tests"]:
        spoken = said(entry)
        if entry.get("curve"):
            lines += ["", "## Decode curve", ""]
            told = "running, samples, median tok/s, per GPU, per user, clean samples, clean median, clean TPOT ms, baseline"
            keys = "running samples median per_gpu per_user clean_samples clean_median clean_tpot_ms baseline".split()
            cells = [[row.get(key) for key in keys] for row in entry["curve"]]
            lines += table(
                told.split(", "), [["n/a" if one is None else round(one, 2) for one in row] for row in cells]
            )
        if entry.get("capacity"):
            lines += ["", "## Capacity", "", *table(HEAD, probe_cells(entry["capacity"]))]
        if spoken:
            lines += ["", f"### {verdict(entry)} {cell(entry['id'])}", ""]
            lines += [f"- {cell(one)}" for one in spoken]
    if data["not_run"]:
        lines += ["", "## Planned and not run", ""] + [f"- {cell(one)}" for one in data["not_run"]]
    return "\n".join(lines) + "\n"
