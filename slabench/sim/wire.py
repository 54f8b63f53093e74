"""Bytes of sglang 0.5.7's answers, as uvicorn and FastAPI send them: header names with case and order, JSON
keys with theirs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

REASONS = {
    200: "OK",
    301: "Moved Permanently",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
FLUSH_TEXT = (
    "Cache flushed.\nPlease check backend logs for more details. "
    "(When there are running or waiting requests, the operation will not be performed.)\n"
)
DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def answer(status: int, body: bytes = b"", kind: str | None = "application/json") -> bytes:
    """A whole answer of known length."""
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"date: {formatdate(usegmt=True)}", "server: uvicorn"]
    lines += [f"content-length: {len(body)}"] + ([f"content-type: {kind}"] if kind else []) + ["vary: Origin"]
    return "\r\n".join((*lines, "", "")).encode() + body


def status_of(whole: bytes) -> int:
    return int(whole[9:12])


def stream_head() -> bytes:
    lines = ["HTTP/1.1 200 OK", f"date: {formatdate(usegmt=True)}", "server: uvicorn"]
    lines += ["content-type: text/event-stream; charset=utf-8", "vary: Origin", "Transfer-Encoding: chunked"]
    return "\r\n".join((*lines, "", "")).encode()


def chunk(event: bytes) -> bytes:
    """One event as one chunk."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(event) + 8, event)


def piece(data: bytes) -> bytes:
    """Any bytes as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def payload(chunks: bytes) -> bytes:
    """The bytes inside whole chunks, the last one of no bytes not among them."""
    out, at = [], 0
    while at < len(chunks):
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end], 16)
        out.append(chunks[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(out)


def error(message: str) -> bytes:
    return dumps({"error": {"message": message}})


def openai_error(message: str, kind: str = "BadRequestError") -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": 400}


def not_found() -> bytes:
    return answer(404, dumps({"detail": "Not Found"}))


def flush_answer(*, flushed: bool) -> bytes:
    """The body is the same in both cases, as the real server's."""
    return answer(200 if flushed else 400, FLUSH_TEXT.encode(), None)


class Answering:
    """One request's growing answer: the text so far and its ids, as bytes, so that an event is one join."""

    __slots__ = ("cached", "created", "ids", "max_new", "prompt", "queue_s", "reply", "request_id", "text")

    def __init__(
        self, request_id: str, prompt: int, max_new: int, reply: tuple[str, int] | None = None
    ) -> None:
        """reply: a text and its tokens, in the place of the words; then the answer ends by itself."""
        self.request_id, self.prompt, self.max_new = request_id, prompt, max_new
        self.reply = None
        if reply is not None:
            self.reply, self.max_new = reply[0].encode(), reply[1]
        self.text, self.ids = bytearray(), bytearray()
        self.cached = 0
        self.created = time.time()
        self.queue_s = 0.0

    def grow(self, word: bytes, token: int) -> None:
        if self.reply is None:
            self.text += word
        elif not self.text:
            self.text += self.reply
        self.ids += b",%d" % token if self.ids else b"%d" % token

    def events(self, produced: int, retractions: int, *, last: bool) -> list[bytes]:
        """What leaves when so many tokens are there: here one event. meta_info in the order of the real
        server's, with --enable-metrics.
        """
        text, stopped = bytes(self.text), b'{"type":"length","length":%d}' % self.max_new
        if self.reply is not None:
            text, stopped = dumps(text.decode())[1:-1], b'{"type":"stop","matched":2}'
        reason = stopped if last else b"null"
        tail = b',"e2e_latency":%.17g' % (time.time() - self.created) if last else b""
        head = b'{"text":"%b","output_ids":[%b],"meta_info":{"id":"%b","finish_reason":%b'
        counts = b',"prompt_tokens":%d,"weight_version":"default","total_retractions":%d'
        times = b',"queue_time":%.9g,"completion_tokens":%d,"cached_tokens":%d'
        parts = (
            head % (text, self.ids, self.request_id.encode(), reason),
            counts % (self.prompt, retractions),
            times % (self.queue_s, produced, self.cached),
            tail,
            b"}}",
        )
        return [b"".join(parts)]


