"""An entry to what pytest shows: the report's outcome and text, the verdict on the terminal, the summary."""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError, InvalidRun, ServerError, SLAViolation
from slabench.messages import Message, Sentence
from slabench.plugin.finished import attach, attach_entry, finished, junit_properties
from slabench.plugin.interrupted import EarlyEnd
from slabench.plugin.language import spoken
from slabench.plugin.order import is_live
from slabench.plugin.plan import planning
from slabench.plugin.reason_codes import reason_code
from slabench.plugin.recorder import RECORDER
from slabench.plugin.redact_traceback import cleaned
from slabench.plugin.repeats import ATTEMPTS, Attempts
from slabench.plugin.stash import ENTRY, IN_BODY
from slabench.plugin.timeout_stop import TimeoutStop
from slabench.report.sanitize import plain, plain_lines
from slabench.session.partial_entry import bare_entry
from slabench.verdict.outcome import Outcome
from slabench.verdict.reasons import Reason

# pytest-benchmark writes something of its own only where one of these options is given.
BENCHMARK_OUTPUTS = (
    "benchmark_json",
    "benchmark_save",
    "benchmark_autosave",
    "benchmark_only",
    "benchmark_compare",
)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A wrong Form or rule at the top of a test file is reported in a sentence; other errors keep their
    traceback.
    """
    report = yield
    call = getattr(report, "call", None)
    error = call.excinfo.value if call is not None and call.excinfo is not None else None
    if call is not None and isinstance(error, ConfigError):
        report.longrepr = plain_lines(f"{_line_of(call.excinfo, collector.path)}{error}")
        report.slabench_usage = report.longrepr  # type: ignore[attr-defined]
    return report


def _line_of(excinfo: pytest.ExceptionInfo[BaseException], path: Path) -> str:
    """`tests/serving/test_long.py:12: `, the last line of that file in a traceback; empty without one."""
    lines = [frame.lineno + 1 for frame in excinfo.traceback if frame.path == path]
    return f"{path.name}:{lines[-1]}: " if lines else ""


# raised by a call with wrong arguments, or by a name that does not exist
_OWN_ERRORS = (TypeError, AttributeError, NameError)
_OURS = ("slabench", "fixtures")
_WITH_TRACEBACK = frozenset({Reason.CRASHED, Reason.TEST_ERROR, Reason.ASSERTION})


def _usage(error: BaseException | None, call: pytest.CallInfo[None], item: pytest.Item) -> str | None:
    """An error in a test's own file, with its line: a ConfigError, or what its own code raised; else None."""
    if isinstance(error, ConfigError):
        return str(error)
    if error is None or call.excinfo is None or not isinstance(error, _OWN_ERRORS):
        return None
    if not call.excinfo.traceback or call.excinfo.traceback[-1].path != item.path:
        return None
    return _raised(call.excinfo, item)


def _raised(excinfo: pytest.ExceptionInfo[BaseException], item: pytest.Item) -> str:
    return f"{_line_of(excinfo, item.path)}the test itself raised {excinfo.typename}: {excinfo.value}"


def _own(excinfo: pytest.ExceptionInfo[BaseException] | None, item: pytest.Item) -> bool:
    """Whether the test's own code raised it, or what it called: no frame of ours is nearer to the error."""
    for frame in reversed(excinfo.traceback if excinfo is not None else ()):
        if frame.path == item.path:
            return True
        if str(frame.frame.f_globals.get("__name__")).partition(".")[0] in _OURS:
            return False
    return False


def _unexpected(call: pytest.CallInfo[None], item: pytest.Item, *, judged: bool) -> tuple[Outcome, str, str]:
    """(outcome, headline, reason) of an error that is no verdict: an assertion or an error of the test's own,
    or a crash of ours.
    """
    assert call.excinfo is not None, "there is an error"
    error = call.excinfo.value
    if not _own(call.excinfo, item):
        return Outcome.INVALID, cleaned(f"slabench crashed: {type(error).__name__}: {error}"), Reason.CRASHED
    if isinstance(error, AssertionError | pytest.fail.Exception):
        text = (str(error).splitlines() or ["it has no message"])[0]
        line = f"{_line_of(call.excinfo, item.path)}an assertion of the test itself does not hold: {text}"
        return Outcome.FAILED if judged else Outcome.INVALID, cleaned(line), Reason.ASSERTION
    return Outcome.INVALID, cleaned(_raised(call.excinfo, item)), Reason.TEST_ERROR


