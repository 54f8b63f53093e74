"""ali prefill: 512 prompts of one length, one token out; input tokens/s per GPU."""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.methods import ALI_PREFILL, ALI_PREFILL_LENS, Form, reduced
from slabench.session.gate_quick import gate_form
from slabench.session.judge import Judge
from slabench.session.run_load import RunLoad


def form_of(options: Namespace, prefill_len: int) -> Form:
    return gate_form(ALI_PREFILL, options).replaced(
        input_len=prefill_len, num_prompts=options.prefill_prompts
    )


@pytest.mark.stage(4)
@pytest.mark.sends(form=form_of)
def test_prefill_throughput(run_load: RunLoad, judge: Judge, options: Namespace, prefill_len: int) -> None:
    form = form_of(options, prefill_len)
    differences = form.differences(ALI_PREFILL.replaced(input_len=prefill_len))
    if prefill_len not in ALI_PREFILL_LENS:
        differences = (f"input_len {prefill_len} instead of 1024, 2048 or 4096", *differences)
    run = run_load(form, point={"input_len": prefill_len}, labels=reduced(differences))
    judge(run, shown=("input_throughput_per_gpu", "input_throughput", "ttft.mean"))
