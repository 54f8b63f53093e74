"""--progress=auto at a terminal: the line is rewritten while the load runs, under pytest's own capture."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.integration.conftest import REPO, Suite, environment


@pytest.mark.parametrize(("how", "updates"), [("auto", True), ("plain", False)])
def test_the_line_is_live_at_a_terminal(suite: Suite, how: str, updates: bool) -> None:
    command = [
        argument
        for argument in suite.command("tests/tencent/test_sla.py", "--base-url=sim:")
        if not argument.startswith("--progress")
    ]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*command, f"--progress={how}", "--num-prompts=12", "--random-output-len=120"],
        cwd=REPO,
        env=environment(**suite.environment),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other side has closed
                break
            if not data:
                break
            text += data
        process.wait()
    os.close(ours)
    assert process.returncode == 0, text.decode()
    assert (b"\r\x1b[K" in text and b" done, " in text) is updates, text.decode()
    assert b"min_rounds" not in text  # pytest-benchmark's header, of rounds that no load uses
