"""TTFT in parts, and its sentence, by hand."""

import pytest

from slabench.messages import Message
from slabench.metrics.ttft_breakdown import Crowd, explained, parts, retracted, waiting
from slabench.records import ErrorKind
from tests.unit.factories import answer

# Sent at 10, tokens at 110, 120 and 140 ms: TTFT 100; the server reports 60 ms queued, and 125 of the 130 ms
# to the last token.
REPORTED = {"queue_time": 0.060, "e2e_latency": 0.125}


def test_one_answer_by_hand():
    assert parts(answer(server=REPORTED)) == pytest.approx((60.0, 35.0, 5.0))
    # never more than TTFT
    assert sum(parts(answer(server={"queue_time": 0.5, "e2e_latency": 0.0}))) == pytest.approx(100.0)
    assert parts(answer()) is None
    assert parts(answer(server=REPORTED | {"total_retractions": 1.0})) is None
    # impossible, so what it reports is no part of a TTFT
    assert parts(answer(server=REPORTED | {"total_retractions": -1.0})) is None


def test_how_many_ran_and_waited():
    """Three sent at 10; first tokens at 110, 130, 200, last ones at 140, 190, 300: two ran at once, three
    waited.
    """
    metrics = waiting(
        [
            answer(0, server=REPORTED),
            answer(1, arrivals=((130, 1), (190, 4)), end=191),
            answer(2, arrivals=((200, 1), (300, 4)), end=301),
        ]
    )
    assert (metrics["ran.peak"], metrics["waited.peak"]) == (2, 3)
    assert metrics["ttft_queue.mean"] == pytest.approx(60.0)


SPLIT = {
    "ttft.mean": 144_639.0,
    "ttft_queue.mean": 139_000.0,
    "ttft_prefill.mean": 5_637.5,
    "ttft_outside.mean": 1.5,
}
QUEUED = Message("ttft.queued", ran=18, queued=110, queued_lines=97, lines=124)
CROWD = Crowd(lines=124, ran=18, waited=110, waited_lines=97)


def sentences(*args, **more):
    message = explained(*args, **more)
    assert message is not None and message.id == "ttft.sentences"
    return list(message.arguments["sentences"])


def test_the_sentence():
    parts = Message("ttft.parts", ttft=144_639.0, queue=139_000.0, prefill=5_637.5, outside=1.5)
    assert sentences(SPLIT) == [parts]
    assert sentences(SPLIT, CROWD) == [parts, QUEUED]
    assert sentences(SPLIT, CROWD, without=7) == [parts, Message("ttft.retracted", retracted=7), QUEUED]
    assert explained({}) is None
    assert str(explained(SPLIT, CROWD)) == (
        "TTFT mean 144,639 ms: 139,000 ms queued at the server, as it reports of each request, 5,638 ms in "
        "prefill, 1.50 ms outside the server. At the moments of the deploy log's 124 Decode lines at most 18 "
        "requests ran; on 97 of them up to 110 were queued."
    )


def test_the_servers_tokenizer_by_hand():
    """What a real 0.5.7 reports: 0.51 ms from the request's coming to its scheduler."""
    real = {"request_received_ts": 1795455473.0936377, "request_sent_to_scheduler_ts": 1795455473.0941494}
    later = {"request_received_ts": 1000.0, "request_sent_to_scheduler_ts": 1000.02}
    metrics = waiting(
        [answer(0, server=REPORTED | real), answer(1, server=REPORTED | later), answer(2, server=REPORTED)]
    )
    assert metrics["ttft_tokenizer.max"] == pytest.approx(20.0)
    assert metrics["ttft_tokenizer.min"] == pytest.approx(0.5117, abs=1e-3)
    assert not [key for key in waiting([answer(server=REPORTED)]) if key.startswith("ttft_tokenizer")]
    backwards = {"request_received_ts": 1000.0, "request_sent_to_scheduler_ts": 999.0}
    assert not [
        key for key in waiting([answer(server=REPORTED | backwards)]) if key.startswith("ttft_tokenizer")
    ]
    split = {
        "ttft.mean": 100.0,
        "ttft_queue.mean": 60.0,
        "ttft_prefill.mean": 35.0,
        "ttft_outside.mean": 5.0,
    }
    _, tokenizer = sentences(split | {"ttft_tokenizer.mean": 14.0})
    assert tokenizer == Message("ttft.tokenizer", tokenizer=14.0, share=0.4)
    assert str(tokenizer) == "Tokenizing takes 14.00 ms of the prefill part (40 %)."


def test_the_sentence_where_the_server_reports_no_queue_time():
    """The log alone: how many ran and were queued, not for how long."""
    metrics = {"ttft.mean": 144_639.0, "ran.peak": 18.0, "waited.peak": 120.0, "completed": 7.0}
    by_client = Message("ttft.by_client", ran=18.0, queued=120.0)
    assert str(explained(metrics)).startswith(
        "TTFT mean 144,639 ms; the server does not report queue time: start it with --enable-metrics. At "
    )
    not_reported, beside = sentences(metrics)
    assert (not_reported.id, beside) == ("ttft.not_reported", by_client)
    assert sentences(metrics, CROWD) == [not_reported, QUEUED]
    idle = Crowd(lines=9, ran=3, waited=0, waited_lines=0)
    assert sentences(metrics, idle) == [not_reported, Message("ttft.ran", ran=3, lines=9)]
    all_retracted = Message("ttft.all_retracted", ttft=144_639.0, retracted=7)
    assert sentences(metrics, without=7) == [all_retracted, by_client]
    assert sentences(metrics, Crowd(0, 0, 0, 0)) == [not_reported, by_client]  # a log without a line
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


def test_a_queue_time_of_exactly_zero_is_no_measurement():
    """sglang 0.5.12 reports it for all answers, while its own /metrics has 4.5 s."""
    zero = {"queue_time": 0.0, "e2e_latency": 0.125}
    assert parts(answer(server=zero)) is None
    metrics = {"ttft.mean": 4926.0, "completed": 2.0}
    (by_server,) = sentences(metrics | {"server.queue": 4463.0})
    assert by_server == Message("ttft.server_queue", ttft=4926.0, queue=4463.0)
    (unknown,) = sentences(metrics)
    assert unknown.id == "ttft.not_reported"
