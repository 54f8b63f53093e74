"""--resume: a run that ended before its plan did. Its finished tests are kept as they are; only the rest is
measured.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError, system_words
from slabench.report.document import SCHEMA
from slabench.report.records_file import PROBE, RecordsFile, read_rows

RECORDS = "requests.jsonl.gz"
# Reasons of entries that no measurement was judged for: such a test has not finished.
UNFINISHED_REASONS = frozenset({"interrupted", "CRASHED", "ServerError", "no_verdict"})
# Options that change where a run writes or how it is shown, and not what it measures or how that is judged.
FREE = frozenset(
    "report_dir progress resume github launch launch_timeout api_key_env ca_file save_baseline connect_timeout deploy_log "
    "baseline_launch baseline_deploy_log baseline_api_key_env".split()
)


def read_run(given: str, option: str = "--resume=") -> tuple[Path, dict[str, Any]]:
    """The folder and its document; option: how the folder was given.

    ConfigError in one sentence if it is no run's.
    """
    folder = Path(given)
    if folder.name == "run.json":
        folder = folder.parent
    folder = folder.resolve()  # reports/latest is a link, and will point elsewhere
    ask = "give the folder of a run, such as reports/latest"
    try:
        data = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{option}{given} has no run.json, so it is no run; {ask}.") from error
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{option}{given}: its run.json cannot be read ({system_words(error)}); {ask}."
        ) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ConfigError(f"{option}{given} is no run of schema {SCHEMA}; {ask}.")
    return folder, data


def finished(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Entries by test id that were measured and judged. An INVALID one is finished too: nothing is tried
    until it is green.
    """
    return {
        one["id"]: one
        for one in data["tests"]
        if one["checks"] and not UNFINISHED_REASONS & set(one["reasons"])
    }


def check_options(given: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """ConfigError if the command asks for something else than the run that it is to continue."""
    now = json.loads(json.dumps(now))
    odd = [key for key in now if key in was and key not in FREE and was[key] != now[key]]
    if odd:
        told = "; ".join(f"--{key.replace('_', '-')} is {now[key]!r} and was {was[key]!r}" for key in odd)
        raise ConfigError(
            f"--resume={given} continues a run with the options it was begun with: {told}. Start a run of its own."
        )


def server_differences(was: Mapping[str, Any], now: Mapping[str, Any], *, same_url: bool) -> list[str]:
    """What the server of run.json (`server`, empty before the first test) has otherwise than the one that
    answers now."""
    if not was:
        return []
    found = []
    if same_url and was.get("url") != now.get("url"):
        found.append(f"url: {now.get('url')}, {was.get('url')} in the run")
    before, after = was.get("fingerprint", {}), json.loads(json.dumps(now.get("fingerprint", {})))
    for section in ("server", "hardware", "model"):
        mine, theirs = after.get(section, {}), before.get(section, {})
        for key in {**theirs, **mine}:
            if mine.get(key) != theirs.get(key):
                found.append(f"{section}.{key}: {mine.get(key)!r}, {theirs.get(key)!r} in the run")
    return found


def keep_records(folder: Path, ids: Collection[str]) -> None:
    """Leave the finished tests' records alone in requests.jsonl.gz; what was there before stays beside it
    under another name.

    A file that was cut off by a kill ends in the middle of its stream, and nothing appended to it could be
    read.
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
        raise ConfigError(f"{new} cannot be written ({file.broken}), so the run cannot be continued.")
    number = 1
    while (kept := folder / f"requests.before-resume-{number}.jsonl.gz").exists():
        number += 1
    try:
        os.link(path, kept)  # a kill between the two steps leaves both names
    except OSError:
        shutil.copyfile(path, kept)
    os.replace(new, path)
