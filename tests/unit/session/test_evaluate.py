"""Which of the command line's objectives a test judges, and who of those that answered is another server."""

from slabench.session.evaluate import applicable, odd_one
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.sla import parse

TPOT, TTFT, CLASSIC = parse("tpot.mean<=50"), parse("ttft<=2000"), parse("classic.itl.p99<=80")


def test_a_form_with_several_tokens_judges_all_of_them():
    assert applicable([TPOT, TTFT, CLASSIC], 2) == ((TPOT, TTFT, CLASSIC), ())


def test_an_answer_of_one_token_has_no_time_between_tokens_and_says_so():
    kept, (said,) = applicable([TPOT, TTFT, CLASSIC], 1)
    assert kept == (TTFT,)
    assert said.state is CheckStatus.FINDING
    assert "--slo=tpot.mean<=50, --slo=classic.itl.p99<=80 is not judged" in said.text


def test_what_only_a_batch_size_point_has_is_for_the_decode_tests():
    full = parse("full_batch.tpot<=50")
    assert applicable([full, TPOT], 8, batch=True) == ((full, TPOT), ())
    kept, (said,) = applicable([full, TPOT], 8)
    assert kept == (TPOT,) and said.state is CheckStatus.FINDING
    assert "--slo=full_batch.tpot<=50 is not judged in this test: it is no batch-size point." in said.text


def test_nothing_to_say_where_nothing_is_left_out():
    assert applicable([TTFT], 1) == ((TTFT,), ())


def test_the_first_answer_of_another_server_is_found_wherever_it_is():
    assert odd_one([7, 7, 7]) == 7
    assert odd_one([7, 8, 7]) == 8  # a restart between two tests, or a balancer
    assert odd_one([7, 7, None]) is None
    assert odd_one([None, None, None]) is None
