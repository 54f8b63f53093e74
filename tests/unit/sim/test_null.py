"""The null server's bytes, requests and truth, without a socket."""

from __future__ import annotations

import itertools
import json
import struct
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.sim import wire
from slabench.sim.null_answer import MAX_TABLE, WORDS, Answers, Served
from slabench.sim.null_pieces import Pieces
from slabench.sim.null_truth import Truth
from slabench.sim.profiles import NULL, PROFILES, UnknownProfile, read_profile
from slabench.sim.request import Generate, Malformed, Refused, Request, read_generate, read_request

GROWING, PIECES = Answers(delta=False), Answers(delta=True)


def whole(answers: Answers, prompt: int, tokens: int) -> list[dict[str, object]]:
    """Every event of one answer, through the chunked coding and the event stream."""
    served = Served(tokens, prompt)
    answers.grow(tokens)
    chunks = b"".join(answers.chunk(k, served) for k in range(tokens - 1))
    chunks += answers.last(tokens - 1, served, 1.5)
    assert chunks.endswith(wire.DONE)
    events = wire.payload(chunks.removesuffix(wire.DONE)).decode().split("\n\n")
    assert events.pop() == ""
    return [json.loads(event.removeprefix("data: ")) for event in events]


@given(st.integers(1, 40), st.integers(1, 200_000))
def test_text_and_ids_grow_with_the_answer(tokens: int, prompt: int) -> None:
    events = whole(GROWING, prompt, tokens)
    assert [event["meta_info"]["completion_tokens"] for event in events] == list(range(1, tokens + 1))  # type: ignore[index]
    assert [len(event["output_ids"]) for event in events] == list(range(1, tokens + 1))  # type: ignore[arg-type]
    for before, after in itertools.pairwise(events):
        assert str(after["text"]).startswith(str(before["text"]) + " ")
        assert after["output_ids"][:-1] == before["output_ids"]  # type: ignore[index]
    assert {event["meta_info"]["prompt_tokens"] for event in events} == {prompt}  # type: ignore[index]
    reasons = [event["meta_info"]["finish_reason"] for event in events]  # type: ignore[index]
    assert reasons == [None] * (tokens - 1) + [{"type": "length", "length": tokens}]


def test_pieces_add_up_to_the_answer_that_grows() -> None:
    grown, pieces = whole(GROWING, 9, 30), whole(PIECES, 9, 30)
    assert "".join(str(event["text"]) for event in pieces) == grown[-1]["text"]
    assert [token for event in pieces for token in event["output_ids"]] == grown[-1]["output_ids"]  # type: ignore[attr-defined]


def test_an_answer_longer_than_the_table_goes_on_the_same_way() -> None:
    events = whole(GROWING, 9, MAX_TABLE + 3)
    assert len(events[-1]["output_ids"]) == MAX_TABLE + 3  # type: ignore[arg-type]
    assert str(events[MAX_TABLE + 1]["text"]).startswith(str(events[MAX_TABLE - 1]["text"]))


def test_keys_stand_in_the_real_server_s_order() -> None:
    event = whole(GROWING, 9, 2)
    first = [
        "id",
        "finish_reason",
        "prompt_tokens",
        "weight_version",
        "total_retractions",
        "queue_time",
        "completion_tokens",
    ]
    assert list(event[0]["meta_info"]) == [*first, "cached_tokens"]  # type: ignore[call-overload]
    assert list(event[1]["meta_info"]) == [*first, "cached_tokens", "e2e_latency"]  # type: ignore[call-overload]


REQUEST = b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"


@given(st.integers(0, len(REQUEST) - 1))
def test_a_request_is_read_once_it_is_whole(size: int) -> None:
    assert read_request(REQUEST[:size]) is None
    head = REQUEST.partition(b"\r\n\r\n")[0]
    whole = Request("POST", "/generate", "/generate", b"hello", False, len(REQUEST), head)
    assert read_request(REQUEST + b"GET") == whole


