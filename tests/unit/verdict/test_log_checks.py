"""Each check on a deploy log's evidence: what passes it, and the one fault that it finds."""

from dataclasses import replace

import pytest

from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity import LogEvidence, Stage, examine, registered
from slabench.verdict.validity.log import log_agrees
from tests.unit.verdict.test_validity import context

# 8 running, 10 ms a token at both ends: mean 10.5 with the prefill stalls in it.
GOOD = LogEvidence(
    lines=40, rejected={}, outside=0, retractions=0, jit=0, restarts=0, batch_size=8, samples=37,
    log_tpot=10.0, mean_tpot=10.5, full_tpot=10.1, full_share=0.9,
    planned=8, prefill_lines=2, running_max=9, tokens=1090.0, received=1000.0,
)  # fmt: skip


NAMES = {check.name for check in registered(Stage.LOG)}


def states(log, method="ali-decode", **more):
    batch = method == "ali-decode" if log is None else log.batch_size is not None
    made = examine(context(log=log, batch_size=8 if batch else None), method, **more)
    return {check.name: check.state for check in made if check.name in NAMES}


def test_a_good_log_is_good():
    assert set(states(GOOD).values()) == {CheckStatus.OK}
    assert set(states(GOOD)) == NAMES


@pytest.mark.parametrize(
    ("name", "broken", "state"),
    [
        ("log_lines", {"lines": 0}, CheckStatus.FINDING),
        ("log_lines", {"lines": 0, "prefill_lines": 0}, CheckStatus.INVALID),
        ("log_lines", {"rejected": {"cut": 2}}, CheckStatus.FINDING),
        ("log_lines", {"outside": 3}, CheckStatus.FINDING),
        ("log_retraction", {"retractions": 1}, CheckStatus.INVALID),
        ("log_disturbed", {"jit": 1}, CheckStatus.INVALID),
        ("log_disturbed", {"restarts": 1}, CheckStatus.INVALID),
        ("log_agrees", {"mean_tpot": 11.1}, CheckStatus.FINDING),
        ("log_agrees", {"mean_tpot": 8.9}, CheckStatus.FINDING),
        ("log_agrees", {"full_tpot": 11.1}, CheckStatus.FINDING),
        ("log_agrees", {"full_tpot": 13.2}, CheckStatus.FINDING),
        ("log_agrees", {"full_tpot": 13.4}, CheckStatus.INVALID),
        ("log_agrees", {"full_tpot": 7.5}, CheckStatus.INVALID),
        # a stall in a line that is not clean
        ("log_agrees", {"full_tpot": 20.0, "samples": 4}, CheckStatus.FINDING),
        ("log_agrees", {"full_tpot": 20.1, "samples": 4}, CheckStatus.INVALID),
        ("log_agrees", {"running_max": 10}, CheckStatus.INVALID),  # of 8 in flight
        ("log_agrees", {"tokens": 1110.0, "received": 1000.0}, CheckStatus.INVALID),
        ("log_agrees", {"log_tpot": None}, CheckStatus.NOT_CHECKED),
        ("log_agrees", {"mean_tpot": None}, CheckStatus.NOT_CHECKED),
    ],
)
def test_each_check_can_fail(name, broken, state):
    found = states(replace(GOOD, **broken))
    assert found.pop(name) is state
    assert set(found.values()) == {CheckStatus.OK}


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        ({"mean_tpot": 13.0}, "log_agrees.first_prefill_stalls"),
        ({"mean_tpot": 13.0, "planned": 80}, "log_agrees.prefill_stalls"),
        ({"mean_tpot": 7.0, "full_share": 0.2}, "log_agrees.mostly_smaller_batch"),
        ({"mean_tpot": 7.0, "full_share": 0.6}, "log_agrees.smaller_batch"),
        ({"mean_tpot": 13.0, "full_tpot": None, "full_share": None}, "log_agrees.waves"),
    ],
)
def test_the_likely_cause_is_named(evidence, cause):
    check = log_agrees(replace(GOOD, **evidence))
    assert (check.state, check.message.id) == (CheckStatus.FINDING, "log_agrees.differs")
    assert check.message.arguments["cause"].id == cause
    assert str(check.message.arguments["cause"]) in check.text


@pytest.mark.parametrize("evidence", [{"full_tpot": 13.0}, {"full_tpot": 8.0, "mean_tpot": 8.0}])
def test_a_difference_over_the_same_batch_is_no_matter_of_waves(evidence):
    check = log_agrees(replace(GOOD, **evidence))
    assert (check.state, check.message.id) == (CheckStatus.FINDING, "log_agrees.same_batch")


def test_the_sentence_has_all_three_metrics():
    text = log_agrees(GOOD).text
    for part in (
        "10.00 ms a token at batch size 8 (n=37 clean lines)",
        "10.50 ms (+5.0 %)",
        "10.10 ms (+1.0 %, over 90 % of the run)",
    ):
        assert part in text


def test_no_log_is_reported_at_a_batch_size_point_alone():
    assert states(None) == {"log_agrees": CheckStatus.NOT_CHECKED}
    assert states(None, strict=True) == {"log_agrees": CheckStatus.INVALID}
    assert states(None, "tencent") == {}


def test_a_run_that_decodes_nothing_needs_no_decode_line():
    prefill = replace(GOOD, lines=0, batch_size=None)
    assert states(prefill, "ali-prefill") == {
        "log_lines": CheckStatus.OK,
        "log_retraction": CheckStatus.OK,
        "log_disturbed": CheckStatus.OK,
    }


def test_policies():
    retracted = replace(GOOD, retractions=2)
    assert states(retracted, "tencent")["log_retraction"] is CheckStatus.FINDING
    assert states(retracted, allow=("retraction",))["log_retraction"] is CheckStatus.FINDING
    assert states(retracted, allow=("log_retraction",))["log_retraction"] is CheckStatus.FINDING
    assert states(replace(GOOD, mean_tpot=12.0), strict=True)["log_agrees"] is CheckStatus.INVALID
