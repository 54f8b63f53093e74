"""An HTTP server with /generate and server_info that keeps its word or breaks it in one way; it keeps the
bodies it got.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WAYS = ("plain", "error_in_stream", "error_after_some", "abort", "half_503", "all_503", "empty", "no_text")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, way: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.way = way
        self.warm = 0  # this many requests are answered well, whatever the way
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._whole(200, {"model_path": "m", "version": "0.5.7", "internal_states": [], "random_seed": 1})

    def _whole(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/flush_cache":
            self._whole(200, "Cache flushed.")
            return
        given = json.loads(body)
        with self.server.lock:
            number = len(self.server.bodies)
            self.server.bodies.append(given)
            self.server.paths.append(self.path)
            self.server.keys.append(self.headers.get("Authorization"))
        way = "plain" if number < self.server.warm else self.server.way
        if way == "all_503" or (way == "half_503" and number % 2):
            self._whole(503, {"error": "overload"})
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for line in lines(way, given["sampling_params"]["max_new_tokens"]):
            self.wfile.write(b"data: " + line + b"\n\n")
            self.wfile.flush()

    def log_message(self, *args: object) -> None:
        pass


def lines(way: str, wanted: int) -> Iterator[bytes]:
    error = json.dumps({"error": {"message": "The input is longer than the context."}}).encode()
    if way == "empty":
        return
    if way == "error_in_stream":
        yield error
    else:
        upto = {"abort": max(1, wanted // 4), "error_after_some": 2}.get(way, wanted)
        for tokens in range(1, upto + 1):
            reason = {"type": "abort" if way == "abort" else "length"} if tokens == upto else None
            meta = {
                "id": "u",
                "finish_reason": reason,
                "prompt_tokens": 4,
                "completion_tokens": tokens,
                "cached_tokens": 0,
            }
            yield json.dumps({"text": "" if way == "no_text" else "w " * tokens, "meta_info": meta}).encode()
        if way == "error_after_some":
            yield error
    yield b"[DONE]"


@contextmanager
def unreliable(way: str) -> Iterator[Server]:
    server = Server(way)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
