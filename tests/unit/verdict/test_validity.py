"""Each check: a run that passes it, and the one thing broken that turns it red."""

from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from slabench.records import ClientRecord, ErrorKind, ServerEvidence
from slabench.verdict.validity import CHECKS, Subject, examine, names
from slabench.verdict.words import State
from tests.unit.metrics.test_compute import answer, run_of


def subject(*records, flush_status=200, **more):
    run = replace(run_of(*(records or (answer(0), answer(1)))), server=ServerEvidence(flush_status=flush_status))
    given = {"exact_prompt": True, "planned": len(run.requests), "identity_before": 7, "identity_after": 7} | more
    return Subject(run=run, **given)


def states(case, method="ali-decode", **more):
    return {check.name: check.state for check in examine(case, method, **more)}


def test_a_clean_run_is_clean():
    clean = subject(answer(0, server={"total_retractions": 0.0}), batch_size=1, token_capacity=1000, max_running=4)
    assert set(states(clean).values()) == {State.OK}


BROKEN = {
    "completed": subject(answer(0), answer(1, error=ErrorKind.HTTP_STATUS, error_text="HTTP 503")),
    "finish_reason": subject(answer(0, finish_reason="abort")),
    "output_length": subject(answer(0, output_len=5)),
    "token_counts": subject(answer(0, arrivals=((110, 2), (120, 1)), output_len=1)),
    "prompt_length": subject(answer(0, prompt_tokens=99)),
    "prefix_cache": subject(answer(0, cached_tokens=2)),
    "flush": subject(flush_status=400),
    "same_server": subject(identity_after=8),
    "batch_fits": subject(batch_size=2, token_capacity=207),
    "batch_reached": subject(
        answer(0), answer(1, sent=200, arrivals=((300, 1), (400, 4)), end=401), batch_size=2, token_capacity=9999
    ),
    "retraction": subject(answer(0, server={"total_retractions": 1.0})),
    "client": replace(subject(), run=replace(run_of(answer()), client=ClientRecord(1.0, 0.99, 0.1, 0.1, 0.1))),
}


@pytest.mark.parametrize("name", names())
def test_each_check_can_fail(name):
    assert states(BROKEN[name])[name] is State.INVALID


@pytest.mark.parametrize("name", names())
def test_allow_makes_a_finding_of_it(name):
    assert states(BROKEN[name], allow=(name,))[name] is State.FINDING


def test_every_check_is_broken_once_here():
    assert set(BROKEN) == {judge.__name__ for judge in CHECKS}


@pytest.mark.parametrize(
    ("arrivals", "what"),
    [
        (((110, -1), (120, 4)), "positive"),
        (((110, 3), (120, 2), (130, 4)), "falls"),
        (((5, 1), (120, 4)), "before"),
        (((110, 1), (990, 4)), "after the stream said [DONE]"),
    ],
)
def test_counts_that_cannot_be_trusted(arrivals, what):
    found = [check for check in examine(subject(answer(0, arrivals=arrivals)), "tencent") if check.name == "token_counts"]
    assert found[0].state is State.INVALID
    assert what in found[0].text


def test_a_stream_that_comes_twice_cannot_be_trusted_and_a_role_and_a_usage_event_can():
    def repeated(times):
        counts = [1, 1, 2, 3, 4, *[4] * times]
        return answer(0, arrivals=tuple((110 + at, count) for at, count in enumerate(counts)))

    assert states(subject(repeated(3)))["token_counts"] is State.OK
    found = [check for check in examine(subject(repeated(4)), "tencent") if check.name == "token_counts"]
    assert found[0].state is State.INVALID
    assert "5 of 9 events repeat the count before them, at most 4 may" in found[0].text


def test_a_server_that_falls_silent_about_itself_is_not_the_same():
    assert states(subject(identity_after=None))["same_server"] is State.INVALID
    assert states(subject(identity_before=None, identity_after=None))["same_server"] is State.NOT_CHECKED


