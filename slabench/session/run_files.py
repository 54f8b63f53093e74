"""The files of a run folder that are written while the run is on, and those that the disk did not take."""

from __future__ import annotations

from pathlib import Path

from slabench.report.records_file import RecordsFile
from slabench.session.stored_answers import FILE as ANSWERS


def worker_suffix(place: int | None) -> str:
    """The end of the names of a worker's files: `-gw1`; empty in a process that is alone."""
    return "" if place is None else f"-gw{place}"


class RunFiles:
    """place: an xdist worker's number, which its own file of records has in its name."""

    def __init__(self, folder: Path, place: int | None) -> None:
        self.folder = folder
        self.records_name = f"requests{worker_suffix(place)}.jsonl.gz"
        self._records: RecordsFile | None = None
        self._answers: RecordsFile | None = None
        self._lost: dict[str, str] = {}

    @property
    def records(self) -> RecordsFile:
        if self._records is None:
            self._records = RecordsFile(self.folder / self.records_name)
        return self._records

    @property
    def answers(self) -> RecordsFile:
        """session/stored_answers.py has its lines."""
        if self._answers is None:
            self._answers = RecordsFile(self.folder / ANSWERS)
        return self._answers

    def flush(self) -> None:
        """What has been measured is on disk before it is judged."""
        if self._records is not None:
            self._records.flush()

    @property
    def lost(self) -> dict[str, str]:
        """Files that are not complete, with the reason."""
        if self._records is not None and self._records.broken is not None:
            self._lost[self.records_name] = self._records.broken
        if self._answers is not None and self._answers.broken is not None:
            self._lost[ANSWERS] = self._answers.broken
        return self._lost

    def lose(self, name: str, why: str) -> None:
        self._lost.setdefault(name, why)

    def close(self) -> None:
        for file in (self._records, self._answers):
            if file is not None:
                file.close()
