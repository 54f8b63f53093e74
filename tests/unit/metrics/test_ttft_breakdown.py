"""TTFT in parts, and its sentence, by hand."""

import pytest

from slabench.metrics.ttft_breakdown import Crowd, explained, parts, retracted, waiting
from slabench.records import ErrorKind
from tests.unit.metrics.test_compute import answer

# Sent at 10, tokens at 110, 120 and 140 ms: TTFT 100; the server says 60 ms queued, and 125 of the 130 ms to
# the last token.
TOLD = {"queue_time": 0.060, "e2e_latency": 0.125}


def test_one_answer_by_hand():
    assert parts(answer(server=TOLD)) == pytest.approx((60.0, 35.0, 5.0))
    # never more than TTFT
    assert sum(parts(answer(server={"queue_time": 0.5, "e2e_latency": 0.0}))) == pytest.approx(100.0)
    assert parts(answer()) is None
    assert parts(answer(server=TOLD | {"total_retractions": 1.0})) is None


def test_who_ran_and_who_waited():
    """Three sent at 10; first tokens at 110, 130, 200, last ones at 140, 190, 300: two ran at once, three
    waited.
    """
    found = waiting(
        [
            answer(0, server=TOLD),
            answer(1, arrivals=((130, 1), (190, 4)), end=191),
            answer(2, arrivals=((200, 1), (300, 4)), end=301),
        ]
    )
    assert (found["ran.peak"], found["waited.peak"]) == (2, 3)
    assert found["ttft_queue.mean"] == pytest.approx(60.0)


def test_the_sentence():
    figures = {
        "ttft.mean": 144_639.0,
        "ttft_queue.mean": 139_000.0,
        "ttft_prefill.mean": 5_637.5,
        "ttft_outside.mean": 1.5,
    }
    text = "TTFT mean 144,639 ms: 139,000 ms queued at the server, 5,638 ms in prefill, 1.5 ms outside of it"
    assert explained(figures) == f"{text}."
    crowd = Crowd(lines=124, ran=18, waited=110, waited_lines=97)
    ran = "The server ran at most 18 at once, up to 110 waited, somebody on 97 of 124 Decode lines (deploy log)."
    assert explained(figures, crowd) == f"{text}. {ran}"
    gone = "retracted requests have no parts: a retraction begins the server's count anew"
    assert explained(figures, crowd, without=7) == f"{text} (of the others; 7 {gone}). {ran}"
    assert explained({}) is None


def test_the_servers_tokenizer_by_hand():
    """What a real 0.5.7 reports: 0.51 ms from the request's coming to its scheduler."""
    real = {"request_received_ts": 1795455473.0936377, "request_sent_to_scheduler_ts": 1795455473.0941494}
    later = {"request_received_ts": 1000.0, "request_sent_to_scheduler_ts": 1000.02}
    found = waiting([answer(0, server=TOLD | real), answer(1, server=TOLD | later), answer(2, server=TOLD)])
    assert found["ttft_tokenizer.max"] == pytest.approx(20.0)
    assert found["ttft_tokenizer.min"] == pytest.approx(0.5117, abs=1e-3)
    assert not [key for key in waiting([answer(server=TOLD)]) if key.startswith("ttft_tokenizer")]
    backwards = {"request_received_ts": 1000.0, "request_sent_to_scheduler_ts": 999.0}
    assert not [key for key in waiting([answer(server=TOLD | backwards)]) if key.startswith("ttft_tokenizer")]
    figures = {
        "ttft.mean": 100.0,
        "ttft_queue.mean": 60.0,
        "ttft_prefill.mean": 35.0,
        "ttft_outside.mean": 5.0,
    }
    text = explained(figures | {"ttft_tokenizer.mean": 14.0})
    assert (
        text
        == "TTFT mean 100 ms: 60.0 ms queued at the server, 35.0 ms in prefill (its tokenizer: 14.0 ms, 40%), 5.0 ms outside of it."
    )


def test_the_sentence_where_the_answers_do_not_tell():
    """The log alone: how many ran and waited, and no word on how long one of them did."""
    figures = {"ttft.mean": 144_639.0, "ran.peak": 18.0, "waited.peak": 120.0, "completed": 7.0}
    untold = "TTFT mean 144,639 ms; how much of it was queueing the answers do not say (--enable-metrics makes a server tell)."
    assert (
        explained(figures)
        == f"{untold} The server ran at most 18 at once, up to 120 waited for their first token."
    )
    crowd = Crowd(lines=124, ran=18, waited=110, waited_lines=97)
    ran = "The server ran at most 18 at once, up to 110 waited, somebody on 97 of 124 Decode lines (deploy log)."
    assert explained(figures, crowd) == f"{untold} {ran}"
    idle = Crowd(lines=9, ran=3, waited=0, waited_lines=0)
    ran = "The server ran at most 3 at once, and nobody waited on its 9 Decode lines (deploy log)."
    assert explained(figures, idle) == f"{untold} {ran}"
    assert explained(figures, without=7).startswith(
        "TTFT mean 144,639 ms; 7 retracted requests have no parts"
    )
    # a log without a line
    assert explained(figures, Crowd(0, 0, 0, 0)).endswith("waited for their first token.")
    assert explained({"ttft.mean": 44.0, "ran.peak": 8.0, "waited.peak": 8.0}) is None


def test_who_has_no_parts():
    assert (
        retracted(
            [
                answer(),
                answer(1, server={"num_retractions": 2.0}),
                answer(2, server={"total_retractions": 0.0}),
            ]
        )
        == 1
    )
    assert retracted([answer(0, server={"num_retractions": 1.0}, error=ErrorKind.RESET)]) == 0