def _without_verdict(
    call: pytest.CallInfo[None], item: pytest.Item, *, judged: bool
) -> tuple[Outcome, str, str]:
    """(outcome, headline, reason) of a test that raised, or that did not call judge()."""
    error = call.excinfo.value if call.excinfo is not None else None
    if error is None:
        return Outcome.INVALID, Sentence.of("session.no_verdict"), "no_verdict"
    if isinstance(error, SLAViolation):
        return Outcome.FAILED, error.sentence(), ""
    if isinstance(error, InvalidRun | ServerError):
        return Outcome.INVALID, error.sentence(), reason_code(error)
    return _unexpected(call, item, judged=judged)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not is_live(item) or planning(item.config):
        return report
    error = call.excinfo.value if call.excinfo is not None else None
    usage = _usage(error, call, item)
    if usage is not None:
        sentence = plain_lines(cleaned(usage))
        report.longrepr = sentence
        report.slabench_usage = sentence  # type: ignore[attr-defined]
        item.session.shouldstop = sentence
        # The session ends here with 4, and run.json has the reason: some errors show only after the load.
        entry = bare_entry(item.nodeid, Outcome.INVALID, f"usage: {sentence}", "usage")
        attach_entry(report, entry)
        return report
    if item.stash.get(IN_BODY, False):  # of a part of the test (subtests), which has no outcome of its own
        return report
    report.sections = [(name, cleaned(text)) for name, text in report.sections]  # what the test printed
    left = item.stash.get(ENTRY, None)
    if report.when == "teardown" and report.failed:
        report.longrepr = cleaned(report.longreprtext)
    skipped = report.skipped and left is None  # what has been judged keeps its outcome, under xfail too
    if report.when == "teardown" or (report.when == "setup" and report.passed) or skipped:
        return report
    if left is None or error is not None:
        from slabench.run_document.run import FinishedTest

        word, line, reason = _without_verdict(call, item, judged=left is not None)
        if left is None or reason == Reason.CRASHED:
            left = FinishedTest(entry=bare_entry(item.nodeid, word, line, reason))
        elif left.entry.word is Outcome.PASSED:
            # It passed, then the test raised an error: its metrics stay.
            reasons = (*([str(reason)] if reason else []), *left.entry.reasons)
            left = replace(left, entry=replace(left.entry, word=word, headline=line, reasons=reasons))
    entry = attach(report, item.config.stash[ATTEMPTS].worst(left))
    item.user_properties += junit_properties(entry)  # pytest writes those that the teardown's report has
    if entry.word is not Outcome.PASSED:
        report.outcome = "failed"
        report.__dict__.pop("wasxfail", None)
        if not _WITH_TRACEBACK.isdisjoint(entry.reasons):
            report.longrepr = f"{entry.word}: {entry.headline}\n\n{cleaned(report.longreprtext)}"
        else:
            from slabench.report.console import failure_text
            from slabench.report.localized import localized

            with spoken(item.config):
                report.longrepr = failure_text(localized(entry))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    left = finished(report)
    if left is None or (report.failed and left.entry.word is Outcome.PASSED):
        return None
    if left.entry.word is Outcome.INVALID:
        return "invalid", "I", ("INVALID", {"red": True})
    if left.entry.word is Outcome.FAILED:
        return "failed", "F", "FAILED"
    from slabench.report.headline_metric import verdict

    return "passed", ".", verdict(left.entry)


class Console:
    """Prints each test's block, and the table at the end; only in the process that has the run document."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        left = finished(report)
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if left is None or reporter is None or self.config.option.verbose < 0:
            return
        from slabench.report.console import test_block
        from slabench.report.localized import localized

        reporter.ensure_newline()
        if reporter._tw.width_of_current_line:  # the test's letter, after a line of the load
            reporter.write_line("")
        with spoken(self.config):
            block = test_block(localized(left.entry))
        for line in block.splitlines():
            reporter.write_line(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """hypothesis's plugin would import all of hypothesis for an empty summary: up to a second."""
        manager = self.config.pluginmanager
        plugin = manager.get_plugin("hypothesispytest")
        if plugin is not None and "hypothesis" not in sys.modules:
            manager.unregister(plugin)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        with spoken(self.config):
            self._summary(terminalreporter)

    def _summary(self, terminalreporter: Any) -> None:
        from slabench.report.console import summary_table
        from slabench.report.localized import localized

        recorder = self.config.stash[RECORDER]
        if recorder.litter or (not recorder.live_items and not recorder.notes):
            return
        self._crashes(terminalreporter)
        terminalreporter.section("slabench")
        document = localized(recorder.document)
        for line in summary_table(document).splitlines():
            terminalreporter.write_line(line)
        for note in recorder.notes:
            terminalreporter.write_line(plain(str(note.message if isinstance(note, Sentence) else note)))
        folder = recorder.folder.path
        terminalreporter.write_line(str(Message("console.run_folder", path=str(folder))))
        if (folder / "report.html").is_file():
            terminalreporter.write_line(str(Message("console.report", path=str(folder / "report.html"))))
        if self.config.getoption("github"):
            from slabench.report.github import job_lines

            for line in job_lines(document):
                terminalreporter.write_line(line)

    def _crashes(self, terminalreporter: Any) -> None:
        """pytest shows the tracebacks of failed tests; those of INVALID tests are shown here."""
        for report in terminalreporter.stats.get("invalid", ()):
            left = finished(report)
            reasons = () if left is None else _WITH_TRACEBACK.intersection(left.entry.reasons)
            if reasons:
                what = "console.crashed" if Reason.CRASHED in reasons else "console.test_error"
                terminalreporter.section(str(Message(what, test=report.nodeid)))
                terminalreporter.write_line(report.longreprtext)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    item.stash[IN_BODY] = True
    try:
        yield
    finally:
        item.stash[IN_BODY] = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """The entry of an earlier attempt is not this one's."""
    if ENTRY in item.stash:
        del item.stash[ENTRY]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[ATTEMPTS] = Attempts()
    config.pluginmanager.register(config.stash[ATTEMPTS], "slabench-attempts")
    config.pluginmanager.register(TimeoutStop(), "slabench-timeout-stop")
    if planning(config) or RECORDER in config.stash:
        config.pluginmanager.register(EarlyEnd(config), "slabench-early-end")
    if RECORDER in config.stash:
        config.pluginmanager.register(Console(config), "slabench-console")


@pytest.hookimpl(wrapper=True)
def pytest_report_header(config: pytest.Config) -> Generator[None, list[Any], list[Any]]:
    """Our line; pytest-benchmark's, of rounds and timers, only where its output was asked for."""
    lines = yield
    recorder = config.stash.get(RECORDER, None)
    if recorder is None:
        return lines
    if not any(config.getoption(name, None) for name in BENCHMARK_OUTPUTS):
        lines = [line for line in lines if not (isinstance(line, str) and line.startswith("benchmark: "))]
    with spoken(config):
        folder = Message("console.run_folder", path=recorder.folder.path)
        return [f"slabench: {folder}", *lines]
