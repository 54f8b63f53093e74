"""--progress at a terminal: the lines are drawn again while the load runs, under pytest's own capture, and
nothing of them is left.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.integration.conftest import REPO, Suite, environment
from tests.unit.terminal import Terminal

COLUMNS, LINES = 100, 30


@dataclass
class Session:
    """The suite at a terminal. text: all that it wrote; shots: what stood on the screen at each read."""

    process: subprocess.Popen[bytes]
    master: int
    terminal: Terminal = field(default_factory=lambda: Terminal(COLUMNS, LINES))
    text: str = ""
    shots: list[list[str]] = field(default_factory=list)

    def read(self) -> None:
        """Until the other side closes."""
        while True:
            try:
                data = os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                break
            if not data:
                break
            self.text += data
            self.terminal.feed(data)
            self.shots.append(self.terminal.text)
        self.process.wait()
        os.close(self.master)

    @property
    def erased(self) -> bool:
        """Whether what follows the last lines drawn begins with erasing them; a typed Ctrl-C is echoed."""
        return self.text.rpartition("\x1b8")[2].replace("^C", "").startswith("\x1b[J")

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))


def at_terminal(
    suite: Suite,
    *arguments: str,
    meanwhile: Callable[[Session], None] = lambda session: None,
) -> Session:
    command = [argument for argument in suite.command(*arguments) if not argument.startswith("--progress")]
    ours, theirs = pty.openpty()
    given = {"TERM": "xterm", "NO_COLOR": "1", **suite.environment}
    inherited = {key: value for key, value in environment().items() if key != "CI"}
    process = subprocess.Popen(
        [*command, "--progress=auto"],
        cwd=REPO,
        env=inherited | given,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),  # so that a typed Ctrl-C reaches it
    )
    os.close(theirs)
    session = Session(process, ours)
    session.resize(COLUMNS)
    thread = threading.Thread(target=meanwhile, args=(session,))
    thread.start()
    session.read()
    thread.join()
    return session


def test_one_screen_with_the_place_of_the_test_and_what_is_left(suite: Suite) -> None:
    """On real time; the terminal becomes narrow meanwhile. pytest's own lines stay as they would be."""

    def narrow(session: Session) -> None:
        while "/2 done" not in session.text and session.process.poll() is None:
            time.sleep(0.05)
        session.resize(60)

    session = at_terminal(
        suite,
        "tests/ali/test_decode.py",
        "--base-url=sim:",
        "--decode-output-len=400",
        "--batch-sizes=1,2",
        meanwhile=narrow,
    )
    assert session.process.returncode in (0, 6), session.text  # a busy machine is no part of this
    seen = {line for shot in session.shots for line in shot}
    for wanted in (
        r"test 1 of 2: test_decode_tpot\[bs1\]",
        r"test 2 of 2: test_decode_tpot\[bs2\]",
        r"prompts, calibration, warm-up, flush of the prefix cache",
        r"\[#+-+\]  \d\d%  0/2 done, 2 running, 0 queued",
        r"\d+ output tok/s, TPOT \d+\.\d\d ms \(of those that run; tpot.mean<=50\)",
        r"about \d+ s left, all \d+ s",
        r"the log's last line: 2 running, 0 queued",
    ):
        assert any(re.fullmatch(wanted, line) for line in seen), (wanted, sorted(seen))
    assert session.erased
    assert "min_rounds" not in session.text  # pytest-benchmark's header, of rounds that no load uses
    names = [line for line in session.terminal.text if line.startswith("tests/ali/test_decode.py")]
    assert names == ["tests/ali/test_decode.py .", "tests/ali/test_decode.py ."]


def test_a_stalled_server_is_shown_as_one(suite: Suite) -> None:
    session = at_terminal(
        suite,
        "tests/ali/test_decode.py",
        "--base-url=sim:demo?fault=stall&fault_tokens=150",
        "--decode-output-len=400",
        "--batch-sizes=2",
        "--idle-timeout=4.2",
    )
    assert session.process.returncode == 6, session.text
    stalled = [shot for shot in session.shots if any("no token for " in line for line in shot)]
    assert stalled, session.text
    assert not [line for shot in stalled for line in shot if "left" in line]


def test_ctrl_c_leaves_nothing_of_it(suite: Suite) -> None:
    def stop(session: Session) -> None:
        while "done, " not in session.text and session.process.poll() is None:
            time.sleep(0.05)
        os.write(session.master, b"\x03")

    session = at_terminal(
        suite,
        "tests/ali/test_decode.py",
        "--base-url=sim:",
        "--decode-output-len=4000",
        "--batch-sizes=2",
        meanwhile=stop,
    )
    assert session.process.returncode == signal.SIGINT, session.text
    assert session.erased, session.text
