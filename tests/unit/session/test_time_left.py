"""Time left of a test and of a session, on a clock of our own."""

from __future__ import annotations

import pytest

from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.time_left import TimeLeft, sequential_tokens


def planned(*forms: Form) -> list[PlannedTest]:
    return [PlannedTest(f"t{number}", (PlannedLoad(form),)) for number, form in enumerate(forms)]


COUNTS = [TENCENT.replaced(num_prompts=count) for count in (128, 256, 512)]


@pytest.mark.parametrize(
    ("form", "tokens"),
    [
        (COUNTS[0], 1200),
        (COUNTS[2], 4 * 1200),
        (ALI_DECODE.replaced(num_prompts=64), 1536),
        (ALI_PREFILL, 512 * 1024),
    ],
)
def test_tokens_made_one_after_the_other(form: Form, tokens: float) -> None:
    assert sequential_tokens(form) == tokens


def test_the_first_test_of_a_method_is_projected_to_the_others() -> None:
    """10 s so far and 40 left: 50 for 128 prompts, so 100 and 200 for twice and four times as many."""
    times = TimeLeft(planned(*COUNTS))
    times.begin_test("t0", 100.0)
    times.begin_load(1)
    assert times.place("t0") == (1, 3)
    assert times.of_test(40.0, 110.0) == pytest.approx(40)
    assert times.of_all(40.0, 110.0) == pytest.approx(40 + 100 + 200)


def test_repeats_that_are_left_take_as_long_as_those_before() -> None:
    times = TimeLeft(planned(COUNTS[0]))
    times.begin_test("t0", 0.0)
    times.begin_load(4)
    times.begin_load(4)
    assert times.of_test(10.0, 30.0) == pytest.approx(10 + 2 * 20)
    assert times.of_all(10.0, 30.0) == pytest.approx(50)


def test_a_test_that_has_ended_is_the_measure() -> None:
    times = TimeLeft(planned(*COUNTS))
    times.begin_test("t0", 0.0)
    times.begin_load(1)
    times.end_test(60.0)
    times.begin_test("t1", 60.0)
    times.begin_load(1)
    assert times.of_all(30.0, 120.0) == pytest.approx(30 + 180)  # t1 itself: 90 s, so 180 for the next


def test_a_method_without_a_measurement_leaves_all_unknown() -> None:
    times = TimeLeft(planned(COUNTS[0], ALI_PREFILL))
    times.begin_test("t0", 0.0)
    times.begin_load(1)
    assert times.of_test(10.0, 30.0) == pytest.approx(10)
    assert times.of_all(10.0, 30.0) is None


@pytest.mark.parametrize(
    ("test", "left"),
    [(PlannedTest("own", ended="has no mark"), None), (PlannedTest("curve", curve=True), 10.0)],
)
def test_a_test_without_a_known_load(test: PlannedTest, left: float | None) -> None:
    """A user's own test without a marker, and one that sends nothing."""
    times = TimeLeft([*planned(COUNTS[0]), test])
    times.begin_test("t0", 0.0)
    times.begin_load(1)
    assert times.of_all(10.0, 30.0) == left


def test_a_baseline_knows_methods_of_which_nothing_was_measured() -> None:
    times = TimeLeft(planned(COUNTS[0], ALI_PREFILL), {"t0": 1.0, "t1": 44.0})
    times.begin_test("t0", 0.0)
    times.begin_load(1)
    assert times.of_all(10.0, 30.0) == pytest.approx(10 + 44)


def test_repeats_that_may_be_fewer_are_the_most() -> None:
    times = TimeLeft(planned(COUNTS[0]))
    times.begin_test("t0", 0.0)
    assert not times.at_most
    times.begin_load(10, at_most=True)
    assert times.at_most


def test_a_search_has_no_known_number_of_loads() -> None:
    times = TimeLeft(planned(COUNTS[0]))
    times.begin_test("t0", 0.0)
    times.begin_load(None)
    assert times.of_test(10.0, 30.0) is None and times.of_all(10.0, 30.0) is None


def test_a_stalled_load_leaves_all_unknown() -> None:
    times = TimeLeft(planned(*COUNTS))
    times.begin_test("t0", 0.0)
    times.begin_load(1)
    assert times.of_test(None, 30.0) is None and times.of_all(None, 30.0) is None
