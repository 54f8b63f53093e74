"""The exit status of a command that was called wrongly: the suite's 4, not argparse's 2, which would read as
Ctrl-C.
"""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from slabench import __version__
from slabench.cli import PROG, bisect, report
from slabench.cli.main import COMMANDS, main
from slabench.errors import InvalidRun, ServerError


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"sim"}))
def test_an_unknown_option_ends_with_4(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--no-such-option"]) == 4
    assert "Traceback" not in capsys.readouterr().err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"slabench {__version__}\n"


def test_a_mistyped_command_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["comapre"]) == 4
    assert "no command 'comapre'. Did you mean compare? There are run," in capsys.readouterr().err


def test_help_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--help"]) == 0
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (RuntimeError("no idea\x1b[2J"), 3, "slabench report crashed (RuntimeError: no idea"),
        (
            OverflowError("port must be 0-65535."),
            3,
            "slabench report crashed (OverflowError: port must be 0-65535.)",
        ),
        (KeyboardInterrupt(), 2, "slabench report was interrupted."),
        (ServerError("It is gone."), 6, "INVALID: It is gone."),
        (InvalidRun("It does not answer."), 6, "INVALID: It does not answer."),
    ],
)
def test_what_escapes_a_command_is_a_sentence_and_never_1(
    error: BaseException,
    status: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """1 means FAILED: a script must not take our crash for a server that is worse."""

    def run(argv: Sequence[str]) -> int:
        raise error

    monkeypatch.setattr(report, "run", run)
    assert main(["report", "x"]) == status
    printed = capsys.readouterr().err
    assert words in printed.splitlines()[-1]
    assert ("Traceback" in printed) == (status == 3)
    assert "\x1b" not in printed


def test_a_bisection_that_was_interrupted_is_continued_by_the_same_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(argv: Sequence[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(bisect, "run", run)
    assert main(["bisect"]) == 2
    assert capsys.readouterr().err == "slabench bisect was interrupted. The same command continues it.\n"


@pytest.mark.parametrize("target", ["no/such/folder/x.html", "."])
def test_a_report_that_cannot_be_written_is_a_usage_error(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = (
        Path(__file__).resolve().parents[3] / "docs" / "examples" / "h200-qwen3-30b-a3b" / "both-methods"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(example), f"--output={target}"]) == 4
    printed = capsys.readouterr().err
    assert (
        f"--output={target} cannot be written" in printed
        and "Traceback" not in printed
        and "crashed" not in printed
    )
    assert main(["report", str(example), "--output=x.html"]) == 0
    assert (tmp_path / "x.html").stat().st_size > 1000


def test_a_traceback_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(argv: Sequence[str]) -> int:
        raise RuntimeError("api_key='hush-hush'")

    monkeypatch.setattr(report, "run", run)
    assert main(["report", "x"]) == 3
    assert "hush" not in capsys.readouterr().err


def test_a_reader_that_went_away_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return 1

    def run(argv: Sequence[str]) -> int:
        return 0

    monkeypatch.setattr(report, "run", run)
    monkeypatch.setattr(sys, "stdout", Gone())
    assert main(["report", "x"]) == 2
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port=99999",), "'99999' is no port; give a number from 1 to 65535"),
        (("--port=-1",), "'-1' is no port"),
        (("--shared-port=x",), "'x' is no port"),
        (
            ("--log=/no/such/folder/x",),
            "--log=/no/such/folder/x cannot be written (No such file or directory)",
        ),
        (("--tokenizer=docs",), "'docs' holds no tokenizer.json"),
        (("--profile=nosuch",), "There is no profile 'nosuch'"),
    ],
)
def test_the_embedded_server_says_what_it_cannot_take(
    options: Sequence[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", *options]) == 4
    printed = capsys.readouterr().err
    assert words in printed
    assert "slabench.sim" not in printed  # the command is called as the user called it


def test_help_names_the_command_as_it_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert main([command, "--help"]) == 0
        printed: Any = capsys.readouterr().out
        assert f"usage: {PROG} {command} " in printed
        assert "slabench.sim" not in printed


def test_a_port_that_is_taken_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["sim", f"--port={port}"]) == 4
    assert capsys.readouterr().err == (
        f"The embedded server cannot listen on 127.0.0.1:{port} (Address already in use); give another "
        "--port.\n"
    )
