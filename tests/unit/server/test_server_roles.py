"""Deployments of several servers: the real routers' bytes, the role of each server, and what is not
reported.
"""

import contextlib
import json
from pathlib import Path

import pytest

from slabench.messages import in_language
from slabench.records import GpuCounts
from slabench.server.control import workers_flushed
from slabench.server.fingerprint import fingerprint
from slabench.server.identify import identify
from slabench.server.info import Role
from slabench.server.roles import Router, identity, read
from slabench.verdict.differences import differences
from tests.unit.factories import http_answer as answer
from tests.unit.factories import scripted_server as scripted
from tests.unit.factories import server_info
from tests.unit.server.test_server_http import NONE

DATA = Path(__file__).resolve().parents[2] / "data"
SERVER_INFO = json.loads((DATA / "server" / "get_server_info.http").read_bytes().partition(b"\r\n\r\n")[2])


def recorded(router, name):
    return (DATA / "routers" / f"{router}.{name}.http").read_bytes().replace(b"content-length: ", b"x-was: ")


def body(router, name):
    return recorded(router, name).partition(b"\r\n\r\n")[2]


def pd(prefill, decode):
    """mini_lb's answer over such servers."""
    return {"internal_states": [{}], "prefill": prefill, "decode": decode}


FOUR_AND_16 = pd([server_info(4, "prefill", 1)], [server_info(8, "decode", 2), server_info(8, "decode", 3)])


# -- how many GPUs prefill, how many decode


@pytest.mark.parametrize(
    ("info", "options", "counts"),
    [
        (FOUR_AND_16, (None, None), (4, 16, 20)),
        (FOUR_AND_16, (2, None), (2, 16, 18)),
        (FOUR_AND_16, (None, 32), (4, 32, 36)),
        # it does not report how many such servers there are
        (server_info(16, "decode"), (None, None), (None, None, None)),
        (server_info(16, "decode"), (8, None), (8, None, None)),
        (server_info(16, "decode"), (None, 32), (None, 32, None)),
        (server_info(8, "prefill"), (8, 16), (8, 16, 24)),
        (server_info(8, "prefill"), (8, 8), (8, 8, 16)),
        (server_info(8), (None, None), (8, 8, 8)),
        (server_info(8), (None, 16), (16, 16, 16)),  # replicas that cannot be steps: the same GPUs do both
        (server_info(8), (16, None), (16, 16, 16)),
        (server_info(8), (8, 8), (8, 8, 8)),
        (server_info(8), (8, 16), (8, 16, 24)),  # two numbers are two sets of GPUs
        ({"version": "0.5.7"}, (None, None), (None, None, None)),
        (pd([{"detail": "Not Found"}], [server_info(8, "decode")]), (None, None), (None, 8, None)),
        (pd([], [server_info(8, "decode")]), (None, None), (None, 8, None)),
        (pd([server_info(4, "prefill")], [server_info(8, "decode"), {}]), (None, None), (4, None, None)),
        # dp-attention inside tp on both sides, as the large published deployments have it
        (
            pd(
                [server_info(32, "prefill", attn_dp_size=32, enable_dp_attention=True)],
                [server_info(72, "decode", dp_size=72, enable_dp_attention=True)],
            ),
            (None, None),
            (32, 72, 104),
        ),
    ],
)
def test_gpus_of_each_role(info, options, counts):
    roles = read(info, {})
    assert roles.gpus(*options) == GpuCounts(*counts)
    text = str(roles.describe_gpus(*options))
    if roles.disaggregated:
        for side, count in zip(("prefill", "decode"), counts, strict=False):
            assert (f"give --{side}-gpu-num" in text) == (count is None), text


def described(raw, *options):
    return str(read(raw, {}).describe_gpus(*(options or (None, None))))


def test_the_description_of_the_gpus():
    assert described(server_info(8)) == "8 GPU (tp 8 x pp 1 of server_info)"
    assert described(server_info(8), None, 16) == "16 GPU (--decode-gpu-num)"
    assert (
        described(server_info(8, "prefill"), 8, 16)
        == "8 prefill GPU (--prefill-gpu-num); 16 decode GPU (--decode-gpu-num)"
    )
    assert described(FOUR_AND_16) == (
        "4 prefill GPU (tp 4 x pp 1 of server_info); 16 decode GPU (2 servers: tp 8 x pp 1 of server_info)"
    )
    assert described({"version": "x"}).endswith("so no metric per GPU: give --decode-gpu-num")


def test_the_description_of_the_gpus_in_chinese():
    with in_language("zh"):
        assert described(server_info(8)) == "8 个 GPU（server_info 上报 tp 8 x pp 1）"
        assert "2 个服务端：server_info 上报 tp 8 x pp 1" in described(FOUR_AND_16)


