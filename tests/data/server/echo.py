"""A server that repeats the Authorization header wherever it can say anything: `python echo.py --port N
--mode MODE`.

MODE: errors (each answer fails in its own way), text (answers hold it), missing (no server_info), refused
(the flush), hold (answers after the flush do not end). Every text holds the key in several encodings, in
part, and what consoles, Markdown, HTML and CI would obey.
"""

from __future__ import annotations

import argparse
import base64
import html
import itertools
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

HOSTILE = (
    "##[stop-commands]x ##vso[task.complete result=Succeeded;]x ::error::mine <img src=x onerror=alert(1)> "
    "![p](http://evil.example/p) [l](http://evil.example) @octocat "
    "`a` | b \x1b[2J\x9b31m\r\n::warning::two\r\n##[error]three\r\n=cmd|'/c calc'!A1"
)


def encodings(key: str) -> list[str]:
    raw = key.encode()
    found = [
        key,
        key.upper(),
        quote(key, safe=""),
        json.dumps(key),
        html.escape(key),
        raw.hex(),
        key[: len(key) // 2],
    ]
    found += [base64.b64encode(one + raw).decode() for one in (b"", b"user:", b"Bearer ")]
    return [
        *found,
        base64.urlsafe_b64encode(b"u:" + raw).decode(),
        "".join(f"\\u{ord(one):04x}" for one in key),
        key[4:],
    ]


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode = "errors"
    holds = False
    number = itertools.count()

    def log_message(self, text: str, *values: Any) -> None:
        print(f"{text % values} {dict(self.headers)}", flush=True)

    @property
    def said(self) -> str:
        key = self.headers.get("Authorization", "none").removeprefix("Bearer ")
        return f"You sent {' '.join(encodings(key))} {HOSTILE}"

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", self.headers.get("Authorization", "none"))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.endswith("server_info") and self.mode == "missing":
            self.answer(404, self.said.encode())
            return
        model = f"echo {self.headers.get('Authorization', 'none')} at https://me:planted-password@models.example/m"
        info = {
            "model_path": model,
            "served_model_name": model,
            "version": "0.5.7",
            "tp_size": 1,
            "device": "cpu",
            "random_seed": 1,
            "max_total_num_tokens": 100000,
            "max_running_requests": 100,
            "admin_api_key": "planted-admin-key",
            self.said: self.said,
            "internal_states": [{"api_key": "planted-numeric-99", "x_pass": 12345678901}],
        }
        self.answer(200, json.dumps(info).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/flush_cache":
            Echo.holds = self.mode == "hold"  # what is sent before is no load: the probe, the warm-up
            self.answer(404 if self.mode == "refused" else 200, self.said.encode())
            return
        count = body.get("sampling_params", {}).get("max_new_tokens", 1)
        number = next(self.number) if self.mode == "errors" and count > 2 else -1
        if number % 4 == 0:
            self.answer(500, self.said.encode())
        elif number % 4 == 1:
            self.answer(
                302, b"", Location=f"https://me:planted-password@h/{quote(self.said)}?sig=planted-signature"
            )
        elif number % 4 == 2:
            self.stream([{"error": {"message": self.said}}])
        else:
            prompt = len(body.get("input_ids") or [1])
            self.stream([self.event(k, count, prompt) for k in range(1, count + 1)])

    def event(self, number: int, count: int, prompt: int) -> dict[str, Any]:
        reason = {"type": "length", "length": count} if number == count else None
        meta = {
            "id": f"{id(self)} {self.said}",
            "prompt_tokens": prompt,
            "completion_tokens": number,
            "cached_tokens": 0,
            "finish_reason": reason,
        }
        return {"text": self.said, "output_ids": list(range(number)), "meta_info": {**meta, self.said: 1.5}}

    def stream(self, events: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in events:
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
            time.sleep(0.004)
        while self.holds:
            time.sleep(0.1)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mode", default="errors")
    parser.add_argument("--api-key")
    given = parser.parse_args()
    Echo.mode = given.mode
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Echo)
    print(server.server_port, flush=True)
    print(
        f"server_args=ServerArgs(api_key={given.api_key!r}, tp_size=1) {sys.argv} {dict(os.environ)}",
        flush=True,
    )
    print("The server is fired up and ready to roll!", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
