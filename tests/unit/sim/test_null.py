"""The null server's bytes, requests and truth, without a socket."""

from __future__ import annotations

import itertools
import json
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.sim import wire
from slabench.sim.null_answer import MAX_TABLE, Answers, Own
from slabench.sim.null_http import Malformed, Pages, Refused, Request, read_generate, read_request
from slabench.sim.null_profile import NullProfile, read_any, read_null
from slabench.sim.null_truth import Served, Truth
from slabench.sim.profiles import PROFILES, UnknownProfile

GROWING, PIECES = Answers(delta=False), Answers(delta=True)


def whole(answers: Answers, prompt: int, tokens: int) -> list[dict[str, object]]:
    """Every event of one answer, through the chunked coding and the event stream."""
    own = Own(prompt)
    answers.grow(tokens)
    chunks = b"".join(answers.chunk(k, own) for k in range(tokens - 1)) + answers.last(tokens - 1, own, 1.5)
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
    assert "".join(str(one["text"]) for one in pieces) == grown[-1]["text"]
    assert [token for one in pieces for token in one["output_ids"]] == grown[-1]["output_ids"]  # type: ignore[attr-defined]


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
    assert read_request(REQUEST + b"GET") == Request(
        "POST", "/generate", "/generate", b"hello", False, len(REQUEST)
    )


def test_what_cannot_become_a_request() -> None:
    with pytest.raises(Malformed):
        read_request(b"nonsense\r\n\r\n")
    with pytest.raises(Malformed):
        read_request(b"x" * 70_000)
    closing = read_request(b"GET /truth?x=1 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert (
        closing is not None and closing.close and closing.path == "/truth" and closing.shown == "/truth?x=1"
    )


def body(**given: object) -> bytes:
    return json.dumps({"stream": True, "sampling_params": {"max_new_tokens": 3}, **given}).encode()


def test_prompts_are_counted() -> None:
    assert read_generate(body(input_ids=[1, 2, 3, 4]), len) == (4, 3)  # type: ignore[arg-type]
    assert read_generate(body(text="abc"), lambda text: list(text.encode())) == (3, 3)


@pytest.mark.parametrize(
    "refused",
    [
        b"{",
        body(),
        body(text=["a", "b"]),
        body(input_ids=[[1]]),
        body(text="a", stream=False),
        body(text="a", sampling_params={"max_new_tokens": 0}),
    ],
)
def test_what_it_does_not_do_is_refused(refused: bytes) -> None:
    with pytest.raises(Refused) as found:
        read_generate(refused, lambda text: list(text.encode()))
    assert found.value.answer.startswith(b"HTTP/1.1 400 ")


def get(path: str) -> Request:
    return Request("GET", path, path, b"", False, 0)


def test_truth_is_told_and_forgotten() -> None:
    """By hand: start 1 s, T 200 ms, I 20 ms; writes due at 1.200, 1.220, 1.240 and made 1, 3 and 2 ms late."""
    truth = Truth(NullProfile())
    one = Served("a", 3, 7, 40)
    one.received_ns = one.start_ns = 1_000_000_000
    one.accept_ns = 1_000_500_000
    one.writes = array("q", (1_201_000_000, 1_223_000_000, 1_242_000_000))
    truth.served.append(one)
    pages = Pages(NullProfile(), truth, "tok", 1)
    status, answer = pages.answer(get("/truth"), 0)
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert status == 200 and told["simulated"] is True and told["chunks"] == 3
    assert told["late_us"]["mean"] == pytest.approx(2000) and told["late_us"]["max"] == pytest.approx(3000)
    assert told["itl_us"]["mean"] == pytest.approx(20_500)
    row = told["requests"][0]
    assert (row["late_max_us"], row["late_mean_us"], row["done"]) == (3000, 2000, 1)
    assert row["t_first_write"] - row["t_start"] == 201_000_000
    trace = pages.answer(get("/truth/trace"), 0)[1].partition(b"\r\n\r\n")[2]
    assert struct.unpack("<IIIII", trace) == (0, 3, 2_005_000, 2_225_000, 2_415_000)
    assert pages.answer(get("/truth/reset"), 2)[0] == 400
    assert pages.answer(get("/truth/reset"), 0)[0] == 200
    assert truth.served == []


def test_pages_say_simulated() -> None:
    pages = Pages(NullProfile(), Truth(NullProfile()), "tok", 1)
    info = json.loads(pages.answer(get("/get_server_info"), 0)[1].partition(b"\r\n\r\n")[2])
    assert info["slabench_sim"] == {"profile": "null"} and info["version"] == "0.5.7"
    assert pages.answer(get("/nosuch"), 0)[0] == 404
    assert pages.answer(get("/flush_cache"), 1)[0] == 400
    assert pages.answer(get("/flush_cache"), 0)[0] == 200


def test_the_profile_and_its_parameters() -> None:
    assert read_any("null") == NullProfile()
    assert read_any("null?ttft_ms=100&itl_ms=5&delta=1") == NullProfile(ttft_ms=100.0, itl_ms=5.0, delta=1)
    assert read_any("demo") is PROFILES["demo"]


@pytest.mark.parametrize(
    "given_", ["itl_ms=0", "itl_ms=nan", "ttft_ms=-1", "delta=2", "fault=busy", "itl_ms=x"]
)
def test_wrong_parameters_are_said(given_: str) -> None:
    with pytest.raises(UnknownProfile):
        read_null(given_)
