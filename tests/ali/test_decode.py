"""ali decode: B prompts of 4096/1536 at once; mean TPOT per batch size."""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.methods import ALI_DECODE, TPOT_LIMIT_MS, Form, reduced
from slabench.session.gate_quick import gate_form
from slabench.session.judge import Judge
from slabench.session.run_load import RunLoad
from slabench.verdict.sla import slo

TPOT_RULE = slo("tpot", "mean", "<=", TPOT_LIMIT_MS)


def form_of(options: Namespace, batch_size: int) -> Form:
    form = gate_form(ALI_DECODE, options).replaced(
        num_prompts=batch_size, input_len=options.decode_input_len, output_len=options.decode_output_len
    )
    if options.prompts_per_batch is None:
        return form
    return form.replaced(num_prompts=options.prompts_per_batch * batch_size, max_concurrency=batch_size)


@pytest.mark.stage(2)
@pytest.mark.sends(form=form_of)
def test_decode_tpot(run_load: RunLoad, judge: Judge, options: Namespace, batch_size: int) -> None:
    form, waves = form_of(options, batch_size), options.prompts_per_batch
    published = ALI_DECODE.replaced(num_prompts=batch_size)
    lengths = published.replaced(input_len=form.input_len, output_len=form.output_len)
    labels = reduced(lengths.differences(published))
    if waves is not None:
        labels = (*labels, f"LATER_FORM: {waves} x {batch_size} prompts, at most {batch_size} in flight")
    run = run_load(form, point={"batch_size": batch_size}, labels=labels, batch_size=batch_size)
    judge(run, TPOT_RULE)
