"""A server that is another one, is not there, cannot hold the batch, or serves other clients."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Suite
from tests.integration.fault_matrix.rows import (
    FAST,
    HASTY,
    TENCENT,
    Row,
    expect_invalid,
    expect_usage_or_unreachable,
    measure,
    params,
)
from tests.integration.fault_matrix.servers import front, generating, once_decoding, private_ca, sim_server

DECODE = ("tests/ali/test_decode.py",)
BATCH = ("--batch-sizes=4", "--decode-output-len=60")
SERVING = ("tests/serving",)
# so that what the flush was to remove is not the other thing that is wrong
WITHOUT_FLUSH = ("--warmup-requests=0",)
CONTROL = [
    Row(
        "flush-400-that-says-flushed",
        "demo?fault=flush_refused&fault_skip=0",
        "flush",
        "HTTP 400",
        options=(HASTY, *WITHOUT_FLUSH),
    ),
    Row("flush-404", "demo?fault=flush_missing&fault_skip=0", "flush", "HTTP 404", options=WITHOUT_FLUSH),
    Row(
        "flush-404-and-the-warm-up-stays",
        "demo?fault=flush_missing",
        "prefix_cache",
        "prompt tokens (16.4 %) came from the prefix cache",
        also=("flush",),
        options=("--warmup-requests=1",),
    ),
    Row(
        "the-server-s-own-times-are-longer",
        "demo?decode_base_ms=45&fault=late_clock",
        "server_agrees",
        "is shorter than the server's own: ttft",
        options=("--random-output-len=25",),
    ),
    Row(
        "played-again-and-the-server-s-own-times-show-it",
        "demo?decode_base_ms=20&fault=replayed",
        "server_agrees",
        "decoding time is shorter than the server's own: ttft",
        also=("streamed",),
        options=("--random-output-len=25", "--allow=one_read,client", "--first-byte-timeout=5"),
    ),
    Row("restart-in-mid-run", "demo?fault=restart", "same_server", "Another server process answered"),
    Row(
        "one-decode-server-restarted",
        "demo?fault=mini_lb,decode_restart",
        "same_server",
        "random_seed 22, then 122",
    ),
    Row(
        "another-model-in-mid-run-and-no-seed",
        "demo?fault=renamed",
        "same_server",
        "(version '0.5.7', then '0.5.8'; model_path 'slabench/demo', then 'slabench/other')",
    ),
    Row(
        "server-info-lost-in-mid-run",
        "demo?fault=info_lost",
        "same_server",
        "at the start and does not any more",
    ),
]
NOT_HELD = ("batch_reached", "batch_held", "queueing")
CAPACITY = [
    Row(
        "cap-that-is-not-reported",
        "demo?fault=info_thin&max_running=3",
        "batch_reached",
        "was never reached: at most 3 requests were decoding at once",
        also=NOT_HELD[1:],
    ),
    Row(
        "retraction-in-a-batch-size-point",
        # one after the other: admission hopes for the best
        "demo?fault=info_boasts&pool_tokens=470&chunked_prefill=64",
        "retraction",
        "its KV pool was full",
        also=("log_retraction",),
    ),
]
# What the server's answers show to be impossible is sent no load.
TOO_SMALL = [
    Row(
        "cap-below-the-batch",
        "demo?max_running=3",
        "batch_fits",
        "above the server's limit of 3 running requests",
    ),
    Row(
        "pool-below-the-batch",
        "demo?pool_tokens=300",
        "batch_fits",
        "needs 496 tokens of KV cache, the server has 300",
    ),
    Row(
        "request-beyond-the-context",
        "demo?context_length=100",
        "request_fits",
        "Prompt and answer together have 124 tokens, and the server's context length is 100",
    ),
]
CAPACITY, TOO_SMALL = (
    [Row(**{**vars(row), "tests": DECODE, "options": BATCH}) for row in rows]
    for rows in (CAPACITY, TOO_SMALL)
)


ONE_TOKEN = (
    "--random-output-len=1",
    "--num-prompts=40",
    "--max-concurrency=2",
    "--request-rate=inf",
    "--first-byte-timeout=9",
)
PREFILL = ("--prefill-lens=64", "--prefill-prompts=40", "--first-byte-timeout=9")
PAUSES = [
    # A second and a half is most of each run, and shorter than --stall-limit in the first and the last.
    Row(
        "freeze",
        "demo?fault=freeze&fault_index=20&fault_s=1.5",
        "stall",
        "The whole server stopped",
        options=ONE_TOKEN,
        tests=SERVING,
    ),
    Row(
        "freeze-beyond-the-limit",
        "demo?fault=freeze&fault_index=3&fault_s=1.5",
        "stall",
        "limit 1 s (--stall-limit)",
        options=("--stall-limit=1", "--first-byte-timeout=9", "--idle-timeout=9", "--random-output-len=40"),
    ),
    Row(
        "first-compilation",
        "demo?fault=freeze&fault_index=0&fault_s=1.5&chunked_prefill=64",
        "first_run",
        "done for the first time",
        options=PREFILL,
        tests=("tests/ali/test_prefill.py",),
    ),
]


@pytest.mark.parametrize("row", params([*CONTROL, *CAPACITY, *PAUSES]))
def test_red(suite: Suite, row: Row) -> None:
    expect_invalid(measure(suite, row), row)


@pytest.mark.parametrize("row", params(TOO_SMALL))
def test_what_the_server_cannot_hold_is_sent_no_load(suite: Suite, row: Row) -> None:
    done = measure(suite, row)
    assert done.status == 6, done.output
    assert f"INVALID test_decode_tpot[bs4]: {row.check}: " in done.output  # before the first test
    assert done.output.count(row.says) >= 2  # and in its word
    (entry,) = done.run["tests"]
    assert (entry["word"], entry["reasons"], entry["metrics"]) == ("INVALID", [row.check], {})
    assert entry["headline"].startswith(f"{row.check}: ") and row.says in entry["headline"]
    assert done.folder is not None and not list(done.folder.glob("requests*"))
    assert "Prefill batch" not in (done.folder / "server.log").read_text()
    assert f"INVALID: {row.check}: " in (done.folder / "junit.xml").read_text()


def test_a_gate_with_a_test_that_cannot_be_measured_sends_nothing(suite: Suite) -> None:
    """The others are INVALID too, and name it."""
    row = TOO_SMALL[0]
    options = (*row.options, "--batch-sizes=2,4", "--strict-validity")
    done = measure(suite, Row(**{**vars(row), "options": options}))
    assert done.status == 6, done.output
    assert done.words == {"test_decode_tpot[bs2]": "INVALID", "test_decode_tpot[bs4]": "INVALID"}
    assert [entry["reasons"] for entry in done.run["tests"]] == [["no_load"], ["batch_fits"]]
    assert done.folder is not None
    assert "Prefill batch" not in (done.folder / "server.log").read_text()


def test_it_is_measured_where_that_is_allowed(suite: Suite) -> None:
    row = TOO_SMALL[0]
    done = measure(suite, Row(**{**vars(row), "options": (*row.options, "--allow=batch_fits")}))
    assert done.status == 6, done.output
    (entry,) = done.run["tests"]
    assert entry["metrics"]["classic.tpot.mean"] > 0
    states = {check["name"]: check["state"] for check in entry["checks"]}
    assert (states["batch_fits"], states["batch_reached"]) == ("finding", "invalid")


def test_a_restart_between_two_tests_is_seen_in_the_second(suite: Suite) -> None:
    """Its capacity, model and version were read at the start: under its name the figures of another one would
    be judged.
    """
    row = Row(
        "restart-between",
        "demo?fault=restart&fault_skip=7",
        "same_server",
        "Another server",
        tests=(*TENCENT, "tests/serving"),
    )
    done = measure(suite, row)
    assert [entry["word"] for entry in done.run["tests"]] == ["PASSED", "INVALID"]
    expect_invalid(done, row)


def by_chance(number: int, count: int) -> int:
    return random.Random(number).randrange(count)


@pytest.mark.parametrize("pick", [None, by_chance], ids=["by-turns", "by-chance"])
@pytest.mark.parametrize("fault", ["", "?fault=fixed_seed"], ids=["own-seeds", "one-seed"])
def test_a_balancer_over_two_servers(suite: Suite, tmp_path: Path, pick: Any, fault: str) -> None:
    row = Row("balancer", "", "same_server", "more than one behind the URL")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        sim_server(tmp_path / "a", f"demo{fault}") as fast,
        sim_server(tmp_path / "b", f"demo{fault}") as slow,
    ):
        with front(fast, slow, pick=pick) as url:
            done = measure(suite, row, url)
    assert done.status == 6, done.output
    (entry,) = done.run["tests"]
    assert "same_server" in entry["reasons"]
    stored_check = next(check for check in entry["checks"] if check["name"] == "same_server")
    assert row.says in stored_check["text"]


def test_an_old_server_that_is_the_new_one_by_another_address(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path, "demo?fault=fixed_seed") as url, front(url) as again:
        done = suite(*TENCENT, f"--base-url={url}", f"--baseline-url={again}", *FAST, "--repeats=2")
    expect_usage_or_unreachable(done, 6, "lead to one server process (random_seed 7)")


def test_two_addresses_of_which_nothing_shows_that_they_are_one(suite: Suite, tmp_path: Path) -> None:
    """One seed, and no state to be looked at: it is reported, of a baseline server and of a second server
    under test.
    """
    with sim_server(tmp_path, "demo?fault=fixed_seed,info_thin") as url, front(url) as again:
        done = suite(
            *TENCENT, f"--base-url={url}", f"--baseline-url={again}", *FAST, "--repeats=2", "--tolerance=900"
        )
        spread = suite(*TENCENT, f"--base-url={url}", f"--base-url={again}", "-n2", *FAST)
    (stored_check,) = [check for check in done.run["tests"][0]["checks"] if check["name"] == "same_server"]
    assert stored_check["state"] == "finding", stored_check
    assert "may be one process: both report random_seed 7" in stored_check["text"]
    assert "They may be one process: both report random_seed 7" in spread.output
    assert spread.folder is not None
    assert "both report random_seed 7" in (spread.folder / "summary.md").read_text()


def test_two_paces_at_one_time_are_two_servers(suite: Suite, tmp_path: Path) -> None:
    """Both report the same, the port too: only what they do tells them apart."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    says = "at the same time; a server generates all answers at one pace: more than one server answered"
    options = ("--random-output-len=60", "--request-rate=inf", "--max-concurrency=6", "--slo=tpot.mean<=90")
    row = Row("paces", "", "same_server", says, options=(*options, *WITHOUT_FLUSH))
    with sim_server(tmp_path / "a", "demo?fault=no_seed") as fast:
        port = fast.rpartition(":")[2]
        with sim_server(
            tmp_path / "b", "demo?fault=no_seed&decode_base_ms=40", "--host", "::1", "--port", port
        ) as slow:
            with front(fast, slow) as url:
                done = measure(suite, row, url)
    assert done.status == 6, done.output
    stored_check = next(check for check in done.run["tests"][0]["checks"] if check["name"] == "same_server")
    assert (stored_check["state"], says in stored_check["text"]) == ("invalid", True), stored_check


