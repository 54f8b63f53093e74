"""Which of the command line's objectives a test evaluates, which answer is of another server, and which of a
log's queues count.
"""

from slabench.messages import Message
from slabench.server.log.merge import Sample
from slabench.session.evidence import after_filling, odd_one
from slabench.session.trial_checks import applicable
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.sla import parse

TPOT, TTFT, CLASSIC = parse("tpot.mean<=50"), parse("ttft<=2000"), parse("classic.itl.p99<=80")


def test_a_form_with_several_tokens_judges_all_of_them():
    assert applicable([TPOT, TTFT, CLASSIC], 2) == ((TPOT, TTFT, CLASSIC), ())


def test_an_answer_of_one_token_has_no_time_between_tokens_and_says_so():
    kept, (finding,) = applicable([TPOT, TTFT, CLASSIC], 1)
    assert kept == (TTFT,)
    assert (finding.name, finding.state) == ("slo_applies", CheckStatus.FINDING)
    part = Message("slo_applies.one_token", slos=["--slo=tpot.mean<=50", "--slo=classic.itl.p99<=80"])
    assert finding.message == Message("slo_applies", parts=[part])
    assert finding.text.startswith("--slo=tpot.mean<=50, --slo=classic.itl.p99<=80 is not evaluated")


def test_what_only_a_batch_size_point_has_is_for_the_decode_tests():
    full = parse("full_batch.tpot<=50")
    assert applicable([full, TPOT], 8, batch=True) == ((full, TPOT), ())
    kept, (finding,) = applicable([full, TPOT], 8)
    assert kept == (TPOT,) and finding.state is CheckStatus.FINDING
    part = Message("slo_applies.no_batch", slos=["--slo=full_batch.tpot<=50"])
    assert finding.message == Message("slo_applies", parts=[part])


def test_each_objective_that_is_left_out_has_its_reason():
    full = parse("full_batch.tpot<=50")
    kept, (finding,) = applicable([full, TPOT, TTFT], 1)
    assert kept == (TTFT,)
    assert "--slo=tpot.mean<=50" in finding.text and finding.text.endswith("it is not a batch-size test.")


def test_nothing_to_say_where_nothing_is_left_out():
    assert applicable([TTFT], 1) == ((TTFT,), ())


def test_the_first_answer_of_another_server_is_found_wherever_it_is():
    assert odd_one([7, 7, 7]) == 7
    assert odd_one([7, 8, 7]) == 8  # a restart between two tests, or a balancer
    assert odd_one([7, 7, None]) is None
    assert odd_one([None, None, None]) is None


def _lines(*states: tuple[int, int], scheduler: tuple[str, int | None] = ("a", None)) -> list[Sample]:
    """Of (running, queued)."""
    return [
        Sample(running, 1.0, queued, None, None, frozenset(), scheduler, None, None)
        for running, queued in states
    ]


def test_what_is_queued_while_the_batch_fills_does_not_count() -> None:
    """The first line is a real 0.5.12's on an H200, which had taken 4 of 64 requests: 2 ran, 2 were next."""
    filling = _lines((2, 2), (64, 0), (64, 0))
    assert [line.queue for line in after_filling(filling)] == [0, 0]
    capped = _lines((40, 24), (40, 24), (24, 0))
    assert after_filling(capped) == capped
    growing = _lines(*[(20, 44)] * 200, (44, 0))  # room came later: 200 lines with a queue are no filling
    assert after_filling(growing) == growing
    shrinking = _lines((1, 3), (64, 0), (20, 44))  # a KV pool that is full later
    assert [line.queue for line in after_filling(shrinking)] == [0, 44]


def test_schedulers_fill_by_themselves() -> None:
    small, large = _lines((4, 1)), _lines((1, 2), (32, 0), scheduler=("b", 1))
    assert after_filling([*large, *small]) == [large[1], *small]
