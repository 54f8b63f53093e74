"""`--launch "CMD"`: start a server through a supervisor, wait until it takes requests, end it and all its
processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from slabench.errors import ConfigError, ServerError
from slabench.messages import Message
from slabench.places import CLONE
from slabench.server.control import wait_ready
from slabench.server.launch_command import (
    DEFAULT_PORT,
    command_url,
    free_port,
    names_no_port,
    split_command,
    takes_port_by_place,
)
from slabench.server.log.line_types import EventKind
from slabench.server.log.reader import LogReader
from slabench.server.secrets import KNOWN, know_command, scrub_command, scrub_text
from slabench.server.url import parse_url

_TAIL_LINES = 20


class Launched(contextlib.AbstractContextManager["Launched"]):
    """A server that we started. Use it as a context manager, or call stop(); it ends when this process
    does.
    """

    def __init__(
        self, url: str, log_path: str, shown: str, supervisor: subprocess.Popen[bytes], grace: float
    ) -> None:
        self.url = url
        self.log_path = log_path
        self.command = shown  # without secrets
        self.pid = 0  # of the server; the supervisor's is supervisor_pid
        self.supervisor_pid = supervisor.pid
        self.exit_status: int | None = None  # known once it has ended; negative: the number of the signal
        self._supervisor = supervisor
        self._grace = grace
        self._partial = b""  # the beginning of the supervisor's next line

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def alive(self) -> bool:
        """True while the server runs."""
        self._listen(0.0)
        return self.exit_status is None and self._supervisor.poll() is None

    def log_end(self) -> Message:
        """The last lines of the log under a heading, secrets covered; a sentence where there are none."""
        try:
            with open(self.log_path, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
                lines = file.read().decode("utf-8", "replace").splitlines()[-_TAIL_LINES:]
        except OSError as error:
            return Message("part.log_unreadable", path=self.log_path, why=error.strerror)
        if not "".join(lines).strip():
            return Message("part.log_nothing", path=self.log_path)
        tail = scrub_text("\n".join(line[:1000] for line in lines))
        return Message("part.log_tail", path=self.log_path, tail=tail)

    def stop(self) -> int | None:
        """End the server and everything below it; return its exit status.

        Safe to call twice, and after it has died.
        """
        pipe = self._supervisor.stdin
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(OSError):
                pipe.close()  # the supervisor ends with its standard input
        try:
            self._supervisor.wait(self._grace + 30)
        except subprocess.TimeoutExpired:
            self._supervisor.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(5)
        self._listen(1.0)
        if self._supervisor.stdout is not None:
            self._supervisor.stdout.close()
        return self.exit_status

    def _listen(self, seconds: float) -> None:
        """Read the supervisor's events so far, waiting at most seconds for the next one."""
        pipe = self._supervisor.stdout
        while pipe is not None and not pipe.closed:
            ready, _, _ = select.select([pipe], [], [], seconds)
            data = os.read(pipe.fileno(), 4096) if ready else b""
            if not data:
                return
            *lines, self._partial = (self._partial + data).split(b"\n")
            for event in map(json.loads, lines):
                if "failed" in event:
                    raise ConfigError(
                        Message("option.launch_not_started", command=self.command, why=event["failed"])
                    )
                self.pid = event.get("started", self.pid)
                self.exit_status = event.get("exited", self.exit_status)

    def _check(self) -> None:
        if not self.alive():
            self.stop()
            how = Message("part.by_signal" if (self.exit_status or 0) < 0 else "part.with_status")
            status = "unknown" if self.exit_status is None else abs(self.exit_status)
            raise ServerError(
                Message(
                    "reach.launched_ended",
                    how=how,
                    status=status,
                    command=self.command,
                    log_end=self.log_end(),
                )
            )


class _LogSaysReady:
    """True once the part of the log written since the start has the server's ready line."""

    def __init__(self, path: str, begin: int) -> None:
        self._file, self._reader = open(path, "rb"), LogReader()  # noqa: SIM115 - closed by launch()
        self._file.seek(begin)

    def __call__(self) -> bool:
        while data := self._file.read(1 << 18):
            self._reader.feed(data)
        return self._reader.counts.events[EventKind.READY] > 0

    def close(self) -> None:
        self._file.close()


def launch(
    command: str | Sequence[str],
    log_path: str,
    *,
    base_url: str | None = None,
    ready_timeout: float = 1200.0,
    headers: Mapping[str, str] | None = None,
    ca_file: str | None = None,
    grace: float = 15.0,
) -> Launched:
    """Start a server and return once it takes requests. Its output is appended to log_path.

    The arguments that it prints contain its API key: the supervisor covers secrets in the log as they are
    written, those of the command and those that this process knows, even after this process was killed.

    base_url is only needed where the command line does not show the address. ConfigError: the command, the
    log or the port cannot be used. ServerError: it ended or was not ready in time; the message ends with the
    log's last lines. After any error, Ctrl-C included, nothing is left running.
    """
    know_command(command)
    port = free_port()
    environment, words = split_command(command, port)
    url = base_url or command_url(
        words, port if takes_port_by_place(words, environment, str(port)) else DEFAULT_PORT
    )
    _refuse_taken(url)
    try:
        Path(log_path).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        begin = os.stat(log_path).st_size
    except OSError as error:
        raise ConfigError(Message("file.launch_log", path=log_path, why=error.strerror)) from error
    supervisor = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "slabench.server.supervise", "--log", os.path.abspath(log_path)),
            *("--grace", str(grace), "--parent", str(os.getpid()), "--", *words),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(environment),
        start_new_session=True,  # a Ctrl-C at the terminal reaches us, and we end the server in order
    )
    assert supervisor.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # its own event has the reason
        supervisor.stdin.write(json.dumps({"know": KNOWN.values}).encode() + b"\n")
        supervisor.stdin.flush()
    shown = shlex.join(scrub_command(words))
    server = Launched(url, log_path, shown, supervisor, grace)
    says_ready = _LogSaysReady(log_path, begin)
    try:
        deadline = time.monotonic() + 30
        while not server.pid and supervisor.poll() is None and time.monotonic() < deadline:
            server._listen(0.5)
        server._check()
        wait_ready(
            url, ready_timeout, headers, ca_file=ca_file, log_says_ready=says_ready, check=server._check
        )
    except ServerError as error:
        if not server.alive():
            raise
        end = server.log_end()
        server.stop()
        nowhere = base_url is None and names_no_port(command)
        no_port = Message("part.no_port", port=DEFAULT_PORT) if nowhere else None
        raise ServerError(Message("reach.launched_not_ready", why=error, no_port=no_port, end=end)) from error
    except BaseException:
        server.stop()
        raise
    finally:
        says_ready.close()
    return server


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours plus the command's own; a clone's package is importable wherever the run was started.

    An installed package needs no path, and one would put all else that is installed there before the server's
    own environment.
    """
    paths = [str(CLONE or ""), os.environ.get("PYTHONPATH", ""), extra.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **extra}
    environment.pop("PYTHONPATH", None)
    path = os.pathsep.join(filter(None, paths))
    return {**environment, "PYTHONPATH": path} if path else environment


def _refuse_taken(url: str) -> None:
    """Another server on that port would answer and be measured in place of the one we start."""
    target = parse_url(url)
    try:
        socket.create_connection((target.host, target.port), timeout=1.0).close()
    except OSError:
        return
    raise ConfigError(Message("reach.port_taken", url=target.shown))