def test_another_client_that_is_there_before_us_keeps_the_flush_from_being_confirmed(
    suite: Suite, tmp_path: Path
) -> None:
    row = Row("second-client", "", "flush", "HTTP 400", options=(HASTY, *WITHOUT_FLUSH))
    with sim_server(tmp_path) as url, generating(url, 20000):
        expect_invalid(measure(suite, row, url), row)


def test_another_client_that_comes_after_the_flush(suite: Suite, tmp_path: Path) -> None:
    """One request of 8 tokens, when ours are decoding: no answer of ours tells of it, the log has one
    sequence too many.
    """
    log = tmp_path / "server.log"
    row = Row(
        "late-client",
        "",
        "other_clients",
        "in 7 sequences, this run's answers report 384 in 6: 1 request and",
        options=(f"--deploy-log={log}", "--random-output-len=80"),
    )
    with sim_server(tmp_path) as url:

        def come() -> None:
            with generating(url, 4) as answer:
                answer.read()

        with once_decoding(log, come):
            done = measure(suite, row, url)
    expect_invalid(done, row)
    assert done.run["tests"][0]["metrics"]["completed"] == 6


UNREACHABLE = [
    ("info_missing", "answered 404 to /server_info and /get_server_info"),
    ("info_error", "answered 500 to /server_info and /get_server_info with 'Internal Server Error'"),
    (
        "vllm",
        "check that this is the address of an SGLang server or router, not of another engine",
    ),
    ("portal", "answered 200 with an HTML page (of a proxy or a login), not with JSON"),
    ("moved", "Redirects are not followed: give the final address."),
]


