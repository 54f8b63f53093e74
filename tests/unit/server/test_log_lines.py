# ruff: noqa: E501 - log lines are long
"""One line of a deploy log: every row of the version table, every way to be no line, and fuzz."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.server.log.line_prefix import Rank, read_prefix
from slabench.server.log.line_types import DecodeLine, Event, EventKind, PrefillLine, Reason, Rejected
from tests.unit.factories import parse_line

DATA = Path(__file__).resolve().parents[2] / "data" / "server"
TS = "[2026-01-01 10:00:00]"
# version, line after the bracket, expected fields
DECODE = [
    (
        "0.4.3",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, gen throughput (token/s): 410.55, "
        "largest-len: 120, #queue-req: 3, ",
        {"running": 8, "token": 900, "token_usage": 0.02, "gen_throughput": 410.55, "queue": 3},
    ),
    (
        "0.4.4",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, gen throughput (token/s): 410.55, "
        "#queue-req: 3, ",
        {"running": 8, "queue": 3},
    ),
    (
        "0.4.5 spec",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, accept len: 1.92, "
        "gen throughput (token/s): 410.55, #queue-req: 3, ",
        {"accept_len": 1.92},
    ),
    (
        "0.4.6",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, gen throughput (token/s): 410.55, "
        "#queue-req: 3",
        {"running": 8, "queue": 3, "graph": None},
    ),
    (
        "0.4.6.post4",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, cuda graph: True, "
        "gen throughput (token/s): 410.55, #queue-req: 3",
        {"graph": True, "graph_kind": "cuda"},
    ),
    (
        "0.4.8 PD",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, pre-allocated usage: 0.01, "
        "#retracted-req: 2, "
        "cuda graph: True, gen throughput (token/s): 410.55, #queue-req: 3",
        {"preallocated_usage": 0.01, "retracted": 2},
    ),
    (
        "0.4.9.post6 SWA",
        "Decode batch. #running-req: 8, #full token: 900, full token usage: 0.02, #swa token: 33, "
        "swa token usage: 0.01, cuda graph: True, gen throughput (token/s): 410.55, #queue-req: 3, ",
        {"token": 900, "token_usage": 0.02, "swa_token": 33, "swa_usage": 0.01},
    ),
    (
        "0.5.2",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, cpu graph: False, "
        "gen throughput (token/s): 410.55, #queue-req: 3, ",
        {"graph": False, "graph_kind": "cpu"},
    ),
    (
        "0.5.3 PD",
        "Decode batch. #running-req: 8, #token: 900, token usage: 0.02, pre-allocated usage: 0.01, "
        "#prealloc-req: 4, "
        "#transfer-req: 5, #retracted-req: 2, cuda graph: True, gen throughput (token/s): 410.55, "
        "#queue-req: 3, ",
        {"prealloc": 4, "transfer": 5, "retracted": 2},
    ),
    (
        "0.5.3.post2 SSM",
        "Decode batch. #running-req: 8, #full token: 900, full token usage: 0.02, mamba num: 9, mamba "
        "usage: 0.04, "
        "accept len: 1.92, accept rate: 0.96, cuda graph: True, gen throughput (token/s): 410.55, "
        "#queue-req: 3, ",
        {"mamba_num": 9, "mamba_usage": 0.04, "accept_rate": 0.96},
    ),
    (
        "0.5.4",
        "Decode batch [1234], #running-req: 8, #token: 900, token usage: 0.02, cuda graph: True, "
        "gen throughput (token/s): 410.55, #queue-req: 3, ",
        {"iteration": 1234, "running": 8},
    ),
    (
        "0.5.7",
        "Decode batch, #running-req: 8, #token: 900, token usage: 0.02, cuda graph: True, "
        "gen throughput (token/s): 410.55, #queue-req: 3, ",
        {"iteration": None, "graph": True},
    ),
    (
        "0.5.9 npu",
        "Decode batch, #running-req: 8, #token: 900, token usage: 0.02, npu graph: True, "
        "gen throughput (token/s): 410.55, #queue-req: 3",
        {"graph": True, "graph_kind": "npu"},
    ),
    (
        "0.5.10 MFU",
        "Decode batch, #running-req: 8, #token: 900, token usage: 0.02, cuda graph: True, gen throughput "
        "(token/s): 410.55, "
        "#queue-req: 3, est. decode TFLOPS/s (per GPU): 1.25, est. read BW (GB/s per GPU): 900.10, est. "
        "write BW (GB/s per GPU): 5.00",
        {"graph": True, "queue": 3},
    ),
    (
        "0.5.11 occupancy",
        "Decode batch, #running-req: 8, #token: 900, token usage: 0.02, cuda graph: True, gen throughput "
        "(token/s): 410.55, "
        "#queue-req: 3, fwd occupancy: 97.20%",
        {"other": (("fwd occupancy", "97.20%"),)},
    ),
    (
        "0.5.11 HiSparse",
        "Decode batch, #running-req: 8, #gpu token: 900, gpu token usage: 0.02, #cpu token: 70, cpu token "
        "usage: 0.03, "
        "cuda graph: True, gen throughput (token/s): 410.55, #queue-req: 3",
        {"token": 900, "cpu_token": 70, "cpu_usage": 0.03},
    ),
    (
        "0.5.23 all",
        "Decode batch, #running-req: 8, #token: 900, token usage: 0.02, accept len: 1.92, accept rate: "
        "0.96, cap len: 3.00, "
        "block accept len: 1.50, pre-allocated usage: 0.01, #prealloc-req: 4, #transfer-req: 5, "
        "#host-receive-req: 6, #retracted-req: 2, "
        "waiting-image-req: 0, cuda graph: True, gen throughput (token/s): 410.55, #queue-req: 3, est. "
        "decode TFLOPS/s (per GPU): 1.25, "
        "est. read BW (GB/s per GPU): 900.10, est. write BW (GB/s per GPU): 5.00, fwd occupancy: nan%, "
        "fwd+idle occupancy: 97.20%",
        {
            "queue": 3,
            "other": (
                ("cap len", "3.00"),
                ("block accept len", "1.50"),
                ("#host-receive-req", "6"),
                ("waiting-image-req", "0"),
                ("est. decode TFLOPS/s (per GPU)", "1.25"),
                ("est. read BW (GB/s per GPU)", "900.10"),
                ("est. write BW (GB/s per GPU)", "5.00"),
                ("fwd occupancy", "nan%"),
                ("fwd+idle occupancy", "97.20%"),
            ),
        },
    ),
]
PREFILL = [
    (
        "0.4.2",
        "Prefill batch. #new-seq: 2, #new-token: 512, #cached-token: 7, cache hit rate: 1.35%, token "
        "usage: 0.02, #running-req: 4, "
        "#queue-req: 5",
        {"new_seq": 2, "new_token": 512, "cached_token": 7, "running": 4, "queue": 5},
    ),
    (
        "0.4.3",
        "Prefill batch. #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, ",
        {"new_seq": 2, "new_token": 512},
    ),
    (
        "0.4.6 PD",
        "Prefill batch. #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: 4, "
        "#unbootstrapped-req: 1, #queue-req: 5, #transferring-req: 6 ",
        {"queue": 5, "other": (("#unbootstrapped-req", "1"), ("#transferring-req", "6"))},
    ),
    (
        "0.4.8 PD",
        "Prefill batch. #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, "
        "#unbootstrapped-req: 1, "
        "#queue-req: 5, #transferring-req: 6, input throughput (token/s): 1024.00 ",
        {"running": None, "input_throughput": 1024.0},
    ),
    (
        "0.5.7",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, ",
        {"running": 4, "graph": None},
    ),
    (
        "0.5.7 PD",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "#prealloc-req: 0, #inflight-req: 3, input throughput (token/s): 1024.00, ",
        {"inflight": 3, "input_throughput": 1024.0},
    ),
    (
        "0.5.7 SSM",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, full token usage: 0.02, mamba "
        "usage: 0.05, "
        "#running-req: 4, #queue-req: 5, ",
        {"token_usage": 0.02, "mamba_usage": 0.05},
    ),
    (
        "0.5.9",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "input throughput (token/s): 1024.00, cuda graph: False",
        {"input_throughput": 1024.0, "graph": False},
    ),
    (
        "0.5.10",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "cuda graph: False, input throughput (token/s): 1024.00",
        {"input_throughput": 1024.0, "graph": False},
    ),
    (
        "0.5.11",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "#pending-token: 99, cuda graph: False, input throughput (token/s): 1024.00",
        {"pending_token": 99},
    ),
    (
        "0.5.12 PD",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "#pending-token: 99, #bootstrap-req: 1, #inflight-req: 3, cuda graph: False, input throughput "
        "(token/s): 1024.00",
        {"bootstrap": 1, "inflight": 3},
    ),
    (
        "0.5.22",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "#pending-token: 99, #replay-token: 8, cuda graph: False, input throughput (token/s): 1024.00, fwd "
        "occupancy: 97.00%, "
        "fwd+idle occupancy: nan%",
        {"other": (("#replay-token", "8"), ("fwd occupancy", "97.00%"), ("fwd+idle occupancy", "nan%"))},
    ),
]
PREFILL += [
    (
        "0.4.9.post6 SWA",
        "Prefill batch. #new-seq: 2, #new-token: 512, #cached-token: 7, full token usage: 0.02, swa token "
        "usage: 0.01, "
        "#running-req: 4, #queue-req: 5, ",
        {"token_usage": 0.02, "swa_usage": 0.01},
    ),
    (
        "0.5.4",
        "Prefill batch [12], #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, "
        "#running-req: 4, #queue-req: 5, ",
        {"iteration": 12},
    ),
    (
        "0.5.23 PD",
        "Prefill batch, #new-seq: 2, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: "
        "4, #queue-req: 5, "
        "#pending-token: 99, #replay-token: 8, #bootstrap-req: 1, #inflight-req: 3, #optimistic-req: 6, "
        "waiting-image-req: 0, "
        "cuda graph: False, input throughput (token/s): 1024.00, est. prefill TFLOPS/s (per GPU): 312.40, "
        "fwd occupancy: nan%, "
        "fwd+idle occupancy: 97.20%",
        {"bootstrap": 1, "inflight": 3, "pending_token": 99, "input_throughput": 1024.0, "graph": False},
    ),
]
ALL = [row[1] for row in DECODE + PREFILL]


@pytest.mark.parametrize(("text", "fields"), [row[1:] for row in DECODE], ids=[row[0] for row in DECODE])
def test_decode_lines_of_every_version(text, fields):
    line = parse_line(f"{TS} {text}\n".encode())
    assert isinstance(line, DecodeLine)
    expected = {"running": 8, "gen_throughput": 410.55, "queue": 3, "token_usage": 0.02, **fields}
    assert {name: getattr(line, name) for name in expected} == expected


@pytest.mark.parametrize(("text", "fields"), [row[1:] for row in PREFILL], ids=[row[0] for row in PREFILL])
def test_prefill_lines_of_every_version(text, fields):
    line = parse_line(f"{TS} {text}\n".encode())
    assert isinstance(line, PrefillLine)
    expected = {"new_seq": 2, "new_token": 512, "cached_token": 7, "queue": 5, "token_usage": 0.02, **fields}
    assert {name: getattr(line, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("tags", "rank"),
    [
        ("", Rank()),
        (" TP0", Rank(tp=0)),
        (" DP3 TP7", Rank(dp=3, tp=7)),
        (" DP0 TP1 PP2", Rank(dp=0, tp=1, pp=2)),
        (" DP0 TP1 EP4 PP2", Rank(dp=0, tp=1, ep=4, pp=2)),
        (" DP0 PP2 TP1 EP4", Rank(dp=0, tp=1, ep=4, pp=2)),
        (" DP0 PP2 ATTN_CP5 MOE_DP6 TP1 EP4", Rank(dp=0, pp=2, attn_cp=5, moe_dp=6, tp=1, ep=4)),
        (" DP12", Rank(dp=12)),
    ],
)
def test_rank_tags_in_every_order(tags, rank):
    line = parse_line(f"[2026-01-01 10:00:00{tags}] {ALL[11]}".encode())
    assert line.rank == rank
    assert line.rank.copy == (bool(rank.pp) or bool(rank.attn_cp))


def test_stamps_differ_by_what_the_clock_says():
    first = parse_line(f"[2026-01-01 23:59:58.250] {ALL[11]}".encode())
    then = parse_line(f"[2026-01-02 00:00:01] {ALL[11]}".encode())
    assert then.stamp - first.stamp == pytest.approx(2.75)


@pytest.mark.parametrize(
    "wrapped",
    [
        "{ts} {line}",
        "sglang-1  | {ts} {line}",
        "(ServerActor pid=812, ip=10.0.0.3) {ts} {line}",
        "\x1b[36m(ServerActor pid=812)\x1b[0m {ts} {line}",
        "\x1b[32m{ts} {line}\x1b[0m",
        "2026-01-01T10:00:00.123456789Z stderr F {ts} {line}",
        "<14>Jan  1 10:00:00 node7 sglang[123]: {ts} {line}",
        "Capturing batches: 100%|####| 3/3\r{ts} {line}",
        "{ts} INFO:     127.0.0.1:5 - POST /generate HTTP/1.1 200 OK{ts} {line}",
        "2026-01-01 10:00:00,123 INFO sglang.srt.managers.scheduler: {line}",
        "INFO:sglang.srt.managers.scheduler:{line}",
        "[INFO] {line}",
        "{line}",
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_foreign_prefixes(wrapped, end):
    line = parse_line((wrapped.format(ts=TS, line=ALL[11]) + end).encode())
    assert isinstance(line, DecodeLine)
    assert (line.running, line.gen_throughput, line.queue) == (8, 410.55, 3)


def test_dockers_json():
    line = parse_line(
        b'{"log":"[2026-01-01 10:00:00] ' + ALL[11].encode() + b'\\n","stream":"stderr","time":"2026"}\n'
    )
    assert isinstance(line, DecodeLine)


FULL = f"{TS} {ALL[11]}".encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (FULL[:80], Reason.CUT),
        (f"{TS} Decode batch, #running-req: 8, #token: 900, token usage: 0.0".encode(), Reason.CUT),
        (f"{TS} Decode batch, ".encode(), Reason.CUT),
        (f"{TS} Decode batch".encode(), Reason.CUT),
        (f"{TS} Decode batch, #running-req: 8, #token: 900, #queue-req: 3, ".encode(), Reason.MISSING),
        (
            f"{TS} Decode batch, #token: 900, gen throughput (token/s): 410.55, #queue-req: 3, ".encode(),
            Reason.MISSING,
        ),
        (FULL.replace(b"900", b"9x0"), Reason.MALFORMED),
        (FULL.replace(b"0.02", b"0.023"), Reason.MALFORMED),
        (FULL.replace(b"True", b"Tru"), Reason.MALFORMED),
        (FULL.replace(b"#token", b"#running-req"), Reason.MALFORMED),
        (FULL + b"== more", Reason.MALFORMED),
        (FULL + FULL, Reason.JOINED),
        (FULL[:70] + FULL, Reason.JOINED),
        (FULL[:15] + FULL, Reason.JOINED),
        (FULL.rstrip(b", ") + f"{TS} INFO: hello".encode(), Reason.JOINED),
        (b"Receive: obj=GenerateReqInput(text='" + FULL, Reason.QUOTED),
        (b"the prompt was: hello " + ALL[11].encode(), Reason.QUOTED),
        (FULL.replace(b"01-01", b"01-"), Reason.PREFIX),
        (FULL.replace(b"2026-01-01", b"2026-13-01"), Reason.PREFIX),
        (FULL.replace(b":00]", b":00 DP]"), Reason.PREFIX),
        (FULL.ljust(1 << 21), Reason.TOO_LONG),
    ],
)
def test_each_way_to_be_rejected(line, reason):
    result = parse_line(line)
    assert isinstance(result, Rejected)
    assert result.reason is reason


@pytest.mark.parametrize(
    "line",
    [
        f"{TS} Cache not flushed because there are pending requests. #queue-req: 3, #running-req: 12",
        f"{TS} Capture cuda graph bs [1, 2, 4]",
        "#running-req: 8, gen throughput (token/s): 410.55, #queue-req: 3",
        "",
    ],
)
def test_what_is_no_batch(line):
    assert not isinstance(parse_line(line.encode()), DecodeLine | PrefillLine | Rejected)


@pytest.mark.parametrize(
    "line",
    [
        f"{TS} the Decode batch, as they say, is fine",
        "text='a Prefill batch, now'",
        "a Decode batch!",
        '{"text": "Decode batch, "}',
    ],
)
def test_what_mentions_a_batch_is_counted(line):
    result = parse_line(line.encode())
    assert isinstance(result, Rejected)
    assert result.reason in (Reason.PROSE, Reason.QUOTED)


EVENTS = [
    (
        "KV cache pool is full. Retract requests. #retracted_reqs: 2, #new_tokens_gained: 4097, "
        "#new_token_ratio: 0.0980 -> 0.3487",
        EventKind.RETRACTION,
        {
            "retracted_reqs": 2,
            "new_tokens_gained": 4097,
            "new_token_ratio_before": 0.098,
            "new_token_ratio": 0.3487,
        },
    ),
    (
        "KV cache pool is full. Retract requests. #retracted_reqs: 2, #aborted_retracted_reqs: 1, "
        "#new_token_ratio: 0.0980 -> 0.3120",
        EventKind.RETRACTION,
        {
            "retracted_reqs": 2,
            "aborted_retracted_reqs": 1,
            "new_token_ratio_before": 0.098,
            "new_token_ratio": 0.312,
        },
    ),
    (
        "KV cache pool is full. Retract requests. #retracted_reqs: 1, #new_tokens_gained: 9, "
        "#mamba_num_gained: 3, #new_token_ratio: 0.1000 -> 0.2000",
        EventKind.RETRACTION,
        {
            "retracted_reqs": 1,
            "new_tokens_gained": 9,
            "mamba_num_gained": 3,
            "new_token_ratio_before": 0.1,
            "new_token_ratio": 0.2,
        },
    ),
    (
        "Decode out of memory happened. #retracted_reqs: 4, #new_token_ratio: 0.5000 -> 0.6000",
        EventKind.RETRACTION,
        {"retracted_reqs": 4, "new_token_ratio_before": 0.5, "new_token_ratio": 0.6},
    ),
    (
        "Testing retraction. #retracted_reqs: 2, #new_tokens_gained: 512",
        EventKind.RETRACTION,
        {"retracted_reqs": 2, "new_tokens_gained": 512},
    ),
    ("Cache flushed successfully!", EventKind.FLUSHED, {}),
    (
        "Cache not flushed because there are pending requests. #queue-req: 3, #running-req: 12",
        EventKind.FLUSH_REFUSED,
        {"queue-req": 3, "running-req": 12},
    ),
    (
        "max_total_num_tokens=65536, chunked_prefill_size=2048, max_prefill_tokens=16384, "
        "max_running_requests=16, context_len=8192, "
        "available_gpu_mem=21.38 GB",
        EventKind.CAPACITY,
        {
            "max_total_num_tokens": 65536,
            "chunked_prefill_size": 2048,
            "max_prefill_tokens": 16384,
            "max_running_requests": 16,
            "context_len": 8192,
            "available_gpu_mem": 21.38,
        },
    ),
    ("The server is fired up and ready to roll!", EventKind.READY, {}),
    ("Entering DeepGEMM JIT Pre-Compile session. It may take a long time", EventKind.JIT, {}),
    ("Try DeepGEMM JIT Compiling for <GEMM_NT> N=7168", EventKind.JIT, {}),
    ("server_args=ServerArgs(model_path='x')", EventKind.START, {}),
    (
        "server_args=ServerArgs(model_path='x', tp_size=16, pp_size=1, dp_size=8, nnodes=2, "
        "enable_dp_attention=True, x=3)",
        EventKind.START,
        {"tp_size": 16, "pp_size": 1, "dp_size": 8, "nnodes": 2, "enable_dp_attention": 1},
    ),
    # An argument's value may hold any words, those of other events too.
    (
        "server_args=ServerArgs(model_path='x', chat_template='Cache flushed successfully! SIGTERM "
        "received.', tp_size=4, x=3)",
        EventKind.START,
        {"tp_size": 4},
    ),
    ("SIGTERM received. signum=None frame=None. Draining requests and shutting down...", EventKind.STOP, {}),
]


@pytest.mark.parametrize(("text", "kind", "details"), EVENTS)
def test_events(text, kind, details):
    event = parse_line(f"[2026-01-01 10:00:00 DP1 TP1] {text}\n".encode())
    assert isinstance(event, Event)
    assert (event.kind, event.rank, dict(event.details)) == (kind, Rank(dp=1, tp=1), details)


@pytest.mark.parametrize("text", [row[0] for row in EVENTS])
def test_an_event_in_a_logged_request_is_none(text):
    assert parse_line(f"{TS} Receive: obj=GenerateReqInput(text='{TS} {text}".encode()) is None


def test_a_flush_on_no_date_is_none():
    assert parse_line(b"[2026-13-01 10:00:00] Cache flushed successfully!\n") is None
    assert parse_line(b"[2026-12-01 10:00:00.250] Cache flushed successfully!\n").stamp % 1 == 0.25


# -- fuzz

lines = st.builds(
    lambda tags, text, n: f"[2026-01-01 10:00:00{tags}] {text}".replace("8,", f"{n},").encode(),
    st.sampled_from(["", " TP0", " DP1 TP1", " DP11 PP0 TP10 EP3"]),
    st.sampled_from(ALL),
    st.integers(0, 9999),
)


def oracle(line):
    """Every key and value of a line by one blunt expression; the independent way to tell what a whole line
    says.
    """
    return re.findall(rb"(#?[a-z][^:,]*): ([^,\s]+)", line.partition(b" batch")[2])


def numbers_of(parsed):
    """The numbers of a parsed line, as a bag."""
    return sorted(repr(float(v)) for v in parsed if isinstance(v, int | float) and not isinstance(v, bool))


@given(lines, st.data())
def test_a_cut_line_is_never_half_read(line, data):
    whole = parse_line(line)
    assert isinstance(whole, DecodeLine | PrefillLine)
    part = line[: data.draw(st.integers(0, len(line) - 1))]
    result = parse_line(part)
    if isinstance(result, DecodeLine | PrefillLine):
        # What remains may be a whole line of another version; then each value it gives is the whole line's
        # own, but for the digits of a count at the very end, which only the line's missing newline or comma
        # can tell (the reader's business).
        kept, full = oracle(part), oracle(line)
        assert kept[:-1] == full[: len(kept) - 1]
        assert kept[-1][0] == full[len(kept) - 1][0]
        assert full[len(kept) - 1][1].startswith(kept[-1][1])


@given(lines, lines, st.data())
def test_interleaved_lines_are_never_misread(first, second, data):
    cut_a = data.draw(st.integers(1, len(first) - 1))
    cut_b = data.draw(st.integers(1, len(second) - 1))
    truths = [parse_line(first), parse_line(second)]
    for written in (
        first[:cut_a] + second,
        first + second[:cut_b],
        first[:cut_a] + second[:cut_b] + first[cut_a:],
        second[:cut_b] + first[cut_a:],
    ):
        result = parse_line(written)
        if isinstance(result, DecodeLine | PrefillLine):
            whole = result in truths
            # two halves that meet exactly between the same keys look like one line, unless brackets
            # or anchors double
            seam = written == second[:cut_b] + first[cut_a:]
            part = any(oracle(written) == oracle(t)[: len(oracle(written))] for t in (first, second))
            assert whole or seam or part, written


@pytest.mark.parametrize(
    ("torn", "reason"),
    [(b"[", Reason.MALFORMED), (b"[2026-01", Reason.JOINED), (b"[2026-01-01 10:00:00]", Reason.JOINED)],
)
def test_a_stamp_that_begins_inside_an_unknown_key_is_seen(torn, reason):
    line = b"[2026-01-01 10:00:00] Decode batch, #running-req: 0, #token: 9, gen throughput (token/s): 410.55, #queue-req: 3, est. BW (%sGB/s): 9.10"
    assert isinstance(parse_line(line % b""), DecodeLine)
    assert parse_line(line % torn).reason is reason


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data):
    assert not isinstance(parse_line(data), DecodeLine)


@given(
    lines,
    st.sampled_from([b"", b"x | ", b"\x1b[32m", b"(a pid=1) "]),
    st.sampled_from([b"", b"\n", b"\r\n", b"\x1b[0m\r\n"]),
)
def test_wrapping_does_not_change_the_value(line, before, after):
    result = parse_line(before + line + after)
    assert repr(result._replace(rank=result.rank._replace(writer=""))) == repr(parse_line(line))


@given(lines)
def test_every_number_of_a_line_is_kept(line):
    parsed = parse_line(line)
    numbers = sorted(repr(float(v)) for _, v in oracle(line) if re.fullmatch(rb"[\d.]+", v))
    others = [float(v) for _, v in parsed.other if re.fullmatch(r"[\d.]+", v)]
    body = parsed._replace(stamp=None, rank=None, iteration=None)
    assert sorted(numbers_of(body) + [repr(v) for v in others]) == numbers


def test_prefix_of_nothing():
    assert read_prefix(b"") == (None, Rank(), "")


@pytest.mark.parametrize("path", sorted(DATA.glob("r[01]*.log")), ids=lambda p: p.stem)
def test_the_format_true_lines_are_all_read(path):
    rows = path.read_bytes().splitlines()[1:]  # the first says where the lines are from
    result = [parse_line(row) for row in rows]
    assert result
    assert [f for f in result if f is None or isinstance(f, Rejected)] == []
