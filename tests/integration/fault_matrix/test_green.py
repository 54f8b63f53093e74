"""What looks odd and is no fault: none of it may turn a run red, and every figure stays right."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from slabench.report.records_file import read_records
from tests.integration.conftest import Done, Suite
from tests.integration.fault_matrix.rows import FAST, TENCENT
from tests.integration.fault_matrix.servers import front, private_ca, sim_server


def expect_green(done: Done, tokens: int = 12) -> dict[str, Any]:
    """PASSED with whole answers, and TPOT as a hand would work it out of the stored arrivals."""
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    assert entry["word"] == "PASSED", done.output
    assert entry["metrics"]["completed"] == 6
    records = [record for _, record in read_records(done.folder / "requests.jsonl.gz")]  # type: ignore[operator]
    assert [record.completion_tokens for record in records] == [tokens] * 6
    assert [record.arrival_tokens[-1] for record in records] == [tokens] * 6
    tpots = [
        (record.arrival_ns[-1] - record.arrival_ns[0]) / (tokens - record.arrival_tokens[0]) / 1e6
        for record in records
        if record.arrival_tokens[0] < tokens
    ]
    assert entry["metrics"]["tpot.mean"] == pytest.approx(statistics.fmean(tpots))
    return entry  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "profile",
    [
        "demo?fault=chunks",
        "demo?fault=deltas",
        "demo?fault=empty_text",
        "demo?fault=pings",
        "demo?fault=no_ids",
        "demo?fault=closes_idle",
        "demo?fault=info_slow&fault_s=0.7",
        "demo?fault=loose_json",
        "demo?fault=cr_lines",
        "demo?fault=loose_json,chunks",
        "demo?fault=chunks,deltas,empty_text,pings,closes_idle",
    ],
)
def test_green(suite: Suite, profile: str) -> None:
    expect_green(suite(*TENCENT, f"--base-url=sim:{profile}", *FAST))


def per_gpu(entry: dict[str, Any]) -> list[float | None]:
    """GPUs that input, output and all tokens were divided by."""
    metrics = entry["metrics"]
    sides = ("input", "output", "total")
    return [
        round(metrics[f"{side}_throughput"] / metrics[f"{side}_throughput_per_gpu"], 6)
        if f"{side}_throughput_per_gpu" in metrics
        else None
        for side in sides
    ]


@pytest.mark.parametrize(
    ("profile", "options", "gpus", "source"),
    [
        ("demo?tp=4", [], [4, 4, 4], "4 GPU (tp 4 x pp 1 of server_info)"),
        ("demo?tp=4", ["--decode-gpu-num=8"], [8, 8, 8], "8 GPU (--decode-gpu-num)"),
        ("demo?tp=4&fault=mini_lb", [], [4, 8, 12], "8 decode GPU (2 servers: tp 4 x pp 1 of server_info)"),
        ("demo?tp=4&fault=mini_lb", ["--prefill-gpu-num=2"], [2, 8, 10], "2 prefill GPU (--prefill-gpu-num)"),
        (
            "demo?tp=4&fault=one_of_pd",
            [],
            [None, None, None],
            "so no input tok/s per GPU: give --prefill-gpu-num",
        ),
        (
            "demo?tp=4&fault=one_of_pd",
            ["--prefill-gpu-num=2"],
            [2, None, None],
            "so no output tok/s per GPU: give --decode-gpu-num",
        ),
        (
            "demo?tp=4&fault=one_of_pd",
            ["--prefill-gpu-num=8", "--decode-gpu-num=16"],
            [8, 16, 24],
            "16 decode GPU (--decode-gpu-num)",
        ),
    ],
)
def test_each_role_s_gpus(
    suite: Suite, profile: str, options: list[str], gpus: list[float | None], source: str
) -> None:
    done = suite(*TENCENT, f"--base-url=sim:{profile}", *FAST, *options)
    entry = expect_green(done)
    assert per_gpu(entry) == gpus
    assert source in done.output, done.output
    assert source in done.run["server"]["gpus"]["source"]
    assert source in (done.folder / "summary.md").read_text()  # type: ignore[operator]


def test_many_tokens_an_event(suite: Suite) -> None:
    """Events of 8 tokens: the first has one, and a mean over events instead of tokens would be eight times as
    much.
    """
    done = suite(
        *TENCENT, "--base-url=sim:demo?stream_interval=8&decode_base_ms=12", *FAST, "--random-output-len=41"
    )
    entry = expect_green(done, tokens=41)
    records = [record for _, record in read_records(done.folder / "requests.jsonl.gz")]  # type: ignore[operator]
    assert [list(record.arrival_tokens) for record in records] == [[1, 8, 16, 24, 32, 40, 41]] * 6
    # 12.1 to 12.3 ms a step and the prefills of others. The machine may add to it, never an eighth part of it
    # or eight times.
    assert 12.1 * 0.9 < entry["metrics"]["tpot.mean"] < 12.1 * 3


def test_empty_texts_count_as_the_tokens_they_are(suite: Suite) -> None:
    """bench_serving's first token is the first text: here it comes four tokens after the first one."""
    done = suite(*TENCENT, "--base-url=sim:demo?fault=empty_text&fault_tokens=4&decode_base_ms=20", *FAST)
    entry = expect_green(done)
    assert entry["metrics"]["classic.ttft.mean"] - entry["metrics"]["ttft.mean"] > 3 * 20 * 0.9


