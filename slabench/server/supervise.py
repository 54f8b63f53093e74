"""The parent of a launched server: `python -m slabench.server.supervise --log FILE [--grace S] [--parent PID]
-- CMD ...`.

It exists so that a server never outlives the run that started it, not even a run that was killed with
SIGKILL. It writes the server's output to FILE, adopts whatever the server leaves behind (child subreaper),
and ends them all, each by its pid: SIGTERM to the server, a grace, SIGTERM to the rest, SIGKILL. It does so
when its standard input ends (the run is gone, or asks for it), on a signal, when its parent dies, and when
the server has ended by itself. Standard library only.

It covers secrets in FILE as they are written, in place: those of the command and its environment, and those
in lines {"know": [...]} of its standard input. So none is readable after the run was killed.

On standard output it writes one JSON object a line: {"started": PID}, then {"exited": STATUS} with a negative
number for a signal; or {"failed": REASON}.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from slabench.server.secrets import cover_in_file, know, know_command, know_environment

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL_S = 0.1


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the end of standard input is the only sign that the run is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def descendants(root: int) -> list[int]:
    """Every live process below root, parents before children; zombies are left out."""
    below: dict[int, list[int]] = {}
    for pid, parent in _processes():
        below.setdefault(parent, []).append(pid)
    out = [root]
    for pid in out:  # which grows on the way
        out += below.get(pid, [])
    return out[1:]


def _processes() -> list[tuple[int, int]]:
    if not os.path.isdir("/proc/self"):
        done = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=False
        )
        rows = [line.split() for line in done.stdout.splitlines()]
        return [(int(row[0]), int(row[1])) for row in rows if len(row) == 3 and not row[2].startswith("Z")]
    out: list[tuple[int, int]] = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # the name before it may hold blanks and brackets
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] not in (b"Z", b"X"):
            out.append((int(name), int(fields[1])))
    return out


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


class Supervisor:
    """One server and everything below it."""

    def __init__(self, command: Sequence[str], log: str, grace: float, parent: int | None) -> None:
        self._grace = grace
        self._parent = parent
        self._ending = False
        self._partial = b""
        self.status: int | None = None
        know_command(command)
        know_environment(os.environ)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGUSR1, self._parent_died)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1)
        # The server prints its arguments, which may contain keys: only the owner may read the file.
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log, self._covered = log, os.fstat(output).st_size
        try:
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the run to handle
                preexec_fn=_die_with_parent,
            )
        finally:
            os.close(output)
        self.pid = self._child.pid

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._ending = True

    def _parent_died(self, number: int, frame: FrameType | None) -> None:
        # The kernel's signal comes when the *thread* that started us ends: check whether the process is gone.
        if self._parent is None or os.getppid() != self._parent:
            self._ending = True

    def watch(self) -> None:
        """Return when there is a reason to end: see the module's docstring."""
        if self._parent is not None and os.getppid() != self._parent:
            return
        while not self._ending and not self._reap():
            self.cover()
            ready, _, _ = select.select([sys.stdin], [], [], _POLL_S)
            if ready and not self._read(os.read(sys.stdin.fileno(), 65536)):
                return

    def _read(self, data: bytes) -> bool:
        """Read lines of standard input; False at its end."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            know(*json.loads(line)["know"])
        return bool(data)

    def cover(self, *, whole: bool = False) -> None:
        """The secrets that were written to the log since the last call. A log that is gone has none."""
        with contextlib.suppress(OSError):
            self._covered = cover_in_file(self._log, self._covered, whole=whole)

    def _reap(self) -> bool:
        """Collect the dead, adopted ones too. True once the server itself is among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)
                self._child.returncode = self.status
        return self.status is not None

    def _wait(self, seconds: float, *, for_all: bool) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            gone = self._reap()
            if not descendants(os.getpid()) if for_all else gone:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)

    def end(self) -> None:
        """End the server, then whatever is left of it; return when nothing is."""
        if not self._reap():
            _signal(self.pid, signal.SIGTERM)
            self._wait(self._grace, for_all=False)
        # SIGKILL again and again: a process that is being killed may have started another.
        for number, seconds in ((signal.SIGTERM, min(2.0, self._grace)), *[(signal.SIGKILL, 0.2)] * 100):
            rest = descendants(os.getpid())
            if not rest:
                break
            for pid in rest:
                _signal(pid, number)
            self._wait(seconds, for_all=True)
        self._reap()


def _die_with_parent() -> None:
    """In the server before exec: if the supervisor is killed too, the server ends with it."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _report(**event: object) -> None:
    with contextlib.suppress(OSError):  # the run may be gone
        os.write(1, json.dumps(event).encode() + b"\n")


def main(argv: Sequence[str]) -> int:
    """Run until the server has ended and nothing of it is left. Status 127 if it cannot be started."""
    parser = argparse.ArgumentParser(prog="python -m slabench.server.supervise")
    parser.add_argument("--log", required=True)
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--parent", type=int)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("there is no command after --")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        supervisor = Supervisor(command, options.log, options.grace, options.parent)
    except OSError as error:
        _report(failed=f"{error.strerror}: {error.filename}")
        return 127
    _report(started=supervisor.pid)
    try:
        supervisor.watch()
    finally:
        supervisor.end()
        supervisor.cover(whole=True)
    _report(exited=supervisor.status)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
