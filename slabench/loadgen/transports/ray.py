"""A load process behind an actor of a Ray cluster, one a process, spread over its nodes.

The actor starts the load process as its child and pumps its bytes; no load loop runs inside a Ray process,
which has twenty threads of its own. What the child writes goes in batches: one call of Ray's costs about as
much as a hundred small ones of a pipe.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from slabench.loadgen.hello import REMOTE
from slabench.loadgen.transports.base import LoadHosts

CALL_S = 60.0  # for an actor to be placed and to start
CONNECT_S = 10.0
END_S = 5.0  # for an actor to end its child
BATCH_S = 0.02  # records are gathered for so long, a short answer is not
SHORT = 1024  # bytes; a ping's answer has 80
MOST_STDERR = 4096


class Pump:
    """At the node. It needs nothing of slabench: Ray carries the class itself there."""

    def __init__(self, command: Sequence[str]) -> None:
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115  as long as the actor
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.stderr,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:  # reported as a shell would: there is no such Python here
            self.process = subprocess.Popen(
                ["sh", "-c", 'echo "$0" >&2; exit 127', str(error)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.stderr,
            )

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        view = memoryview(data)
        with contextlib.suppress(OSError):
            while len(view):
                view = view[os.write(self.process.stdin.fileno(), view) :]

    def read(self) -> bytes:
        """Waits until there is something; empty at the end."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 20)
        if len(data) > SHORT:
            time.sleep(BATCH_S)
            if select.select([self.process.stdout.fileno()], [], [], 0)[0]:
                data += os.read(self.process.stdout.fileno(), 1 << 20)
        return data

    def end(self) -> str:
        """How it ended."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stderr.seek(max(0, self.stderr.seek(0, os.SEEK_END) - MOST_STDERR))
        lines = [line.strip() for line in self.stderr.read().decode(errors="replace").splitlines()]
        complaint = next((line for line in reversed(lines) if line), "")
        return ": ".join(filter(None, (f"status {self.process.returncode}", complaint)))


class RayChannel:
    """Two threads carry the bytes between the actor and a pipe: so all transports are waited for alike."""

    def __init__(self, host: str, actor: Any, ray: Any) -> None:
        self.host = host
        self._actor, self._ray, self._get = actor, ray, ray.get
        self._out, self._in = os.pipe()
        self._dead = False
        self._how = ""
        self._unsent: SimpleQueue[bytes | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._read_all, self._write_all)
        ]
        for thread in self._threads:
            thread.start()

    def _read_all(self) -> None:
        try:
            while data := self._get(self._actor.read.remote()):
                view = memoryview(data)
                while len(view):
                    view = view[os.write(self._in, view) :]
        except Exception as error:  # noqa: BLE001  whatever Ray raises: the actor or its node is gone
            self._how = self._how or _words(error)
        self._dead = True
        with contextlib.suppress(OSError):
            os.close(self._in)

    def _write_all(self) -> None:
        with contextlib.suppress(Exception):  # the reader meets the same error
            while (data := self._unsent.get()) is not None:
                self._get(self._actor.write.remote(data))

    def fileno(self) -> int:
        return self._out

    def read(self) -> bytes:
        return os.read(self._out, 1 << 20)

    def write(self, data: bytes) -> None:
        self._unsent.put(data)

    def running(self) -> bool:
        return not self._dead

    def end(self) -> None:
        if self._out < 0:
            return
        self._unsent.put(None)
        # Ray's own end of this process comes before ours and takes the actors with it; a call after it would
        # connect anew.
        if self._ray.is_initialized():
            try:
                self._how = self._get(self._actor.end.remote(), timeout=END_S)
                self._ray.kill(self._actor)
            except Exception as error:  # noqa: BLE001  as above
                self._how = self._how or _words(error)
        self._dead = True
        os.close(self._out)
        self._out = -1

    def ended_how(self) -> str:
        return self._how


def _words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    return f"{type(error).__name__}: {next((line for line in lines if line), '')}".rstrip(".")


def _try(address: str) -> None:
    """OSError where nothing listens: Ray itself would try for minutes."""
    if address == "auto":  # as Ray finds it; the file outlives its cluster
        named = Path(os.environ.get("RAY_TMPDIR", tempfile.gettempdir()), "ray", "ray_current_cluster")
        address = os.environ.get("RAY_ADDRESS") or (named.read_text().strip() if named.is_file() else "")
    name, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdigit():
        socket.create_connection((name, int(port)), CONNECT_S).close()


class RayTransport:
    """OSError if there is no such cluster, or no node of it has a core for a load process."""

    def __init__(self, place: LoadHosts) -> None:
        handler = signal.getsignal(signal.SIGTERM)
        try:
            import ray
        except ImportError as error:
            raise OSError("this Python has no ray") from error
        self._ray, self._at = ray, place
        address = "auto" if place.cluster == "ray" else place.cluster
        _try(address)
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False, ignore_reinit_error=True)
        except Exception as error:
            raise OSError(_words(error)) from error
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray sets its own
        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        names = [node["NodeManagerAddress"] for node in nodes]
        # two nodes of one machine have one address
        self._nodes = {
            name if names.count(name) == 1 else f"{name}:{node['NodeManagerPort']}": node["NodeID"]
            for name, node in zip(names, nodes, strict=True)
        }
        self.hosts = tuple(self._nodes)
        if not self.hosts:
            raise OSError("no node of it has a core (CPU) to give")

    def start(self, host: str) -> RayChannel:
        command = self._at.module("slabench.loadgen.worker", REMOTE)
        ray = self._ray
        try:
            actor = self._actor(host, command)
            ray.get(actor.__ray_ready__.remote(), timeout=CALL_S)
        except Exception as error:
            raise OSError(_words(error)) from error
        return RayChannel(host, actor, ray)

    def _actor(self, host: str, command: Sequence[str]) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ray = self._ray
        # by value: the node's slabench, if it has one, is asked by the load process alone
        ray.cloudpickle.register_pickle_by_value(__import__(__name__, fromlist=["Pump"]))
        strategy = NodeAffinitySchedulingStrategy(self._nodes[host], soft=False)
        remote = ray.remote(num_cpus=1, max_concurrency=3, scheduling_strategy=strategy)(Pump)
        return remote.remote(command)

    def output(self, host: str, command: Sequence[str], timeout_s: float) -> str:
        ray, actor = self._ray, self._actor(host, command)
        pieces = []
        try:
            while piece := ray.get(actor.read.remote(), timeout=timeout_s):
                pieces.append(piece)
            how = ray.get(actor.end.remote(), timeout=END_S)
        except Exception as error:
            raise OSError(_words(error)) from error
        finally:
            ray.kill(actor)
        if not how.startswith("status 0"):
            raise OSError(how)
        return b"".join(pieces).decode()

    def close(self) -> None:
        """The session may have connected to Ray before us, and goes on with it."""
