"""Objectives that a load cannot be judged by are found before it is sent; the documented example is none of
them.
"""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.options.table import OPTIONS
from slabench.plugin.forms import check_objectives
from slabench.verdict.sla import Slo, needs, parse, preset

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "writing-a-benchmark.md"


def test_a_percentile_of_too_few_is_refused_with_the_first_test_that_has_too_few() -> None:
    forms = [
        ("tests/tencent/test_sla.py::test_sla[np128]", TENCENT),
        ("tests/ali/test_decode.py::t[bs1]", ALI_DECODE),
    ]
    check_objectives(
        forms, [parse("ttft.mean<=1"), parse("tpot.max<=9"), parse("itl.p99<=9"), parse("qpm>=1")]
    )
    check_objectives(forms[:1], [parse("ttft.p95<=2000")])
    said = (
        r"--slo=ttft\.p95<=2000 needs 59 requests for an upper bound at 95 %, and "
        r"test_decode\.py::t\[bs1\] would send 1\. Ask for the mean"
    )
    with pytest.raises(ConfigError, match=said):
        check_objectives(forms, [parse("ttft.p95<=2000")])
    with pytest.raises(ConfigError, match=r"needs 29 requests .* \(2 such tests\)"):
        check_objectives([forms[1], forms[1]], [parse("e2el.p90<=2000")])


def test_the_requests_of_all_repeats_count_together() -> None:
    """128 are too few for p99, which takes 299 at 95 % and 459 at 99 %, and 128 three times are not."""
    forms, (tpot, ttft) = [("tests/tencent/test_sla.py::test_sla[np128]", TENCENT)], preset("mlperf-server")
    with pytest.raises(ConfigError, match=r"needs 299 requests for an upper bound at 95 %"):
        check_objectives(forms, [parse("ttft.p99<=2000")])
    check_objectives(forms, [parse("ttft.p99<=2000")], repeats=3)
    with pytest.raises(
        ConfigError, match=r"needs 153 requests in each of 3 repeats for an upper bound at 99 %"
    ):
        check_objectives(forms, [ttft], repeats=3)
    check_objectives(forms, [tpot, ttft], repeats=4)
    # each load has to define its own p99, too
    few = [("t", TENCENT.replaced(num_prompts=90))]
    with pytest.raises(ConfigError, match=r"needs 100 requests in each of 10 repeats, and t would send 90\."):
        check_objectives(few, [parse("ttft.p99<=2000")], repeats=10)


def test_answers_of_one_token_have_no_time_between_tokens_to_ask_for() -> None:
    few = [("p", ALI_PREFILL.replaced(num_prompts=4))]
    check_objectives(few, [parse("tpot.p99<=50")])
    with pytest.raises(ConfigError, match="needs 59 requests"):
        check_objectives(few, [parse("ttft.p95<=50")])


def test_what_only_a_batch_size_point_has_needs_one() -> None:
    rule = [parse("full_batch.tpot<=50")]
    check_objectives([("t", TENCENT), ("a", ALI_DECODE)], rule)
    with pytest.raises(ConfigError, match="is of a batch-size point, which tests"):
        check_objectives([("t", TENCENT)], rule)


def test_the_documented_example_can_be_judged() -> None:
    """Its code as it stands, with a load and a judge that only look at what they are given."""
    code, follows, _ = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    scope: dict[str, Any] = {}
    exec(code, scope)
    other: dict[str, Any] = {}
    exec(follows, other)
    given = Namespace(
        **{option.dest: option.default for option in OPTIONS} | {"num_prompts": 7, "random_input_len": 64}
    )
    form_of = other["form_of"](given)
    assert (form_of.num_prompts, form_of.input_len, form_of.output_len, form_of.request_rate) == (
        7,
        64,
        100,
        32.0,
    )
    sent: list[Form] = []
    rules: list[Slo] = []
    scope["test_long_prompts"](lambda form, point: sent.append(form), lambda run, *slos: rules.extend(slos))
    (form,) = sent
    assert len(rules) == 2 and all(max(needs(rule)) <= form.num_prompts for rule in rules)
