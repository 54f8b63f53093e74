"""How far a load is: its share, TPOT so far, and the time left, by hand-made reports."""

from __future__ import annotations

from array import array

import pytest

from slabench.loadgen import Plan
from slabench.loadgen.run import Progress
from slabench.session.progress import SILENT_S, LoadProgress, LoadShape
from slabench.workloads.model import Prompt

SHAPE = LoadShape(requests=4, input_tokens=400, output_tokens=400)


def report(
    at_s: float, tokens: int, *, done: int = 0, running: int = 4, waiting: int = 0, failed: int = 0
) -> Progress:
    return Progress(done, running, waiting, failed, tokens, at_s)


def after(*reports: Progress, shape: LoadShape = SHAPE) -> LoadProgress:
    load = LoadProgress(shape)
    for each in reports:
        load.update(each)
    return load


def test_the_shape_of_a_load() -> None:
    prompts = [Prompt(None, array("q", [1] * 3), 3, 10), Prompt(None, array("q", [1] * 5), 5, 20)]
    assert LoadShape.of(prompts, Plan("open_loop", (0, 2_500_000_000))) == LoadShape(2, 8, 30, 2.5)


def test_nothing_is_known_before_the_first_token() -> None:
    load = after(report(0.5, 0, waiting=4))
    assert (load.share, load.tpot_ms, load.left_s, load.silent_s) == (0.0, None, None, 0.0)


def test_the_time_left_is_of_the_speed_since_the_first_token() -> None:
    """Not of that since the begin: the first prompts' prefill comes once."""
    load = after(report(9.5, 0, waiting=4), report(10.0, 4), report(11.0, 44))
    assert load.left_s == pytest.approx((400 - 44) / 40)
    assert load.share == pytest.approx(0.11)


def test_a_load_does_not_end_before_its_last_request_is_due() -> None:
    load = after(report(1.0, 40), report(2.0, 390), shape=LoadShape(4, 400, 400, last_due_s=12.0))
    assert load.left_s == pytest.approx(10.0)


def test_no_time_left_is_shown_while_nothing_arrives() -> None:
    """A server that stands still, which its time so far over its share would show as nearly ready."""
    reports = [report(1.0, 100), report(2.0, 200), *(report(2.0 + k / 2, 200) for k in range(1, 12))]
    load = after(*reports)
    assert load.silent_s == pytest.approx(5.5) and load.left_s is None
    load.update(report(8.0, 210))
    assert load.silent_s == 0.0 and load.left_s is not None


def test_a_pause_as_short_as_a_prefill_keeps_the_time_left() -> None:
    load = after(report(1.0, 100), report(2.0, 200), report(2.0 + SILENT_S, 200))
    assert load.silent_s == 0.0 and load.left_s is not None


def test_tokens_of_failed_requests_are_not_waited_for() -> None:
    load = after(report(1.0, 100, done=2, running=2, failed=2), report(2.0, 150, done=2, running=2, failed=2))
    assert load.left_s == pytest.approx(1.0)  # 50 of the 200 that can still come, at 50/s
    assert load.share == pytest.approx(350 / 400)


def test_a_load_whose_answers_were_short_is_whole_at_its_end() -> None:
    assert after(report(1.0, 100), report(2.0, 300, done=4, running=0)).share == 1.0


def test_tpot_of_those_that_run_leaves_out_half_seconds_in_which_an_answer_began() -> None:
    """2 requests, then 4: only the seconds 1 to 2 (2 x 1 s, 40 tokens) and 3 to 4 (4 x 1 s, 80) are whole."""
    load = after(report(1.0, 30, waiting=2), report(2.0, 70, waiting=2), report(3.0, 130), report(4.0, 210))
    assert load.tpot_ms == (pytest.approx(1000 * 6 / 120), 0)


def test_tpot_of_those_that_run_grows_while_a_server_stands_still() -> None:
    load = after(report(1.0, 40), report(2.0, 80), report(4.0, 80))
    assert load.tpot_ms == (pytest.approx(1000 * 12 / 40), 0)


def test_tpot_is_of_the_ended_answers_once_there_are_some() -> None:
    load = after(report(1.0, 40), report(2.0, 80))
    for tpot_ms in (20.0, None, 30.0):
        load.answer(tpot_ms)
    assert load.tpot_ms == (25.0, 2)


@pytest.mark.parametrize(
    ("shape", "speed"),
    [(SHAPE, ("output", 40.0)), (LoadShape(400, 51200, 400), ("input", 5120.0))],
)
def test_the_speed_of_a_prefill_load_is_its_inputs(shape: LoadShape, speed: tuple[str, float]) -> None:
    assert after(report(2.0, 80), shape=shape).speed == speed
