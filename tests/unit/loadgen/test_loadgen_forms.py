"""What the formats of HTTP, event streams and JSON allow is read as sglang's own form is; errors are seen in
every form.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from slabench.loadgen.backends.completions import CompletionsMeter
from slabench.loadgen.backends.generate import GenerateMeter
from slabench.loadgen.http1 import Answer
from slabench.records import ErrorKind
from tests.unit.loadgen.reading import (
    DONE,
    HEAD,
    LENGTH,
    answered,
    chunk,
    event,
    good,
    good_v1,
    line,
    piece,
    read,
)

SIZES = [1, 2, 3, 50, 1 << 20]
BODY = b"".join(good()) + DONE
V1 = b"".join(good_v1()) + DONE
HTTP = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


def spaced(lines: list[bytes], *separators: str) -> bytes:
    values = [json.loads(line.removeprefix(b"data: ")) for line in lines]
    return (
        b"".join(b"data: " + json.dumps(value, separators=separators).encode() + b"\n\n" for value in values)
        + DONE
    )  # type: ignore[arg-type]


def on_lines(lines: list[bytes]) -> bytes:
    """Each event's JSON indented, a line of it on each line of data."""
    out = b""
    for text in lines:
        text = json.dumps(json.loads(text.removeprefix(b"data: ")), indent=1)
        out += b"".join(b"data: " + part.encode() + b"\n" for part in text.split("\n")) + b"\n"
    return out + DONE


def escaped(body: bytes) -> bytes:
    for key in (b"completion_tokens", b"meta_info", b"usage", b"finish_reason"):
        body = body.replace(b'"%b"' % key, b'"\\u%04x%b"' % (key[0], key[1:]))
    return body


