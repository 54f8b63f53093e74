"""--github: a run as annotations of a GitHub job, one a test, red ones first: a job's page shows the first
ten of a kind.

Source of the form and of what has to be escaped: GitHub's "Workflow commands" and the toolkit's own
`command.ts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slabench.report.headline_metric import verdict
from slabench.verdict.outcome import NOTHING_JUDGED
from slabench.verdict.reasons import in_words

KINDS = {"FAILED": "error", "INVALID": "error", "PASSED": "notice", f"PASSED {NOTHING_JUDGED}": "warning"}


def message(text: str) -> str:
    """A message as a workflow command carries it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """A property's value, which ends at a colon or a comma besides."""
    return message(text).replace(":", "%3A").replace(",", "%2C")


def command(kind: str, text: str, **properties: str) -> str:
    """`::error title=...::text`"""
    given = ",".join(f"{name}={value(one)}" for name, one in properties.items())
    return f"::{kind} {given}::{message(text)}"


def job_lines(data: Mapping[str, Any]) -> list[str]:
    """A line a test: word, complete line, reasons; one for the run where no test was tried or some did not
    run.
    """
    lines = []
    for entry in sorted(data["tests"], key=lambda one: one["word"] == "PASSED"):
        reasons = f" (reasons: {in_words(entry['reasons'])})" if entry["reasons"] else ""
        text = f"{verdict(entry)} {entry['id']}: {entry['headline']}{reasons}"
        title = f"{verdict(entry)} {entry['id'].rpartition('/')[2]}"
        lines.append(command(KINDS[verdict(entry)], text, file=entry["id"].partition("::")[0], title=title))
    if "unreachable" in data:
        lines.append(
            command("error", f"INVALID: no test was tried: {data['unreachable']}", title="INVALID slabench")
        )
    elif data["not_run"]:
        text = f"INVALID: planned and not run: {', '.join(data['not_run'])}"
        lines.append(command("error", text, title="INVALID slabench"))
    return lines