def test_last_event_must_agree_with_the_stream():
    assert states(subject(answer(0, completion_tokens=5, output_len=5)))["token_counts"] is State.INVALID


def test_a_short_data_set_is_said():
    assert states(subject(answer(0), planned=3))["completed"] is State.INVALID


def test_text_prompts_may_drift_but_it_is_said():
    assert states(subject(answer(0, prompt_tokens=102), exact_prompt=False))["prompt_length"] is State.FINDING
    assert states(subject(answer(0, prompt_tokens=101), exact_prompt=False))["prompt_length"] is State.OK
    assert states(subject(answer(0, prompt_tokens=110), exact_prompt=False))["prompt_length"] is State.FINDING


@pytest.mark.parametrize("seen", [111, 89])
def test_more_drift_than_tokenising_again_explains_is_another_tokenizer(seen):
    assert states(subject(answer(0, prompt_tokens=seen), exact_prompt=False))["prompt_length"] is State.INVALID


def test_running_cap_below_the_batch():
    found = examine(subject(batch_size=2, token_capacity=9999, max_running=1), "ali-decode")
    assert any("running cap of 1" in check.text for check in found if check.state is State.INVALID)


def test_retraction_is_a_finding_in_tencents_test():
    assert states(BROKEN["retraction"], "tencent")["retraction"] is State.FINDING


def test_missing_evidence_is_not_checked_and_strict_makes_it_invalid():
    case = subject(answer(0, prompt_tokens=None, cached_tokens=None), flush_status=None, identity_before=None)
    found = states(case)
    for name in ("prompt_length", "prefix_cache", "flush", "same_server", "retraction"):
        assert found[name] is State.NOT_CHECKED, name
    assert states(case, strict=True)["flush"] is State.INVALID


def test_a_late_event_loop_spoils_short_streams_only():
    slow = ClientRecord(1.0, 0.1, 9.0, 9.0, 0.1)
    short = replace(subject(), run=replace(run_of(answer()), client=slow))  # 30 ms between first and last token
    long = replace(subject(), run=replace(run_of(answer(arrivals=((110, 1), (1110, 4)), end=1111)), client=slow))
    assert states(short)["client"] is State.INVALID
    assert states(long)["client"] is State.OK


def test_a_client_that_is_late_now_and_then_spoils_percentiles_not_the_mean():
    """One second of stream: 6 % at p99, 0.1 % on average."""
    streams = run_of(answer(arrivals=((110, 1), (1110, 4)), end=1111))
    seldom = ClientRecord(1.0, 0.1, 30.0, 30.0, 0.1, loop_lateness_ms=0.5)
    often = replace(seldom, loop_lateness_ms=15.0)
    found = {
        name: states(replace(subject(), run=replace(streams, client=one)))["client"]
        for name, one in (("seldom", seldom), ("often", often))
    }
    assert found == {"seldom": State.FINDING, "often": State.INVALID}


def test_every_check_has_a_row_in_its_document():
    page = (Path(__file__).resolve().parents[3] / "docs" / "validity.md").read_text()
    assert [name for name in (check.__name__ for check in CHECKS) if f"| `{name}` |" not in page] == []


def test_answers_that_arrive_in_one_piece_have_no_pace():
    """A proxy that buffers: a TPOT of 0 ms would hold every objective."""
    whole = [answer(k, arrivals=((150, 1), (150, 2), (150, 4)), end=150) for k in range(2)]
    assert states(subject(*whole))["token_counts"] is State.INVALID
    assert states(subject(whole[0], answer(1), answer(2)))["token_counts"] is State.INVALID  # a third of the mean would be 0 ms
    assert states(subject(whole[0], *(answer(k) for k in range(1, 60))))["token_counts"] is State.OK


def test_counts_at_the_streams_end_alone_are_not_checked_not_wrong():
    summed = replace(answer(0), arrival_ns=array("q"), arrival_tokens=array("q"), last_text_ns=answer(0).end_ns)
    assert states(subject(summed))["token_counts"] is State.NOT_CHECKED
    assert states(subject(summed), "serving")["completed"] is State.OK
