"""A load process behind a launcher: `ssh {host}`, `kubectl exec -i {host} --`, `srun --overlap -w {host}`.

Nothing of the launcher is known but that it joins its own stdin and stdout to those of the command behind it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue

from slabench.loadgen.hello import REMOTE
from slabench.loadgen.transports.base import LoadHosts

HOST = "{host}"
END_S = 2.0  # for a launcher to end after its stdin was closed
MOST_STDERR = 4096  # bytes of its end that are looked at


def launcher(command: str, host: str) -> list[str]:
    """The launcher's arguments for a host."""
    return [part.replace(HOST, host) for part in shlex.split(command)]


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


class CommandChannel:
    """Its writes go through a thread, so that a host that stops reading delays none of the others."""

    def __init__(self, host: str, command: Sequence[str]) -> None:
        """OSError if the launcher itself cannot be started."""
        self.host = host
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  until end()
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                bufsize=0,
                start_new_session=True,  # a Ctrl-C at the terminal reaches the parent only
            )
        except OSError:
            self._stderr.close()
            raise
        assert self.process.stdin is not None and self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._complaint = ""
        self._unsent: SimpleQueue[bytes | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, daemon=True)
        self._writer.start()

    def fileno(self) -> int:
        return self._stdout.fileno()

    def read(self) -> bytes:
        return os.read(self._stdout.fileno(), 1 << 20)

    def write(self, data: bytes) -> None:
        self._unsent.put(data)

    def _write_all(self) -> None:
        with suppress(OSError):
            while (data := self._unsent.get()) is not None:
                view = memoryview(data)
                while len(view):
                    view = view[os.write(self._stdin.fileno(), view) :]
        with suppress(OSError):
            self._stdin.close()

    def running(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        if self._stdout.closed:
            return
        self._unsent.put(None)
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._writer.join(END_S)  # its pipe is broken now
        self._stdout.close()
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - MOST_STDERR))
        self._complaint = last_line(self._stderr.read().decode(errors="replace"))
        self._stderr.close()

    def ended_how(self) -> str:
        return ": ".join(filter(None, (f"status {self.process.returncode}", self._complaint)))


class CommandTransport:
    def __init__(self, hosts: LoadHosts) -> None:
        self.hosts = hosts.names
        self._at = hosts

    def start(self, host: str) -> CommandChannel:
        worker = self._at.module("slabench.loadgen.worker", REMOTE)
        return CommandChannel(host, [*launcher(self._at.command, host), *worker])

    def output(self, host: str, command: Sequence[str], timeout_s: float) -> str:
        whole = [*launcher(self._at.command, host), *command]
        try:
            done = subprocess.run(
                whole,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(f"it did not end within {timeout_s:g} s") from error
        if done.returncode != 0:
            raise OSError(f"status {done.returncode}: {last_line(done.stderr)}")
        return done.stdout

    def close(self) -> None:
        """Nothing is held beside the channels."""
