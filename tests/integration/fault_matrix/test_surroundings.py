"""What surrounds the server: the client's machine, the data, the tokenizer, the report folder and the
baseline.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import REPO, Done, Suite
from tests.integration.fault_matrix.rows import (
    FAST,
    TENCENT,
    Row,
    expect_invalid,
    expect_usage_or_unreachable,
    measure,
    params,
)
from tests.integration.fault_matrix.stored import Stored

TOKENIZER = REPO / "fixtures" / "data" / "tokenizer"
DATA = REPO / "fixtures" / "data" / "sharegpt_small.json"


def test_a_client_that_is_starved_of_cpu(suite: Suite) -> None:
    starved = ("--allow=", "-ptests.integration.fault_matrix.starved", "--random-output-len=60")
    row = Row("starved", "demo", "client", "The load generator read", options=starved)
    done = measure(suite, row)
    expect_invalid(done, row)
    assert "; the limits are 2 % on average and 10 % at p99." in done.run["tests"][0]["headline"]


ASLEEP = ("--allow=", "-ptests.integration.fault_matrix.frozen", "--request-rate=inf", "--warmup-requests=0")


def test_a_client_that_sleeps_over_the_first_tokens(suite: Suite) -> None:
    """A server of 51 ms a token, and a mean TPOT below 50: the answers' spans begin when the client wakes
    up.
    """
    work = ("--num-prompts=4", "--max-concurrency=4", "--random-output-len=160")
    row = Row(
        "asleep",
        "demo?decode_base_ms=51&prefill_overhead_ms=150&fault=no_metrics",
        "client",
        "while tokens arrived; tpot.mean may be off by ",
        options=(*ASLEEP, *work),
    )
    done = measure(suite, row)
    expect_invalid(done, row)
    entry = done.run["tests"][0]
    assert entry["metrics"]["tpot.mean"] < 50
    assert max(length for _, length in entry["client"]["stalls_ms"]) > 500


def test_a_load_host_that_is_cut_off(suite: Suite) -> None:
    launcher = f"{sys.executable} {Path(__file__).with_name('pausing_launcher.py')} {{host}}"
    hosts = ("--load-hosts=a,b", f"--load-command={launcher}", "--warmup-requests=0")
    work = ("--num-prompts=4", "--max-concurrency=4", "--random-output-len=700")
    row = Row("cut off", "demo", "load_hosts", "Nothing came from load host b for ", options=(*hosts, *work))
    done = measure(suite, row)
    expect_invalid(done, row)
    assert [host["silent_s"] > 2 for host in done.run["tests"][0]["client"]["hosts"]] == [False, True]


def test_a_client_that_sleeps_over_answers_of_one_token(suite: Suite) -> None:
    work = ("--prefill-lens=64", "--prefill-prompts=40", "--first-byte-timeout=9")
    server, tests = "demo?prefill_overhead_ms=30&chunked_prefill=64", ("tests/ali/test_prefill.py",)
    row = Row(
        "asleep-prefill", server, "client", "where the mean TTFT is", options=(*ASLEEP, *work), tests=tests
    )
    expect_invalid(measure(suite, row), row)


def test_a_client_whose_own_error_is_too_large(suite: Suite) -> None:
    """It reads the null server's first tokens 40 ms late: a tenth of 400 ms, and the objective is nearer than
    that.
    """
    late = ("-ptests.integration.own_error", "--calibrate=fresh", "--slo=ttft.mean<=300")
    row = Row(
        "own-error",
        "demo",
        "client_error",
        "The client's own error on ttft.mean is 40 ms, more than 10 % of",
        options=late,
    )
    expect_invalid(measure(suite, row), row)
    further = measure(suite, Row("own-error", "demo", "", "", options=(*late[:-1], "--slo=ttft.mean<=3000")))
    assert further.status == 0, further.output


def test_a_short_data_set(suite: Suite, tmp_path: Path) -> None:
    few = tmp_path / "few.json"
    few.write_text(
        json.dumps([item for item in json.loads(DATA.read_text()) if len(item["conversations"]) > 1][:3])
    )
    data = (f"--dataset-path={few}", f"--tokenizer={TOKENIZER}")
    row = Row(
        "short",
        "demo",
        "completed",
        "Only 3 of 6 requests could be made: the data set has no more prompts.",
        options=data,
    )
    expect_invalid(measure(suite, row), row)


def bytes_tokenizer(folder: Path) -> Path:
    """One token a byte: not what the embedded server counts with."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: k for k, letter in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return folder