class ChunkAnswering(Answering):
    """/v1/completions: a piece of text an event, with counts if continuous_usage_stats asks, and a sum if
    include_usage does; without `stream` one object.
    """

    __slots__ = ("_sent", "continuous", "include_usage", "model", "stream")
    kind = "text_completion"

    def __init__(
        self,
        request_id: str,
        prompt: int,
        max_new: int,
        asked: Mapping[str, Any],
        reply: tuple[str, int] | None = None,
    ) -> None:
        """asked: the request's JSON."""
        super().__init__(request_id, prompt, max_new, reply)
        self.stream = bool(asked.get("stream"))
        options = asked.get("stream_options") or {}
        self.model = str(asked.get("model"))
        self.include_usage = bool(options.get("include_usage"))
        self.continuous = bool(options.get("continuous_usage_stats"))
        self._sent = 0

    def events(self, produced: int, retractions: int, *, last: bool) -> list[bytes]:
        if not self.stream:
            return [self._whole(produced)] if last else []
        delta = self.text[self._sent :].decode()
        first, self._sent = not self._sent, len(self.text)
        return self.pieces(delta, produced, first=first, last=last)

    def pieces(self, delta: str, produced: int, *, first: bool, last: bool) -> list[bytes]:
        """The events of the text that leaves when so many tokens are there."""
        usage = self._usage(produced)
        out = [
            self._chunk([choice], usage if counted and self.continuous else None)
            for choice, counted in self._choices(delta, first=first, last=last)
        ]
        if last and self.include_usage:
            del usage["prompt_tokens_details"]
            out.append(self._chunk([], usage))
        return out

    @property
    def _reason(self) -> str:
        return "length" if self.reply is None else "stop"

    def _whole(self, produced: int) -> bytes:
        head = {
            "id": self.request_id,
            "object": self.kind.removesuffix(".chunk"),
            "created": int(self.created),
        }
        choice = self._choice(self._content(self.text.decode()), self._reason)
        usage = self._usage(produced)
        return dumps({**head, "model": self.model, "choices": [choice], "usage": usage})

    def _content(self, text: str) -> dict[str, Any]:
        """Of a choice, without `stream`."""
        return {"text": text}

    def _choices(self, delta: str, *, first: bool, last: bool) -> list[tuple[dict[str, Any], bool]]:
        """The choice of each event that leaves now, and whether it may have counts."""
        return [(self._choice({"text": delta}, self._reason if last else None), True)]

    def _choice(self, content: dict[str, Any], reason: str | None) -> dict[str, Any]:
        return {"index": 0, **content, "logprobs": None, "finish_reason": reason, "matched_stop": None}

    def _usage(self, produced: int) -> dict[str, Any]:
        counts = {
            "prompt_tokens": self.prompt,
            "total_tokens": self.prompt + produced,
            "completion_tokens": produced,
        }
        return counts | {"prompt_tokens_details": None, "reasoning_tokens": 0}

    def _chunk(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        head = {"id": self.request_id, "object": self.kind, "created": int(self.created), "model": self.model}
        return dumps({**head, "choices": choices, "usage": usage})


class ChatAnswering(ChunkAnswering):
    """/v1/chat/completions: a role first, the pieces, and the finish_reason in an event of its own; only the
    pieces have counts. `created` is each event's time (serving_chat.py, 0.5.7).
    """

    __slots__ = ()
    kind = "chat.completion.chunk"

    def _choices(self, delta: str, *, first: bool, last: bool) -> list[tuple[dict[str, Any], bool]]:
        self.created = time.time()
        events = [(self._delta({"role": "assistant", "content": ""}), False)] if first else []
        events.append((self._delta({"content": delta}), True))
        return [*events, (self._delta({}, self._reason), False)] if last else events

    def _content(self, text: str) -> dict[str, Any]:
        answer = {"role": "assistant", "content": text, "reasoning_content": None, "tool_calls": None}
        return {"message": answer}

    def _delta(self, content: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        empty = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None}
        return self._choice({"delta": {**empty, **content}}, reason)
