"""The embedded server's HTTP side: requests in, the engine's events out."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import random
import uuid
from collections.abc import Mapping
from typing import Any

from slabench.sim import wire
from slabench.sim.connection import Connection
from slabench.sim.counters_page import counters_page
from slabench.sim.engine import Deliver, Engine
from slabench.sim.faults import Faults
from slabench.sim.known_answers import KnownAnswers
from slabench.sim.log import DeployLog
from slabench.sim.model import with_logprobs
from slabench.sim.pages import Pages
from slabench.sim.profiles import Profile
from slabench.sim.request import (
    CHAT,
    COMPLETIONS,
    Encode,
    Generate,
    Refused,
    Request,
    chunk_answering,
    read_generate,
    read_pieces,
)

GENERATING = ("/generate", COMPLETIONS, CHAT)
LATE_CLOCK = 1.1  # fault late_clock


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
        known: KnownAnswers | None = None,
    ) -> None:
        self.profile, self.engine, self.log, self.encode = profile, engine, log, encode
        self.pages = Pages(profile, tokenizer, random.SystemRandom().randrange(2**30), api_key)
        self.faults = Faults(profile.faults) if profile.faults is not None else None
        self.known = known

    def too_long(self, prompt: int) -> str | None:
        limit = min(self.profile.context_length, self.profile.pool_tokens)
        if prompt < limit:
            return None
        return f"The input ({prompt} tokens) is longer than the model's context length ({limit} tokens)."

    def get(self, path: str) -> bytes | None:
        if path == "/metrics" and self.engine.counted.requests:
            late = self.faults is not None and self.faults.has("late_clock")
            times = LATE_CLOCK if late else 1.0
            return counters_page(self.engine.counted, self.profile.model_path, times)
        scheduler = self.engine.scheduler
        return self.pages.get(
            path,
            running=len(scheduler.running),
            waiting=len(scheduler.waiting),
            throughput=self.log.throughput,
            change=dict if self.faults is None else self.faults.info,
        )


class Exchange(Connection):
    """A connection of the embedded server."""

    def __init__(self, face: Face) -> None:
        super().__init__(face.engine)
        self.face = face

    def handle(self, request: Request) -> None:
        face, path, key = self.face, request.path, self.face.pages.api_key
        if key is not None and request.authorization != f"Bearer {key}" and not path.startswith("/health"):
            self._whole(request, wire.answer(401, wire.error("Unauthorized")))
        elif path in GENERATING and request.method == "POST":
            if face.faults is not None and face.faults.answers(self):
                return
            try:
                self._generate(request) if path == "/generate" else self._chunks(request)
            except Refused as refused:
                self._whole(request, wire.answer(400, refused.body))
        else:
            self._control(request)

    def _control(self, request: Request) -> None:
        face, path = self.face, request.path
        replaced = face.faults.control(request.method, path) if face.faults is not None else None
        if replaced is not None:
            self._finish(replaced)
        elif path == "/flush_cache" and request.method in ("GET", "POST"):
            self._whole(request, wire.flush_answer(flushed=face.engine.flush()))
        else:
            page = face.get(path) if request.method == "GET" else None
            delay_s = face.faults.delay_s(path) if face.faults is not None else 0.0
            if page is not None and delay_s:
                asyncio.get_running_loop().call_later(delay_s, self._finish, page)
            else:
                self._whole(request, wire.not_found() if page is None else page)

    def _whole(self, request: Request, answer: bytes) -> None:
        self.face.log.access(self.peer, request.method, request.shown, wire.status_of(answer))
        self._finish(answer)

    def _finish(self, answer: bytes) -> None:
        self.write(answer)
        self.done()

    def _open_stream(self, path: str, refusal: bytes | None) -> bool:
        """The answer's head; a refusal is its only event, and then the answer is complete."""
        self.face.log.access(self.peer, "POST", path, 200)
        self.write(wire.stream_head())
        if refusal is not None:
            self._finish(wire.chunk(refusal) + wire.DONE)
        return refusal is None

    def _most(self, ids: list[int], max_new: int) -> int:
        """As in the real server, an answer never grows beyond the context."""
        return min(max_new, self.face.profile.context_length - len(ids))

    def _generate(self, request: Request) -> None:
        asked = read_generate(request.body, self.face.encode)
        ids, max_new = asked.ids, asked.max_new
        too_long = self.face.too_long(len(ids))
        refusal = None if too_long is None else wire.error(too_long)
        max_new = self._most(ids, max_new)
        deliver: Deliver = self._streamed
        if not asked.stream:
            if refusal is not None:
                raise Refused(refusal)
            deliver = functools.partial(self._collected, request, asked)
        elif not self._open_stream("/generate", refusal):
            return
        elif asked.logprobs and asked.top:
            deliver = functools.partial(self._scored, asked)
        elif self.face.faults is not None:
            deliver = self.face.faults.stream(self, deliver)
            max_new += self.face.faults.more_tokens()
        reply = None if self.face.known is None else self._reply(json.loads(request.body), max_new)
        answering = wire.Answering(uuid.uuid4().hex, len(ids), max_new, reply)
        self.job = self.engine.submit(ids, answering, deliver)

    def _reply(self, asked: Mapping[str, Any], max_new: int) -> tuple[str, int] | None:
        """A known answer and its tokens, if they are fewer than those asked for."""
        known = self.face.known
        text = None if known is None else known.reply(asked)
        tokens = 0 if text is None else max(1, len(self.face.encode(text)))
        return None if text is None or tokens > max_new else (text, tokens)

    def _chunks(self, request: Request) -> None:
        ids, max_new, asked = read_pieces(request.path, request.body, self.face.encode)
        too_long = self.face.too_long(len(ids))
        form = chunk_answering(request.path)
        max_new = self._most(ids, max_new)
        answering = form(uuid.uuid4().hex, len(ids), max_new, asked, self._reply(asked, max_new))
        if not asked.get("stream"):
            if too_long is not None:
                raise Refused(wire.dumps(wire.openai_error(too_long)))
            deliver: Deliver = functools.partial(self._collected, request, None)
            self.job = self.engine.submit(ids, answering, deliver)
            return
        # The real server writes this event with spaces, unlike its others.
        refusal = None if too_long is None else json.dumps({"error": wire.openai_error(too_long)}).encode()
        if not self._open_stream(request.path, refusal):
            return
        if self.face.faults is not None and self.face.faults.uncounted():
            answering.continuous = False
        self.job = self.engine.submit(ids, answering, self._streamed)

    def _collected(self, request: Request, asked: Generate | None, events: list[bytes], last: bool) -> None:
        if not last:
            return
        body = events[-1]
        if asked is not None and asked.logprobs:
            body = self._with_logprobs(asked, body)
        self._whole(request, wire.answer(200, body))

    def _scored(self, asked: Generate, events: list[bytes], last: bool) -> None:
        """A stream with log-probabilities of its own ids: its last event alone."""
        if last:
            self._streamed([self._with_logprobs(asked, events[-1])], last)

    def _with_logprobs(self, asked: Generate, body: bytes) -> bytes:
        event, model = json.loads(body), self.face.engine.model
        meta, produced = event["meta_info"], event["output_ids"]
        with_logprobs(meta, asked.ids, produced, asked.start, asked.top, model, self.face.engine.raised)
        return wire.dumps(event)

    def _streamed(self, events: list[bytes], last: bool) -> None:
        """The real server writes an event a chunk, also where several are ready."""
        self.write(b"".join(map(wire.chunk, events)) + (wire.DONE if last else b""))
        if last:
            self.done()


def describe(error: OSError, host: str, port: int) -> str:
    # asyncio writes the address into strerror once more
    why = os.strerror(error.errno) if error.errno else str(error)
    return f"The embedded server cannot listen on {host}:{port} ({why}); give another --port."
