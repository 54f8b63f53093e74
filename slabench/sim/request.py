"""HTTP requests read from bytes, for the embedded server and the null server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slabench.sim import wire

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"
TEMPLATE = (3, 4, 5), (6, 7)  # what a model's chat template sets before and after a message
MAX_HEAD = 65536
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\r\nauthorization:[ \t]*([^\r]*)", re.IGNORECASE)
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
    head: bytes = b""

    @property
    def authorization(self) -> str:
        header = _AUTHORIZATION.search(self.head.decode("latin-1"))
        return header[1].rstrip() if header is not None else ""


class Malformed(Exception):
    """No HTTP request: the connection is of no more use."""


class Refused(Exception):
    """A request that is answered with status 400 and this body."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body.decode())
        self.body = body


def read_request(data: bytes | bytearray) -> Request | None:
    """The first request in data; None while it is incomplete. Malformed for what cannot become one."""
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
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3:
        raise Malformed
    method, shown, _ = words
    closes = _CLOSE.search(head) is not None
    return Request(method, shown.partition("?")[0], shown, bytes(data[end + 4 : size]), closes, size, head)


@dataclass(frozen=True, slots=True)
class Generate:
    """POST /generate. start: from which of the prompt's tokens on log-probabilities are asked for; -1: none;
    top: how many of the most probable tokens at each place.
    """

    ids: list[int]
    max_new: int
    stream: bool
    logprobs: bool = False
    start: int = -1
    top: int = 0


def read_generate(body: bytes, encode: Encode) -> Generate:
    """Refused in the real server's words."""
    try:
        asked = json.loads(body)
    except ValueError as error:
        message = (
            "1 validation error:\n  {'type': 'json_invalid', 'loc': ('body', 1), "
            f"'msg': 'JSON decode error: {error}'}}"
        )
        raise Refused(wire.dumps(wire.openai_error(message, "Bad Request"))) from error
    text, ids = asked.get("text"), asked.get("input_ids")
    if text is None and ids is None:
        raise Refused(wire.error("Either text, input_ids or input_embeds should be provided."))
    if isinstance(text, list) or (isinstance(ids, list) and ids and isinstance(ids[0], list)):
        raise Refused(wire.error("The embedded server takes one prompt a request."))
    max_new = (asked.get("sampling_params") or {}).get("max_new_tokens", 128)
    if not isinstance(max_new, int) or max_new < 1:
        raise Refused(wire.error(f"max_new_tokens must be at least 1, got {max_new}."))
    start, top = (
        asked[name] if isinstance(asked.get(name), int) else none for name, none in _LOGPROBS.items()
    )
    return Generate(
        encode(text) if ids is None else ids,
        max_new,
        bool(asked.get("stream")),
        bool(asked.get("return_logprob")),
        start,
        top,
    )


_LOGPROBS = {"logprob_start_len": -1, "top_logprobs_num": 0}


def read_pieces(path: str, body: bytes, encode: Encode) -> tuple[list[int], int, dict[str, Any]]:
    """(prompt ids, tokens to generate, the request's JSON) of a /v1 request."""
    try:
        asked = json.loads(body)
    except ValueError as error:
        refusal = wire.openai_error(f"JSON decode error: {error}", "Bad Request")
        raise Refused(wire.dumps(refusal)) from error
    prompt = asked.get("prompt")
    if path == CHAT:
        prompt = "\n".join(str(message.get("content")) for message in asked.get("messages") or ())
    if not prompt:
        raise Refused(wire.dumps(wire.openai_error("The embedded server takes one prompt a request.")))
    ids = encode(prompt) if isinstance(prompt, str) else list(prompt)
    if path == CHAT:
        ids = [*TEMPLATE[0], *ids, *TEMPLATE[1]]
    return ids, int(asked.get("max_completion_tokens") or asked.get("max_tokens") or 16), asked


def chunk_answering(path: str) -> type[wire.ChunkAnswering]:
    return wire.ChatAnswering if path == CHAT else wire.ChunkAnswering
