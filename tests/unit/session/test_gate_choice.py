"""A quick gate's points and lengths, by the time that a server takes."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.session.gate_choice import (
    LEAST_S,
    Sizing,
    batch_points,
    chosen_points,
    given,
    needed,
    sizes_of,
)
from slabench.session.gate_quick import SIZES, QuickSizes, gate_form, point_id
from slabench.session.gate_text import summary
from slabench.session.plan_models import VirtualServer
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.settings import Settings
from slabench.sim.profiles import read_profile
from tests.unit.plugin.test_plugin_options import given as options_given
from tests.unit.session.virtual_session import NEW, OLD

ALL = frozenset({"decode_output_len", "prefill_prompts", "sla_prompts", "sla_output_len"})


def settings(**options: Any) -> Settings:
    return Settings.of(options_given(base_url=[NEW], baseline_url=OLD, **options), {})


def decode(size: int) -> PlannedTest:
    form = QuickSizes().form(ALI_DECODE).replaced(num_prompts=size)
    test_id = f"tests/ali/test_decode.py::test_decode_tpot[bs{size}-quick]"
    return PlannedTest(test_id, (PlannedLoad(form, batch_size=size),))


def sla() -> PlannedTest:
    return PlannedTest(
        "tests/tencent/test_sla.py::test_sla[quick]", (PlannedLoad(QuickSizes().form(TENCENT)),)
    )


def prefill() -> PlannedTest:
    form = QuickSizes().form(ALI_PREFILL).replaced(input_len=2048)
    return PlannedTest(
        "tests/ali/test_prefill.py::test_prefill_throughput[in2048-quick]", (PlannedLoad(form),)
    )


TESTS = [sla(), *map(decode, (1, 2, 4, 8, 12, 16, 20)), prefill()]


def sized(profile: str, **options: Any) -> tuple[QuickSizes, Sizing]:
    named = read_profile(profile)
    made = settings(**options)
    sizing = Sizing(made, [VirtualServer(named, named.limits)] * 2)
    return sizing.sizes(TESTS, needed(TESTS, given(made)), QuickSizes()), sizing


@pytest.mark.parametrize("profile", ["r1-fp8-tp8", "a800-qwen3-30b-a3b", "h200-qwen3-30b-a3b", "demo"])
def test_no_load_is_shorter_than_ten_seconds_and_each_is_as_short_as_that_allows(profile: str) -> None:
    sizes, sizing = sized(profile)
    for published, changes in (
        (ALI_DECODE.replaced(num_prompts=1), {"output_len": sizes.decode_output_len}),
        (ALI_PREFILL.replaced(input_len=2048), {"num_prompts": sizes.prefill_prompts}),
        (TENCENT, {"num_prompts": sizes.sla_prompts, "output_len": sizes.sla_output_len}),
    ):
        seconds = sizing.seconds(published.replaced(**changes))
        assert seconds is not None and seconds >= LEAST_S, published.method
    shorter = sizing.seconds(ALI_DECODE.replaced(num_prompts=1, output_len=sizes.decode_output_len * 2 // 3))
    assert shorter is not None and shorter < LEAST_S


def test_r1_gets_a_third_of_the_published_answers_and_three_waves() -> None:
    """20.4 ms a token: 512 of them take 10.5 s. Its pool holds 19 requests of 3900 tokens."""
    sizes, _ = sized("r1-fp8-tp8")
    assert sizes == QuickSizes(decode_output_len=512, prefill_prompts=32, sla_prompts=57, sla_output_len=400)


def test_what_the_command_line_gives_is_left_alone() -> None:
    fixed = given(settings(decode_output_len=64, num_prompts=6))
    assert fixed == {"decode_output_len", "sla_prompts"}
    assert needed(TESTS, fixed) == {"prefill_prompts", "sla_output_len"}
    assert needed([decode(1)], fixed) == set() and needed([], ()) == set()
    sizes, _ = sized("r1-fp8-tp8", decode_output_len=64, num_prompts=6)
    assert sizes.decode_output_len == QuickSizes().decode_output_len  # not looked at
    options = Namespace(**{SIZES: sizes})
    assert gate_form(ALI_DECODE, options).replaced(output_len=64).output_len == 64


def test_a_server_whose_time_is_not_known_gets_the_usual_sizes() -> None:
    assert Sizing(settings(), []).sizes(TESTS, ALL, QuickSizes()) == QuickSizes()


@pytest.mark.parametrize(
    ("sizes", "points"),
    [
        ((1,), (1,)),
        ((8, 1, 64), (1, 8, 64)),
        ((1, 2, 4, 8, 12, 16), (1, 4, 16)),
        ((1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64), (1, 8, 64)),
    ],
)
def test_a_small_a_middle_and_the_largest_batch(sizes: tuple[int, ...], points: tuple[int, ...]) -> None:
    assert batch_points(sizes) == points


def test_points_that_fit_unless_the_command_line_or_an_old_side_names_them() -> None:
    stopped = [decode(16).test_id, decode(20).test_id]
    others = [sla().test_id, prefill().test_id]

    def sizes(chosen: list[str]) -> list[str]:
        assert chosen[0] == others[0] and chosen[-1] == others[1]
        return [test_id.partition("[")[2] for test_id in chosen[1:-1]]

    assert sizes(chosen_points(TESTS, settings(), stopped)) == ["bs1-quick]", "bs4-quick]", "bs12-quick]"]
    assert len(chosen_points(TESTS, settings(batch_sizes=(1, 2)), stopped)) == len(TESTS)
    own = PlannedTest("tests/own.py::test_it", (PlannedLoad(Form("own", 8, 8, num_prompts=1)),))
    kept = [decode(2).test_id, decode(20).test_id]
    # what the old side lacks of the others stays, and is not green
    assert chosen_points([*TESTS, own], settings(), stopped, kept) == [
        others[0],
        *kept,
        others[1],
        own.test_id,
    ]


def test_sizes_of_an_old_side_are_kept() -> None:
    known = sizes_of(
        {
            decode(8).test_id: {"input_len": 4096, "output_len": 768, "num_prompts": 8},
            sla().test_id: {"output_len": 600, "num_prompts": 48},
            "tests/own.py::test_it": {"output_len": 1},
        }
    )
    assert known == {"decode_output_len": 768, "sla_prompts": 48, "sla_output_len": 600}


def test_ids_and_forms_of_a_quick_gate_are_its_own() -> None:
    quick, full = Namespace(**{SIZES: QuickSizes()}), Namespace()
    assert point_id("bs{}", quick)(8) == "bs8-quick" and point_id("bs{}", full)(8) == "bs8"
    assert gate_form(TENCENT, full) is TENCENT and gate_form(TENCENT, quick).quick


def said(*tests: PlannedTest, **options: Any) -> tuple[str, str]:
    """What is measured, what is left out."""
    measured, left = map(str, summary(tests, options_given(**options)))
    return measured, left


def test_what_is_left_out_is_named() -> None:
    measured, left = said(sla(), decode(1), decode(8), prefill())
    assert "decode at batch sizes 1, 8 with 4096/512 tokens in/out, by TPOT alone" in measured
    assert left == (
        "Left to --gate=full: batch sizes 2, 4, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64; the decode curve; "
        "prompt lengths 1024, 4096; tencent's 128, 256, 512 prompts of 3500/1200; the methods' objectives "
        "and floors."
    )
    assert list(summary([], options_given())) == []


def test_one_batch_size_is_no_plural() -> None:
    assert "decode at batch size 8 with" in said(decode(8))[0]


def test_what_the_user_named_is_not_called_left_out() -> None:
    """A full gate with the same options has the same batch sizes, prompt lengths and number of prompts."""
    _, left = said(sla(), decode(8), prefill(), batch_sizes=[8], prefill_lens=[2048], num_prompts=128)
    assert left == (
        "Left to --gate=full: the decode curve; tencent's 128 prompts of 3500/1200; the methods' objectives "
        "and floors."
    )
    _, left = said(sla(), num_prompts=128, random_output_len=400)
    assert left == "Left to --gate=full: the methods' objectives and floors."