FORMS = {
    "as it is": lambda body, lines: body,
    "space before the colon": lambda body, lines: spaced(lines, ",", " :"),
    "spaces everywhere": lambda body, lines: spaced(lines, " , ", " : "),
    "tabs": lambda body, lines: spaced(lines, ",\t", ":\t\t"),
    "several lines": lambda body, lines: on_lines(lines),
    "escaped keys": lambda body, lines: escaped(body),
    "CR LF": lambda body, lines: body.replace(b"\n", b"\r\n"),
    "CR": lambda body, lines: body.replace(b"\n", b"\r"),
    "no blank": lambda body, lines: body.replace(b"data: ", b"data:"),
    "two blanks": lambda body, lines: body.replace(b"data: ", b"data:  "),
    "BOM": lambda body, lines: b"\xef\xbb\xbf" + body,
    "comments": lambda body, lines: b": hello\n\n"
    + body.replace(b"data: ", b': {"completion_tokens":99,"x":1}\ndata: '),
    "fields": lambda body, lines: b"retry: 5\n\n" + body.replace(b"data: ", b"event: message\nid: 7\ndata: "),
    "fields behind": lambda body, lines: body.replace(b"\n\n", b"\nid: 7\nevent: completion\n\n"),
    "empty data": lambda body, lines: b"data:\n\ndata: \n\n" + body,
    "no blank line between": lambda body, lines: body.replace(b"\n\n", b"\n") + b"\n",
    "no blank line at the end": lambda body, lines: body[:-1],
    "no line end at the end": lambda body, lines: body[:-2],
    "whole floats": lambda body, lines: body
    .replace(b'_tokens":3', b'_tokens":3.0').replace(b'_tokens":2', b'_tokens":20e-1'),
    "a null error": lambda body, lines: body.replace(b'data: {"', b'data: {"error":null,"'),
    "an empty error": lambda body, lines: body
    .replace(b'}\n\ndata: [DONE]', b',"error":{},"errors":[]}\n\ndata: [DONE]'),
    "other JSON": lambda body, lines: b'data: 7\n\ndata: "ping"\n\ndata: {"ping":1}\n\n' + body,
    "half a surrogate": lambda body, lines: body.replace(b'"text":"', b'"text":"\\ud83d'),
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", FORMS)
def test_an_answer_of_generate_in_every_form(form: str, size: int) -> None:
    record = read(answered(FORMS[form](BODY, good())), size=size)
    assert (record.error, record.error_text) == (None, "")
    assert list(record.arrival_tokens) == [1, 2, 3]
    assert list(record.arrival_ns) == sorted(record.arrival_ns)
    assert (record.prompt_tokens, record.completion_tokens, record.cached_tokens) == (5, 3, 0)
    assert (record.finish_reason, record.request_id, record.done, record.uncounted_outputs) == (
        "length",
        "a",
        True,
        0,
    )
    assert (record.text or "")[-2:] == "ab"
    assert record.first_text_ns == record.arrival_ns[0]
    (record.text or "").encode()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", FORMS)
def test_an_answer_of_v1_in_every_form(form: str, size: int) -> None:
    record = read(answered(FORMS[form](V1, good_v1())), size=size, backend="sglang-oai")
    assert (record.error, record.error_text) == (None, "")
    assert list(record.arrival_tokens) == [1, 2, 3]
    assert (record.prompt_tokens, record.completion_tokens) == (5, 3)
    assert (record.finish_reason, record.request_id, record.done, record.uncounted_outputs) == (
        "length",
        "a",
        True,
        0,
    )
    assert record.first_text_ns == record.arrival_ns[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "data",
    [
        HTTP.replace(b"1.1", b"1.0") + b"\r\n" + BODY,
        HTTP + b"connection: close\r\n\r\n" + BODY,
        HTTP + b"content-length: %d\r\n\r\n" % len(BODY) + BODY,
        HTTP.replace(b"1.1", b"1.0") + b"content-length: %d\r\n\r\n" % len(BODY) + BODY,
        HTTP.replace(b" OK", b"") + b"content-length: %d\r\n\r\n" % len(BODY) + BODY,
        HEAD + b'%x;a=b;c="d"\r\n%b\r\n0;last\r\nx-trailer: 1\r\ny: 2\r\n\r\n' % (len(BODY), BODY),
        HEAD + b"%X \r\n%b\r\n000\r\n\r\n" % (len(BODY), BODY),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
        + HEAD
        + chunk(BODY)
        + b"0\r\n\r\n",
        HTTP + b"content-encoding: identity\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY,
    ],
)
def test_an_answer_in_every_form_of_http(data: bytes, size: int) -> None:
    record = read(data, size=size)
    assert (record.error, record.error_text) == (None, "")
    assert list(record.arrival_tokens) == [1, 2, 3]


def test_a_compressed_stream_is_refused_in_a_sentence() -> None:
    record = read(
        HTTP + b"content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"\x1f\x8b\x08" * 9)
    )
    assert record.error is ErrorKind.MALFORMED
    assert record.error_text == "The answer is compressed (gzip), which the request did not accept."


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_by_definition_has_ended_with_its_head(status: bytes) -> None:
    record = read(b"HTTP/1.1 " + status + b"\r\ncontent-type: x\r\n\r\n", size=1)
    assert record.error is ErrorKind.HTTP_STATUS


@pytest.mark.parametrize("value", [b"keep-alive, close", b"close", b"Close , x"])
def test_a_connection_that_is_announced_to_close_is_not_used_again(value: bytes) -> None:
    answer = Answer(GenerateMeter(1000))
    answer.feed(1, HTTP + b"connection: " + value + b"\r\ncontent-length: 0\r\n\r\n")
    assert not answer.keep_alive


def test_a_role_before_the_first_token_is_no_arrival() -> None:
    role = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    for usage in (0, None):
        first = piece(usage) | {"choices": [role]}
        record = read(answered(line(first) + V1), backend="sglang-oai")
        assert record.error is None
        assert list(record.arrival_tokens) == [1, 2, 3]
        assert record.events == 5
    record = read(answered(line(event(0, "")) + BODY))
    assert list(record.arrival_tokens) == [1, 2, 3]
    assert (record.events, record.uncounted_outputs) == (4, 0)


def test_a_text_that_comes_behind_the_tokens_it_is_of_is_output_without_a_count() -> None:
    """/v1 may write what one step brings in several events; those come together."""
    for late, uncounted in ((20_000_000, 0), (20_000_001, 1)):
        answer = Answer(CompletionsMeter())
        answer.feed(1, HEAD + chunk(line(piece(1)) + line(piece(2, ""))))
        answer.feed(
            1 + late,
            chunk(
                line(piece(2)) + line(piece(2, "", end="length")) + line(piece(2) | {"choices": []}) + DONE
            ),
        )
        assert answer.meter.uncounted_outputs == uncounted
        assert list(answer.meter.arrival_tokens) == [1, 2, 2, 2]


def test_the_first_pieces_of_a_v1_answer_are_held_against_their_counts() -> None:
    texts = ["a", " b", "", ' "c"\n'] * 20
    lines = [line(piece(k, text)) for k, text in enumerate(texts, start=1)]
    end = line(piece(80, "", end="length")) + line(piece(80) | {"choices": []}) + DONE
    record = read(answered(b"".join(lines) + end), backend="sglang-oai")
    assert (record.counted_tokens, record.counted_text) == (32, "".join(texts[:32]))
    lines[9] = line(piece(10, "x" * (1 << 16)))  # too long to be kept
    record = read(answered(b"".join(lines) + end), backend="sglang-oai")
    assert (record.counted_tokens, record.counted_text) == (9, "".join(texts[:9]))


def test_a_count_of_none_after_the_first_token_is_kept_for_the_check_of_counts() -> None:
    assert list(read(answered(line(event(1)) + line(event(0)) + BODY)).arrival_tokens) == [1, 0, 1, 2, 3]


ERRORS = [
    {"error": {"message": "CUDA out of memory."}},
    {"error": "CUDA out of memory."},
    {"error": {"error": {"message": "CUDA out of memory."}}},
    {"errors": ["CUDA out of memory."]},
    {"object": "error", "message": "CUDA out of memory.", "type": "InternalServerError", "code": 500},
    {"type": "error", "error": {"type": "overloaded_error", "message": "CUDA out of memory."}},
    {"message": "CUDA out of memory.", "code": 500},
    {"detail": "CUDA out of memory."},
    {"choices": [{"error": {"message": "CUDA out of memory."}, "finish_reason": "error"}]},
    {"object": "error", "message": "CUDA out of memory."},
    {"error_code": 500, "error_msg": "CUDA out of memory."},
    {"errcode": 50000, "errmsg": "CUDA out of memory."},
    {"Error": {"Message": "CUDA out of memory."}},
    {"exception": "CUDA out of memory."},
    {"success": False, "msg": "CUDA out of memory."},
    {"status": "error", "message": "CUDA out of memory."},
    {"code": 50000, "msg": "CUDA out of memory."},
    {"response": {"error": {"message": "CUDA out of memory."}}},
    [{"error": {"message": "CUDA out of memory."}}],
    [{"type": "error", "message": "CUDA out of memory."}],
]
NO_ERRORS = [
    {"error": None},
    {"error_code": 0, "error_msg": ""},
    {"errcode": "0", "errmsg": "ok"},
    {"code": 200, "msg": "success"},
    {"code": 0, "message": "queued"},
    {"status": "ok", "success": True},
    {"type": "ping", "data": {"error": None, "errors": []}},
    "ping",
    [],
    ["keep-alive"],
]


def beside(error: dict[str, Any], count: int, *, first: bool) -> bytes:
    whole = event(count, end=LENGTH if count == 3 else None)
    return line({**error, **whole} if first else {**whole, **error})


PLACES = {
    "first": lambda error: [line(error), *good()],
    "between": lambda error: [*good()[:2], line(error), good()[2]],
    "after the reason to end": lambda error: [*good(), line(error)],
    "after eight others": lambda error: [line({"ping": k}) for k in range(9)] + [line(error), *good()],
}


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ERRORS, ids=json.dumps)
def test_an_error_is_seen_in_every_form_and_place(error: Any, place: str, size: int) -> None:
    for backend in ("sglang", "sglang-oai"):
        lines = PLACES[place](error)
        if backend == "sglang-oai":
            lines = [part for part in lines if b"meta_info" not in part] + good_v1()
        record = read(answered(b"".join(lines) + DONE), size=size, backend=backend)
        assert record.error is ErrorKind.IN_STREAM
        assert record.error_text == "CUDA out of memory."


