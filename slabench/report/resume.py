"""--resume: the finished tests of a run that ended early are kept; only the rest is measured."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from slabench.errors import ConfigError, system_words
from slabench.messages import Message
from slabench.report.records_file import PROBE, RecordsFile, read_rows
from slabench.run_document.entry import Entry
from slabench.run_document.read import MalformedDocument, run_document
from slabench.run_document.run import RunDocument, ServerEntry
from slabench.server_arguments import is_argument
from slabench.verdict.differences import ARGUMENTS, records_all
from slabench.verdict.reasons import Reason

RECORDS = "requests.jsonl.gz"
# Reasons of entries that no measurement was judged for: such a test has not finished.
UNFINISHED_REASONS = frozenset(
    {"interrupted", Reason.CRASHED, Reason.SERVER_FAILED, "ServerError", "no_verdict"}
)
# Options that change where a run writes or how it is shown, and not what it measures or how that is judged.
FREE = frozenset(
    "report_dir progress resume github launch launch_timeout api_key_env ca_file save_baseline history "
    "connect_timeout deploy_log "
    "baseline_launch baseline_deploy_log baseline_api_key_env".split()
)


def read_run(path: str, option: str = "--resume=") -> tuple[Path, RunDocument]:
    """The folder and its document; option: how the folder was named.

    ConfigError if it is no run's.
    """
    folder = Path(path)
    if folder.name == "run.json":
        folder = folder.parent
    folder = folder.resolve()  # reports/latest is a link, and will point elsewhere
    ask = Message("part.ask_run")
    try:
        return folder, run_document(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigError(Message("file.no_run", option=option, path=path, ask=ask)) from error
    except MalformedDocument as error:
        raise ConfigError(
            Message("file.run_malformed", option=option, path=path, why=error, ask=ask)
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(
            Message("file.run_unreadable", option=option, path=path, why=system_words(error), ask=ask)
        ) from error


def finished(document: RunDocument) -> dict[str, Entry]:
    """Entries by test id that were measured and judged. An INVALID one is finished too: no test is run until
    it passes. What failed in pytest beside its entry, as a part or the teardown of the test, is tried again.
    """
    return {
        entry.id: entry
        for entry in document.tests
        if entry.checks
        and UNFINISHED_REASONS.isdisjoint(entry.reasons)
        and entry.id not in document.failed_besides
    }


def check_options(path: str, before: Mapping[str, object], now: Mapping[str, object]) -> None:
    """ConfigError if the command asks for something else than the run that it continues."""
    now = json.loads(json.dumps(now))
    differ = [key for key in now if key in before and key not in FREE and before[key] != now[key]]
    if differ:
        options = [
            Message(
                "part.option_was", name=key.replace("_", "-"), now=repr(now[key]), before=repr(before[key])
            )
            for key in differ
        ]
        raise ConfigError(Message("file.resume_options", path=path, options=options))


def server_differences(before: ServerEntry | None, now: ServerEntry, *, same_url: bool) -> list[str]:
    """How the server that answers now differs from run.json's; before: None before the first test."""
    if before is None:
        return []
    lines = []
    if same_url and before.url != now.url:
        lines.append(f"url: {now.url}, {before.url} in the run")
    fingerprint, complete = json.loads(json.dumps(now.fingerprint)), records_all(before.fingerprint)
    for section in ("server", "hardware", "model"):
        mine, theirs = fingerprint.get(section, {}), before.fingerprint.get(section, {})
        for key in {**theirs, **mine}:
            if not complete and is_argument(section, key) and theirs.get(key) is None:
                continue  # of a run of before, which did not record it
            if mine.get(key) != theirs.get(key) and f"{section}.{key}" != ARGUMENTS:
                lines.append(f"{section}.{key}: {mine.get(key)!r}, {theirs.get(key)!r} in the run")
    return lines


def keep_records(folder: Path, ids: Collection[str]) -> None:
    """Leave only the finished tests' records in requests.jsonl.gz; the old file is kept under another name.

    A file that a kill cut off ends in the middle of its stream, and what is appended to it cannot be read.
    """
    path = folder / RECORDS
    if not path.exists():
        return
    new = folder / f"{RECORDS}.new"
    new.unlink(missing_ok=True)
    file = RecordsFile(new)
    for row in read_rows(path):
        if row["test"].partition(PROBE)[0] in ids:
            file.append_row(row)
    file.close()
    if file.broken is not None:
        raise ConfigError(Message("file.resume_unwritable", file=new, why=file.broken))
    number = 1
    while (kept := folder / f"requests.before-resume-{number}.jsonl.gz").exists():
        number += 1
    try:
        os.link(path, kept)  # a kill between the two steps leaves both names
    except OSError:
        shutil.copyfile(path, kept)
    os.replace(new, path)
