"""server_info as ServerInfo: the real 0.5.7's bytes, other versions, GPU formulas, secrets."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.server import fingerprint as fp
from slabench.server.info import read_info
from slabench.server.roles import identity, read
from slabench.server.secrets import (
    cover_in_file,
    know,
    redact_url,
    scrub,
    scrub_command,
    scrub_text,
    secret_name,
)

DATA = Path(__file__).resolve().parents[2] / "data" / "server"


def body(name):
    return json.loads((DATA / name).read_bytes().partition(b"\r\n\r\n")[2])


@pytest.fixture(scope="module")
def real():
    return read_info(body("get_server_info.http"), body("get_get_model_info.http"))


def test_the_real_server(real):
    # read off the recorded answer by eye
    expected = {
        "version": "0.5.7", "reference": True, "model_path": "/models/tiny-qwen3",
        "tokenizer_path": "/models/tiny-qwen3",
        "served_model_name": "tiny", "model_type": "qwen3", "architectures": ("Qwen3ForCausalLM",),
        "quantization": None,
        "load_format": "dummy", "kv_cache_dtype": "auto", "device": "cpu", "tp": 1, "dp": 1, "pp": 1,
        "ep": 1,
        "enable_dp_attention": False, "token_capacity_per_rank": (65536,), "token_capacity": 65536,
        "max_running_requests": 16,
        "max_running_requests_per_dp": None, "context_length": None, "chunked_prefill_size": 2048,
        "page_size": 1,
        "stream_interval": 1, "decode_log_interval": 5,
        "disable_cuda_graph": True,
        "cuda_graph_bs": (1, 2, 4, 8), "speculative_algorithm": None, "random_seed": 240358808,
        "simulated": None,
    }  # fmt: skip
    assert {name: getattr(real, name) for name in expected} == expected
    assert (real.gpus.count, real.gpus.per_scheduler) == (1, 1)
    assert "device cpu" in str(real.gpus.source)


def test_raw_keeps_what_is_no_secret(real):
    for key in (
        "max_total_num_tokens",
        "tokenizer_path",
        "skip_tokenizer_init",
        "ds_heavy_token_num",
        "random_seed",
        "api_key",
    ):
        assert key in real.raw, key  # api_key is null here: nothing to hide
    state = real.raw["internal_states"][0]
    assert state["memory_usage"]["token_capacity"] == 65536
    assert "model_path" not in state  # repeated from the top
    assert len(json.dumps(real.raw)) < 0.7 * len((DATA / "get_server_info.http").read_bytes())


@pytest.mark.parametrize(
    ("args", "count", "per_scheduler"),
    [
        ({"tp_size": 8}, 8, 8),
        ({"tp_size": 8, "nnodes": 2}, 8, 8),
        ({"tp_size": 16, "nnodes": 2, "dp_size": 16, "enable_dp_attention": True}, 16, 1),
        ({"tp_size": 16, "dp_size": 4, "enable_dp_attention": True}, 16, 4),
        ({"tp_size": 4, "dp_size": 2, "enable_dp_attention": False}, 8, 4),
        ({"tp_size": 4, "dp_size": 2}, 8, 4),
        ({"tp_size": 4, "pp_size": 2}, 8, 8),
        ({"tp_size": 8, "pp_size": 2, "dp_size": 2, "enable_dp_attention": True}, 16, 8),
        ({"tp_size": 4, "device": "cpu"}, 1, 1),
        # 0.5.22 and later: dp_size counts replicas alone, attention groups are attn_dp_size
        ({"tp_size": 16, "dp_size": 1, "attn_dp_size": 16, "enable_dp_attention": True}, 16, 1),
        ({"tp_size": 16, "dp_size": 1, "attn_dp_size": 4, "enable_dp_attention": True, "pp_size": 2}, 32, 8),
        ({"tp_size": 16, "dp_size": 1, "attn_dp_size": 4}, 16, 4),  # the deprecated flag is to go after 2026
        ({"tp_size": 4, "dp_size": 2, "attn_dp_size": 1, "enable_dp_attention": False}, 8, 4),
        # not resolved yet
        ({"tp_size": 16, "dp_size": 8, "attn_dp_size": 1, "enable_dp_attention": True}, 16, 2),
        # /v1/loads, where server_info is silent
        ({"loads": {"num_accelerators": 2, "loads": [{"dp_rank": 0}, {"dp_rank": 1}]}}, 4, 2),
        ({"loads": {"num_accelerators": 2, "loads": []}}, None, None),
        # a rank that did not answer
        ({"tp_size": 8, "loads": {"num_accelerators": 4, "loads": [{"dp_rank": 0}]}}, 8, 8),
        ({}, None, None),
    ],
)
def test_gpus(args, count, per_scheduler):
    gpus = read_info({"device": "cuda", **args}, {}).gpus
    assert (gpus.count, gpus.per_scheduler) == (count, per_scheduler)
    assert str(gpus.source)


def test_an_old_server_reports_little():
    info = read_info(
        {
            "tp_size": 8,
            "dp_size": 1,
            "version": "0.4.3.post4",
            "max_total_num_tokens": 1000,
            "internal_states": {"x": 1},
        },
        {},
    )
    assert (info.version, info.reference, info.token_capacity, info.max_running_requests) == (
        "0.4.3.post4",
        False,
        1000,
        None,
    )
    assert info.decode_log_interval is None
    assert info.architectures is None


def test_capacity_and_limits_per_data_parallel_rank():
    states = [
        {
            "memory_usage": {"token_capacity": 100, "graph": {"a": 1}},
            "effective_max_running_requests_per_dp": 6,
        },
        {"memory_usage": {"token_capacity": 90}, "effective_max_running_requests_per_dp": 6},
    ]
    info = read_info(
        {"tp_size": 2, "dp_size": 2, "max_running_requests": None, "internal_states": states}, {}
    )
    assert (info.token_capacity_per_rank, info.token_capacity) == ((100, 90), 190)
    assert (info.max_running_requests_per_dp, info.max_running_requests) == (6, 12)
    top = read_info({"tp_size": 2, "dp_size": 2, "max_total_num_tokens": 100}, {})
    assert (top.token_capacity_per_rank, top.token_capacity) == ((100,), 200)
    assert read_info({"tp_size": 3, "dp_size": 3, "internal_states": states}, {}).token_capacity is None


WIDE = {
    "tp_size": 4,
    "dp_size": 1,
    "attn_dp_size": 4,
    "enable_dp_attention": True,
    "max_running_requests": 30,
}


@pytest.mark.parametrize(
    ("args", "dp", "cap", "tokens"),
    [
        (WIDE, 4, 28, 4000),  # 30 // 4 a group
        ({**WIDE, "dp_size": 4, "attn_dp_size": None}, 4, 28, 4000),  # before 0.5.22
        # each replica has its 30
        ({**WIDE, "dp_size": 2, "attn_dp_size": 1, "enable_dp_attention": False}, 2, 60, 2000),
        ({**WIDE, "attn_dp_size": 1, "enable_dp_attention": False}, 1, 30, 1000),
    ],
)
def test_running_caps_and_pools_of_all_ranks(args, dp, cap, tokens):
    info = read_info({**args, "max_total_num_tokens": 1000}, {})
    assert (info.dp, info.max_running_requests, info.token_capacity) == (dp, cap, tokens)
    states = [{"effective_max_running_requests_per_dp": 7, "memory_usage": {"token_capacity": 900}}] * dp
    by_rank = read_info({**args, "internal_states": states}, {})
    assert (by_rank.max_running_requests, by_rank.max_running_requests_per_dp, by_rank.token_capacity) == (
        7 * dp,
        7,
        900 * dp,
    )


def test_a_null_argument_is_taken_from_the_schedulers():
    states = [{"max_running_requests": 48}]
    assert (
        read_info(
            {"tp_size": 1, "max_running_requests": None, "internal_states": states}, {}
        ).max_running_requests
        == 48
    )


def test_the_embedded_server_is_marked():
    assert read_info({"tp_size": 1, "slabench_sim": {"profile": "demo"}}, {}).simulated == "demo"
    assert read_info({"tp_size": 1, "slabench_sim": "demo"}, {}).simulated == "demo"


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
ODD_LISTS = st.lists(
    ODD | st.lists(ODD, max_size=3) | st.dictionaries(st.text(max_size=5), ODD, max_size=2), max_size=3
)


@given(st.dictionaries(st.sampled_from(["tp_size", "dp_size", "version", "internal_states", "cuda_graph_bs",
 "random_seed", "device"]),
       ODD | ODD_LISTS))  # fmt: skip
def test_odd_values_are_none_and_never_a_crash(info):
    info = {
        k: v for k, v in info.items() if k not in ("tp_size", "dp_size") or not isinstance(v, int) or v > 0
    }
    assert read_info(info, {}).model_path is None


def test_a_restart_is_noticed_and_a_fixed_seed_hides_no_other_server():
    info = body("get_server_info.http")
    assert identity(info) == identity(json.loads(json.dumps(info)))
    assert dict(identity(info))["random_seed"] == info["random_seed"]
    for other in (
        {"random_seed": 1},
        {"tp_size": 8},
        {"dtype": "float8"},
        {"model_path": "/models/other"},
        {"version": "0.5.8"},
    ):
        assert identity({**info, **other}) != identity(info), other
    assert identity({**info, "last_gen_throughput": 3.0}) == identity(info)
    for name in (
        "attention_backend",
        "speculative_algorithm",
        "disable_radix_cache",
        "chunked_prefill_size",
        "tokenizer_path",
    ):
        # another server, or one that was started anew
        assert identity({**info, name: "another"}) != identity(info), name

    # two with one --random-seed
    for other in ({"port": 1}, {"startup_time": 2.5}, {"launch_command": "sglang serve x"}):
        assert identity({**info, **other}) != identity(info), other


@pytest.mark.parametrize("info", [None, {}, {"status": "ready"}])
def test_a_server_that_reports_nothing_that_lasts_has_no_identity(info):
    assert identity(info) is None


def test_without_a_seed_the_rest_is_the_identity():
    assert identity({"version": "0.5.7"}) != identity({"version": "0.5.8"})
    assert dict(identity({"version": "0.5.7"}))["random_seed"] is None


def test_fingerprint(monkeypatch):
    monkeypatch.setattr(fp, "cpu_name", lambda: "A CPU, 2 cores")
    real = read(body("get_server_info.http"), body("get_get_model_info.http"))
    fingerprint = fp.fingerprint(real, url="http://127.0.0.1:1")
    assert json.loads(json.dumps(fingerprint)) == fingerprint
    assert fingerprint["hardware"] == {
        "device": "cpu",
        "gpu": "A CPU, 2 cores",
        "gpus": 1,
        "tp": 1,
        "dp": 1,
        "pp": 1,
        "ep": 1,
        "dp_attention": False,
    }
    assert fingerprint["model"]["name"] == "tiny-qwen3"
    assert fingerprint["model"]["repository"] is None  # a folder
    assert fp.fingerprint(read({"model_path": "lab/m"}, {}))["model"]["repository"] == "lab/m"
    assert fingerprint["server"]["version"] == "0.5.7"
    assert fingerprint["server"]["chunked_prefill_size"] == 2048
    assert fp.fingerprint(real, url="http://far.example:1")["hardware"]["gpu"] is None
    assert fp.fingerprint(real)["hardware"]["gpu"] is None
    assert fp.fingerprint(real, "my box", url="http://127.0.0.1:1")["hardware"]["gpu"] == "my box"


# -- secrets


@pytest.mark.parametrize(
    "name",
    ["api_key", "admin_api_key", "HF_TOKEN", "ssl_keyfile_password", "client-secret", "hf_token", "token"],
)
def test_secret_names(name):
    assert secret_name(name)
    assert scrub({name: "hush", "a": 1}) == {"a": 1}
    assert scrub({"deep": [{name: ["hush"]}]}) == {"deep": [{}]}
    assert scrub({name: None}) == {name: None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_total_num_tokens", 65536), ("tokenizer_path", "/models/x"), ("token_capacity", 5),
        ("skip_tokenizer_init", False),
        ("tokenizer_mode", "auto"), ("tokenizer_metrics_custom_labels_header", "x-labels"),
        ("detokenizer_backend", "fast"),
        ("max_prefill_tokens", "16384"), ("swa_full_tokens_ratio", 0.8),
        ("piecewise_cuda_graph_tokens", [4, 8]),
        ("kv_cache_dtype", "auto"), ("prompt_tokens_buckets", None),
    ],
)  # fmt: skip
def test_names_that_only_look_secret_survive(name, value):
    assert scrub({name: value}) == {name: value}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("python -m x --api-key hush1 --port 1", "python -m x --api-key *** --port 1"),
        ("python -m x --api-key=hush1", "python -m x --api-key=***"),
        ("--admin-api-key 'hush1 x' --tp 2", "--admin-api-key '***' --tp 2"),
        ("HF_TOKEN=hush1 python", "HF_TOKEN=*** python"),
        ('{"token": "hush1", "a": 1}', '{"token": "***", "a": 1}'),
        ("ServerArgs(api_key='hush1', tp=1)", "ServerArgs(api_key='***', tp=1)"),
        ("--max-total-tokens 65536 --tokenizer-path /m --skip-tokenizer-init", None),
        ("--enable-cache-token --port 1", None),
        ("https://me:hush1@host:1/x", "https://***@host:1/x"),
        ("Authorization: Bearer hush1", "Authorization: Bearer ***"),
        ("ServerArgs(api_key=None, max_total_tokens=65536, tokenizer_path='/m')", None),
    ],
)
def test_free_text(text, clean):
    assert scrub_text(text) == (text if clean is None else clean)


def test_commands_as_words():
    words = [
        "python",
        "--api-key",
        "hush",
        "--max-total-tokens",
        "5",
        "--token=hush",
        "--tokenizer-path",
        "/m",
        "--ssl-key",
        "--x",
    ]
    assert scrub_command(words) == [
        "python", "--api-key", "***", "--max-total-tokens", "5", "--token=***", "--tokenizer-path", "/m",
        "--ssl-key", "--x",
    ]  # fmt: skip
    assert scrub({"launch_command": words})["launch_command"] == scrub_command(words)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:1", "http://h:1"),
        ("http://me:pw@h:1/a", "http://***@h:1/a"),
        ("http://h/a?key=pw&b=c", "http://h/a?key=***&b=***"),
        ("http://me:pw@[::1]:5", "http://***@[::1]:5"),
    ],
)
def test_urls(url, shown):
    assert redact_url(url) == shown


LOG = b"""[2026-01-02 03:04:05] server_args=ServerArgs(m='/m', api_key='planted-1', max_total_tokens=65536)
INFO: GET http://user:planted-2@host/x with Authorization: Bearer planted-3 \xff\xfe
[2026-01-02 03:04:06] Prefill batch, #new-seq: 1, #new-token: 64, #cached-token: 0, token usage: 0.00,
#running-req: 0,
the key is known-one, twice: known-one
"""


def test_secrets_in_a_log_become_stars_and_no_byte_moves(tmp_path):
    path = tmp_path / "server.log"
    path.write_bytes(LOG + b"api_key='planted-4")  # a line that is being written
    know("known-one")
    done = cover_in_file(str(path))
    assert done == len(LOG)
    after = path.read_bytes()
    assert after.endswith(b"api_key='planted-4")
    expected = LOG.replace(b"user:planted-2", b"*" * 14).replace(b"known-one", b"*" * 9)
    for name in (b"planted-1", b"planted-3"):
        expected = expected.replace(name, b"*" * 9)
    assert after[: len(LOG)] == expected
    with path.open("ab") as file:
        file.write(b"'\n")
    done = cover_in_file(str(path), done)
    assert path.read_bytes() == expected + b"api_key='*********'\n"
    with path.open("ab") as file:
        file.write(b"known-one")  # the server ended here
    cover_in_file(str(path), done, whole=True)
    assert path.read_bytes() == expected + b"api_key='*********'\n*********"


@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"api_key=abc", b'"token": "x y"', b"--password q", b"http://a:b@c"])
    )
)
def test_covering_never_changes_where_anything_is(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("log") / "server.log"
    text = b"\n".join(lines) + b"\n"
    path.write_bytes(text)
    cover_in_file(str(path))
    after = path.read_bytes()
    assert len(after) == len(text)
    assert all(new in (old, ord("*")) for old, new in zip(text, after, strict=True))
    assert after.count(b"\n") == text.count(b"\n")
