"""The embedded server as a process of its own, and what stands in front of a server: TLS, a base path, a
key.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.integration.conftest import REPO, environment


@contextlib.contextmanager
def sim_server(folder: Path, profile: str = "demo", *more: str) -> Iterator[str]:
    """Its URL; the deploy log is server.log in the folder."""
    log = folder / "server.log"
    command = [
        sys.executable,
        "-m",
        "slabench.sim",
        "--profile",
        profile,
        "--port",
        "0",
        "--log",
        str(log),
        *more,
    ]
    process = subprocess.Popen(command, cwd=REPO, env=environment(), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        found = None
        while found is None and time.monotonic() < deadline:
            found = re.search(r"running on (http://\S+)", log.read_text()) if log.exists() else None
            time.sleep(0.02)
        assert found is not None, "the embedded server did not start"
        yield found[1]
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def generating(url: str, tokens: int, prompt: int = 8) -> Iterator[http.client.HTTPResponse]:
    """Another client's request; its answer has begun. One that is left before it was read is aborted."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    sampling = {"max_new_tokens": tokens, "ignore_eos": True}
    connection.request(
        "POST",
        "/generate",
        json.dumps({"input_ids": [7] * prompt, "stream": True, "sampling_params": sampling}),
    )
    with connection.getresponse() as answer:
        yield answer
    connection.close()


@contextlib.contextmanager
def once_decoding(log: Path, act: Callable[[], object]) -> Iterator[None]:
    """act() when the run's own decoding has begun: two Decode lines after the flush, which follows the
    warm-up.
    """

    def wait() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            _, flushed, after = log.read_text().partition("Cache flushed successfully!")
            if flushed and after.count("Decode batch") >= 2:
                act()
                return
            time.sleep(0.005)

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


class Front:
    """Before a server: takes TLS off, wants the prefix and the key, and hands requests on without them."""

    def __init__(
        self, behind: str, *others: str, pick: Callable[[int, int], int] | None = None, prefix: str = "",
        key: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        """others: further servers; pick(connection, servers) says which one a connection goes to, by turns if
        not given.
        """
        places = [url.removeprefix("http://").rpartition(":") for url in (behind, *others)]
        self.behind = [(host.strip("[]"), int(port)) for host, _, port in places]
        self.pick = pick or (lambda number, count: number % count)
        self.taken = 0
        self.prefix, self.key, self.tls = prefix.encode(), key.encode(), tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}{prefix}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                place = self.behind[self.pick(self.taken, len(self.behind))]
                self.taken += 1
                threading.Thread(target=self._serve, args=(peer, place), daemon=True).start()

    def _serve(self, peer: socket.socket, place: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            if self.tls is not None:
                peer = self.tls.wrap_socket(peer, server_side=True)
            with peer, socket.create_connection(place) as server:
                threading.Thread(target=self._back, args=(server, peer), daemon=True).start()
                self._forward(peer, server)

    def _forward(self, peer: socket.socket, server: socket.socket) -> None:
        data = b""
        while got := peer.recv(65536):
            data += got
            while b"\r\n\r\n" in data:
                head, _, rest = data.partition(b"\r\n\r\n")
                found = re.search(rb"(?i)content-length: (\d+)", head)
                size = int(found[1]) if found is not None else 0
                if len(rest) < size:
                    break
                method, path, tail = head.split(b" ", 2)
                refused = self._refused(head, path)
                if refused:
                    peer.sendall(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % refused)
                    return
                server.sendall(b"%b %b %b\r\n\r\n%b" % (method, path[len(self.prefix) :], tail, rest[:size]))
                data = rest[size:]

    def _refused(self, head: bytes, path: bytes) -> bytes:
        if self.key and b"authorization: bearer " + self.key not in head.lower():
            return b"401 Unauthorized"
        return b"" if path.startswith(self.prefix) else b"404 Not Found"

    @staticmethod
    def _back(server: socket.socket, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while got := server.recv(65536):
                peer.sendall(got)
            peer.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def front(behind: str, *others: str, **more: Any) -> Iterator[str]:
    """Its URL; more: as Front has it."""
    found = Front(behind, *others, **more)
    try:
        yield found.url
    finally:
        found.listener.close()


def private_ca(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """(the authority's certificate, what a server for 127.0.0.1 presents), made with openssl."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        "req",
        "-x509",
        *new_key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=our own authority",
        "-days",
        "2",
    )
    openssl("req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions")
    openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return folder / "ca.pem", context
