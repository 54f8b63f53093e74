"""--github: a run as annotations of a GitHub job, red tests first: a job's page shows ten of a kind.

Source of the form and of what has to be escaped: GitHub's "Workflow commands" and its toolkit's `command.ts`.
"""

from __future__ import annotations

from slabench.messages import Message
from slabench.report.headline import headline
from slabench.report.headline_metric import verdict
from slabench.report.left_out import left_out_lines
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import NOTHING_JUDGED, Outcome
from slabench.verdict.reasons import in_words

KINDS = {"FAILED": "error", "INVALID": "error", "PASSED": "notice", f"PASSED {NOTHING_JUDGED}": "warning"}


def message(text: str) -> str:
    """A message as a workflow command has it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """A property's value, which ends at a colon or a comma too."""
    return message(text).replace(":", "%3A").replace(",", "%2C")


def command(kind: str, text: str, **properties: str) -> str:
    """`::error title=...::text`"""
    listed = ",".join(f"{name}={value(content)}" for name, content in properties.items())
    return f"::{kind} {listed}::{message(text)}"


def job_lines(document: RunDocument) -> list[str]:
    """A line a test; one for the run where no test was tried, some did not run, or some were left out."""
    lines = []
    for entry in sorted(document.tests, key=lambda entry: entry.word is Outcome.PASSED):
        word = verdict(entry)
        reasons = f" (reasons: {in_words(entry.reasons)})" if entry.reasons else ""
        text = f"{word} {entry.id}: {headline(entry)}{reasons}"
        file, title = entry.id.partition("::")[0], f"{word} {entry.name}"
        lines.append(command(KINDS[word], text, file=file, title=title))
    if document.failed_besides:
        text = str(Message("run.failed_besides", tests=document.failed_besides))
        lines.append(command("error", text, title="FAILED slabench"))
    if document.unreachable is not None:
        text = f"INVALID: no test was tried: {document.unreachable}"
        lines.append(command("error", text, title="INVALID slabench"))
    elif document.not_run:
        text = f"INVALID: planned and not run: {', '.join(document.not_run)}"
        lines.append(command("error", text, title="INVALID slabench"))
    if (left := document.left_out) is not None:
        kind, word = ("error", "INVALID") if left.methods else ("warning", "LEFT_OUT")
        text = " ".join(map(str, left_out_lines(document)))
        lines.append(command(kind, text, title=f"{word} slabench"))
    return lines
