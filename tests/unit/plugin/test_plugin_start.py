"""What a run says and leaves while its server starts: `latest`, a missing {port}, and signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from slabench.end_signals import UNWIND_S, EndOnce
from slabench.errors import ConfigError, Interrupted
from slabench.session.campaign import Campaign
from tests.unit.plugin.conftest import Ran

pytest_plugins = ("pytester",)

Run = Callable[..., Ran]
PASSES = "def test_x(says):\n    says('PASSED')\n"


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A run that a signal ended ignores it until its process ends, which is this one."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def cancelled() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def opens(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """action is called where the run would start its server."""

    def open_(self: Campaign) -> SimpleNamespace:
        action()
        return SimpleNamespace(labels=[])

    monkeypatch.setattr(Campaign, "open", open_)


def test_latest_names_a_run_that_is_interrupted_while_its_server_starts(
    run_suite: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run_suite(PASSES)
    opens(monkeypatch, cancelled)
    ran = run_suite(PASSES)
    assert ran.status == 2, ran.output
    assert ran.folder != before.folder
    assert (ran.run["state"], ran.run["interrupted_by"], ran.run["tests"]) == ("interrupted", "SIGTERM", [])
    assert "Verdict of the run: nothing was judged" in ran.output
    assert (ran.folder / "summary.md").read_text().startswith("# slabench: nothing was judged")  # type: ignore[operator]


def test_latest_names_a_run_whose_server_starts_and_is_put_back_if_it_is_refused(
    run_suite: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, named = run_suite(PASSES), list[Path]()

    def refuse() -> None:
        named.append(Path("reports/latest").resolve())
        raise ConfigError("another port")

    opens(monkeypatch, refuse)
    ran = run_suite(PASSES)
    assert ran.status == 4, ran.output
    assert named[0] != before.folder
    assert ran.folder == before.folder
    assert before.folder is not None and [before.folder] == list(before.folder.parent.glob("2*"))


IMPATIENT = """
import os, signal

def _again(*parts):
    os.kill(os.getpid(), signal.SIGTERM)

def pytest_keyboard_interrupt(): _again()
def pytest_sessionfinish(): _again()
def pytest_terminal_summary(): _again()
def pytest_unconfigure(): _again()
"""


def test_further_signals_stop_nothing_that_is_written(
    run_suite: Run, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    def opened() -> None:
        try:
            cancelled()
        finally:
            cancelled()  # while the server that was started is ended

    opens(monkeypatch, opened)
    pytester.makepyfile(impatient=IMPATIENT)
    pytester.syspathinsert()
    ran = run_suite(PASSES, "-p", "impatient")
    assert ran.status == 2, ran.output
    assert "Traceback" not in ran.output
    assert (ran.run["state"], ran.run["exit_status"]) == ("interrupted", 2)
    assert "--resume=" in (ran.folder / "summary.md").read_text()  # type: ignore[operator]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN  # until the process ends: its status is 2


def test_an_interrupt_that_was_lost_does_not_leave_a_run_that_no_signal_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    handler = EndOnce()
    with pytest.raises(Interrupted, match="Ctrl-C"):
        handler(signal.SIGINT, None)
    now[0] += UNWIND_S - 1
    handler(signal.SIGINT, None)
    now[0] += 2
    with pytest.raises(Interrupted, match="SIGTERM"):
        handler(signal.SIGTERM, None)
    handler.writing = True
    now[0] += 2 * UNWIND_S
    handler(signal.SIGTERM, None)


def test_a_command_without_a_port_is_named_before_it_is_waited_for(run_suite: Run) -> None:
    body = "def test_x(says):\n    says('PASSED')\n"
    ran = run_suite(body, "--launch=serve.sh --model m", "--launch-timeout=7", url=None)
    assert (
        "--launch has no {port}: its server is waited for at sglang's own port 30000, up to 7 s" in ran.output
    )
    assert "{port}" not in run_suite(body, "--launch=serve.sh {port}", url=None).output.split("collected")[1]