@pytest.mark.parametrize("said", NO_ERRORS, ids=json.dumps)
def test_what_is_named_as_an_error_and_tells_of_none(said: Any) -> None:
    for backend, body in (("sglang", BODY), ("sglang-oai", V1)):
        record = read(answered(line(said) + body), backend=backend)
        assert (record.error, record.error_text) == (None, "")


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(
    "page",
    [b"<html>\r\n<title>502 Bad Gateway</title>\r\n", b"Internal Server Error\n", b"upstream gone\n\n"],
)
def test_a_page_in_the_middle_of_a_stream_is_no_event(page: bytes, size: int) -> None:
    lines = [*good()[:2], page, good()[2], DONE]
    record = read(answered(b"".join(lines)), size=size)
    assert record.error is ErrorKind.MALFORMED
    assert repr(page.split(b"\r")[0].split(b"\n")[0].decode()) in record.error_text


@pytest.mark.parametrize(
    "other", [b"data\n\n", b"id\n\n", b"  \n\n", b"x: y\n\n", b":\n\n", b"retry\ndata: 7\n\n"]
)
def test_lines_without_a_value_that_the_format_has_are_passed_over(other: bytes) -> None:
    record = read(answered(b"".join([*good()[:2], other, good()[2], DONE])))
    assert record.error is None
    assert list(record.arrival_tokens) == [1, 2, 3]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("error", [ERRORS[0], ERRORS[1], ERRORS[3], ERRORS[10]], ids=json.dumps)