def test_answers_without_text_have_no_figure_of_bench_serving_that_hangs_on_texts(suite: Suite) -> None:
    """It would print TTFT 0.00, and the whole latency as TPOT.

    What is judged by such a figure cannot be judged.
    """
    silent = "--base-url=sim:demo?fault=empty_text&fault_tokens=1000"
    done = suite(*TENCENT, silent, *FAST)
    entry = expect_green(done)
    assert not [
        key for key in entry["metrics"] if key.startswith(("classic.ttft", "classic.tpot", "classic.itl"))
    ]
    for label in ("Mean TTFT", "Mean TPOT", "Max ITL", "Peak output token throughput"):
        (line,) = [line for line in done.output.splitlines() if line.startswith(label)]
        assert line.split()[-1] == "n/a", line
    assert not (done.folder / "tencent.json").exists()  # type: ignore[operator]
    judged = suite(*TENCENT, silent, *FAST, "--slo=classic.ttft.mean<=2000")
    assert judged.status == 6, judged.output
    assert "6 of 6 answers contain no text" in judged.run["tests"][0]["headline"]


def test_a_connection_that_the_server_closes_between_requests_is_opened_anew(suite: Suite) -> None:
    done = suite(*TENCENT, "--base-url=sim:demo?fault=closes_idle", *FAST, "--max-concurrency=1")
    expect_green(done)
    assert not any(record.reused for _, record in read_records(done.folder / "requests.jsonl.gz"))  # type: ignore[operator]


def test_a_stall_that_ends_is_judged_by_the_objective_in_tencents_test(suite: Suite) -> None:
    """Queueing is that method's own: the check says it as a finding, and so do the longest gap and the
    mean.
    """
    long = ("--random-output-len=60", "--idle-timeout=5", "--stall-limit=0.5")
    stall = "--base-url=sim:demo?fault=pause&fault_index=2&fault_s=0.6"
    entry = expect_green(suite(*TENCENT, stall, *FAST, *long), tokens=60)
    assert entry["metrics"]["gap_max"] >= 600
    assert "stall" in entry["reasons"]
    stored_check = next(check for check in entry["checks"] if check["name"] == "stall")
    assert stored_check["state"] == "finding"
    assert "1 of 6 answers stalled for more than 0.5 s" in stored_check["text"]
    assert "(request 2)" in stored_check["text"]
    missed = suite(*TENCENT, stall, *FAST, *long, "--slo=gap_max<=500")
    assert missed.status == 1, missed.output
    assert missed.run["tests"][0]["word"] == "FAILED"


SAYS_IT_TOO = ("client", "rate_reached", "retraction")  # a busy machine; the same number
FINDINGS = [
    (
        "demo?fault=few_words&fault_tokens=3",
        "token_counts",
        "are 41 tokens by our tokenizer where 72 are counted (57 %",
    ),
    (
        "demo?fault=few_words&fault_tokens=2",
        "token_counts",
        "are 24 tokens by our tokenizer where 72 are counted (33 %",
    ),
    ("demo?fault=late_done&fault_s=1.5", "stream_end", "at most 15"),
    (
        "demo?fault=odd_times",
        "reported_times",
        "6 of 6 answers report a time or count that is not possible (request 0: total_retractions is -1)",
    ),
    ("demo?fault=stays_open", "stream_end", "The body of 6 of 6 answers did not end within 1 s of [DONE]"),
]


@pytest.mark.parametrize(("profile", "check", "says"), FINDINGS, ids=[profile for profile, _, _ in FINDINGS])
def test_a_finding_and_no_more(suite: Suite, profile: str, check: str, says: str) -> None:
    """What an unusual but correct server may do is a finding, and changes no outcome."""
    entry = expect_green(suite(*TENCENT, f"--base-url=sim:{profile}", *FAST, "--idle-timeout=5"))
    (finding,) = [stored for stored in entry["checks"] if stored["name"] == check]
    assert finding["state"] == "finding"
    assert says in finding["text"], finding
    assert finding["remedy"]
    findings = [stored["name"] for stored in entry["checks"] if stored["state"] == "finding"]
    assert [name for name in findings if name not in SAYS_IT_TOO] == [check]


def test_events_that_come_faster_than_the_idle_server_makes_them_are_a_finding(
    suite: Suite, tmp_path: Path
) -> None:
    """A gateway that plays answers again once a load is on; no log and no /metrics show it."""
    with sim_server(tmp_path, "demo?decode_base_ms=20&fault=replayed,no_metrics") as url:
        options = ("--random-output-len=25", "--allow=one_read,client", "--first-byte-timeout=5")
        entry = expect_green(suite(*TENCENT, f"--base-url={url}", *FAST, *options), tokens=25)
    (stored_check,) = [check for check in entry["checks"] if check["name"] == "streamed"]
    assert stored_check["state"] == "finding"
    assert "The events of 6 of 6 answers came every" in stored_check["text"]


