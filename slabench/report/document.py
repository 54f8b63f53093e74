"""The run folder and its run.json, the document that every other output is made of (docs/run-json.md)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError
from slabench.exit_status import INTERRUPTED, OUR_CRASH
from slabench.messages import Message
from slabench.metrics.definitions import metric_of
from slabench.run_document.entry import Entry
from slabench.run_document.run import (
    ClientName,
    EnvironmentEntry,
    LeftOut,
    Resumption,
    RunDocument,
    RunState,
)
from slabench.run_document.write import stored
from slabench.strict_json import finite
from slabench.verdict.outcome import Outcome, overall

NOT_SAVED = "NOT_SAVED"  # label of a run of which an output could not be written
LEFT_OUT = "LEFT_OUT"  # label of a run whose --time-budget had no room for some of its tests
ENDED = {INTERRUPTED: RunState.INTERRUPTED, OUR_CRASH: RunState.CRASHED}  # by exit status
UNFINISHED = "run.json.new"
LEAST_FREE = 4096  # bytes that have to fit before a run begins


def utc_now() -> str:
    """2026-01-02T03:04:05Z"""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunFolder:
    """One folder a run, named by UTC time and a short id; `latest`: the last one that asked a server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = _lock(path)
        self._latest_before: str | None = None

    def close(self) -> None:
        """Release the lock, so that another process can continue this run."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def run_id(self) -> str:
        return self.path.name

    @classmethod
    def create(cls, report_dir: str) -> RunFolder:
        """A new folder. ConfigError if nothing can be written there."""
        parent = Path(report_dir)
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for _ in range(100):
                path = parent / f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(3)}"
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    break
            # A full or read-only disk is an error before anything is measured. run.json itself appears whole,
            # with its first write.
            (path / UNFINISHED).write_bytes(b"\0" * LEAST_FREE)
        except OSError as error:
            raise ConfigError(
                Message("file.report_dir", report_dir=report_dir, why=error.strerror)
            ) from error
        return cls(path)

    def point_latest(self) -> None:
        """Let `latest` name this run, once a server is started or asked for it: a run that is killed while
        the server starts leaves no older outcome there.
        """
        link = self.path.parent / "latest"
        with contextlib.suppress(OSError):
            before = os.readlink(link)
            self._latest_before = self._latest_before if before == self.path.name else before
        _point(link, self.path.name)

    def remove(self) -> None:
        """The folder of a run that was refused; `latest` is what it was before."""
        shutil.rmtree(self.path, ignore_errors=True)
        link = self.path.parent / "latest"
        with contextlib.suppress(OSError):
            if os.readlink(link) == self.path.name:
                link.unlink()
                if self._latest_before is not None:
                    _point(link, self._latest_before)


def _lock(path: Path) -> int:
    """Held as long as this process lives: a running run cannot be continued. No lock where there are none."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise ConfigError(Message("file.still_running", path=path)) from error
    except OSError:
        pass
    return handle


