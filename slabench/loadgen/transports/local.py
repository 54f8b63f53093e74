"""A load process beside this one: the job file and the queue are files that it inherits."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

from slabench.places import child_environment


class LocalChannel:
    host = ""

    def __init__(self, queue_fd: int, job_fd: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "slabench.loadgen.worker", str(queue_fd)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(queue_fd, job_fd),
            env=child_environment(),
            start_new_session=True,  # a Ctrl-C at the terminal reaches the parent only
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout

    def fileno(self) -> int:
        return self._stdout.fileno()

    def read(self) -> bytes:
        return os.read(self._stdout.fileno(), 1 << 20)

    def write(self, data: bytes) -> None:
        with suppress(BrokenPipeError):
            os.write(self._stdin.fileno(), data)

    def running(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        with suppress(BrokenPipeError):
            self._stdin.close()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stdout.close()

    def ended_how(self) -> str:
        return f"status {self.process.returncode}"
