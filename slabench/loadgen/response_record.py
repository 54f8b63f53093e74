"""From a record frame of a load process to a RequestRecord: the answer's kept events are read here, once it
has ended.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from slabench.loadgen import uncounted
from slabench.loadgen.backends.base import AnswerContent, LastEvent
from slabench.loadgen.events import MAX_TEXT
from slabench.loadgen.frames import Frame
from slabench.loadgen.prepared import PreparedRequest
from slabench.loadgen.stream import KeptLines
from slabench.records import ErrorKind, RequestRecord
from slabench.server.secrets import KNOWN, scrub_text

# Fields of the frame's head that are the record's as they are.
_SAME = (
    "index due_ns start_ns sent_ns first_text_ns first_text_at last_text_ns uncounted_outputs end_ns events "
    "done left_open reused resent status out_of_order first_read_ns last_read_ns"
).split()


def _classify(
    head: Mapping[str, Any], last: LastEvent | None, body: bytes, *, counted: bool
) -> tuple[ErrorKind | None, str]:
    """The first thing that went wrong with an answer."""
    excerpt = body.decode("utf-8", "replace").strip()[:MAX_TEXT]
    if head["status"] is not None and head["status"] != 200:
        return ErrorKind.HTTP_STATUS, f"HTTP {head['status']}: {excerpt}"[:MAX_TEXT]
    reported = head["reported_error"] if head["reported_error"] is not None or last is None else last.error
    if reported is not None:
        return ErrorKind.IN_STREAM, reported
    if head["error"] is not None:
        return ErrorKind(head["error"]), head["error_text"]
    if not head["stream"]:
        return ErrorKind.NOT_A_STREAM, f"The answer is not an event stream: {excerpt}"[:MAX_TEXT]
    if not head["done"]:
        return ErrorKind.TRUNCATED, "The stream ended without [DONE]."
    if not counted and last is not None and last.completion_tokens and head["last_text_ns"] is not None:
        return None, ""  # the sum alone; metrics that need counts along the stream are undefined
    if not counted:
        return ErrorKind.NO_TOKENS, "The stream ended without a token count."
    if head["broken"] is not None:
        return ErrorKind.MALFORMED, f"The stream has an event that is not JSON: {head['broken']}."
    if last is None:
        return ErrorKind.MALFORMED, "The last event does not have the endpoint's form."
    if last.impossible is not None:
        return ErrorKind.MALFORMED, f"The last event has an impossible number: {last.impossible}."
    return None, ""


def record_of(frame: Frame, request: PreparedRequest, *, keep_text: bool) -> RequestRecord:
    """The record of one request."""
    head = frame.head
    stamps, counts, body, *lines = frame.parts
    arrival_ns: array[int] = array("q", stamps)
    arrival_tokens: array[int] = array("q", counts)
    content, last = AnswerContent(), LastEvent()
    try:
        content = request.backend.read(
            KeptLines(*lines), arrival_tokens, has_text=head["first_text_ns"] is not None
        )
        last = content.last or last
        error, text = _classify(head, content.last, body, counted=bool(arrival_tokens))
    except Exception as problem:  # noqa: BLE001 whatever a server sends fails its own request, not the others
        error, text = ErrorKind.MALFORMED, f"The last event could not be read ({type(problem).__name__})."
    origin = {**last.origin, **{f"header {name}": value for name, value in head["origin"].items()}}
    return RequestRecord(
        **{name: head[name] for name in _SAME},
        input_len=request.input_len,
        output_len=request.output_len,
        arrival_ns=arrival_ns,
        arrival_tokens=arrival_tokens,
        output_ids=last.ids,
        first_ids=content.first_ids,
        first_empty=content.first_empty,
        middle=content.middle,
        error=error,
        error_text=scrub_text(text),
        prompt_tokens=last.prompt_tokens,
        completion_tokens=last.completion_tokens,
        cached_tokens=last.cached_tokens,
        finish_reason=None if last.finish_reason is None else KNOWN.cover(last.finish_reason),
        server={KNOWN.cover(key): value for key, value in last.numbers.items()},
        request_id=None if last.request_id is None else KNOWN.cover(last.request_id),
        origin={name: KNOWN.cover(value) for name, value in origin.items()},
        text=last.text if keep_text else None,
        **uncounted.fields(head["uncounted"], counted=bool(arrival_tokens)),
        content=last.content,
        counted_text=content.counted_text,
        counted_tokens=content.counted_tokens,
    )