def test_a_wrong_tokenizer(suite: Suite, tmp_path: Path) -> None:
    wrong = (
        f"--dataset-path={DATA}",
        f"--tokenizer={bytes_tokenizer(tmp_path / 'wrong')}",
        "--random-input-len=1200",
    )
    row = Row(
        "tokenizer",
        "demo",
        "prompt_length",
        "6 of 6 prompts have another length at the server (request 0: 1200 tokens of text sent,",
        options=wrong,
    )
    expect_invalid(measure(suite, row), row)
    right = suite(
        *TENCENT,
        "--base-url=sim:",
        *FAST,
        f"--dataset-path={DATA}",
        f"--tokenizer={TOKENIZER}",
        "--random-input-len=400",
    )
    assert right.status == 0, right.output


@pytest.mark.parametrize("where", ["a-file/reports", "a-file", "/proc/nosuch", "/proc/self"])
def test_a_report_folder_that_cannot_be_written(suite: Suite, tmp_path: Path, where: str) -> None:
    """Said before anything is measured. Root may write anywhere, but not into a file, and not into /proc."""
    (tmp_path / "a-file").write_text("kept")
    done = suite(*TENCENT, "--base-url=sim:", *FAST, f"--report-dir={tmp_path / where}")
    expect_usage_or_unreachable(done, 4, f"--report-dir={tmp_path / where} cannot be written")
    assert (tmp_path / "a-file").read_text() == "kept"


# baselines


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    path = folder / "baseline.json"
    done = Suite(folder)(*TENCENT, "--base-url=sim:", *FAST, f"--save-baseline={path}")
    assert done.status == 0, done.output
    return path


ELSEWHERE = [
    Row("other-hardware", "demo?tp=4", "NOT_COMPARABLE", "hardware.gpus: 4, 1 in the baseline"),
    Row(
        "other-model",
        "demo?model_path=some/other",
        "NOT_COMPARABLE",
        "model.name: 'some/other', 'slabench/demo' in the baseline",
    ),
]
OTHERS = [
    Row(
        "other-lengths",
        "demo",
        "NOT_COMPARABLE",
        "workload.output_len: 16, 12 in the baseline",
        options=("--random-output-len=16",),
    ),
    Row(
        "other-rate",
        "demo",
        "NOT_COMPARABLE",
        "workload.request_rate: 40.0, 50.0 in",
        options=("--request-rate=40",),
    ),
]


@pytest.mark.parametrize("row", params(ELSEWHERE))
def test_another_deployment_is_sent_no_load(suite: Suite, saved: Path, row: Row) -> None:
    """It is known from the server's own answers: nothing is measured for hours to end in NOT_COMPARABLE."""
    done = measure(
        suite, Row(**{**vars(row), "options": (*row.options, f"--baseline={saved}", "--tolerance=900")})
    )
    assert done.status == 6, done.output
    assert done.output.count(row.says) >= 2  # before the first test, and in its word
    assert f"INVALID: NOT_COMPARABLE: {row.says}" in done.output and "no load is sent" in done.output
    (entry,) = done.run["tests"]
    assert (entry["word"], entry["reasons"], entry["metrics"]) == ("INVALID", ["NOT_COMPARABLE"], {})
    assert (
        entry["comparison"]["state"] == "NOT_COMPARABLE" and row.says in entry["comparison"]["differences"][0]
    )
    assert done.run["labels"] == ["SIMULATED"]
    assert done.folder is not None and not list(done.folder.glob("requests*"))
    junit = (done.folder / "junit.xml").read_text()
    assert "INVALID: NOT_COMPARABLE: " in junit