def test_ipv6(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path, "demo", "--host", "::1") as url:
        assert url.startswith("http://[::1]:")
        expect_green(suite(*TENCENT, f"--base-url={url}", *FAST))


def test_https_with_a_private_authority(suite: Suite, tmp_path: Path) -> None:
    authority, context = private_ca(tmp_path)
    with sim_server(tmp_path) as behind, front(behind, tls=context) as url:
        assert url.startswith("https://")
        expect_green(suite(*TENCENT, f"--base-url={url}", f"--ca-file={authority}", *FAST))


def test_a_base_path_behind_a_proxy(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path) as behind, front(behind, prefix="/models/r1") as url:
        expect_green(suite(*TENCENT, f"--base-url={url}", *FAST))


def test_an_api_key_opens_and_stays_secret(suite: Suite, tmp_path: Path) -> None:
    suite.environment["SLABENCH_API_KEY"] = "a-very-secret-key"
    with sim_server(tmp_path) as behind, front(behind, key="a-very-secret-key") as url:
        done = suite(*TENCENT, f"--base-url={url}", *FAST)
    expect_green(done)
    assert "a-very-secret-key" not in done.output
    for path in done.folder.iterdir():  # type: ignore[union-attr]
        assert b"a-very-secret-key" not in path.read_bytes(), path


def test_one_connection_a_request(suite: Suite) -> None:
    expect_green(suite(*TENCENT, "--base-url=sim:", *FAST, "--connections=per-request"))


def test_a_reason_to_end_that_comes_late_moves_no_time_between_tokens(suite: Suite) -> None:
    """It repeats the last count 1.5 s later: no token is late, the end of the stream is."""
    done = suite(*TENCENT, "--base-url=sim:demo?fault=late_reason&fault_s=1.5", *FAST, "--idle-timeout=5")
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    assert entry["word"] == "PASSED"
    assert entry["metrics"]["tpot.mean"] < 50
    assert entry["metrics"]["e2el.mean"] < 1000 < 1500 <= entry["metrics"]["classic.e2el.mean"]
    assert "stream_end" in entry["reasons"]


def test_requests_that_were_sent_twice_stand_in_every_output(suite: Suite) -> None:
    """With two slots a connection of the first wave is closed while it is idle, or as the next request is
    sent on it."""
    done = suite(*TENCENT, "--base-url=sim:demo?fault=closes_idle", *FAST, "--max-concurrency=2")
    entry = expect_green(done)
    assert done.folder is not None
    rows = [record.resent for _, record in read_records(done.folder / "requests.jsonl.gz")]
    check = next(check for check in entry["checks"] if check["name"] == "resent")
    assert entry["metrics"]["resent"] == sum(rows)
    assert (check["state"] == "finding") == any(rows)
    if any(rows):
        seen = f"{sum(rows)} of 6 requests were sent a second time"
        assert seen in done.output
        assert "--connections=per-request" in done.output
        assert all(seen in (done.folder / name).read_text() for name in ("summary.md", "report.html"))
        junit = (done.folder / "junit.xml").read_text()
        assert f'name="slabench.resent" value="{sum(rows)}"' in junit
        assert "resent" in entry["reasons"]


def test_a_server_info_with_numbers_that_nothing_can_have_is_one_that_tells_nothing(suite: Suite) -> None:
    entry = expect_green(suite(*TENCENT, "--base-url=sim:demo?fault=info_huge", *FAST))
    assert "output_throughput_per_gpu" not in entry["metrics"]


def test_a_gpu_that_is_hot_is_a_finding_beside_its_energy(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """600 W, and six requests at some 6 ms a token: 0.6 J a token."""
    monkeypatch.setenv("FAKE_GPUS", json.dumps([{"reasons": 0x40, "pids": [1]}]))
    options = ("--gpu-index=0", "--num-prompts=6", "--max-concurrency=6", "--random-output-len=700")
    gpus = "-ptests.integration.fault_matrix.gpus"
    entry = expect_green(suite(*TENCENT, "--base-url=sim:demo", *FAST, gpus, *options), tokens=700)
    metrics, checks = entry["metrics"], {check["name"]: check for check in entry["checks"]}
    assert metrics["energy_per_output_token"] == pytest.approx(0.6 * metrics["tpot.mean"] / 6, rel=0.1)
    assert metrics["gpu.power"] == pytest.approx(600, rel=0.1) and metrics["gpu.energy_bound"] < 0.1
    assert checks["gpu_throttled"]["state"] == "finding"
    assert "(hw_thermal_slowdown 100 %)" in checks["gpu_throttled"]["text"]
    assert {each["name"] for each in entry["timeline"]["series"] if each["source"] == "gpu"} == {
        "gpu_power",
        "gpu_clock",
        "gpu_temperature",
    }
    assert any(event["kind"] == "throttled" for event in entry["timeline"]["events"])
    clocks, gpu = entry["witnesses"]
    assert clocks.startswith("TPOT: client ") and "server's /metrics" in clocks and "; log " in clocks
    assert gpu.startswith("GPU (1): ") and "J per output token in the full batch" in gpu
