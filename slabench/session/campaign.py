"""One process's live measurements: the parts that a session makes once, made when they are first needed.

The callables that tests use (run_load.py, judge.py, curve.py, capacity.py), a command, and trial.py take it;
they hand its parts to the functions that measure and evaluate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.report.stored_runs import StoredSide
from slabench.run_document.capacity import RunningTest
from slabench.run_document.entry import Entry
from slabench.run_document.run import FinishedTest, LaunchRow
from slabench.session.calibration import ClientCalibration
from slabench.session.comparison import ComparedWith, siblings
from slabench.session.decode_curve import DecodePoint
from slabench.session.deployment import Deployment
from slabench.session.evaluate import SessionFacts, codes
from slabench.session.gpu_telemetry import Telemetry
from slabench.session.launches import EarlierLaunch
from slabench.session.load import ServerHistory
from slabench.session.run_files import RunFiles
from slabench.session.servers import Servers, open_servers
from slabench.session.settings import Settings
from slabench.session.tokenizer import TokenizerSource


class Campaign:
    """Opened before the first live test, closed with the session.

    place: an xdist worker's number, which of several servers is its own. attempt_of: how often a test was
    begun. show_running: writes to run.json what a running test has so far.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        say: Callable[[Message | str], None],
        place: int | None = None,
        *,
        attempt_of: Callable[[str], int] = lambda test_id: 1,
        show_running: Callable[[RunningTest], None] = lambda test: None,
    ) -> None:
        self.settings, self.folder, self.say, self.place = settings, folder, say, place
        self.attempt_of, self.show_running = attempt_of, show_running
        self.opened: Servers | None = None
        # --one-after-the-other: what the baseline server's run gave, before the new server was started
        self.before: StoredSide | None = None
        self.deadline: float | None = None  # monotonic, of --time-budget
        self.earlier: tuple[EarlierLaunch, ...] = ()  # runs at the launches before this one (--launches)
        # what a test had measured when Ctrl-C came: handed over like a report's entry
        self.interrupted: FinishedTest | None = None
        self.decode_points: list[DecodePoint] = []
        self.refused_sizes: list[int] = []  # batch sizes of decode tests that were refused before load
        self.history = ServerHistory()
        self.files = RunFiles(folder, place)
        self.gpus = Telemetry(settings.options)
        self.calibration = ClientCalibration(settings.options, say)
        self.tokenizer = TokenizerSource(
            settings.options, lambda: None if self.opened is None else self.opened.new.info
        )

    @property
    def servers(self) -> Servers:
        if self.opened is None:
            raise ConfigError(Message("option.no_base_url"))
        return self.opened

    def over(self) -> bool:
        """Whether --time-budget is."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def open(self) -> Deployment:
        """Start or find the servers; ConfigError and ServerError carry the sentence that ends the session."""
        if self.opened is None:
            baseline = self.before is None
            self.opened = open_servers(self.settings, self.folder, place=self.place, baseline=baseline)
        return self.opened.new

    def compared_with(self, test_id: str, test_ids: Sequence[str]) -> ComparedWith:
        """test_ids: of all tests of the session."""
        settings, options = self.settings, self.settings.options
        return ComparedWith(
            test_id=test_id,
            fingerprint=self.servers.new.fingerprint,
            server=self.servers.baseline,
            before=self.before,
            file=settings.baseline,
            launch_spread=settings.launch_spread,
            earlier=self.earlier,
            tolerance=settings.tolerance,
            allow_diff=options.allow_diff,
            allow=options.allow,
            strict=options.strict_validity,
            siblings=siblings(test_id, test_ids),
            looks=settings.looks,
            saved=settings.save_baseline is not None,
        )

    @property
    def launch_rows(self) -> tuple[LaunchRow, ...]:
        """run.json's lines on the launches of --launches."""
        rows = [launch.row for launch in self.earlier]
        return (*rows, LaunchRow.of(len(rows) + 1, "", self.servers.entry))

    @property
    def facts(self) -> SessionFacts:
        return SessionFacts(self.tokenizer, self.history.stream_probes, self.servers.twin)

    def finished(self, entry: Entry, deployment: Deployment | None = None) -> FinishedTest:
        """A test's entry for every output. deployment: where it was measured, if not at the new server."""
        labels = (deployment or self.servers.new).labels
        return FinishedTest(
            entry=entry,
            server=self.servers.entry,
            labels=(*codes(entry.labels, simulated=False), *labels),
            lost=dict(self.files.lost),
        )

    def close(self) -> None:
        self.files.close()
        self.gpus.close()
        if self.opened is not None:
            self.opened.close()
