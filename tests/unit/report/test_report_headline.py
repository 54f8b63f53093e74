"""A red line says what to do: the invalid check's remedy, the method's advice, or its kind of rule's."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.messages import Message
from slabench.report.console import details, failure_text, test_block
from slabench.report.github import job_lines
from slabench.report.headline import headline
from slabench.report.markdown import summary_md
from slabench.run_document.entry import Entry
from tests.unit.report.samples import document, entry

LINE = "tpot mean 62.00 ms > 50 ms (+24 %, n=16)"
ADVICE = Message("advice.tpot_exceeds", limit=50, observed=62.0, rate="128", concurrency=128)


def failed(kind: str, **more: Any) -> Entry:
    rule = {"kind": kind, "holds": False, "text": LINE}
    return entry(word="FAILED", headline=LINE, objectives=[rule], **more)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [("slo", "Lower the load"), ("floor", "change the floor"), ("baseline", "--tolerance")],
)
def test_what_failed_has_the_remedy_of_its_kind(kind: str, remedy: str) -> None:
    line = headline(failed(kind))
    assert line.startswith(f"{LINE}. ") and remedy in line and line.endswith(".")


@pytest.mark.parametrize(
    ("comparison", "wanted"),
    [
        ({"baseline": "old.json", "interleaved": None}, "raise --tolerance or save a new baseline."),
        ({"baseline": "http://old", "interleaved": True}, "raise --tolerance."),
        ({"baseline": "http://old", "interleaved": False}, "raise --tolerance."),
        (
            {"baseline": "history:h.jsonl", "interleaved": None},
            "raise --tolerance or accept the new version.",
        ),
    ],
)
def test_a_baseline_s_remedy_is_one_that_it_has(comparison: dict[str, Any], wanted: str) -> None:
    assert headline(failed("baseline", comparison=comparison)).endswith(wanted)


@pytest.mark.parametrize("metric", ["answers.one_token", "answers.alike", "answers.logprob_shift"])
def test_only_what_two_servers_show_has_a_remedy_at_both(metric: str) -> None:
    rule = {"kind": "answers", "metric": metric, "holds": False, "text": LINE}
    line = headline(entry(word="FAILED", headline=LINE, objectives=[rule]))
    assert ("both servers" in line) is (metric == "answers.logprob_shift")
    assert ("Look at the server's answers" in line) is (metric != "answers.logprob_shift")


@pytest.mark.parametrize(
    ("metric", "op", "more", "wanted"),
    [
        ("tpot.mean", "<=", {"point": {"batch_size": 1}, "method": "ali-decode"}, "One request alone"),
        ("ttft.p99", "<=", {"plan": {"count": 8, "max_concurrency": 1}}, "One request alone"),
        ("tpot.mean", "<=", {"point": {"batch_size": 8}, "method": "ali-decode"}, "Lower the load"),
        ("output_throughput", ">=", {}, "needs more prompts in flight"),
        ("qpm", ">=", {"plan": {"count": 1}}, "needs more prompts in flight"),
        ("goodput.share", ">=", {}, "Lower the load"),
    ],
)
def test_lowering_the_load_is_advised_where_it_helps(
    metric: str, op: str, more: dict[str, Any], wanted: str
) -> None:
    rule = {"kind": "slo", "metric": metric, "op": op, "holds": False, "text": LINE}
    assert wanted in headline(entry(word="FAILED", headline=LINE, objectives=[rule], **more))


def test_the_rate_s_remedy_does_not_contradict_the_method_s_advice() -> None:
    """Both stand in one output: TPOT above its limit under a cap, where the one asked for more in flight."""
    remedy = str(Message("rate_reached.capped.remedy", cap=128, reached=3.1))
    assert "lower --request-rate" in str(ADVICE) and "--max-concurrency" in str(ADVICE)
    assert "raise" not in remedy and "lower" not in remedy


def test_the_method_s_advice_is_the_remedy_and_stands_once() -> None:
    red = failed("slo", advice=[str(ADVICE), "More."], advice_messages=[ADVICE.as_dict(), None][:1])
    assert headline(red) == f"{LINE}. {ADVICE}"
    for text in (test_block(red), failure_text(red)):
        assert text.count(str(ADVICE)) == 1
    assert "More." in details(red)


def test_an_invalid_line_has_the_check_s_remedy_and_a_green_one_none() -> None:
    check = {"name": "completed", "state": "invalid", "text": "4 failed.", "remedy": "See the log."}
    red = entry(word="INVALID", headline="completed: 4 failed.", checks=[check])
    assert headline(red) == "completed: 4 failed. See the log."
    assert headline(entry()) == entry().headline
    run = document(red)
    assert "completed: 4 failed. See the log." in summary_md(run)
    assert "completed: 4 failed. See the log." in job_lines(run)[0]
    assert failure_text(red).splitlines() == ["INVALID: completed: 4 failed. See the log."]


def test_a_line_that_has_its_remedy_gets_no_second_one() -> None:
    """Of a test that no load was sent to."""
    text, remedy = "Batch size 8 does not fit.", "Use up to 5."
    line = Message("preflight.refused", check="batch_fits", parts=(text, remedy))
    check = {"name": "batch_fits", "state": "invalid", "text": text, "remedy": remedy}
    refused = entry(word="INVALID", headline=str(line), headline_message=line.as_dict(), checks=[check])
    assert headline(refused) == "batch_fits: Batch size 8 does not fit. Use up to 5. No load was sent."
