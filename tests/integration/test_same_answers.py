"""Old and new server whose answers differ: a finding, FAILED under --answers=gate, in every output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slabench.report.records_file import read_rows
from tests.integration.conftest import Done, Suite

LOAD = (
    "tests/serving",
    "--baseline-url=sim:demo",
    "--repeats=1",
    "--tolerance=90",
    "--allow=client,one_read",
)


def check_of(done: Done) -> dict[str, Any]:
    (entry,) = done.run["tests"]
    (known,) = (check for check in entry["checks"] if check["name"] == "same_answers")
    found: dict[str, Any] = known
    return found


def test_another_model_is_a_finding_that_names_what_differs(suite: Suite) -> None:
    done = suite(*LOAD, "--base-url=sim:demo?fault=other_model", "--keep-answers=text")
    assert done.status == 0, done.output
    check = check_of(done)
    assert check["state"] == "finding"
    assert "answers.logprob_shift" in check["text"] and "answers.top1_agreement" in check["text"]
    assert "0 of 18 are identical" in check["text"]
    assert done.folder is not None
    rows = list(read_rows(done.folder / "answers.jsonl.gz"))
    assert [row["side"] for row in rows] == ["baseline"] * 18 + ["new"] * 18
    assert all(row["text"] for row in rows)


def test_token_0_at_twice_the_speed_is_red_under_the_gate_in_every_output(suite: Suite) -> None:
    """What it reads it scores rightly: only its own answers show it."""
    fast = "sim:demo?fault=token_zero&decode_base_ms=2.5&decode_request_ms=0.05"
    done = suite(*LOAD, f"--base-url={fast}", "--answers=gate")
    assert done.status == 1, done.output
    (entry,) = done.run["tests"]
    assert entry["word"] == "FAILED"
    broken = ("one_token", "alike", "decode_top1")
    assert entry["reasons"][:3] == [f"ANSWERS:answers.{metric}" for metric in broken]
    assert entry["metrics"]["answers.logprob_shift"] == 0
    assert entry["metrics"]["answers.decode_top1"] == 0
    assert check_of(done)["state"] == "finding"
    assert done.folder is not None
    assert "answers.decode_top1" in done.output
    for name in ("summary.md", "report.html", "junit.xml"):
        assert "answers.decode_top1" in Path(done.folder / name).read_text(encoding="utf-8"), name


def test_a_wrong_logit_of_a_token_that_no_answer_has_is_red_under_the_gate(suite: Suite) -> None:
    """All other metrics are those of the same server."""
    done = suite(*LOAD, "--base-url=sim:demo?fault=one_logit", "--answers=gate")
    assert done.status == 1, done.output
    (entry,) = done.run["tests"]
    assert (entry["word"], entry["reasons"][0]) == ("FAILED", "ANSWERS:answers.vocabulary_shift")
    metrics = {metric["metric"]: metric for metric in entry["answers"]["metrics"]}
    broken = [
        (name, metric["value"], metric["token"]) for name, metric in metrics.items() if not metric["holds"]
    ]
    assert broken == [("answers.vocabulary_shift", 2, 7)]
    assert "token 7 is more probable than it was" in check_of(done)["text"]


def test_prefill_and_decode_servers_are_not_asked_for_log_probabilities(suite: Suite) -> None:
    """That would end some of them (sglang issues 26286, 30894); a gate that cannot look is not green."""
    servers = ("--base-url=sim:demo?fault=other_model,mini_lb", "--baseline-url=sim:demo?fault=mini_lb")
    done = suite(*LOAD, *servers, "--keep-answers=ids")
    check = check_of(done)
    assert done.status == 0 and check["state"] == "not_checked" and "26286" in check["text"], done.output
    done = suite(*LOAD, *servers, "--answers=gate")
    assert done.status == 6 and check_of(done)["state"] == "invalid", done.output


def test_without_an_old_server_answers_of_one_token_are_a_finding_and_red_under_the_gate(
    suite: Suite,
) -> None:
    """The same for all prompts too."""
    load = (
        "tests/serving",
        "--base-url=sim:demo?fault=token_zero&decode_base_ms=2.5",
        "--slo=tpot.mean<=900",
    )
    done = suite(*load, "--allow=client,one_read")
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    (check,) = (check for check in entry["checks"] if check["name"] == "degenerate_answers")
    assert check["state"] == "finding" and "6 of 6 answers are one token" in check["text"]
    done = suite(*load, "--allow=client,one_read", "--answers=gate")
    assert done.status == 1, done.output
    (entry,) = done.run["tests"]
    assert entry["reasons"][:2] == ["ANSWERS:answers.one_token", "ANSWERS:answers.alike"]
