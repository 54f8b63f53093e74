"""The end of a session: every output is written, and those that could not be are listed in the others.

A run whose outputs are not complete is NOT_SAVED and ends with 6 where all passed: its outcomes are on the
console, and are missing from the files.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from slabench.errors import SlabenchError, system_words
from slabench.exit_status import INTERRUPTED, INVALID, OUR_CRASH
from slabench.plugin.language import spoken
from slabench.plugin.outputs import (
    name_left_out,
    step_summary,
    write_outputs,
    write_page,
    write_summary,
)

if TYPE_CHECKING:
    from slabench.plugin.recorder import Recorder

PAGE = "report.html"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Closing:
    """One object a session, from its first lost output to its end. lost: output -> sentence."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.lost: dict[str, str] = dict(recorder.document.not_saved)
        self.session: pytest.Session | None = None
        self.status = 0
        self.summed_up = False

    def lose(self, output: str, why: str) -> None:
        """Once an output. After the end of the session the document, the summary and the page are written
        again.
        """
        if output in self.lost:
            return
        self.lost[output] = f"{output} could not be written ({why})"
        if self.session is not None:
            self._document()
        if self.summed_up:
            self._sum_up()

    def close(self, session: pytest.Session, status: int) -> None:
        """Write run.json, the others, then the summary and the page, which list those that are missing."""
        self.session, self.status = session, status
        recorder = self.recorder
        self._document()
        name_left_out(recorder.document, recorder.config)
        write_outputs(
            recorder.document,
            recorder.folder.path,
            recorder.settings,
            note=recorder.note,
            lose=self.lose,
        )
        self.summed_up = True
        self._sum_up()
        if recorder.config.getoption("github"):
            with spoken(recorder.config):
                step_summary(recorder.document, note=recorder.note, lose=self.lose)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Around those of all plugins: one may end the run with another status than run.json has by then."""
        try:
            return (yield)
        except pytest.exit.Exception as error:
            session.exitstatus = INTERRUPTED if error.returncode is None else error.returncode
            raise
        except Exception:
            session.exitstatus = OUR_CRASH
            raise
        finally:
            if self.session is not None and session.exitstatus != self.recorder.document.exit_status:
                self.status = int(session.exitstatus)
                self._document()
                self._sum_up()

    def _sum_up(self) -> None:
        """One that cannot be written is removed: what stands there has another outcome."""
        recorder = self.recorder
        for output, write in (("summary.md", write_summary), (PAGE, write_page)):
            if output in self.lost:
                continue
            try:
                with spoken(recorder.config):
                    write(recorder.document, recorder.folder.path, recorder.config)
            except (OSError, SlabenchError) as error:
                self._remove(output)
                self.lose(output, system_words(error))

    def _document(self) -> None:
        """The document with its outcome and status, and what is lost so far; an error of its own is only
        reported.

        A full disk: the page's room is taken, which `slabench report` makes again of the document. If that
        is not enough, a document of another status gives way: none at all passes no gate.
        """
        error = self._finish()
        if error is not None and error.errno not in NO_ROOM:
            self.lost.setdefault("run.json", f"run.json could not be written ({system_words(error)})")
            self._finish()
            return
        if error is not None and self._remove(PAGE):
            self.lost[PAGE] = f"{PAGE} was removed so that run.json has room ({system_words(error)})"
            error = self._finish()
        if error is not None:
            if self.recorder.file.on_disk not in (None, self.recorder.document.exit_status):
                self._remove("run.json")
                error = self._finish()
            if error is not None:
                self.lost.setdefault("run.json", f"run.json could not be written ({system_words(error)})")
                self._finish()

    def _finish(self) -> OSError | None:
        assert self.session is not None, "it is closed within the session"
        recorder = self.recorder
        status = INVALID if self.lost and self.status == 0 else self.status
        if self.lost:
            recorder.file.set_not_saved(self.lost)
        self.session.exitstatus = status
        try:
            recorder.folder_again()
            recorder.file.finish(status)
        except OSError as error:
            return error
        return None

    def _remove(self, output: str) -> bool:
        """Whether it was there."""
        try:
            (self.recorder.folder.path / output).unlink()
        except OSError:
            return False
        return True
