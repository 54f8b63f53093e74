"""Ctrl-C and SIGTERM: which run `latest` names, and that further signals stop nothing that is written."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from slabench.errors import ConfigError
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
