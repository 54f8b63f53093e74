"""The end of a session: every output is written, and those that could not be are listed in the others.

A run whose outputs are not complete is NOT_SAVED and ends with 6 where all passed: its outcomes are on the
console, and are missing from the files.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from slabench.errors import system_words
from slabench.exit_status import INVALID
from slabench.plugin.language import spoken
from slabench.plugin.outputs import losing, step_summary, write_outputs, write_page, write_summary

if TYPE_CHECKING:
    from slabench.plugin.recorder import Recorder


class Closing:
    """One object a session, from its first lost output to its end. lost: output -> sentence."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.lost: dict[str, str] = dict(recorder.document.not_saved)
        self.session: pytest.Session | None = None
        self.status = 0
        self.summed_up = False

    def lose(self, output: str, why: str) -> None:
        """Once an output. After the end of the session the document and the summary are written again."""
        if output in self.lost:
            return
        self.lost[output] = f"{output} could not be written ({why})"
        if self.session is not None:
            self._document()
        if self.summed_up:
            with contextlib.suppress(OSError), spoken(self.recorder.config):
                recorder = self.recorder
                write_summary(recorder.document, recorder.folder.path)
                write_page(recorder.document, recorder.folder.path, recorder.config)

    def close(self, session: pytest.Session, status: int) -> None:
        """Write run.json, the others, then the summary and the page, which list those that are missing."""
        self.session, self.status = session, status
        recorder = self.recorder
        self._document()
        write_outputs(
            recorder.document,
            recorder.folder.path,
            recorder.settings,
            note=recorder.note,
            lose=self.lose,
        )
        with losing("summary.md", self.lose), spoken(recorder.config):
            write_summary(recorder.document, recorder.folder.path)
        with losing("report.html", self.lose), spoken(recorder.config):
            write_page(recorder.document, recorder.folder.path, recorder.config)
        self.summed_up = True
        if recorder.config.getoption("github"):
            with spoken(recorder.config):
                step_summary(recorder.document, note=recorder.note, lose=self.lose)

    def _document(self) -> None:
        """The document with its outcome and status, and what is lost so far; an error of its own is only
        reported.
        """
        assert self.session is not None, "it is closed within the session"
        recorder = self.recorder
        for again in (False, True):
            status = INVALID if self.lost and self.status == 0 else self.status
            if self.lost:
                recorder.file.set_not_saved(self.lost)
            self.session.exitstatus = status
            try:
                recorder.folder_again()
                recorder.file.finish(status)
            except OSError as error:
                if not again:
                    self.lost.setdefault("run.json", f"run.json could not be written ({system_words(error)})")
                    continue
            return