def _point(link: Path, target: str) -> None:
    """A relative link, replaced in one step; none on a file system without links."""
    new = link.with_name(f".latest-{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        if link.exists() and not link.is_symlink():
            return
        new.symlink_to(target)
        os.replace(new, link)


class RunFile:
    """run.json of a folder: `document` is its content, write() puts it on disk whole."""

    def __init__(self, folder: RunFolder, *, environment: EnvironmentEntry | None, slabench: str) -> None:
        self.folder = folder
        now = utc_now()
        self.document = RunDocument(
            run_id=folder.run_id,
            state=RunState.RUNNING,
            word=None,
            exit_status=None,
            created_utc=now,
            updated_utc=now,
            slabench=slabench,
            labels=(),
            environment=environment,
            command=(),
            options={},
            server=None,
            client=ClientName(name="slabench"),
            planned=(),
            not_run=(),
            units={},
            tests=(),
        )
        self.on_disk: int | None = None  # the exit status that the file has; None while the run is on
        self._tests: dict[str, dict[str, Any]] = {}  # each test as JSON has it, by id
        self._planned_before: tuple[str, ...] = ()  # of the run that is continued
        self._choose_again = False  # among these, in so far as they are collected again

    @classmethod
    def resume(
        cls,
        folder: RunFolder,
        before: RunDocument,
        kept: Sequence[Entry],
        *,
        chosen_again: bool = False,
        **made: Any,
    ) -> RunFile:
        """The file of a run that continues: its plan, the kept tests, and the server that they ran on.

        chosen_again: a gate chooses among the tests that are collected, since it had chosen none before.
        """
        file = cls(folder, **made)
        file._choose_again, file.on_disk = chosen_again, before.exit_status
        # Other outputs are written again; records of the kept tests are still missing.
        missing = {name: why for name, why in before.not_saved.items() if name.startswith("requests")}
        for entry in kept:
            file.add_test(entry)
        file._planned_before = before.planned
        again = {NOT_SAVED, LEFT_OUT} if chosen_again else {NOT_SAVED}
        file.update(
            created_utc=before.created_utc,
            labels=tuple(label for label in before.labels if label not in again),
            left_out=None if chosen_again else before.left_out,
            server=before.server,
            planned=before.planned,
            resumed=(*before.resumed, Resumption(utc=utc_now(), kept=tuple(entry.id for entry in kept))),
            not_saved=missing,
        )
        _point(folder.path.parent / "latest", folder.path.name)
        return file

    def update(self, **changes: Any) -> None:
        """Replace these fields of the document, and settle what follows from them."""
        document = replace(self.document, **changes)
        ran = {entry.id for entry in document.tests}
        not_run = tuple(test_id for test_id in document.planned if test_id not in ran)
        self.document = replace(document, not_run=not_run)
        self.document = replace(self.document, word=_word(self.document))

    def set_planned(self, ids: Sequence[str]) -> None:
        """Set twice where a gate chooses among the collected tests: the later ids replace the earlier."""
        if self._choose_again:  # these are all that were collected; what is not among them stays missing
            self._choose_again = False
            self._planned_before = tuple(test_id for test_id in self._planned_before if test_id not in ids)
        self.update(planned=tuple(dict.fromkeys((*self._planned_before, *ids))))

    def set_left_out(self, left_out: LeftOut) -> None:
        self.update(left_out=left_out)
        self.add_labels([LEFT_OUT])

    def set_process(self, process: str) -> None:
        """What is known of the server's process since the last --resume."""
        *before, last = self.document.resumed
        self.update(resumed=(*before, replace(last, server=process)))

    def set_not_saved(self, lost: Mapping[str, str]) -> None:
        """lost: output -> sentence."""
        self.update(not_saved=dict(lost))
        self.add_labels([NOT_SAVED])

    def add_labels(self, labels: Sequence[str]) -> None:
        self.update(labels=tuple(dict.fromkeys((*self.document.labels, *labels))))

    def add_test(self, entry: Entry) -> None:
        """A finished test; a second entry of the same id replaces the first."""
        self._tests.pop(entry.id, None)
        self._tests[entry.id] = finite(stored(entry))
        units = {key: metric.unit for key in entry.metrics if (metric := metric_of(key)) is not None}
        others = [test for test in self.document.tests if test.id != entry.id]
        self.update(tests=(*others, entry), units={**self.document.units, **units}, running=None)

    def add_failed_besides(self, test_id: str) -> None:
        self.update(failed_besides=tuple(dict.fromkeys((*self.document.failed_besides, test_id))))

    def set_crashed(self) -> None:
        self.update(state=RunState.CRASHED)

    def finish(self, status: int) -> None:
        """status: the exit status. Writes."""
        self.update(state=ENDED.get(status, RunState.FINISHED), exit_status=status)
        self.write()

    def write(self) -> None:
        """Whole or not at all, so that it can be read at any moment. OSError if the disk does not take it."""
        self.document = replace(self.document, updated_utc=utc_now())
        whole = finite(stored(replace(self.document, tests=())))
        whole["tests"] = list(self._tests.values())
        # All of it is written after every test: with an indent that takes ten times as long.
        indent = None if self.document.state is RunState.RUNNING else 1
        text = in_lines(json.dumps(whole, indent=indent, allow_nan=False))
        target = self.folder.path / "run.json"
        new = target.with_name(UNFINISHED)
        with new.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, target)
        self.on_disk = self.document.exit_status


# A list of numbers, one a line: no string has a line end in it, JSON writes them as \n.
_NUMBERS = re.compile(r"\[\n\s*(-?\d[-+.\deE,\s]*?)\n\s*\]")


def in_lines(text: str) -> str:
    """Indented JSON with each list of numbers in one line: a series of hundreds is half as large so."""
    return _NUMBERS.sub(lambda match: f"[{''.join(match[1].split())}]", text)


def _word(document: RunDocument) -> Outcome | None:
    """A run that was killed, that did not reach the end of its plan, whose outputs are incomplete, or that
    ends with another status than 0 has not passed.
    """
    if document.unreachable is not None and document.state is not RunState.RUNNING:
        return Outcome.INVALID
    besides = [Outcome.FAILED] if document.failed_besides else []
    word = overall([*(entry.word for entry in document.tests), *besides])
    if word is Outcome.PASSED and document.state is RunState.RUNNING:
        return None
    unfinished = document.state is not RunState.FINISHED or bool(document.exit_status)
    incomplete = unfinished or document.incomplete or document.not_saved
    return Outcome.INVALID if word is Outcome.PASSED and incomplete else word
