"""The HTTP face: requests in, the engine's events out.

One protocol object a connection, keep-alive as uvicorn has it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import socket
import time
from collections.abc import Callable

from slabench.sim import wire
from slabench.sim.engine import Engine, Job
from slabench.sim.faults import Faults
from slabench.sim.log import DeployLog
from slabench.sim.profiles import Profile

MAX_HEAD = 65536
COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"
TEMPLATE = (3, 4, 5), (6, 7)  # what a model's chat template sets before and after a message
KEEP_ALIVE_S = 5.0  # uvicorn's
Encode = Callable[[str], list[int]]


class BadRequest(Exception):
    """status and body of a refusal."""

    def __init__(self, body: bytes, status: int = 400) -> None:
        super().__init__(body.decode())
        self.body, self.status = body, status


class Face:
    """What all connections share."""

    def __init__(
        self,
        profile: Profile,
        engine: Engine,
        log: DeployLog,
        encode: Encode,
        tokenizer: str,
        api_key: str | None = None,
    ) -> None:
        self.profile, self.engine, self.log, self.encode, self.tokenizer = (
            profile,
            engine,
            log,
            encode,
            tokenizer,
        )
        self.port = 0
        self.api_key = api_key  # which its server_info and its log tell, as the real one's do
        choice = profile.faults
        self.faults = Faults(choice) if choice is not None else None

    def read_generate(self, body: bytes) -> tuple[list[int], int, bool]:
        """(prompt ids, max_new_tokens, stream); BadRequest as the real server words it."""
        try:
            given = json.loads(body)
        except ValueError as error:
            message = f"1 validation error:\n  {{'type': 'json_invalid', 'loc': ('body', 1), 'msg': 'JSON decode error: {error}'}}"
            raise BadRequest(
                wire.dumps(
                    {"object": "error", "message": message, "type": "Bad Request", "param": None, "code": 400}
                )
            ) from error
        text, ids = given.get("text"), given.get("input_ids")
        if text is None and ids is None:
            raise BadRequest(wire.error("Either text, input_ids or input_embeds should be provided."))
        if isinstance(text, list) or (isinstance(ids, list) and ids and isinstance(ids[0], list)):
            raise BadRequest(wire.error("The embedded server takes one prompt a request."))
        found = self.encode(text) if ids is None else ids
        sampling = given.get("sampling_params") or {}
        max_new = sampling.get("max_new_tokens", 128)
        if not isinstance(max_new, int) or max_new < 1:
            raise BadRequest(wire.error(f"max_new_tokens must be at least 1, got {max_new}."))
        return found, max_new, bool(given.get("stream"))

    def read_chunks(
        self, path: str, body: bytes
    ) -> tuple[list[int], int, Callable[[str, int, int], wire.ChunkAnswering]]:
        """(prompt ids, tokens to generate, form of the answer) of a /v1 request; it streams only."""
        try:
            given = json.loads(body)
        except ValueError as error:
            raise BadRequest(
                wire.dumps(wire.openai_error(f"JSON decode error: {error}", "Bad Request"))
            ) from error
        chat = path == CHAT
        prompt = (
            "\n".join(str(one.get("content")) for one in given.get("messages") or ())
            if chat
            else given.get("prompt")
        )
        if not prompt or not given.get("stream"):
            raise BadRequest(
                wire.dumps(
                    wire.openai_error("The embedded server takes one prompt, and answers in a stream only.")
                )
            )
        wanted = given.get("max_completion_tokens") or given.get("max_tokens") or 16
        options = given.get("stream_options") or {}
        form = functools.partial(
            wire.ChatAnswering if chat else wire.ChunkAnswering,
            model=str(given.get("model")),
            include_usage=bool(options.get("include_usage")),
            continuous=bool(options.get("continuous_usage_stats")),
        )
        ids = self.encode(prompt) if isinstance(prompt, str) else list(prompt)
        return [*TEMPLATE[0], *ids, *TEMPLATE[1]] if chat else ids, int(wanted), form

    def too_long(self, prompt: int) -> str | None:
        limit = min(self.profile.context_length, self.profile.pool_tokens)
        if prompt < limit:
            return None
        return f"The input ({prompt} tokens) is longer than the model's context length ({limit} tokens)."

    def get(self, path: str) -> bytes | None:
        """The answers that need no engine step; None: there is no such path."""
        if path in ("/get_server_info", "/server_info"):
            info = wire.server_info(
                self.profile,
                self.tokenizer,
                port=self.port,
                random_seed=self.engine.random_seed,
                throughput=self.log.throughput,
            )
            info["api_key"] = self.api_key
            return wire.answer(200, wire.dumps(info if self.faults is None else self.faults.info(info)))
        if path in ("/get_model_info", "/model_info"):
            return wire.answer(200, wire.dumps(wire.model_info(self.profile, self.tokenizer)))
        if path in ("/health", "/health_generate"):
            return wire.answer(200, b"", None)
        if path == "/get_load":
            return wire.answer(200, wire.dumps([self.engine.load()]))
        if path == "/v1/models":
            model = {
                "id": self.profile.model_path,
                "object": "model",
                "created": int(time.time()),
                "owned_by": "sglang",
            }
            model |= {
                "root": self.profile.model_path,
                "parent": None,
                "max_model_len": self.profile.context_length,
            }
            return wire.answer(200, wire.dumps({"object": "list", "data": [model]}))
        return None


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.buffer = b""
        self.transport: asyncio.Transport | None = None
        self.job: Job | None = None
        self.peer = "127.0.0.1:0"
        self.close_after = False
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = f"{host}:{port}"

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.job is not None:
            self.face.engine.abort(self.job)  # the client has gone: its work stops

    def data_received(self, data: bytes) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.buffer += data
        if self.job is None:
            self._next()

    def _next(self) -> None:
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            if len(self.buffer) > MAX_HEAD:
                self.end()
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        size = int(headers.get("content-length", "0"))
        if len(rest) < size:
            return
        body, self.buffer = rest[:size], rest[size:]
        self.close_after = headers.get("connection", "").lower() == "close"
        method, path, *_ = [*lines[0].split(" "), "", ""]
        key = self.face.api_key
        if (
            key is not None
            and headers.get("authorization") != f"Bearer {key}"
            and not path.startswith("/health")
        ):
            self._whole(method, path, 401, wire.answer(401, wire.error("Unauthorized")))
            return
        self._request(method, path.partition("?")[0], path, body)

    def _request(self, method: str, path: str, shown: str, body: bytes) -> None:
        face = self.face
        if face.faults is not None and face.faults.replaces(self, method, path):
            return
        if path == "/generate" and method == "POST":
            try:
                self._generate(*face.read_generate(body))
            except BadRequest as refused:
                self._whole(method, shown, refused.status, wire.answer(refused.status, refused.body))
            return
        if path in (COMPLETIONS, CHAT) and method == "POST":
            try:
                self._chunks(path, *face.read_chunks(path, body))
            except BadRequest as refused:
                self._whole(method, shown, refused.status, wire.answer(refused.status, refused.body))
            return
        if path == "/flush_cache" and method in ("GET", "POST"):
            status = 200 if face.engine.flush() else 400
            self._whole(method, shown, status, wire.answer(status, wire.FLUSH_TEXT.encode(), None))
            return
        found = face.get(path) if method == "GET" else None
        if found is None:
            self._whole(method, shown, 404, wire.answer(404, wire.dumps({"detail": "Not Found"})))
        else:
            self._whole(method, shown, 200, found)

    def _whole(self, method: str, shown: str, status: int, data: bytes) -> None:
        self._access(method, shown, status)
        self.write(data)
        self.done()

    def _access(self, method: str, path: str, status: int) -> None:
        self.face.log.plain(f'{self.peer} - "{method} {path} HTTP/1.1" {status} {wire.REASONS[status]}')

    def _generate(self, ids: list[int], max_new: int, stream: bool) -> None:
        too_long = self.face.too_long(len(ids))
        if too_long is not None and not stream:
            raise BadRequest(wire.error(too_long))
        if stream:
            self._access("POST", "/generate", 200)
            self.write(wire.stream_head())
        if too_long is not None:
            self.write(wire.chunk(wire.error(too_long)) + wire.DONE)
            self.done()
            return
        # As the real server does: an answer never grows beyond the context.
        max_new = min(max_new, self.face.profile.context_length - len(ids))
        deliver: Callable[[bytes, bool], None] = self._streamed if stream else self._collected
        faults = self.face.faults
        if faults is not None and stream:
            deliver, max_new = faults.stream(self, deliver), max_new + faults.more_tokens()
        self.job = self.face.engine.submit(ids, max_new, deliver)

    def _chunks(
        self, path: str, ids: list[int], max_new: int, form: Callable[[str, int, int], wire.ChunkAnswering]
    ) -> None:
        too_long = self.face.too_long(len(ids))
        self._access("POST", path, 200)
        self.write(wire.stream_head())
        if too_long is not None:
            # The real one writes this event with spaces, unlike its others.
            self.write(wire.chunk(json.dumps({"error": wire.openai_error(too_long)}).encode()) + wire.DONE)
            self.done()
            return
        max_new = min(max_new, self.face.profile.context_length - len(ids))
        made: list[wire.ChunkAnswering] = []
        counted = self.face.faults is None or self.face.faults.counts()

        def answering(request_id: str, prompt: int, wanted: int) -> wire.ChunkAnswering:
            made.append(form(request_id, prompt, wanted))
            made[0].continuous = made[0].continuous and counted
            return made[0]

        begun = False

        def deliver(event: bytes, last: bool) -> None:
            nonlocal begun
            parts = [*(() if begun else made[0].begin()), event, *(made[0].end() if last else ())]
            begun = True
            # The real server writes an event a chunk, also where several are ready.
            self.write(b"".join(map(wire.chunk, parts)) + (wire.DONE if last else b""))
            if last:
                self.done()

        self.job = self.face.engine.submit(ids, max_new, deliver, answering)

    def _streamed(self, event: bytes, last: bool) -> None:
        self.write(wire.chunk(event) + wire.DONE if last else wire.chunk(event))
        if last:
            self.done()

    def _collected(self, event: bytes, last: bool) -> None:
        if last:
            self.job = None
            self._whole("POST", "/generate", 200, wire.answer(200, event))

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def done(self) -> None:
        self.job = None
        if self.close_after:
            self.end()
        elif self.buffer:
            self._next()
        else:
            self.timer = asyncio.get_running_loop().call_later(KEEP_ALIVE_S, self.end)

    def hold(self) -> None:
        """What is written from here on leaves with the connection's end, in one piece: nobody can send a
        request in between.
        """
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def end(self) -> None:
        if self.transport is not None:
            self.transport.close()


def describe(error: OSError, host: str, port: int) -> str:
    # asyncio writes the address into strerror once more
    why = os.strerror(error.errno) if error.errno else str(error)
    return f"The embedded server cannot listen on {host}:{port} ({why}); give another --port."