def test_an_error_beside_a_count_is_seen(error: dict[str, Any], count: int, first: bool) -> None:
    """By the careful way and by the one for events of the usual form: 20 tokens, an event a chunk."""
    events = [
        beside(error, count, first=first) if k == count else good_line
        for k, good_line in enumerate(good(), start=1)
    ]
    assert read(answered(b"".join(events) + DONE)).error is ErrorKind.IN_STREAM
    lines = [line(event(k)) for k in range(1, 21)] + [line(event(21, end=LENGTH))]
    at = 10 + count
    odd = {**error, **event(at)} if first else {**event(at), **error}
    lines[at - 1] = line(odd)
    record = read(HEAD + b"".join(chunk(part) for part in [*lines, DONE]) + b"0\r\n\r\n")
    assert record.error is ErrorKind.IN_STREAM
    assert record.error_text == "CUDA out of memory."
    inside = event(at)
    inside["meta_info"] = {**inside["meta_info"], **error}
    lines[at - 1] = line(inside)
    assert (
        read(HEAD + b"".join(chunk(part) for part in [*lines, DONE]) + b"0\r\n\r\n").error
        is ErrorKind.IN_STREAM
    )


@pytest.mark.parametrize("name", [b"error", b"server_error", b"Error", b"exception", b"run.failed"])
@pytest.mark.parametrize(
    "data", [b'{"message":"no memory"}', b"no memory", b'"no memory"', b'{"text":"no memory"}']
)
def test_an_event_that_is_named_an_error_is_one(name: bytes, data: bytes) -> None:
    body = b"".join(good()[:2]) + b"event: " + name + b"\ndata: " + data + b"\n\n" + good()[2] + DONE
    record = read(answered(body))
    assert record.error is ErrorKind.IN_STREAM
    assert "no memory" in record.error_text


@pytest.mark.parametrize("data", [b"", b"data:\n", b"data: \n", b'data: ""\n'])
def test_an_event_that_is_named_an_error_and_says_nothing_is_one(data: bytes) -> None:
    for backend, lines in (("sglang", good()), ("sglang-oai", good_v1())):
        record = read(
            answered(b"".join([*lines[:2], b"event: error\n", data, b"\n", *lines[2:], DONE])),
            backend=backend,
        )
        assert record.error is ErrorKind.IN_STREAM
        assert record.error_text == "an event that is named an error, without text"


@pytest.mark.parametrize(
    "reason",
    [
        {"type": "abort", "message": "Aborted: no memory"},
        {"type": "abort", "message": "no memory", "status_code": 503, "err_type": "InternalServerError"},
        {"type": "error", "message": "no memory"},
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_reason_to_end_that_tells_of_a_failure_is_one(reason: dict[str, Any], last: bool) -> None:
    events = [line(event(1)), line(event(2, end=reason)), *([] if last else [line(event(3, end=LENGTH))])]
    record = read(answered(b"".join(events) + DONE))
    assert record.error is ErrorKind.IN_STREAM
    assert "no memory" in record.error_text


def test_an_abort_without_a_word_is_left_to_the_check_of_reasons() -> None:
    record = read(answered(line(event(1)) + line(event(2, end={"type": "abort"})) + DONE))
    assert (record.error, record.finish_reason) == (None, "abort")


def test_a_text_about_errors_is_none() -> None:
    for text in ("error", '"error":{"message":"x"}', "error: abort", '{"object":"error"}'):
        lines = [line(event(k, text)) for k in range(1, 21)] + [line(event(21, text, end=LENGTH)), DONE]
        assert read(HEAD + b"".join(map(chunk, lines)) + b"0\r\n\r\n").error is None
        assert (
            read(
                answered(b"".join(line(piece(k, text)) for k in range(1, 9)) + V1), backend="sglang-oai"
            ).error
            is None
        )