# -- what they hold, together


def test_capacity_and_caps_are_those_of_the_decode_servers_together():
    decode = [
        server_info(8, "decode", 2, max_total_num_tokens=5000, max_running_requests=48),
        server_info(8, "decode", 3),
    ]
    info = read(pd([server_info(4, "prefill", max_total_num_tokens=10)], decode), {}).info
    assert (info.token_capacity, info.max_running_requests, info.dp, info.gpus.per_scheduler) == (
        6000,
        112,
        2,
        8,
    )
    silent = read(pd([server_info(4, "prefill")], [decode[0], {"tp_size": 8}]), {}).info
    assert (silent.token_capacity, silent.max_running_requests) == (None, None)
    for mode in ("prefill", "decode"):
        alone = read(server_info(8, mode), {}).info
        assert (alone.token_capacity, alone.max_running_requests) == (None, None), mode


def test_a_field_that_servers_differ_in_is_not_known():
    decode = [server_info(8, "decode", page_size=1, version="0.5.9"), server_info(8, "decode", page_size=64)]
    info = read(pd([server_info(4, "prefill", page_size=32)], decode), {}).info
    assert (info.page_size, info.version, info.reference) == (None, "0.5.7 and 0.5.9", False)
    assert info.model_path == "org/m"


# -- which process it is


def test_every_server_is_watched():
    was = identity(read(FOUR_AND_16, {}).raw)
    assert was == identity(read(json.loads(json.dumps(FOUR_AND_16)), {}).raw)
    for change in (
        pd([server_info(4, "prefill", 9)], FOUR_AND_16["decode"]),
        pd(FOUR_AND_16["prefill"], [server_info(8, "decode", 2), server_info(8, "decode", 9)]),
        pd(FOUR_AND_16["prefill"], [server_info(8, "decode", 2)]),
        pd(
            FOUR_AND_16["prefill"],
            [server_info(8, "decode", 2), server_info(8, "decode", 3, version="0.5.9")],
        ),
    ):
        assert identity(read(change, {}).raw) != was, change
    seedless = identity(pd([{"tp_size": 8}], [{"tp_size": 8}]))
    assert seedless != identity(pd([{"tp_size": 8}], [{"tp_size": 16}]))
    assert not any(name.endswith("random_seed") and value is not None for name, value in seedless)
    assert identity(FOUR_AND_16) == was  # as it came and as it is stored


# -- what a baseline is compared under


@pytest.mark.parametrize(
    ("now", "key"),
    [
        (
            pd(
                [server_info(8, "prefill", k) for k in range(4)],
                [server_info(8, "decode", k) for k in range(8)],
            ),
            "hardware.gpus",
        ),
        (pd([server_info(8, "prefill")], [server_info(12, "decode")]), "hardware.prefill.gpus"),  # 20 as well
        (pd([server_info(4, "prefill")], [server_info(16, "decode")]), "hardware.decode.servers"),
        (
            pd([server_info(4, "prefill", chunked_prefill_size=16384)], FOUR_AND_16["decode"]),
            "server.prefill.chunked_prefill_size",
        ),
        (
            pd(FOUR_AND_16["prefill"], [server_info(8, "decode", disable_radix_cache=True)] * 2),
            "server.decode.disable_radix_cache",
        ),
        (
            pd(
                FOUR_AND_16["prefill"],
                [server_info(8, "decode"), server_info(8, "decode", disable_radix_cache=True)],
            ),
            "server.decode.disable_radix_cache",
        ),
        (pd([server_info(4, "prefill", version="0.5.9")], FOUR_AND_16["decode"]), "server.versions"),
        (
            pd(FOUR_AND_16["prefill"], [server_info(8, "decode"), server_info(8, "decode", version="0.5.9")]),
            "server.versions",
        ),
        (pd([server_info(4, "prefill", quantization="fp8")], FOUR_AND_16["decode"]), "model.quantization"),
        (server_info(20), "hardware.prefill.gpus"),
        (server_info(4, "prefill"), "hardware.decode.gpus"),
    ],
)
def test_another_deployment_is_not_comparable(now, key):
    base = pd(
        [
            server_info(
                4, "prefill", 1, chunked_prefill_size=8192, disable_radix_cache=False, quantization="bf16"
            )
        ],
        [server_info(8, "decode", k, disable_radix_cache=False, quantization="bf16") for k in (2, 3)],
    )
    plain = {"quantization": "bf16", "disable_radix_cache": False}
    filled = {
        **now,
        **{side: [{**plain, **info} for info in now[side]] for side in ("prefill", "decode") if side in now},
    }
    old, new = (fingerprint(read(info, {}), "H20") for info in (base, filled))
    assert key in [difference.key for difference in differences(old, new)]
    assert json.loads(json.dumps(new)) == new
    assert not list(differences(old, fingerprint(read(base, {}), "H20")))


