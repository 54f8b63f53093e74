"""A server that keeps an exact schedule and reports what it really did: sim:null, or another with its GET
/truth.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from slabench.calibration.compare import read_trace

ROOT = Path(__file__).resolve().parents[2]


class NoTruth(Exception):
    """The server does not answer, or its answer cannot be read."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened to the requests of one run."""

    # mean, from the moment the kernel had the whole request (or the server, if not known) to the first write
    ttft_ms: float
    tpot_ms: float  # mean of (last write - first write) / (n - 1)
    p99_itl_ms: float
    requests: int
    tokens: int
    begin_ns: int  # the first request's arrival
    end_ns: int  # the last write
    late_mean_us: float
    late_p99_us: float
    blocked: int
    rows: dict[str, dict[str, Any]]  # by request id


def fetch(url: str, path: str, *, post: bool = False) -> bytes:
    try:
        request = urllib.request.Request(url + path, method="POST" if post else "GET")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return bytes(answer.read())
    except OSError as error:
        raise NoTruth(f"{path} of the server at {url} cannot be read: {error}") from error


def read(document: dict[str, Any], trace: bytes, streams: int, tokens: int) -> Truth:
    """Of the last `streams` whole answers of `tokens` tokens, since a client may warm up before; NoTruth if
    there are less.
    """
    pairs = list(zip(document["requests"], read_trace(trace), strict=True))
    pairs = [(row, writes) for row, writes in pairs if row["done"] and row["n_tokens"] == tokens]
    pairs = sorted(pairs, key=lambda pair: pair[0]["t_accept"])[-streams:]
    if len(pairs) < streams:
        raise NoTruth(f"the server served {len(pairs)} whole answers of {tokens} tokens, not {streams}")
    rows = [row for row, _ in pairs]
    ttft = [(row["t_first_write"] - (row["t_rx"] or row["t_accept"])) / 1e6 for row in rows]
    tpot = [(row["t_last_write"] - row["t_first_write"]) / 1e6 / (tokens - 1) for row in rows]
    gaps = np.concatenate([np.diff(writes) for _, writes in pairs]) / 1e6
    late = document["late_us"]
    return Truth(
        ttft_ms=float(np.mean(ttft)),
        tpot_ms=float(np.mean(tpot)),
        p99_itl_ms=float(np.percentile(gaps, 99)),
        requests=len(rows),
        tokens=tokens * len(rows),
        begin_ns=min(row["t_rx"] or row["t_accept"] for row in rows),
        end_ns=max(row["t_last_write"] for row in rows),
        late_mean_us=late.get("mean", 0.0),
        late_p99_us=late.get("p99", 0.0),
        blocked=document["blocked"],
        rows={row["id"]: row for row in rows},
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One server process on its own core; a context manager. command:

    None for sim:null, else words with {port}, {ttft}, {itl}.
    """

    def __init__(
        self,
        cores: Sequence[int],
        *,
        ttft_ms: float,
        itl_ms: float,
        command: str | None,
        log: Path,
        shared: int | None = None,
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        if command is None:
            profile = f"null?ttft_ms={ttft_ms:g}&itl_ms={itl_ms:g}"
            words = [sys.executable, "-m", "slabench.sim", "--profile", profile, "--port", str(port)]
            words += [] if shared is None else ["--shared-port", str(shared)]
        else:
            words = [word.format(port=port, ttft=ttft_ms, itl=itl_ms) for word in shlex.split(command)]
        self.name = "slabench sim:null (SIMULATED)" if command is None else Path(words[0]).name
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=ROOT,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            },
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                fetch(self.url, "/health")
                return
            except NoTruth:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise NoTruth(
                        f"the server did not start: {shlex.join(words)}; its output is in {log}"
                    ) from None
                time.sleep(0.05)

    def reset(self) -> None:
        """Forget what was served; waits until nothing runs, and is read back empty."""
        for _ in range(200):
            try:
                fetch(self.url, "/truth/reset", post=True)
            except NoTruth:
                pass
            else:
                if not json.loads(fetch(self.url, "/truth"))["requests"]:
                    return
            time.sleep(0.05)
        raise NoTruth("the server still has requests of the run before")

    def documents(self) -> tuple[dict[str, Any], bytes]:
        return json.loads(fetch(self.url, "/truth")), fetch(self.url, "/truth/trace")

    def truth(self, streams: int, tokens: int) -> Truth:
        return read(*self.documents(), streams, tokens)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Group:
    """Several null servers behind one port, which the kernel deals connections out of; to a client they are
    one server.
    """

    def __init__(self, cores: Sequence[int], *, ttft_ms: float, itl_ms: float, log: Path) -> None:
        shared = free_port()
        self.url = f"http://127.0.0.1:{shared}"
        self.servers: list[Server] = []
        try:
            for core in cores:
                self.servers.append(
                    Server([core], ttft_ms=ttft_ms, itl_ms=itl_ms, command=None, log=log, shared=shared)
                )
        except NoTruth:
            self.stop()
            raise

    def reset(self) -> None:
        for server in self.servers:
            server.reset()

    def truth(self, streams: int, tokens: int) -> Truth:
        """Of all together; lateness is that of the worst of them."""
        documents, traces = zip(*(server.documents() for server in self.servers), strict=True)
        late = [document["late_us"] for document in documents]
        together = {
            "requests": [row for document in documents for row in document["requests"]],
            "late_us": {key: max(each.get(key, 0.0) for each in late) for key in ("mean", "p99")},
            "blocked": sum(document["blocked"] for document in documents),
        }
        return read(together, b"".join(traces), streams, tokens)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
