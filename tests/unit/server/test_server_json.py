"""What a server sends as JSON is harmless or refused, whatever is in it; the answers around a run cost a
sentence at most.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench import server_json
from slabench.errors import ServerError
from slabench.report.document import finite
from slabench.report.sanitize import plain_values
from slabench.server.control import flush
from slabench.server.fingerprint import fingerprint
from slabench.server.http import Http
from slabench.server.identify import identify
from slabench.server.roles import identity
from slabench.server.scrape import counters, read_counters
from tests.unit.factories import http_answer as answer
from tests.unit.factories import scripted_server as scripted

DATA = Path(__file__).resolve().parents[2] / "data" / "server"
REAL = (DATA / "get_server_info.http").read_bytes().partition(b"\r\n\r\n")[2]
HUGE = b"1" * 400
WORDS = (
    b"1e999 -1e999 NaN Infinity -Infinity 1e400 0 -1 1e18 2.5 null true {} [] 9007199254740993 "
    b"123456789012345678 "
    b'"\\ud800" ["\\udfff"] "a\\u0000b"'
)
ODD = [HUGE, b"-" + HUGE, b"1" * 4400, b'"' + b"x" * 100_000 + b'"', b"[" * 70 + b"]" * 70, *WORDS.split()]


def harmless(value: Any) -> bool:
    text = json.dumps(value, allow_nan=False)
    json.dumps(value, ensure_ascii=False).encode()
    return len(text) < 200_000


@given(
    st.recursive(
        st.integers() | st.floats() | st.text() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_to_something_harmless(value: Any) -> None:
    assert harmless(server_json.read(json.dumps(value)))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:12].decode())
def test_one_odd_value_is_harmless_or_refused(odd: bytes) -> None:
    try:
        read = server_json.read(b'{"a":' + odd + b',"b":1}')
    except ValueError:
        assert odd.startswith(b"[[")
        return
    assert harmless(read)
    assert read["b"] == 1
    if not isinstance(read["a"], str) and b"\\u" not in odd:
        assert read["a"] == json.loads(odd)


@pytest.mark.parametrize("deep", [66, 900, 5000, 100_000])
def test_what_is_nested_too_deeply_is_a_value_error(deep: int) -> None:
    for data in (b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep):
        with pytest.raises(ValueError, match="nested"):
            server_json.read(data)
    with pytest.raises(ValueError, match="nested"):
        server_json.parse(b"[" * 100_000)


@pytest.mark.parametrize(
    ("value", "count"),
    [(60, 60), (60.0, 60), (0, 0), (60.5, None), (-1, None), (True, None), ("60", None), (None, None),
     (math.nan, None),
     (math.inf, None), (2**53, 2**53), (2**53 + 1, None), (10**400, None)],
)  # fmt: skip
def test_what_counts_things(value: object, count: int | None) -> None:
    assert server_json.count(value) == count


FIELDS = (
    "tp_size dp_size pp_size ep_size nnodes max_running_requests max_total_num_tokens context_length "
    "random_seed cuda_graph_max_bs "
    "chunked_prefill_size page_size stream_interval model_path tokenizer_path served_model_name version "
    "internal_states "
    "cuda_graph_bs slabench_sim enable_dp_attention device"
).split()


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:12].decode())
def test_a_server_info_with_odd_values_is_a_sentence_or_unknown(odd: bytes) -> None:
    """Every field that is read holds it at once, at the top and in a rank's state."""
    known = json.loads(REAL)
    parts = [
        b"%b:%b" % (json.dumps(key).encode(), odd if key in FIELDS else json.dumps(value).encode())
        for key, value in known.items()
    ]
    inside = b",".join(
        b'"%b":%b' % (name.encode(), odd)
        for name in (*FIELDS, "memory_usage", "effective_max_running_requests_per_dp")
    )
    if odd[:1] not in b"[{":
        parts.append(b'"internal_states":[{%b},{"memory_usage":{"token_capacity":%b}}]' % (inside, odd))
    body = b"{" + b",".join(parts) + b"}"
    with scripted(lambda line: answer(200, body)) as (url, _):
        if odd.startswith(b"[["):
            with pytest.raises(ServerError, match="JSON that cannot be read: it is nested"):
                identify(url)
            return
        roles = identify(url)
    info = roles.info
    known_now = identity(json.loads(json.dumps(plain_values(dict(roles.raw)))))
    document = {"info": dict(info.raw), "roles": roles.as_list(), "fingerprint": fingerprint(roles, url=url)}
    assert harmless(finite(plain_values(document)))
    assert known_now is None or harmless(known_now)
    assert info.gpus.count is None or 0 < info.gpus.count < 10**18
    assert info.token_capacity is None or abs(info.token_capacity) < 10**20
    assert len(info.model_path or "") <= 10_000


@pytest.mark.parametrize(
    "body", [b"[" * 5000 + b"]" * 5000, HUGE, b"{}", b"\xff\xfe", b"\x1f\x8b\x08", b"", b'{"tp_size":']
)
def test_an_answer_that_is_no_server_info_is_a_sentence(body: bytes) -> None:
    with (
        scripted(lambda line: answer(200, body)) as (url, _),
        pytest.raises(ServerError, match="server_info"),
    ):
        identify(url)


def test_an_odd_answer_to_the_flush_is_its_status_and_text() -> None:
    for body in (b"\xed\xa0\x80", b"[" * 5000, HUGE, b"\x1b]0;x\x07" * 1000):
        with scripted(lambda line, body=body: answer(200, body)) as (url, _):  # type: ignore[misc]
            status, text = flush(url)
        assert status == 200
        assert len(text) <= 500
        text.encode()


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e999", "1" * 400, "x", "", "0x10"])
def test_counters_that_are_no_numbers_are_not_known(value: str) -> None:
    lines = (
        f"sglang:num_requests_total 4\nsglang:prompt_tokens_total {value}\nsglang:generation_tokens_total 2\n"
    )
    assert read_counters(lines) is None
    with scripted(lambda line: answer(200, lines.encode(), "text/plain")) as (url, _):
        assert counters(url) is None


@pytest.mark.parametrize("place", ["http://[", "http://[::1", "//[x", "\udcff", "http://a:99999999999/"])
def test_a_redirect_to_what_is_no_url_is_a_sentence(place: str) -> None:
    reply = answer(302, b"", "text/plain", f"location: {place}".encode("utf-8", "replace").decode("latin-1"))
    with scripted(lambda line: reply) as (url, _), pytest.raises(ServerError, match="redirects to"):
        Http(url).get("/server_info")
