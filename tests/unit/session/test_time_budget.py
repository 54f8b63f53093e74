"""--time-budget: tests and pairs that a plan's times allow."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtr

from slabench.errors import ConfigError, InvalidRun
from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.session.plan import Knowledge
from slabench.session.plan_knowledge import offline
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.settings import Settings
from slabench.session.time_budget import budget_text, left_out, most_s, timed, visible, within
from slabench.sim.profiles import PROFILES
from slabench.verdict.looks import DEFAULT_LOOKS
from slabench.verdict.regression import ALPHA
from tests.unit.session.test_gate_choice import decode, prefill, settings, sla
from tests.unit.session.virtual_session import NEW, OLD, VirtualSession

R1 = "r1-fp8-tp8"
TESTS = [sla(), decode(1), decode(4), decode(16), prefill()]


def knowledge(made: Settings) -> Knowledge:
    return offline(made, TESTS)


def chosen(budget_s: float, *tests: PlannedTest) -> tuple[list[str], int, float]:
    made = settings(plan=R1)
    found = within(tests or TESTS, made, knowledge(made), budget_s)
    names = [test_id.rpartition("[")[2].removesuffix("]") for test_id in found.test_ids]
    return names, found.most_pairs, most_s(found.plan)


@pytest.mark.parametrize("minutes", [8, 10, 20, 45, 120])
def test_all_of_it_is_within_the_budget_with_as_many_pairs_as_fit(minutes: int) -> None:
    names, pairs, seconds = chosen(minutes * 60)
    assert seconds <= minutes * 60 * 0.9 and 3 <= pairs <= 10
    if pairs < 10:  # a further pair would not fit
        assert seconds / pairs * (pairs + 1) > minutes * 60 * 0.9
    assert "bs16-quick" in names  # what a release breaks most comes first


def test_more_time_is_more_tests_and_then_more_pairs() -> None:
    assert [len(chosen(minutes * 60)[0]) for minutes in (6, 10, 60)] == sorted(
        len(chosen(minutes * 60)[0]) for minutes in (6, 10, 60)
    )
    assert chosen(10 * 3600)[1] == DEFAULT_LOOKS.last


def test_too_little_time_for_any_test_is_refused_before_a_load() -> None:
    with pytest.raises(ConfigError, match="--time-budget=40 s is too short for 3 pairs"):
        chosen(40.0)


def test_what_has_no_time_or_no_load_is_left_out() -> None:
    curve = PlannedTest("tests/ali/test_decode_curve.py::test_decode_curve", curve=True)
    endless = PlannedTest("big", (PlannedLoad(Form("own", 80_000, 8, num_prompts=1)),))
    assert chosen(3600.0, decode(1), curve, endless)[0] == ["bs1-quick"]


def test_the_time_of_a_data_set_s_own_lengths_is_not_known() -> None:
    data = Path(__file__).parents[3] / "fixtures" / "data" / "sharegpt_small.json"
    for options, known in (({}, True), ({"dataset_name": "sharegpt", "dataset_path": str(data)}, False)):
        made = settings(plan=R1, **options)
        assert timed(TESTS, made, knowledge(made)) is known


def test_what_is_left_out_and_what_can_be_seen_is_named() -> None:
    made = settings(plan=R1)
    found = within(TESTS, made, knowledge(made), 600.0)
    names = left_out(found, TESTS, made, knowledge(made), 600.0)
    assert (
        names is not None
        and names.methods == (TENCENT.method, ALI_PREFILL.method)
        and names.budget_s == 600.0
    )
    budget, left, missing, sees = (str(line) for line in budget_text(found, TESTS, made, 600.0, names))
    assert "Time budget 10 min 00 s: 2 tests with at most" in budget
    assert "test_sla[quick]" in left and "test_decode_tpot[bs4-quick]" in left
    assert missing.startswith(
        "Nothing is measured of tencent, ali-prefill, so this run is not PASSED; --time-budget="
    )
    assert "tpot mean" in sees and "ttft" not in sees


@pytest.mark.parametrize("minutes", [5, 10, 20, 50])
def test_the_budget_that_is_named_has_room_for_a_test_of_each_method(minutes: int) -> None:
    made = settings(plan=R1)
    known = knowledge(made)
    lacking = left_out(within(TESTS, made, known, minutes * 60), TESTS, made, known, minutes * 60)
    assert lacking is not None and lacking.methods and lacking.needed_s is not None
    assert lacking.needed_s > minutes * 60 and lacking.needed_s % 60 == 0
    enough = within(TESTS, made, known, lacking.needed_s)
    then = left_out(enough, TESTS, made, known, lacking.needed_s)
    assert then is None or then.methods == ()
    everything = within(TESTS, made, known, 10 * 3600)
    assert left_out(everything, TESTS, made, known, 10 * 3600) is None


def test_no_budget_is_named_for_a_method_whose_time_is_not_known() -> None:
    endless = PlannedTest("big", (PlannedLoad(Form("own", 80_000, 8, num_prompts=1)),))
    curve = PlannedTest("tests/ali/test_decode_curve.py::test_decode_curve", curve=True)
    made = settings(plan=R1)
    for others, methods in (((curve,), ()), ((curve, endless), ("own",))):
        tests = [decode(1), *others]
        found = within(tests, made, knowledge(made), 3600.0)
        lacking = left_out(found, tests, made, knowledge(made), 3600.0)
        assert lacking is not None and (lacking.methods, lacking.needed_s) == (methods, None)
        assert lacking.tests == tuple(test.test_id for test in others)


def test_a_regression_of_the_visible_size_is_failed_four_times_in_five() -> None:
    """By drawing pairs, at the noise that TPOT's declaration has."""
    form = ALI_DECODE.replaced(num_prompts=1, quick=True)
    test, pairs = PlannedTest("t", (PlannedLoad(form, batch_size=1),)), 6
    share = visible(test, ["t"], settings(), pairs)["tpot.mean"]
    dice, looks = np.random.default_rng(3), replace(DEFAULT_LOOKS, last=pairs)
    logs = math.log1p(share) + 0.003 * dice.standard_normal((20_000, pairs))
    found = np.zeros(len(logs), bool)
    for count in range(looks.first, pairs + 1):
        seen = logs[:, :count]
        t = (seen.mean(axis=1) - math.log1p(0.02)) / (seen.std(axis=1, ddof=1) / math.sqrt(count))
        found |= stdtr(count - 1, -t) <= looks.level(ALPHA)
    assert 0.78 <= float(found.mean()) <= 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repeats": 3}, "leave out --repeats=K"),
        ({"baseline_url": None}, "name the old server"),
        ({"baseline_url": None, "baseline_launch": "x {port}", "launch": "y {port}", "base_url": None,
          "one_after_the_other": True}, "leave one of them out"),
    ],
    ids=["fixed", "alone", "one after the other"],
)  # fmt: skip
def test_what_a_budget_cannot_be_combined_with(options: dict[str, Any], words: str) -> None:
    from tests.unit.plugin.test_plugin_options import given

    known = {"base_url": ["http://n"], "baseline_url": "http://o", "time_budget": 60.0}
    with pytest.raises(ConfigError, match=words):
        Settings.of(given(**known | options), {})


def test_a_test_that_the_clock_does_not_reach_is_invalid_and_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = settings(time_budget=900.0, calibrate="off")
    session = VirtualSession(made, tmp_path, {NEW: PROFILES[R1], OLD: PROFILES[R1]}, monkeypatch)
    session.campaign.deadline = 0.0  # long over
    with pytest.raises(InvalidRun, match="time_budget: --time-budget=15 min 00 s was over before"):
        session.run("t", Form("serving", 100, 11, num_prompts=2))
    assert not any(session.sent.values())
