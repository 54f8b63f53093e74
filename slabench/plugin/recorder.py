"""The run folder and its document: made before anything is measured, written after every test, closed with
the exit status.

Only the process that reports does this (the xdist controller, or the only process); a worker sends its
entries on the test reports (finished.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from slabench import __version__
from slabench.errors import ConfigError, interrupted_by
from slabench.exit_status import INTERRUPTED, INVALID, NOTHING, OUR_CRASH, USAGE
from slabench.messages import Message
from slabench.plugin.closing import Closing
from slabench.plugin.finished import finished
from slabench.plugin.interrupted import EndSignals, by_signal, interrupted_reports
from slabench.plugin.language import usage_error
from slabench.plugin.left_out import baseline_not_run, deselected
from slabench.plugin.multi_server import live_ids
from slabench.plugin.order import is_live
from slabench.plugin.outputs import default_pages, losing, silence_others
from slabench.plugin.plan import planning
from slabench.plugin.redact_traceback import OthersOutputs, clean_internal_error
from slabench.plugin.resume import RESUMED, Resumed
from slabench.plugin.stash import CAMPAIGN, SETTINGS
from slabench.program import suite_program
from slabench.report.sanitize import plain_values
from slabench.session.redact import redact_command, redact_options
from slabench.session.settings import SIM, Settings
from slabench.verdict.outcome import Outcome

if TYPE_CHECKING:
    from slabench.run_document.capacity import RunningTest
    from slabench.run_document.run import FinishedTest, RunDocument


class Recorder:
    """Owns the run folder; one object a session."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        from slabench.report.document import RunFile, RunFolder
        from slabench.report.environment import environment
        from slabench.run_document.run import ClientName

        self.config = config
        self.settings = settings
        self.notes: list[str | Message] = []
        self.resumed: Resumed | None = None
        options = redact_options(vars(config.option))
        if settings.baseline is not None:  # the name alone would let a continued run be judged by two
            options["baseline_sha256"] = settings.baseline.digest()
        made: dict[str, Any] = {"environment": environment(), "slabench": __version__}
        if settings.resume is None:
            self.folder = RunFolder.create(config.getoption("report_dir"))
            self.file = RunFile(self.folder, **made)
        else:
            self._continue(settings.resume, options, made)
        self.file.update(
            program=suite_program(),
            command=tuple(redact_command([str(part) for part in config.invocation_params.args])),
            options=options,
            client=ClientName(name=config.getoption("client")),
        )
        # before a server is asked, so that an interrupted run is labelled too
        if any(url.startswith(SIM) for url in settings.base_urls):
            self.add_labels(["SIMULATED"])
        self.closing = Closing(self)
        self.write()  # a run that is killed before its first test has a document too
        self.live_items = 0
        self.planned: frozenset[str] = frozenset()
        self.reported: set[str] = set()  # tests that this session reported, kept ones among them
        self.deselected = 0
        self.left_out: list[str] = []
        self.unreachable: str | None = None
        self.usage: str | None = None
        self.crashed = False
        self.signals = EndSignals()
        self.stopped = False  # by a plugin, such as --stepwise after a test that is red

    def _continue(self, name: str, options: dict[str, object], made: dict[str, Any]) -> None:
        from slabench.report import resume
        from slabench.report.document import RunFile, RunFolder

        path, before = resume.read_run(name)
        resume.check_options(name, before.options, options)
        self.folder = RunFolder(path)
        kept = resume.finished(before)
        resume.keep_records(path, kept)
        # what was planned is perhaps all that were collected: the choice is made again
        again = not kept and (self.settings.quick or self.settings.options.time_budget is not None)
        self.resumed = Resumed(name, kept, before.server, () if again else before.planned)
        self.file = RunFile.resume(self.folder, before, list(kept.values()), chosen_again=again, **made)

    @property
    def document(self) -> RunDocument:
        """What run.json holds now."""
        return self.file.document

    def set_planned(self, ids: list[str]) -> None:
        self.live_items = len(ids)
        self.planned = frozenset(ids)
        self.file.set_planned(ids)
        missing = baseline_not_run(self.settings, self.document.planned, self.left_out)
        self.file.update(deselected=len(self.left_out), baseline_not_run=missing)
        self.write()

    def take(self, test: FinishedTest) -> None:
        """One finished test into the document, and the document to disk. A full disk costs the file alone."""
        for output, why in test.lost.items():
            self.closing.lose(output, why)
        if test.server is not None:
            self.file.update(server=test.server)
        self.add_labels(test.labels)
        self.reported.add(test.entry.id)
        self.file.add_test(test.entry)
        self.write()
        if self.settings.bench_serving_jsonl is not None:
            from slabench.report.bench_serving_row import append_row

            target = self.settings.bench_serving_jsonl
            with losing(f"--bench-serving-jsonl={target}", self.closing.lose):
                append_row(target, test.entry, {} if test.server is None else test.server.info)

    def add_labels(self, labels: Sequence[str]) -> None:
        self.file.add_labels(labels)

    def show_running(self, test: RunningTest) -> None:
        """What a running test has so far, until it ends."""
        from slabench.run_document.capacity import RunningTest
        from slabench.run_document.read import parse
        from slabench.run_document.write import stored

        self.file.update(running=parse(RunningTest, plain_values(stored(test)), strict=True))
        self.write()

    def write(self) -> None:
        """While the run is on. What the disk does not take now it may take later; at the end it is lost
        (closing.py).
        """
        with contextlib.suppress(OSError):
            self.folder_again()
            self.file.write()

    def folder_again(self) -> None:
        """The document is still in memory if the folder is removed during the run."""
        if not self.folder.path.is_dir():
            self.folder.path.mkdir(parents=True)
            self.note(Message("console.folder_again"))

    def note(self, sentence: str | Message) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    # hooks

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.set_planned([item.nodeid for item in session.items if is_live(item)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self.set_planned(live_ids(self.folder.path, node, ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["slabench_folder"] = str(self.folder.path)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that cannot be collected: pytest's own status would be that of Ctrl-C."""
        if report.failed and self.usage is None:
            self.usage = getattr(report, "slabench_usage", "")

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += sum(is_live(item) for item in items)
        self.left_out += deselected(items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if nodeid in self.planned:
            self.folder.point_latest()  # a run can be looked at while it is on

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = finished(report)
        if test is not None:
            self.take(test)
            self.crashed = self.crashed or "CRASHED" in test.entry.reasons
        green = test is None or test.entry.word is Outcome.PASSED
        if report.failed and green and not hasattr(report, "slabench_usage"):
            self.file.add_failed_besides(report.nodeid)
        self.usage = getattr(report, "slabench_usage", self.usage)

    @pytest.hookimpl(trylast=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """pytest makes no report of the test that a signal ended: ours has what was measured."""
        self.signals.handler.writing = True
        if by_signal(excinfo.value):
            self.file.update(interrupted_by=interrupted_by(excinfo.value))
            if self.live_items:
                self.folder.point_latest()  # it may have come before a server was asked
        self.stopped = isinstance(excinfo.value, KeyboardInterrupt) and not by_signal(excinfo.value)
        campaign = self.config.stash.get(CAMPAIGN, None)
        if campaign is not None and campaign.interrupted is not None:
            test, campaign.interrupted = campaign.interrupted, None
            for report in interrupted_reports(test, self.config):
                self.config.hook.pytest_runtest_logreport(report=report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        clean_internal_error(excrepr)
        self.file.set_crashed()
        self.crashed = True
        self.folder.point_latest()  # what to send us

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self.signals.handler.writing = True
        if not self.live_items and not self.deselected and exitstatus != USAGE and self.usage is None:
            return
        status = self.exit_status(session, int(exitstatus))
        session.exitstatus = status
        if status == USAGE and self.usage is None:
            self.usage = ""  # while tests were collected
        if self.litter:
            silence_others(self.config)
            return
        if not self.live_items:
            self.note(Message("console.all_deselected", deselected=self.deselected))
        campaign = self.config.stash.get(CAMPAIGN, None)
        for output, why in (campaign.files.lost if campaign is not None else {}).items():
            self.closing.lose(output, why)
        self.closing.close(session, status)

    @property
    def litter(self) -> bool:
        """Whether the run folder is to be removed: no live test was selected, or the options were refused."""
        nothing = not self.live_items and not self.deselected
        refused = self.usage is not None and not self.document.tests
        return (nothing or refused) and self.resumed is None

    def exit_status(self, session: pytest.Session, status: int) -> int:
        """0 all PASSED, 1 any FAILED, 2 Ctrl-C, 3 our crash, 4 usage, 5 nothing collected, 6 INVALID."""
        if self.usage is not None:
            # before pytest's own status: the session is stopped for it, which pytest counts as interrupted
            return USAGE
        if status in (OUR_CRASH, USAGE) or (status == INTERRUPTED and not self.stopped):
            return status
        if self.unreachable is not None:
            return INVALID
        if self.crashed:
            return OUR_CRASH
        if status == NOTHING:
            return INVALID if self.deselected else NOTHING
        tests = self.document.tests
        words = [entry.word for entry in tests]
        red = sum(entry.word != "PASSED" for entry in tests if entry.id in self.reported)
        if "FAILED" in words or self.document.failed_besides or session.testsfailed > red:
            return 1
        if "INVALID" in words or not words or self.document.incomplete:
            return INVALID
        return status


RECORDER = pytest.StashKey[Recorder]()


def pytest_configure(config: pytest.Config) -> None:
    # After options.py's (tryfirst), before pytest's and pytest-html's (registered earlier, so called later).
    settings = config.stash.get(SETTINGS, None)
    nothing_sent = config.option.collectonly or planning(config)
    if settings is None or not settings.live or hasattr(config, "workerinput") or nothing_sent:
        return
    try:
        recorder = Recorder(config, settings)
    except ConfigError as error:
        raise usage_error(config, error) from error
    config.stash[RECORDER] = recorder
    if recorder.resumed is not None:
        config.stash[RESUMED] = recorder.resumed
        config.pluginmanager.register(recorder.resumed, "slabench-resumed")
    config.pluginmanager.register(recorder.closing, "slabench-closing")
    config.pluginmanager.register(OthersOutputs(recorder.closing.lose), "slabench-others-outputs")
    recorder.signals.take()
    config.pluginmanager.register(recorder, "slabench-recorder")
    default_pages(config, recorder.folder.path, recorder.closing.lose)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    recorder = config.stash.get(RECORDER, None)
    if recorder is None:
        return
    recorder.signals.give_back()
    recorder.folder.close()
    if recorder.litter:
        recorder.folder.remove()
