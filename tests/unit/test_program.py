"""Commands that are shown begin as this process was started, so that they can be copied."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slabench import program


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A clone's folder with .venv/bin/python; nothing of it is on the PATH."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "pytest"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return folder


def called(monkeypatch: pytest.MonkeyPatch, argv0: str, typed: str) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", [argv0, "x"])
    monkeypatch.setattr(sys, "orig_argv", [typed, "x"])
    return " ".join(program.suite_program()), " ".join(program.slabench_program())


def test_from_a_clone(started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, python = ".venv/bin/python -m slabench", str(started / "python")
    assert called(monkeypatch, str(started / "pytest"), python) == (".venv/bin/pytest", module)
    as_module = called(monkeypatch, "/x/site-packages/pytest/__main__.py", ".venv/bin/python")
    assert as_module == (".venv/bin/python -m pytest", module)
    assert called(monkeypatch, "/x/slabench/__main__.py", python) == (f"{module} run", module)
    # the environment is active
    monkeypatch.setenv("PATH", f"{started}:/bin")
    module = "python -m slabench"
    assert called(monkeypatch, str(started / "pytest"), python) == ("pytest", module)
    assert called(monkeypatch, "/x/slabench/__main__.py", "python") == (f"{module} run", module)


def test_where_it_is_installed(started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, python = started / "slabench", str(started / "python")
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    run = (".venv/bin/slabench run", ".venv/bin/slabench")
    assert called(monkeypatch, str(script), python) == run
    assert called(monkeypatch, ".venv/bin/slabench", python) == run
    assert called(monkeypatch, str(started / "pytest"), python) == (".venv/bin/pytest", run[1])
    monkeypatch.setenv("PATH", f"{started}:/bin")
    assert called(monkeypatch, str(script), python) == ("slabench run", "slabench")
    # another environment's script of the same name comes first on the PATH
    other = started.parent / "other"
    other.mkdir()
    (other / "slabench").write_text("#!/bin/sh\n")
    (other / "slabench").chmod(0o755)
    monkeypatch.setenv("PATH", f"{other}:{started}:/bin")
    assert called(monkeypatch, str(script), python) == run


def test_a_command_that_help_shows_can_be_copied() -> None:
    """Of a real process, whose sys.orig_argv nothing has set."""
    line = [sys.executable, "-m", "slabench", "report", "--help"]
    shown = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    words = shown.removeprefix("usage: ").split(" [")[0].split()
    again = subprocess.run([*words, "--help"], capture_output=True, text=True, check=True).stdout
    assert again.splitlines()[0] == shown
