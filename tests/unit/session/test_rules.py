"""Which objectives judge a test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.methods import ALI_DECODE, ALI_PREFILL, Form
from slabench.session.gate_quick import QuickSizes
from slabench.session.rules import Rules
from slabench.verdict.reasons import in_words
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


def test_not_judged_does_not_contradict_an_objective_that_was_judged() -> None:
    """A quick gate with --slo is FAILED for it, beside the method's own objectives that it left out."""
    words = in_words(("SLO:ttft.mean", "NOT_JUDGED"))
    assert "only compares" not in words and "the method's own objectives" in words
    assert "the method's own objectives" in rules(QuickSizes().form(ALI_DECODE), OWN).labels[0]
