"""What another endpoint takes: one class, registered. Here the OpenAI Responses API, whose events have a
type, a delta and no count, and whose sum comes with the event that ends the stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from slabench.loadgen import Target, prepare_requests
from slabench.loadgen.backends import BACKENDS, DEFAULT, NAMES
from slabench.loadgen.backends.base import (
    AnswerContent,
    Backend,
    LastEvent,
    read_object,
    register,
)
from slabench.loadgen.events import Event, error_of, read_json
from slabench.loadgen.job import request_head
from slabench.loadgen.stream import KeptLines, StreamMeter
from slabench.options.table import OPTIONS
from slabench.records import ErrorKind
from slabench.workloads.model import Prompt
from tests.unit.loadgen.reading import HEAD, answered, chunk, line, read


class ResponsesMeter(StreamMeter):
    __slots__ = ("final",)

    def __init__(self, limit: int = 1 << 20) -> None:
        super().__init__(limit)
        self.final = b""

    def usual_event(self, now_ns: int, data: bytes, start: int, end: int) -> bool:
        return False

    def parsed(self, found: bytes) -> Event:
        event = read_json(found)
        text = event.get("type") == "response.output_text.delta"
        return Event(None, text, text, event.get("type") == "response.completed", False, error_of(event))

    def json_event(self, event: Event, now_ns: int, data: bytes, start: int, end: int) -> None:
        super().json_event(event, now_ns, data, start, end)
        if event.total:
            self.final = data[start:end]
            self.ended(now_ns)

    def kept(self) -> KeptLines:
        return KeptLines(self.final)


class Responses(Backend):
    name = "responses"
    path = "/v1/responses"
    meter = ResponsesMeter
    optional_counts = True

    def payload(self, prompt: Prompt, output_len: int, model: str) -> dict[str, Any]:
        return {"model": model, "input": prompt.text, "max_output_tokens": output_len, "stream": True}

    def read(self, lines: KeptLines, tokens: Sequence[int], *, has_text: bool) -> AnswerContent:
        event = read_object(lines.last)
        if event is None:
            return AnswerContent()
        response = event["response"]
        usage = response["usage"]
        return AnswerContent(
            LastEvent(
                usage["input_tokens"], usage["output_tokens"], finish_reason="stop", request_id=response["id"]
            )
        )


def stream(*types: str) -> bytes:
    usage = {"input_tokens": 5, "output_tokens": 3}
    return b"".join(
        b"event: "
        + kind.encode()
        + b"\n"
        + line({"type": kind, "delta": "ab", "response": {"id": "r", "usage": usage}})
        for kind in types
    )


DELTA = "response.output_text.delta"
WHOLE = stream("response.created", DELTA, DELTA, DELTA, "response.completed")


@pytest.fixture
def responses() -> Iterator[None]:
    register(Responses)
    yield
    del BACKENDS["responses"]


def test_the_names_are_the_options_choices() -> None:
    (backend,) = (option for option in OPTIONS if option.name == "--backend")
    assert tuple(backend.choices or ()) == NAMES == ("sglang", "sglang-oai", "sglang-oai-chat")
    assert backend.default == DEFAULT and all(BACKENDS[name].name == name for name in NAMES)
    assert (
        backend.help
        == "sglang: /generate; sglang-oai: /v1/completions; sglang-oai-chat: /v1/chat/completions"
    )


@pytest.mark.usefixtures("responses")
def test_its_request_is_on_the_wire() -> None:
    (request,) = prepare_requests(
        [Prompt("hello", None, 1, 9)], backend="responses", model="m", extra={"top_p": 1}
    )
    assert json.loads(request.body) == {
        "model": "m",
        "input": "hello",
        "max_output_tokens": 9,
        "stream": True,
        "top_p": 1,
    }
    assert request_head(Target("http://a:1"), request, keep_alive=True).startswith(b"POST /v1/responses HTTP")


@pytest.mark.usefixtures("responses")
@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_its_stream_becomes_a_record(size: int) -> None:
    record = read(answered(WHOLE), size=size, backend="responses")
    assert (record.error, record.error_text) == (None, "")
    assert (record.prompt_tokens, record.completion_tokens, record.request_id) == (5, 3, "r")
    assert record.uncounted_outputs == 3 and record.first_text_ns is not None
    assert record.done and record.end_ns is not None and record.end_ns >= (record.last_text_ns or 0)


@pytest.mark.usefixtures("responses")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (stream("response.created", DELTA), ErrorKind.TRUNCATED),
        (stream(DELTA, "response.failed"), ErrorKind.IN_STREAM),
        (stream(DELTA) + line({"no": "type"}), ErrorKind.TRUNCATED),
    ],
)
def test_its_failures_are_seen(body: bytes, kind: ErrorKind) -> None:
    assert read(HEAD + chunk(body) + b"0\r\n\r\n", backend="responses").error is kind