@pytest.mark.parametrize(("fault", "says"), UNREACHABLE, ids=[fault for fault, _ in UNREACHABLE])
def test_what_is_no_sglang_server_ends_before_the_first_test(
    suite: Suite, tmp_path: Path, fault: str, says: str
) -> None:
    with sim_server(tmp_path, f"demo?fault={fault}") as url:
        expect_usage_or_unreachable(suite(*TENCENT, f"--base-url={url}", *FAST), 6, says)
        assert "POST /generate" not in (tmp_path / "server.log").read_text()


def test_connection_refused(suite: Suite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    expect_usage_or_unreachable(
        suite(*TENCENT, f"--base-url={url}", *FAST), 6, "connection refused, no server listens at 127.0.0.1"
    )


def test_a_server_that_dies_at_the_flush(suite: Suite) -> None:
    done = suite(*TENCENT, "tests/serving", "--base-url=sim:demo?fault=dies", *FAST)
    assert done.status == 6, done.output
    assert [entry["word"] for entry in done.run["tests"]] == ["INVALID", "INVALID"]
    assert (
        "/flush_cache: the server closed the connection without an answer" in done.run["tests"][0]["headline"]
    )
    # Whichever comes first: its supervisor's event, or a connection that is refused.
    second = done.run["tests"][1]["headline"]
    assert (
        "The server that was launched has ended" in second
        or "connection refused, no server listens" in second
    )


def test_a_server_that_dies_in_mid_run(suite: Suite, tmp_path: Path) -> None:
    """Ended by its pid's owner: the requests on their way break, those behind them are refused."""
    row = Row("dies", "", "completed", "requests failed", also=("same_server",), without="INVALID")
    long = Row(
        **{**vars(row), "options": ("--random-output-len=400", "--max-concurrency=2", "--warmup-requests=1")}
    )
    with sim_server(tmp_path) as url:

        def end_it() -> None:
            log = tmp_path / "server.log"
            while "Prefill batch" not in log.read_text().partition("Cache flushed")[2]:  # the run's first
                time.sleep(0.01)
            (pid,) = [
                int(path.parent.name)
                for path in Path("/proc").glob("[0-9]*/cmdline")
                if str(log).encode() in path.read_bytes() and b"slabench.sim" in path.read_bytes()
            ]
            os.kill(pid, signal.SIGKILL)

        thread = threading.Thread(target=end_it)
        thread.start()
        done = measure(suite, long, url)
        thread.join()
    expect_invalid(done, long)
    counts = done.run["tests"][0]["errors"]["counts"]
    # Two break; the next of each slot may still be taken by a kernel that closes the server's streams before
    # its listening socket.
    assert (
        set(counts) <= {"truncated", "reset", "connect"}
        and counts["connect"] >= 2
        and sum(counts.values()) == 6
    ), counts


def test_https_without_the_authority(suite: Suite, tmp_path: Path) -> None:
    _, context = private_ca(tmp_path)
    with sim_server(tmp_path) as behind, front(behind, tls=context) as url:
        expect_usage_or_unreachable(
            suite(*TENCENT, f"--base-url={url}", *FAST), 6, "the certificate is not trusted"
        )


def test_a_key_that_is_not_given(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path) as behind, front(behind, key="abc") as url:
        expect_usage_or_unreachable(
            suite(*TENCENT, f"--base-url={url}", *FAST), 6, "Put it into SLABENCH_API_KEY."
        )


def test_a_server_info_that_cannot_be_read_is_a_sentence(suite: Suite) -> None:
    done = suite(*TENCENT, "--base-url=sim:demo?fault=info_deep", *FAST)
    expect_usage_or_unreachable(done, 6, "answered 200 with JSON that cannot be read: it is nested")