def test_an_upgrade_of_all_servers_alike_is_comparable():
    new = pd(
        [server_info(4, "prefill", version="0.5.9")],
        [server_info(8, "decode", version="0.5.9"), server_info(8, "decode", version="0.5.9")],
    )
    assert not list(differences(fingerprint(read(FOUR_AND_16, {}), "H20"), fingerprint(read(new, {}), "H20")))


def test_gpus_that_options_name_are_compared_too():
    roles = read(server_info(8, "decode"), {})
    was, now = (fingerprint(roles, "H20", gpus=roles.gpus(8, count)) for count in (16, 32))
    assert {"hardware.gpus", "hardware.decode.gpus"} <= {
        difference.key for difference in differences(was, now)
    }


# -- the real routers' bytes


def test_mini_lb_s_bytes():
    roles = read(
        json.loads(body("mini-lb", "get_server_info")), json.loads(body("mini-lb", "get_model_info"))
    )
    assert (roles.router, [worker.role for worker in roles.workers]) == (
        Router.MINI_LB,
        [Role.PREFILL, Role.DECODE],
    )
    assert [(worker.where, worker.info.version, worker.info.random_seed) for worker in roles.workers] == [
        ("127.0.0.1:31451", "0.5.7", 1001),
        ("127.0.0.1:31452", "0.5.7", 1002),
    ]
    assert roles.gpus(None, None) == GpuCounts(1, 1, 2)
    assert (roles.info.token_capacity, roles.info.max_running_requests) == (65536, 16)
    assert read(roles.raw, {}).router is Router.MINI_LB


@contextlib.contextmanager
def gateway(router, workers):
    """The recorded router over two workers here, which answer as the recorded 0.5.7 with seeds of their own;
    yields its URL.

    workers: False: nothing answers where the router has them.
    """
    with contextlib.ExitStack() as stack:
        ports = []
        for seed in (1001, 1002):
            info = answer(200, {**SERVER_INFO, "random_seed": seed, "model_path": "/srv/models1/tiny-qwen3"})

            def reply(line, info=info):
                return info if workers and "server_info" in line else NONE

            url, heads = stack.enter_context(scripted(reply))
            ports.append((url, heads))
        listed = recorded(router, "workers")
        for recorded_at, (url, _) in zip(
            (b"http://127.0.0.1:31451", b"http://127.0.0.1:31452"), ports, strict=True
        ):
            listed = listed.replace(recorded_at, url.encode())

        def front(line):
            path = line.split()[1].lstrip("/")
            if path == "workers":
                return listed
            return recorded(router, path) if path in ("get_server_info", "get_model_info") else NONE

        url, _ = stack.enter_context(scripted(front))
        yield url, [heads for _, heads in ports]


ROUTERS = ["sglang-router", "sglang-router-pd", "smg", "smg-pd"]


@pytest.mark.parametrize("router", ROUTERS)
def test_a_rust_gateway_s_workers_are_asked(router):
    with gateway(router, workers=True) as (url, asked):
        roles = identify(url, {"authorization": "Bearer hush"})
        again = identify(url, {"authorization": "Bearer hush"}, like=roles)
    split = router.endswith("-pd")
    assert roles.router is Router.GATEWAY
    assert [worker.role.value for worker in roles.workers] == (
        ["prefill", "decode"] if split else ["unified"] * 2
    )
    assert {worker.info.random_seed for worker in roles.workers} == {1001, 1002}
    assert roles.gpus(None, None) == (GpuCounts(1, 1, 2) if split else GpuCounts.alike(2))
    assert (roles.info.token_capacity, roles.info.max_running_requests) == (
        (65536, 16) if split else (131072, 32)
    )
    assert (roles.info.version, roles.info.device, roles.info.model_type) == ("0.5.7", "cpu", "qwen3")
    assert (roles.unasked, roles.whole) == (0, True)
    assert identity(roles.raw) == identity(again.raw) is not None
    assert identity(roles.raw) == identity(json.loads(json.dumps(roles.raw)))
    # the key is for the address it was given for
    assert not [head for heads in asked for head in heads if "hush" in head]


