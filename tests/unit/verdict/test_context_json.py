"""What run.json keeps of the evidence is enough: every check says of it what it said of the run."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.answer_contents import Contents
from slabench.verdict.validity import CheckContext, examine
from slabench.verdict.validity.context import Behind, Margin, Served, Texts
from slabench.verdict.validity.context_json import as_dict, restore
from slabench.verdict.validity.streamed import Probe, Shown
from tests.unit.verdict.test_validity import BROKEN, LOG, context, gpus


def again(case: CheckContext) -> CheckContext:
    return restore(case.run, json.loads(json.dumps(as_dict(case), allow_nan=False)))


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_every_broken_case_is_judged_the_same(name):
    assert examine(again(BROKEN[name]), "ali-decode") == examine(BROKEN[name], "ali-decode")


def test_every_field_comes_back():
    """Each has another value than its default here: one that is forgotten shows."""
    whole = context(
        exact_prompt=False, planned=3, batch_size=2, token_capacity=900, max_running=4,
        identity_before=[["random_seed", 5]],
        identity_after=[["random_seed", 6]], throughputs=[[[1.5], [2.5]]], twin="x",
        counted=(100, 100, 7), shared=(1, 1, 2), ranks=2, page_size=16, uses_graphs=True,
        stall_limit_s=1.5, log=replace(LOG, rejected={"cut": 2}), served=Served(3.0, 40.0),
        margins=(Margin("tpot.mean", 40.0, 50.0),), judged=["tpot.mean"], incremental=True,
        texts=Texts(2, 9, None, 30), gpus=gpus(reasons={"hw_slowdown": 3}, others=["7 x"]),
        contents=Contents(4, 1, 3, 2),
        behind=Behind("gateway", 3, 1, whole=False),
        probe=Probe(64, ((Shown(1.0, None, None, False), Shown(2.0, 3.0, 4.0, True)),), "x"),
        distorted=["speculative decoding (EAGLE)"],
    )  # fmt: skip
    default = {field.name: field.default for field in fields(CheckContext)}
    assert all(getattr(whole, name) != default[name] for name in default if name != "run")
    assert again(whole) == whole
    assert restore(whole.run, as_dict(whole) | {"of_a_later_version": 1}) == whole


@given(st.lists(st.integers(0, 3)))
def test_one_number_a_request_comes_back(numbers):
    assert again(context(shared=tuple(numbers))).shared == tuple(numbers)


def test_equal_numbers_take_no_room():
    assert as_dict(context(shared=(1,) * 512))["shared"] == [[1, 512]]
