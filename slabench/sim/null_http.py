"""The null server's requests, read from bytes, and every answer of it that is not a stream.

No sockets, no clock.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slabench.sim import wire
from slabench.sim.null_profile import NullProfile
from slabench.sim.null_truth import Truth

MAX_HEAD = 65536
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request; size: bytes of the buffer it took."""

    method: str
    path: str
    shown: str  # with its query, for the access log
    body: bytes
    close: bool
    size: int


class Malformed(Exception):
    """No HTTP request: the connection is of no more use."""


def read_request(data: bytes | bytearray) -> Request | None:
    """The first request in data; None while it is not complete. Malformed for what cannot become one."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > MAX_HEAD:
            raise Malformed
        return None
    head = bytes(data[:end])
    length = _LENGTH.search(head)
    size = end + 4 + (int(length[1]) if length is not None else 0)
    if len(data) < size:
        return None
    words = head[: head.find(b"\r\n") if b"\r\n" in head else end].decode("latin-1").split(" ")
    if len(words) != 3:
        raise Malformed
    return Request(
        words[0],
        words[1].partition("?")[0],
        words[1],
        bytes(data[end + 4 : size]),
        _CLOSE.search(head) is not None,
        size,
    )


class Refused(Exception):
    """Carries the whole answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.answer = wire.answer(400, wire.error(message))


def read_generate(body: bytes, encode: Encode) -> tuple[int, int]:
    """(prompt tokens, tokens asked for) of POST /generate; Refused for what the null server does not do."""
    try:
        given = json.loads(body)
    except ValueError as error:
        raise Refused(f"JSON decode error: {error}") from error
    text, ids = given.get("text"), given.get("input_ids")
    if not isinstance(text, str) and not (isinstance(ids, list) and ids and isinstance(ids[0], int)):
        raise Refused("The null server takes one prompt a request, as text or as input_ids.")
    if not given.get("stream"):
        raise Refused("The null server answers in a stream only.")
    wanted = (given.get("sampling_params") or {}).get("max_new_tokens", 128)
    if not isinstance(wanted, int) or wanted < 1:
        raise Refused(f"max_new_tokens must be at least 1, got {wanted}.")
    return len(encode(text)) if ids is None else len(ids), wanted


class Pages:
    """Every path but /generate."""

    def __init__(self, profile: NullProfile, truth: Truth, tokenizer: str, random_seed: int) -> None:
        self.served = profile.served()
        self.truth, self.tokenizer, self.random_seed = truth, tokenizer, random_seed
        self.port = 0

    def answer(self, request: Request, running: int) -> tuple[int, bytes]:
        """(status, the whole answer)."""
        path = request.path
        if path == "/flush_cache" and request.method in ("GET", "POST"):
            status = 400 if running else 200
            return status, wire.answer(status, wire.FLUSH_TEXT.encode(), None)
        if path == "/truth/reset" and request.method in ("GET", "POST"):
            if running:
                return 400, wire.answer(
                    400, wire.error(f"{running} requests are running: the truth is reset between runs.")
                )
            self.truth.reset()
            return 200, wire.answer(200, b"ok\n", "text/plain")
        if request.method != "GET":
            return 404, wire.answer(404, wire.dumps({"detail": "Not Found"}))
        if path == "/truth/trace":
            return 200, wire.answer(200, self.truth.trace(), "application/octet-stream")
        if path in ("/health", "/health_generate"):
            return 200, wire.answer(200, b"", None)
        found = self._json(path, running)
        return (
            (200, wire.answer(200, wire.dumps(found)))
            if found is not None
            else (404, wire.answer(404, b'{"detail":"Not Found"}'))
        )

    def _json(self, path: str, running: int) -> Any:
        if path == "/truth":
            return self.truth.as_dict(running)
        if path in ("/get_server_info", "/server_info"):
            return wire.server_info(
                self.served, self.tokenizer, port=self.port, random_seed=self.random_seed, throughput=0.0
            )
        if path in ("/get_model_info", "/model_info"):
            return wire.model_info(self.served, self.tokenizer)
        if path == "/get_load":
            return [{"rid": None, "dp_rank": None, "num_reqs": running, "num_waiting_reqs": 0}]
        if path == "/v1/models":
            name = self.served.model_path
            model = {
                "id": name,
                "object": "model",
                "created": int(time.time()),
                "owned_by": "sglang",
                "root": name,
                "parent": None,
            }
            return {"object": "list", "data": [model | {"max_model_len": self.served.context_length}]}
        return None
