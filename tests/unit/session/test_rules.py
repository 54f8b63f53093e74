"""Which objectives judge a test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.methods import ALI_DECODE, ALI_PREFILL, Form
from slabench.session.gate_quick import QuickSizes
from slabench.session.rules import Rules
from slabench.verdict.sla import parse, slo

OWN, GIVEN = slo("tpot", "mean", "<=", 50), parse("ttft.mean<=900")


def rules(form: Form, *own: Any) -> Rules:
    settings: Any = SimpleNamespace(goodput={}, slos=(GIVEN,))
    load: Any = SimpleNamespace(form=form, batch_size=8)
    return Rules.of(settings, load, own)


@pytest.mark.parametrize("published", [ALI_DECODE, ALI_PREFILL], ids=["decode", "prefill"])
def test_a_quick_gate_judges_no_objective_but_those_of_the_command_line(published: Form) -> None:
    found = rules(QuickSizes().form(published), OWN)
    assert found.slos == (GIVEN,)
    (label,) = found.labels
    assert label.startswith("NOT_JUDGED: ") and "(tpot.mean<=50)" in label
    assert OWN in rules(published, OWN).slos and rules(published, OWN).labels == ()


def test_a_method_without_objectives_is_labelled_too() -> None:
    assert "objectives and floors" in rules(QuickSizes().form(ALI_PREFILL)).labels[0]
