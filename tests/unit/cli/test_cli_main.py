"""The exit status of a command that was called wrongly: the suite's 4, not argparse's 2, which would read as Ctrl-C."""

from __future__ import annotations

import pytest

from slabench.cli.main import COMMANDS, main


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"sim"}))
def test_an_unknown_option_ends_with_4(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--no-such-option"]) == 4
    assert "Traceback" not in capsys.readouterr().err


def test_help_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--help"]) == 0
    assert "usage:" in capsys.readouterr().out
