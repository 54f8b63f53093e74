"""A server that answers each request as the request's own text asks it to: the truth is in the script."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(tokens: int, wanted: int, prompt: int = 4) -> bytes:
    reason = {"type": "length", "length": wanted} if tokens == wanted else None
    meta = {
        "id": "s",
        "finish_reason": reason,
        "prompt_tokens": prompt,
        "completion_tokens": tokens,
        "cached_tokens": 0,
    }
    ids = list(range(tokens))
    return chunk(
        b"data: "
        + json.dumps({"text": "w " * tokens, "output_ids": ids, "meta_info": meta}).encode()
        + b"\n\n"
    )


DONE = chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Scripted:
    """Counts what it saw; .url is where it listens."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = self.requests = self.now = self.most = 0
        self.lock = threading.Lock()
        self.release = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            data = b""
            try:
                while True:
                    while b"\r\n\r\n" not in data:
                        got = peer.recv(65536)
                        if not got:
                            return
                        data += got
                    head, _, data = data.partition(b"\r\n\r\n")
                    found = re.search(rb"Content-Length: (\d+)", head)
                    assert found is not None
                    size = int(found[1])
                    while len(data) < size:
                        data += peer.recv(65536)
                    body, data = json.loads(data[:size]), data[size:]
                    if not self._answer(peer, body, b"Connection: close" in head):
                        return
            except OSError:
                return

    def _answer(self, peer: socket.socket, body: dict, close: bool) -> bool:
        """True to keep the connection."""
        script, wanted = body["text"].split()[0], body["sampling_params"]["max_new_tokens"]
        with self.lock:
            self.requests += 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            if script == "plain" or script == "plain-then-close":
                peer.sendall(HEAD)
                for tokens in range(1, wanted + 1):
                    time.sleep(0.005)
                    peer.sendall(event(tokens, wanted))
                with self.lock:
                    self.now -= 1  # before the last byte: the next request may be here before we come back
                peer.sendall(DONE)
                with self.lock:
                    self.now += 1
                return script == "plain" and not close
            if script == "reset":
                peer.sendall(HEAD + event(1, wanted))
                time.sleep(0.02)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if script == "cut":
                peer.sendall(HEAD + event(1, wanted))
                return False
            if script == "silent":
                self.release.wait(30)
                return False
            if script == "stalls":
                peer.sendall(HEAD + event(1, wanted))
                self.release.wait(30)
                return False
            if script == "page":
                page = b"<html>a proxy's page</html>"
                peer.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nContent-Length: %d\r\n\r\n%b"
                    % (len(page), page)
                )
                return True
            if script == "whole":
                page = json.dumps({"text": "x", "meta_info": {"completion_tokens": wanted}}).encode()
                kind = b"content-type: application/json"
                peer.sendall(
                    b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(page), page)
                )
                return True
            if script == "busy":
                peer.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\noverload!")
                return True
            raise AssertionError(script)
        finally:
            with self.lock:
                self.now -= 1

    def close(self) -> None:
        self.release.set()
        self.listener.close()


@contextmanager
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    try:
        yield server
    finally:
        server.close()