@pytest.mark.parametrize("row", params(OTHERS))
def test_what_is_not_comparable_is_not_compared(suite: Suite, saved: Path, row: Row) -> None:
    done = measure(
        suite, Row(**{**vars(row), "options": (*row.options, f"--baseline={saved}", "--tolerance=900")})
    )
    assert done.status == 6, done.output
    stored = Stored(done)
    entry = stored.red()
    assert entry["word"] == "INVALID"
    assert "NOT_COMPARABLE" in entry["reasons"]
    assert row.says in entry["headline"]
    assert stored.failure(entry["id"]).startswith("INVALID: NOT_COMPARABLE: ")
    assert stored.judge(entry).headline == entry["headline"]
    without = stored.judge(entry, leave_out={"NOT_COMPARABLE"})
    assert (without.word.value, "NOT_COMPARABLE" in without.reasons) == ("PASSED", False)


def test_the_same_is_compared(suite: Suite, saved: Path) -> None:
    done = suite(
        *TENCENT, "--base-url=sim:", *FAST, f"--baseline={saved}", "--tolerance=900", "--require-baseline"
    )
    assert done.status == 0, done.output
    assert [entry["kind"] for entry in done.run["tests"][0]["objectives"]] == [
        "slo",
        "baseline",
        "baseline",
        "baseline",
    ]


def test_a_baseline_that_is_missing_where_one_is_required(suite: Suite, saved: Path) -> None:
    work = ("tests/serving", "--base-url=sim:", *FAST, f"--baseline={saved}")
    done = suite(*work, "--require-baseline")
    assert done.status == 1, done.output
    stored = Stored(done)
    entry = stored.red()
    assert entry["word"] == "FAILED"
    assert entry["headline"].startswith("no baseline for this test, and --require-baseline requires one")
    assert stored.failure(entry["id"]).startswith("FAILED: ")
    assert stored.judge(entry).word.value == "PASSED"  # nothing but the requirement makes it red


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def apply(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return apply


def figures(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["tests"]["tests/tencent/test_sla.py::test_sla[np6]"]["figures"]
    return found


UNUSABLE: list[tuple[str, Callable[[str], str], str]] = [
    (
        "newer-schema",
        changed(lambda document: document.update(schema="slabench.baseline/9")),
        "has schema 'slabench.baseline/9', but this",
    ),
    ("cut", lambda text: text[: len(text) // 2], "cannot be read as a baseline"),
    ("empty", lambda text: "", "cannot be read as a baseline"),
    ("no-object", lambda text: "[]", "has schema None"),
    ("no-tests", changed(lambda document: document.pop("tests")), "has no tests or no fingerprint"),
    (
        "test-is-a-list",
        changed(lambda document: document["tests"].update(x=[])),
        "'x' is not in the form of a baseline",
    ),
    (
        "figures-are-a-list",
        changed(lambda document: document["tests"].update(x={"figures": []})),
        "'x' is not in the form of a baseline",
    ),
    (
        "hardware-is-a-text",
        changed(lambda document: document["fingerprint"].update(hardware="H20")),
        "'hardware' is not in the form of a baseline",
    ),
    (
        "infinite",
        changed(lambda document: figures(document).update({"tpot.mean": float("inf")})),
        "tpot.mean=inf",
    ),
    ("nan", changed(lambda document: figures(document).update({"tpot.mean": float("nan")})), "tpot.mean=nan"),
    (
        "no-throughput",
        changed(lambda document: figures(document).update({"total_throughput": 0})),
        "total_throughput=0",
    ),
    (
        "unknown-figure",
        changed(lambda document: figures(document).update({"tpot.maen": 1.0})),
        "tpot.maen=1.0, which is not a known metric",
    ),
]


@pytest.mark.parametrize(
    ("change", "says"), [case[1:] for case in UNUSABLE], ids=[case[0] for case in UNUSABLE]
)
def test_a_baseline_that_cannot_be_used(
    suite: Suite, saved: Path, tmp_path: Path, change: Callable[[str], str], says: str
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(change(saved.read_text()))
    done: Done = suite(*TENCENT, "--base-url=sim:", *FAST, f"--baseline={broken}", "--tolerance=900")
    expect_usage_or_unreachable(done, 4, says)