@pytest.mark.parametrize("router", ROUTERS)
def test_a_rust_gateway_s_workers_that_cannot_be_asked(router):
    with gateway(router, workers=False) as (url, _):
        roles = identify(url)
    assert roles.unasked == 2
    # smg's labels name tp, pp and dp; sglang-router's leave pp and dp-attention open
    known = router.startswith("smg")
    assert roles.gpus(None, None).total == (2 if known else None)
    assert roles.info.version == ("0.5.7" if known else None)
    assert roles.info.token_capacity is None
    assert roles.info.max_running_requests == ((16 if router == "smg-pd" else 32) if known else None)
    assert identity(roles.raw) is None


def test_dp_aware_gateways_list_each_rank_of_one_server():
    listed = {
        "workers": [
            {"url": f"http://127.0.0.1:1@{rank}", "worker_type": "regular", "metadata": {}}
            for rank in range(4)
        ]
    }
    with scripted(lambda line: answer(200, listed if "workers" in line else server_info(8))) as (url, _):
        assert [worker.where for worker in identify(url).workers] == ["127.0.0.1:1"]


def test_an_answer_of_another_server_at_a_worker_s_address_is_not_taken():
    """The gateway's 127.0.0.1 is not ours."""
    with scripted(lambda line: answer(200, server_info(2))) as (other, _):
        listed = {
            "workers": [
                {"url": other, "worker_type": "decode", "metadata": {"tp_size": "8", "model_path": "org/m"}}
            ]
        }
        with scripted(lambda line: answer(200, listed) if "workers" in line else NONE) as (url, _):
            roles = identify(url)
    assert (roles.unasked, roles.gpus(None, None)) == (1, GpuCounts())


@pytest.mark.parametrize("kind", ["prefill", "Prefill", {"Prefill": {"bootstrap_port": 8998}}])
def test_a_worker_s_type_by_release(kind):
    labels = {"tp_size": "8", "pp_size": "1", "dp_size": "1"}
    listed = {"workers": [{"url": "grpc://127.0.0.1:1", "worker_type": kind, "labels": labels}]}
    with scripted(lambda line: answer(200, listed) if "workers" in line else NONE) as (url, _):
        roles = identify(url)  # no server_info: its worker speaks gRPC
    assert ([worker.role for worker in roles.workers], roles.gpus(None, None).prefill) == ([Role.PREFILL], 8)


@pytest.mark.parametrize(
    "listed", [{}, {"workers": None}, {"workers": [3, {}, {"url": 5}]}, [], {"workers": {}}]
)
def test_an_odd_list_of_workers_is_none(listed):
    with scripted(lambda line: answer(200, listed if "workers" in line else server_info(8))) as (url, _):
        assert identify(url).router is Router.NONE


def test_loads_name_the_accelerator():
    loads = {"timestamp": "t", "version": "0.5.18", "accelerator": "NVIDIA H20", "num_accelerators": 2,
             "loads": [{"dp_rank": 0, "num_running_reqs": 3}, {"dp_rank": 1}]}  # fmt: skip
    thin = {"version": "0.5.18", "device": "cuda", "random_seed": 1}
    replies = {"/server_info": thin, "/v1/loads": loads}

    def reply(line):
        page = replies.get(line.split()[1])
        return NONE if page is None else answer(200, page)

    with scripted(reply) as (url, _):
        roles = identify(url)
    assert roles.gpus(None, None) == GpuCounts.alike(4)
    assert fingerprint(roles)["hardware"]["gpu"] == "NVIDIA H20"
    assert "num_running_reqs" not in json.dumps(roles.raw)  # what changes is kept out


def test_the_moment_of_the_answer_is_that_of_server_info():
    steps = []
    with scripted(lambda line: steps.append(line.split()[1]) or answer(200, server_info(1))) as (url, _):
        identify(url, on_answer=lambda: steps.append("answered"))
    assert steps.index("answered") == steps.index("/server_info") + 1


# -- flush


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("sglang-router.flush_cache", (2, 2)),
        ("sglang-router-pd.flush_cache", (2, 2)),
        ("sglang-router.flush_cache_busy", (1, 2)),
        ("smg.flush_cache", (2, 2)),
        ("smg-pd.flush_cache", (2, 2)),
        ("smg.flush_cache_busy", (1, 2)),
        ("mini-lb.flush_cache", None),
        ("mini-lb.flush_cache_busy", None),
    ],
)
def test_how_many_workers_a_router_flushed(name, counted):
    router, _, which = name.partition(".")
    data = recorded(router, which)
    assert workers_flushed(data.partition(b"\r\n\r\n")[2].decode()) == counted
    # mini_lb answers 200 when a server refused, too
    assert data.split()[1] == (b"206" if counted == (1, 2) else b"200")
