"""The run folder and run.json: the document that every other output is made of.

docs/run-json.md is its contract.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError
from slabench.metrics.definitions import metric_of
from slabench.strict_json import finite
from slabench.verdict.outcome import Outcome, overall

# slabench.run/1: first form.
SCHEMA = "slabench.run/1"
UNFINISHED = "run.json.new"
ROOM = 4096  # bytes that have to fit before a run begins


def utc_now() -> str:
    """2026-01-02T03:04:05Z"""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunFolder:
    """One folder a run under the report directory, named by UTC time and a short id; `latest` points to the
    last with a test.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = _lock(path)

    def close(self) -> None:
        """Let others continue this run."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def run_id(self) -> str:
        return self.path.name

    @classmethod
    def create(cls, report_dir: str) -> RunFolder:
        """Make it, never one that exists. ConfigError in one sentence if nothing can be written there."""
        parent = Path(report_dir)
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for _ in range(100):
                path = parent / f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(3)}"
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    break
            # A full or read-only disk says so before anything is measured. run.json itself appears whole,
            # with its first write.
            (path / UNFINISHED).write_bytes(b"\0" * ROOM)
        except OSError as error:
            raise ConfigError(
                f"--report-dir={report_dir} cannot be written ({error.strerror}); give a folder for the reports."
            ) from error
        return cls(path)

    def point_latest(self) -> None:
        """Let `latest` name this run: once a test of it has begun."""
        _point(self.path.parent / "latest", self.path.name)


def _lock(path: Path) -> int:
    """Held as long as this process lives: a run cannot be continued while it is on.

    A file system without locks has none.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise ConfigError(
            f"The run {path} is still on: another process writes to it. Wait for its end, or end it."
        ) from error
    except OSError:
        pass
    return handle


def _point(link: Path, target: str) -> None:
    """A relative link, replaced in one step. A file system without links costs the link, not the run."""
    new = link.with_name(f".latest-{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        if link.exists() and not link.is_symlink():
            return
        new.symlink_to(target)
        os.replace(new, link)


class RunDocument:
    """run.json in memory; write() puts it on disk whole."""

    def __init__(self, folder: RunFolder, *, environment: Mapping[str, Any], slabench: str) -> None:
        self.folder = folder
        now = utc_now()
        self.data: dict[str, Any] = {
            "schema": SCHEMA,
            "run_id": folder.run_id,
            "state": "running",
            "word": None,
            "exit_status": None,
            "created_utc": now,
            "updated_utc": now,
            "slabench": slabench,
            "labels": [],
            "environment": dict(environment),
            "command": [],
            "options": {},
            "server": {},
            "client": {"name": "slabench"},
            "planned": [],
            "not_run": [],
            "units": {},
            "tests": [],
        }

    @classmethod
    def resume(
        cls, folder: RunFolder, data: Mapping[str, Any], kept: Sequence[Mapping[str, Any]], **made: Any
    ) -> RunDocument:
        """The document of a run that goes on: what was planned, the kept tests, and the server that they were
        measured on.
        """
        document = cls(folder, **made)
        document.data |= {
            key: data[key] for key in ("created_utc", "labels", "server", "planned") if key in data
        }
        document.data["resumed"] = [
            *data.get("resumed", ()),
            {"utc": utc_now(), "kept": [one["id"] for one in kept]},
        ]
        # What else was not written is written now; records of the kept tests are still missing.
        missing = {
            name: why for name, why in data.get("not_saved", {}).items() if name.startswith("requests")
        }
        document.data["labels"] = [one for one in document.data["labels"] if one != "NOT_SAVED"]
        document.data |= {"not_saved": missing} if missing else {}
        document.data["tests"] = list(kept)
        document._settle()
        _point(folder.path.parent / "latest", folder.path.name)
        return document

    def set_planned(self, ids: Sequence[str]) -> None:
        before = self.data["planned"] if "resumed" in self.data else []
        self.data["planned"] = list(dict.fromkeys([*before, *ids]))
        self._settle()

    def add_test(self, entry: Mapping[str, Any]) -> None:
        """A finished test; a second entry of the same id replaces the first."""
        tests = self.data["tests"]
        tests[:] = [one for one in tests if one["id"] != entry["id"]]
        tests.append(finite(entry))
        self._settle()

    def _settle(self) -> None:
        data = self.data
        ran = {one["id"] for one in data["tests"]}
        data["not_run"] = [one for one in data["planned"] if one not in ran]
        word = overall([Outcome(one["word"]) for one in data["tests"]])
        if word is Outcome.PASSED and data["state"] == "running":
            word = None  # a run that is killed now has not passed, and this is the file that stays
        elif word is Outcome.PASSED and (
            data["not_run"] or data["state"] != "finished" or data.get("not_saved")
        ):
            # nor has one that ended before its plan did, or whose outputs are not complete
            word = Outcome.INVALID
        data["word"] = word.value if word is not None else None
        for one in data["tests"]:
            data["units"] |= {
                key: metric.unit for key in one["metrics"] if (metric := metric_of(key)) is not None
            }

    def finish(self, state: str, status: int) -> None:
        """state: finished, interrupted or crashed; status: the exit status. Writes."""
        self.data["state"], self.data["exit_status"] = state, status
        if "unreachable" in self.data:
            self.data["word"] = Outcome.INVALID.value
        else:
            self._settle()
        self.write()

    def write(self) -> None:
        """Whole or not at all, so that it can be read at any moment. OSError if the disk does not take it."""
        self.data["updated_utc"] = utc_now()
        # add_test() did those
        whole = {key: value if key == "tests" else finite(value) for key, value in self.data.items()}
        # After every test all of it is written again: with an indent that takes ten times as long.
        text = json.dumps(whole, indent=None if self.data["state"] == "running" else 1, allow_nan=False)
        target = self.folder.path / "run.json"
        new = target.with_name(UNFINISHED)
        with new.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, target)
