"""A suite of a few lines, run by pytest with our plugin: its live tests have outcomes without a server."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# The fixture `server` makes a test live; here there is none. `says` is what judge() leaves and raises, in
# three lines.
CONFTEST = """
import pytest
from slabench.errors import InvalidRun, SLAViolation
from slabench.plugin.stash import ENTRY
from slabench.run_document.run import FinishedTest
from slabench.session.partial_entry import bare_entry
from slabench.verdict.outcome import Outcome

pytest_plugins = ("slabench.plugin",)

@pytest.fixture
def server(campaign):
    return None

@pytest.fixture
def says(request, server):
    def say(word, line="tpot mean 61.20 ms > 50 ms (+22 %, n=80)"):
        entry = bare_entry(request.node.nodeid, Outcome(word), line, "")
        request.node.stash[ENTRY] = FinishedTest(entry=entry, labels=("REDUCED",))
        if word != "PASSED":
            raise (SLAViolation if word == "FAILED" else InvalidRun)(line)
    return say
"""


@dataclass(frozen=True)
class Ran:
    """A run's exit status, output and folder."""

    status: int
    output: str
    folder: Path | None

    @property
    def run(self) -> dict[str, Any]:
        assert self.folder is not None, self.output
        found: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return found

    @property
    def words(self) -> dict[str, str]:
        return {test["id"].rpartition("::")[2]: test["word"] for test in self.run["tests"]}

    @property
    def messages(self) -> dict[str, list[tuple[str, str]]]:
        """JUnit: test name -> (tag, message)."""
        assert self.folder is not None, self.output
        cases = ET.parse(self.folder / "junit.xml").getroot().iter("testcase")
        return {
            case.get("name", ""): [
                (part.tag, part.get("message", "")) for part in case if part.tag != "properties"
            ]
            for case in cases
        }


@pytest.fixture
def run_suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """run_suite(source, *options, url="sim:"): one file tests/serving/test_it.py, in this process."""
    from slabench.plugin import options
    from slabench.session.campaign import Campaign

    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    monkeypatch.setattr(options, "CLONE", pytester.path)
    monkeypatch.setattr(Campaign, "open", lambda self: SimpleNamespace(labels=[]))  # no server is asked for
    pytester.makeini("[pytest]\naddopts = --import-mode=importlib\n")
    pytester.makeconftest(CONFTEST)

    def run(source: str, *given: str, url: str | None = "sim:") -> Ran:
        file = pytester.path / "tests" / "serving" / "test_it.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        named = [f"--base-url={url}"] if url is not None else []
        done = pytester.runpytest_inprocess(
            "tests/serving",
            *named,
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:benchmark",
            "-p",
            "no:hypothesispytest",
            *given,
        )
        latest = pytester.path / "reports" / "latest"
        return Ran(
            int(done.ret),
            done.stdout.str() + done.stderr.str(),
            latest.resolve() if latest.exists() else None,
        )

    return run
