"""An answer's bytes through everything that reads them, to its record."""

from __future__ import annotations

import json
from typing import Any

from slabench.loadgen.backends import BACKENDS, DEFAULT
from slabench.loadgen.backends.base import LastEvent
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.frames import Decoder
from slabench.loadgen.http1 import Answer
from slabench.loadgen.prepared import PreparedRequest
from slabench.loadgen.response_record import record_of
from slabench.loadgen.stream import StreamMeter
from slabench.loadgen.worker import record_frame
from slabench.records import RequestRecord

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
V1 = "sglang-oai"


def request(backend: str = DEFAULT) -> PreparedRequest:
    return PreparedRequest(BACKENDS[backend], b"{}", 5, 3)


def last_event(meter: StreamMeter, backend: str = DEFAULT) -> LastEvent:
    """What the end of an answer reports."""
    last = BACKENDS[backend].read(meter.kept(), meter.arrival_tokens, has_text=True).last
    assert last is not None
    return last


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def answered(body: bytes) -> bytes:
    """The body in one chunk."""
    return HEAD + chunk(body) + b"0\r\n\r\n"


def event(count: Any, text: str = "ab", *, end: Any = None, **more: Any) -> dict[str, Any]:
    meta = {
        "id": "a",
        "finish_reason": end,
        "prompt_tokens": 5,
        "completion_tokens": count,
        "cached_tokens": 0,
    }
    return {
        "text": text,
        "output_ids": [7] * count if isinstance(count, int) and count < 99 else [],
        "meta_info": meta,
        **more,
    }


def line(value: Any) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


LENGTH = {"type": "length", "length": 3}
DONE = b"data: [DONE]\n\n"


def good() -> list[bytes]:
    """Three tokens of /generate, the last with its reason to end."""
    return [line(event(1)), line(event(2)), line(event(3, end=LENGTH))]


def piece(count: int | None, text: str = "x", *, end: str | None = None, **more: Any) -> dict[str, Any]:
    """An event of /v1/completions."""
    usage = (
        None if count is None else {"prompt_tokens": 5, "total_tokens": 5 + count, "completion_tokens": count}
    )
    return {
        "id": "a",
        "object": "text_completion",
        "choices": [{"index": 0, "text": text, "finish_reason": end}],
        "usage": usage,
    } | more


def good_v1() -> list[bytes]:
    return [line(piece(1)), line(piece(2)), line(piece(3, end="length")), line(piece(3) | {"choices": []})]


def read(
    data: bytes, *, size: int = 1 << 20, backend: str = DEFAULT, keep_text: bool = True
) -> RequestRecord:
    """Its record, where it comes in reads of so many bytes, at 1, 2, 3 ... ms."""
    exchange = Exchange(0, memoryview(b""), 0, Answer(BACKENDS[backend].meter(1 << 20)))
    exchange.start_ns = exchange.sent_ns = 0
    answer, now = exchange.answer, 0
    for at in range(0, len(data), size):
        now += 1_000_000
        if answer.feed(now, data[at : at + size]):
            break
    else:
        answer.closed()
    answer.meter.close(now)
    exchange.end_ns = answer.meter.done_ns or now
    exchange.error, exchange.error_text = answer.error, answer.error_text
    (frame,) = Decoder().feed(record_frame(exchange))
    return record_of(frame, request(backend), keep_text=keep_text)