def test_the_key_of_a_request_is_read_in_any_case() -> None:
    request = read_request(b"GET /x HTTP/1.1\r\nauthorization:  Bearer k\r\nHost: x\r\n\r\n")
    assert request is not None and request.authorization == "Bearer k"
    bare = read_request(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert bare is not None and bare.authorization == ""


def test_what_cannot_become_a_request() -> None:
    with pytest.raises(Malformed):
        read_request(b"nonsense\r\n\r\n")
    with pytest.raises(Malformed):
        read_request(b"x" * 70_000)
    closing = read_request(b"GET /truth?x=1 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert (
        closing is not None and closing.close and closing.path == "/truth" and closing.shown == "/truth?x=1"
    )


def body(**settings: object) -> bytes:
    return json.dumps({"stream": True, "sampling_params": {"max_new_tokens": 3}, **settings}).encode()


def encode(text: str) -> list[int]:
    return list(text.encode())


def test_prompts_are_counted() -> None:
    assert read_generate(body(input_ids=[1, 2, 3, 4]), encode) == Generate([1, 2, 3, 4], 3, True)
    assert read_generate(body(text="abc", stream=False), encode) == Generate([97, 98, 99], 3, False)
    asked = body(input_ids=[1, 2], return_logprob=True, logprob_start_len=1, top_logprobs_num=5)
    assert read_generate(asked, encode) == Generate([1, 2], 3, True, True, 1, 5)


@pytest.mark.parametrize(
    "refused",
    [
        b"{",
        body(),
        body(text=["a", "b"]),
        body(input_ids=[[1]]),
        body(text="a", sampling_params={"max_new_tokens": 0}),
    ],
)
def test_what_it_does_not_do_is_refused(refused: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_generate(refused, encode)
    assert "message" in json.loads(refusal.value.body).get("error", json.loads(refusal.value.body))


def get(path: str) -> Request:
    return Request("GET", path, path, b"", False, 0)


def content(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_truth_is_reported_and_reset() -> None:
    """By hand: start 1 s, T 200 ms, I 20 ms; writes due at 1.200, 1.220, 1.240, made 1, 3 and 2 ms late."""
    truth = Truth(NULL, "tok")
    served = Served(3, 7, received_ns=1_000_000_000, accept_ns=1_000_500_000)
    served.writes = array("q", (1_201_000_000, 1_223_000_000, 1_242_000_000))
    truth.served.append(served)
    answer = truth.answer(get("/truth"), 0)
    document = json.loads(content(answer))
    assert wire.status_of(answer) == 200 and document["simulated"] is True and document["chunks"] == 3
    assert document["late_us"]["mean"] == pytest.approx(2000)
    assert document["late_us"]["max"] == pytest.approx(3000)
    assert document["itl_us"]["mean"] == pytest.approx(20_500)
    row = document["requests"][0]
    assert (row["late_max_us"], row["late_mean_us"], row["done"]) == (3000, 2000, 1)
    assert row["t_first_write"] - row["t_start"] == 201_000_000
    trace = content(truth.answer(get("/truth/trace"), 0))
    assert struct.unpack("<IIIII", trace) == (0, 3, 2_005_000, 2_225_000, 2_415_000)
    assert wire.status_of(truth.answer(get("/truth/reset"), 2)) == 400
    assert wire.status_of(truth.answer(get("/truth/reset"), 0)) == 200
    assert truth.served == []


def test_other_pages_and_the_simulated_mark() -> None:
    truth = Truth(NULL, "tok")
    info = json.loads(content(truth.answer(get("/get_server_info"), 0)))
    assert info["slabench_sim"] == {"profile": "null"} and info["version"] == "0.5.7"
    assert wire.status_of(truth.answer(get("/nosuch"), 0)) == 404
    assert wire.status_of(truth.answer(get("/flush_cache"), 1)) == 400
    assert wire.status_of(truth.answer(get("/flush_cache"), 0)) == 200


def test_the_profile_and_its_parameters() -> None:
    assert read_profile("null") is NULL
    changed = read_profile("null?ttft_ms=100&itl_ms=5&delta=1")
    assert changed == replace(NULL, ttft_ms=100.0, itl_ms=5.0, delta=1)
    assert read_profile("demo") is PROFILES["demo"]


@pytest.mark.parametrize(
    "settings", ["itl_ms=0", "itl_ms=nan", "ttft_ms=-1", "delta=2", "fault=busy", "noise=1", "itl_ms=x"]
)
def test_wrong_parameters_are_one_sentence(settings: str) -> None:
    with pytest.raises(UnknownProfile, match=r"\.$"):
        read_profile(f"null?{settings}")


@pytest.mark.parametrize("form", [wire.ChunkAnswering, wire.ChatAnswering])
@pytest.mark.parametrize(
    "asked", [{}, {"include_usage": True}, {"include_usage": True, "continuous_usage_stats": True}]
)
def test_an_answer_to_v1_is_the_embedded_server_s(
    form: type[wire.ChunkAnswering], asked: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire.time, "time", lambda: 1795644740.5)
    of_both = [
        form("a1", 15, 30, {"model": "50%", "stream": True, "stream_options": asked}) for _ in range(2)
    ]
    fast, plain = Pieces(of_both[0]), of_both[1]
    for k in range(30):
        plain.grow((b" " if k else b"") + WORDS[k % len(WORDS)], 7)
        chunks = b"".join(map(wire.chunk, plain.events(k + 1, 0, last=k == 29)))
        assert fast.chunk(k, last=k == 29) == chunks + (wire.DONE if k == 29 else b"")


def test_an_answer_of_one_token_to_v1_is_whole() -> None:
    only = Pieces(wire.ChatAnswering("a1", 15, 1, {"stream": True})).chunk(0, last=True)
    assert [b'"role":"assistant"' in only, b'"tor"' in only, b'"length"' in only] == [True] * 3
    assert only.endswith(wire.DONE)
