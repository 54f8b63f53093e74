"""A server and load hosts, each in a network namespace of its own, with a link from it to each of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench.calibration.compare import read_trace
from slabench.loadgen.transports.base import LoadHosts
from tests.integration.conftest import REPO
from tests.integration.network.namespaces import FOLDER, inside, ip

SERVER, PORT = "10.77.0.1", 30000
HOUR_S = 3600
READY_S = 30.0
PRIORITY = -15


def start(*command: str, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=REPO, start_new_session=True, **more)


def end(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"tests.integration.network.{name}", *arguments]


@dataclass(frozen=True)
class Host:
    address: str
    namespace: Path
    relay: subprocess.Popen[bytes]
    agent: subprocess.Popen[bytes]  # what starts load processes there

    def order(self, **order: Any) -> Any:
        """To its link."""
        assert self.relay.stdin is not None and self.relay.stdout is not None
        self.relay.stdin.write(json.dumps(order).encode() + b"\n")
        self.relay.stdin.flush()
        return json.loads(self.relay.stdout.readline())

    def link(self, *, delay_ms: float = 0.0, loss: float = 0.0) -> None:
        """Each way, from now on."""
        self.order(delay_ms=delay_ms, loss=loss)


@dataclass(frozen=True)
class Network:
    namespace: Path  # of the server, and of what starts the load
    hosts: Sequence[Host]
    url: str = f"http://{SERVER}:{PORT}"

    @property
    def place(self) -> LoadHosts:
        launcher = " ".join(module("launcher", "connect", "{host}"))
        return LoadHosts(tuple(host.address for host in self.hosts), f"env PYTHONPATH={REPO} {launcher}")

    def link(self, **how: float) -> None:
        for host in self.hosts:
            host.link(**how)

    def get(self, path: str, *, post: bool = False) -> bytes:
        request = urllib.request.Request(self.url + path, method="POST" if post else "GET")
        with urllib.request.urlopen(request, timeout=10) as answer:
            data: bytes = answer.read()
        return data

    def truth(self) -> dict[str, Mapping[str, Any]]:
        """By request id the server's row of it, with the time of each write; forgotten with that."""
        rows, traces = json.loads(self.get("/truth"))["requests"], read_trace(self.get("/truth/trace"))
        self.get("/truth/reset", post=True)
        return {
            row["id"]: {**row, "writes": row["t_accept"] + trace}
            for row, trace in zip(rows, traces, strict=True)
        }


@contextlib.contextmanager
def _first() -> Iterator[None]:
    """This thread, and what it starts, before all else on this machine, which the tests are not about."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


@contextlib.contextmanager
def network(log: Path, profile: str, *, hosts: int = 2) -> Iterator[Network]:
    """This thread is at the server meanwhile. The second host's monotonic clock is an hour ahead."""
    name = f"slabench-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(_first())
        server = _namespace(stack, f"{name}-server")
        ip("addr", "add", f"{SERVER}/32", "dev", "lo", namespace=server)
        made = [
            _host(stack, server, _namespace(stack, f"{name}-{number}"), number, shifted=number > 1)
            for number in range(1, hosts + 1)
        ]
        stack.enter_context(inside(server))
        process = start(*module("null_server", SERVER, str(PORT), profile, str(log)))
        stack.callback(end, process)
        _wait_for_server()
        yield Network(server, made)


def _namespace(stack: contextlib.ExitStack, name: str) -> Path:
    ip("netns", "add", name)
    stack.callback(ip, "netns", "del", name)
    path = FOLDER / name
    ip("link", "set", "lo", "up", namespace=path)
    return path


def _host(stack: contextlib.ExitStack, server: Path, namespace: Path, number: int, *, shifted: bool) -> Host:
    ours, address, device = f"10.77.{number}.1", f"10.77.{number}.2", f"link{number}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    relay = start(*module("relay", str(server), ours, device, str(namespace), address, device), **pipes)
    stack.callback(end, relay)
    _wait(relay)
    ip("route", "add", "default", "dev", device, namespace=namespace)
    time_of_its_own = ["unshare", "--time", f"--monotonic={HOUR_S}", "--fork"] if shifted else []
    listening = module("launcher", "listen", address)
    agent = start("nsenter", f"--net={namespace}", *time_of_its_own, *listening, stdout=subprocess.PIPE)
    stack.callback(end, agent)
    ahead_s = _wait(agent)["monotonic"] - time.monotonic()
    assert abs(ahead_s - HOUR_S * shifted) < READY_S
    return Host(address, namespace, relay, agent)


def _wait(process: subprocess.Popen[bytes]) -> Any:
    """For the line that it writes when it is ready."""
    assert process.stdout is not None
    if not (line := process.stdout.readline()):
        raise RuntimeError(f"{process.args!r} did not start")
    return json.loads(line)


def _wait_for_server() -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection((SERVER, PORT), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
