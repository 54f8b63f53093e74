"""--header and --extra-request-body: read, refused where they clash with the test's own, merged, and part of
the workload.
"""

from __future__ import annotations

import json
from array import array
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.job import request_head
from slabench.loadgen.options import Target
from slabench.loadgen.prepared import prepare_requests
from slabench.request_extras import (
    check_authorization,
    identity,
    merged,
    parse_body,
    parse_headers,
)
from slabench.verdict.baseline_file import identity as workload_identity
from slabench.verdict.differences import differences, unrecorded
from slabench.workloads.model import Prompt

HUSH = "hush-hush-1234"


def test_headers() -> None:
    assert parse_headers([]) == {}
    assert parse_headers(["X-Tenant: a", "Authorization:Bearer x:y", "x-empty-name:  b c "]) == {
        "X-Tenant": "a",
        "Authorization": "Bearer x:y",
        "x-empty-name": "b c",
    }


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([HUSH], "reads NAME:VALUE"),
        ([f"X-Key={HUSH}"], "reads NAME:VALUE"),
        ([f":{HUSH}"], "reads NAME:VALUE"),
        ([f"X Key: {HUSH}"], "reads NAME:VALUE"),
        (["X-Key:"], "its value is empty"),
        ([f"X-Key: {HUSH}\r\nX-Other: b"], "no HTTP header can carry"),
        ([f"X-Key: {HUSH}\u00e9"], "no HTTP header can carry"),
        ([f"Content-Length: {HUSH}"], "is set by slabench itself"),
        ([f"HOST: {HUSH}"], "is set by slabench itself"),
        ([f"X-Key: {HUSH}", f"x-key: {HUSH}"], "names x-key twice"),
    ],
)
def test_what_is_no_header_is_said_without_its_value(texts: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_headers(texts)
    assert said in str(error.value) and HUSH not in str(error.value)


def test_one_authorization() -> None:
    check_authorization({"authorization": "x"}, None, "SLABENCH_API_KEY")
    check_authorization({"X-Tenant": "x"}, "key", "SLABENCH_API_KEY")
    with pytest.raises(ConfigError, match="the API key in MINE both identify the client"):
        check_authorization({"authorization": "x"}, "key", "MINE")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("temperature=1", "is no JSON"),
        ('{"a": NaN}', "is no JSON"),
        ("[1]", "is a list"),
        ("3", "is a number"),
        ("null", "is null"),
        ('"a"', "is a text"),
        ('{"stream": false}', "sets stream, which the test sets itself: TTFT and TPOT need a stream"),
        ('{"input_ids": [1]}', "sets input_ids, which the test sets itself: the prompt is the workload's"),
        ('{"messages": []}', "sets messages"),
        ('{"max_tokens": 3}', "sets max_tokens, which the test sets itself: an answer has the length"),
        ('{"ignore_eos": false}', "sets ignore_eos"),
        ('{"n": 2}', "sets n, which the test sets itself: a request has one answer"),
        ('{"stream_options": {}}', "sets stream_options"),
        ('{"model": "x"}', "sets model"),
        ('{"sampling_params": {"max_new_tokens": 3}}', "sets sampling_params.max_new_tokens"),
        ('{"sampling_params": {"ignore_eos": false}}', "sets sampling_params.ignore_eos"),
        ('{"sampling_params": 3}', "sampling_params is no JSON object"),
        ("{" + '"a": {' * 40 + "}" * 41, "nested deeper"),
        ("[" * 100000, "is no JSON"),
    ],
)
def test_a_body_that_cannot_be_merged(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_body(text)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("body", "backend", "said"),
    [
        ({"sampling_params": {"top_p": 0.9}}, "sglang-oai", "--backend=sglang-oai does not read"),
        (
            {"temperature": 0.7, "lora_path": "x"},
            "sglang",
            """write '{"sampling_params": {"temperature": 0.7}}'.""",
        ),
    ],
)
def test_a_parameter_that_its_endpoint_does_not_read(body: dict[str, Any], backend: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        BACKENDS[backend].check_extra_body(body)
    assert said in str(error.value)
    BACKENDS["sglang" if backend != "sglang" else "sglang-oai-chat"].check_extra_body(body)
    BACKENDS["sglang-oai-chat"].check_extra_body({"chat_template_kwargs": {"thinking": False}})


def test_objects_are_merged_key_by_key() -> None:
    own = {"sampling_params": {"temperature": 0.0, "max_new_tokens": 8}, "stream": True}
    assert merged(own, {"sampling_params": {"temperature": 0.7, "top_p": 0.9}, "lora_path": "x"}) == {
        "sampling_params": {"temperature": 0.7, "max_new_tokens": 8, "top_p": 0.9},
        "stream": True,
        "lora_path": "x",
    }
    assert own == {"sampling_params": {"temperature": 0.0, "max_new_tokens": 8}, "stream": True}
    assert merged(own, {}) == own


@pytest.mark.parametrize(
    ("backend", "extra", "seen"),
    [
        ("sglang", {"sampling_params": {"temperature": 0.7}}, lambda body: body["sampling_params"]),
        ("sglang-oai", {"temperature": 0.7, "top_p": 0.9}, lambda body: body),
        (
            "sglang-oai-chat",
            {"temperature": 0.7, "chat_template_kwargs": {"thinking": True}},
            lambda body: body,
        ),
    ],
)
def test_it_is_on_the_wire_and_the_lengths_stay(backend: str, extra: dict[str, Any], seen: Any) -> None:
    prompt = Prompt("hello", None, 1, 9) if backend != "sglang" else Prompt(None, array("i", [1, 2]), 2, 9)
    (request,) = prepare_requests([prompt], extra=extra, backend=backend, model="m")
    body = json.loads(request.body)
    assert seen(body)["temperature"] == 0.7
    lengths = {
        "sglang": "max_new_tokens",
        "sglang-oai": "max_tokens",
        "sglang-oai-chat": "max_completion_tokens",
    }
    assert seen(body)[lengths[backend]] == 9 and seen(body)["ignore_eos"] is True and body["stream"] is True
    # the warm-up's
    (short,) = prepare_requests([prompt], output_len=2, extra=extra, backend=backend, model="m")
    assert (
        seen(json.loads(short.body))["temperature"] == 0.7
        and seen(json.loads(short.body))[lengths[backend]] == 2
    )
    head = request_head(Target("http://a:1", headers={"X-Tenant": "a"}), request, keep_alive=True)
    assert b"\r\nX-Tenant: a\r\n" in head


def test_the_workload_s_identity_has_names_of_headers_and_the_whole_body() -> None:
    assert identity({}, {}) == {}
    body = {"sampling_params": {"temperature": 0.7}}
    found = identity({"X-Tenant": HUSH, "A": HUSH, "Authorization": HUSH}, body)
    assert found == {"headers": ["a", "x-tenant"], "extra_request_body": body}
    plain = {"request_rate": 8.0}
    assert workload_identity({"num_prompts": 8}, plain) == {"num_prompts": 8, "request_rate": 8.0}
    assert workload_identity({"num_prompts": 8}, {**plain, **found}) == {
        "num_prompts": 8,
        "request_rate": 8.0,
        **found,
    }


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ({}, {}, []),
        ({"headers": ["a"]}, {"headers": ["a"]}, []),
        ({}, {"headers": ["a"]}, ["workload.headers"]),
        ({"headers": ["a"]}, {}, ["workload.headers"]),
        ({"headers": ["a"]}, {"headers": ["b"]}, ["workload.headers"]),
        ({}, {"extra_request_body": {"temperature": 1}}, ["workload.extra_request_body"]),
        (
            {"extra_request_body": {"temperature": 0.5}},
            {"extra_request_body": {"temperature": 1}},
            ["workload.extra_request_body"],
        ),
    ],
)
def test_two_sides_with_other_requests_are_not_comparable(
    old: dict[str, Any], new: dict[str, Any], keys: list[str]
) -> None:
    """A side that names none sent none: that is known of old baselines too, and is not unrecorded."""
    common = {"hardware": {"gpu": "g"}, "model": {"name": "m"}}
    stored, current = {**common, "workload": {"n": 1, **old}}, {**common, "workload": {"n": 1, **new}}
    assert [difference.key for difference in differences(stored, current)] == keys
    assert unrecorded(stored, current) == []
