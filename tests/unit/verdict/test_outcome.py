"""A check's result: how it is made from its message, and how run.json keeps it."""

from __future__ import annotations

import json

from slabench.messages import Message, as_message
from slabench.verdict.outcome import Check, CheckStatus, check, invalid, not_checked
from slabench.verdict.validity.policy import settle

REMEDY = Message("remedy.server_log")


def test_a_check_has_the_name_and_the_remedy_of_its_message() -> None:
    result = not_checked("flush.unreported", source="bench_serving", remedy=REMEDY)
    assert (result.name, result.state) == ("flush", CheckStatus.NOT_CHECKED)
    assert result.text == "bench_serving does not report whether the cache was flushed before the run."
    assert result.remedy == str(REMEDY)
    assert check(CheckStatus.OK, "flush.unreported", source="").remedy == ""
    assert invalid("flush.unreported", source="", firm=True).firm


def test_a_check_survives_json() -> None:
    result = settle(invalid("flush.unreported", source="x", remedy=REMEDY), "tencent", allow=["flush"])
    assert result.allowed and result.state is CheckStatus.FINDING
    assert result.text.endswith("before the run. Allowed by --allow.")
    assert Check.read(json.loads(json.dumps(result.as_dict()))) == result


def test_strict_takes_back_what_an_earlier_run_allowed() -> None:
    allowed = Check("flush", CheckStatus.FINDING, as_message("HTTP 400."), allowed=True)
    assert settle(allowed, "tencent", strict=True) == Check(
        "flush", CheckStatus.INVALID, as_message("HTTP 400.")
    )


def test_an_older_file_has_the_sentence_alone() -> None:
    """Its mark of what --allow permits stands in the sentence, for one load and for several."""
    stored = {"name": "flush", "state": "finding", "text": "HTTP 400. Allowed by --allow.", "remedy": "Wait."}
    result = Check.read(stored)
    assert result == Check("flush", CheckStatus.FINDING, "HTTP 400.", "Wait.", allowed=True)
    assert result.text == stored["text"]
    several = Check.read(stored | {"text": "repeat 1 of 2: HTTP 400. Allowed by --allow. (and in 1 more)"})
    assert several.allowed and several.message == "repeat 1 of 2: HTTP 400. (and in 1 more)"
    assert not Check.read(stored | {"text": "HTTP 400."}).allowed


def test_the_sentence_stands_for_a_message_that_this_version_does_not_have() -> None:
    stored = invalid("flush.unreported", source="x").as_dict()
    stored["message"]["id"] = "flush.of_a_later_version"
    assert Check.read(stored).message == stored["text"]
    assert (
        Check.read(stored | {"message": {"id": "flush.unreported", "arguments": {}}}).message
        == stored["text"]
    )
