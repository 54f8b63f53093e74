"""Runs of the suite as a user starts them: a process, its exit status, its output and its run folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from slabench.workloads.cache import DatasetStore
from slabench.workloads.tokenizer import load_tokenizer
from tests.integration.preloaded import Preloaded
from tests.integration.real_sglang import sglang_cpu_model, sglang_cpu_server, small_sglang_cpu_server

__all__ = ["sglang_cpu_model", "sglang_cpu_server", "small_sglang_cpu_server"]  # fixtures of every test here

REPO = Path(__file__).resolve().parents[2]
TOKENIZER = str(REPO / "fixtures" / "data" / "tokenizer")
# --allow=client: the machine that runs these tests may be too busy for a measurement, and what they show is
# something else.
TINY = (
    "--random-input-len=64 --random-output-len=12 --num-prompts=6 --request-rate=50 --max-concurrency=3 "
    "--decode-input-len=64 "
    "--decode-output-len=40 --batch-sizes=1,2 --prefill-lens=64,128 --prefill-prompts=6 --progress=off "
    "--allow=client"
).split()


@dataclass(frozen=True)
class Done:
    """A finished run."""

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
        return {entry["id"].rpartition("::")[2]: entry["word"] for entry in self.run["tests"]}


@cache
def tokenizer() -> Any:
    """The embedded server's."""
    return load_tokenizer(TOKENIZER)


def environment(**more: str) -> dict[str, str]:
    """Ours without what a surrounding pytest left in it; outputs are English wherever the tests run."""
    found = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLABENCH", "COV"))
    }
    return found | {"PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"} | more


@cache
def preloaded() -> Preloaded:
    """One a test process: most runs begin in it."""
    return Preloaded(environment(), REPO)


class Suite:
    """suite("tests/tencent", "--base-url=sim:") -> Done"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {"SLABENCH_CACHE": str(folder / "cache")}
        # Else every run would load transformers for a number.
        DatasetStore(folder / "cache").vocabulary(TOKENIZER, tokenizer)

    def command(self, *arguments: str, reduced: bool = True) -> list[str]:
        paths = [argument for argument in arguments if not argument.startswith("-")]
        options = [argument for argument in arguments if argument.startswith("-")]
        report = f"--report-dir={self.folder / 'reports'}"
        # hypothesis's plugin is a third of a small run's time, and nothing of a run.
        plugins = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        return [
            sys.executable,
            "-m",
            "pytest",
            *paths,
            report,
            *plugins,
            *(TINY if reduced else ()),
            *options,
        ]

    def __call__(self, *arguments: str, reduced: bool = True, raw: bool = False, fresh: bool = False) -> Done:
        """fresh: in a Python that has imported nothing yet."""
        command = (
            [sys.executable, "-m", "pytest", *arguments] if raw else self.command(*arguments, reduced=reduced)
        )
        variables = environment(**self.environment)
        if fresh:
            done = subprocess.run(
                command, cwd=REPO, env=variables, capture_output=True, text=True, timeout=240, check=False
            )
        else:
            done = preloaded().run(command[3:], variables, REPO, 240)
        return self.done(done.returncode, done.stdout + done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=REPO,
            env=environment(**self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def done(self, status: int, output: str) -> Done:
        latest = self.folder / "reports" / "latest"
        named = re.search(r"[Rr]un folder:? (\S+)", output)
        folder = Path(named[1]) if named else latest.resolve() if latest.exists() else None
        return Done(status, output, folder if folder is not None and (folder / "run.json").exists() else None)


MARK = "TEST_OF_SLABENCH"


def _left(folder: Path) -> list[str]:
    """Command lines of the living processes that a test's runs have started: they inherit its mark."""
    wanted, found = f"{MARK}={folder}\0".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in found if line]


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Suite]:
    """No server, supervisor or load process of its runs outlives the test."""
    found = Suite(tmp_path)
    found.environment[MARK] = str(tmp_path)
    yield found
    deadline = time.monotonic() + 10
    while (left := _left(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left
